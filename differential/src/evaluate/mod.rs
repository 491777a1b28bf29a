//! The reference: what a program means, straight from the typed tree and from the language's rules, as plainly as can be.
//!
//! Values are mathematical integers; memory is a list of objects, each a tree of values; a pointer is an object and a path
//! into it. Maps are models of the kernel's (`maps/`). Nothing of lowering, of passes or of the compiler's own folding is
//! used, so that a fault there shows.

mod arith;
mod checksums;
mod exprs;
mod layout;
mod maps;
mod packet;
mod places;
mod records;
mod sockets;
mod stmts;
mod text;
mod value;
mod views;

use ksc::sema::tree::{Block, Func, FuncId, LocalId, Program};
use ksc::types::Types;
use maps::{Model, Slots};
use records::Records;
pub use records::is_ring;
use sockets::Sockets;
use value::Object;
pub use value::Value;

/// Why evaluation does not go on in order.
pub enum Stop {
    Break,
    Continue,
    Return(Value),
    /// With the code.
    Throw(i32),
    /// Another program goes on.
    TailCall(FuncId),
    /// It takes longer than a test may take.
    TooLong,
    /// The evaluator does not know this part of the language.
    Unknown(&'static str),
}

type Run<T> = Result<T, Stop>;

/// Steps that one call from outside may take.
const FUEL: u64 = 2_000_000;

/// Calls inside one another; generated programs do not recurse.
const DEPTH: usize = 200;

pub struct Machine<'a> {
    program: &'a Program,
    types: &'a Types,
    objects: Vec<Value>,
    /// None: of a kind that is not modelled.
    maps: Vec<Option<Model>>,
    slots: Slots,
    /// Of the program that runs.
    packet: Vec<u8>,
    records: Records,
    sockets: Sockets,
    /// How many entries were looked up, and how many of those were there.
    pub lookups: (u64, u64),
    frames: Vec<Frame<'a>>,
    fuel: u64,
}

struct Frame<'a> {
    func: &'a Func,
    /// Where each local lives.
    locals: Vec<Object>,
    /// What runs at its end, the last one first.
    deferred: Vec<&'a Block>,
}

impl<'a> Machine<'a> {
    /// With all globals as they are declared.
    pub fn new(program: &'a Program, types: &'a Types) -> Machine<'a> {
        let mut machine = Machine {
            program,
            types,
            objects: Vec::new(),
            maps: Vec::new(),
            slots: Slots::default(),
            packet: Vec::new(),
            records: Records::default(),
            sockets: Sockets::default(),
            lookups: (0, 0),
            frames: Vec::new(),
            fuel: 0,
        };
        machine.clear_maps();
        for global in &program.globals {
            let value = match &global.init {
                Some(init) => value::constant(types, init, global.ty),
                None => value::zero(types, global.ty),
            };
            machine.objects.push(value);
        }
        for config in &program.configs {
            let fields = &types.struct_def(config.ty).fields;
            let values = config.defaults.iter().zip(fields).map(|(init, field)| value::constant(types, init, field.ty));
            machine.objects.push(Value::Struct(values.collect()));
        }
        machine
    }

    /// The function of this name.
    pub fn find(&self, name: &str) -> Option<FuncId> {
        self.program.funcs.iter().position(|f| f.name == name).map(|at| FuncId(at as u32))
    }

    /// Calls a function from outside.
    pub fn start(&mut self, func: FuncId, args: Vec<Value>) -> Run<Value> {
        self.fuel = FUEL;
        self.frames.clear();
        self.objects.truncate(self.program.globals.len() + self.program.configs.len());
        let result = self.call(func, args);
        // What an entry holds that was deleted the kernel leaves open: as with what runs too long, there is nothing to compare.
        if self.slots.stale { Err(Stop::TooLong) } else { result }
    }

    fn call(&mut self, func: FuncId, args: Vec<Value>) -> Run<Value> {
        self.step()?;
        if self.frames.len() >= DEPTH {
            return Err(Stop::TooLong);
        }
        let func = self.program.func(func);
        let first = self.objects.len();
        let mut locals = Vec::new();
        for local in &func.locals {
            locals.push(Object::Variable(self.objects.len()));
            self.objects.push(value::zero(self.types, local.ty));
        }
        for (&param, arg) in func.params.iter().zip(args) {
            *self.whole(locals[param.0 as usize])? = arg;
        }
        self.frames.push(Frame { func, locals, deferred: Vec::new() });
        let end = self.block(&func.body);
        // What is returned is known before anything deferred runs.
        let result = match end {
            Err(Stop::Return(value)) => Ok(value),
            // A match that took no arm may reach the end of a function that has a result.
            Ok(_) => match func.named_result {
                Some(local) => Ok(self.object(local)?.clone()),
                None => Ok(value::zero(self.types, func.result)),
            },
            Err(stop @ (Stop::Throw(_) | Stop::TailCall(_))) => Err(stop),
            Err(stop @ (Stop::Break | Stop::Continue | Stop::TooLong | Stop::Unknown(_))) => return Err(stop),
        };
        self.run_deferred()?;
        self.frames.pop();
        self.objects.truncate(first);
        result
    }

    /// What the running function deferred.
    fn run_deferred(&mut self) -> Run<()> {
        while let Some(block) = self.frame_mut().deferred.pop() {
            match self.block(block) {
                Ok(_) => {}
                Err(stop @ (Stop::TooLong | Stop::Unknown(_))) => return Err(stop),
                Err(Stop::Break | Stop::Continue | Stop::Return(_) | Stop::Throw(_) | Stop::TailCall(_)) => {
                    return Err(Stop::Unknown("a deferred block that leaves"));
                }
            }
        }
        Ok(())
    }

    fn step(&mut self) -> Run<()> {
        self.fuel = self.fuel.checked_sub(1).ok_or(Stop::TooLong)?;
        Ok(())
    }

    fn frame(&self) -> &Frame<'a> {
        self.frames.last().expect("code runs in a function")
    }

    fn frame_mut(&mut self) -> &mut Frame<'a> {
        self.frames.last_mut().expect("code runs in a function")
    }

    fn local(&self, local: LocalId) -> Object {
        self.frame().locals[local.0 as usize]
    }

    fn object(&mut self, local: LocalId) -> Run<&mut Value> {
        self.whole(self.local(local))
    }
}
