//! The reference: what a program means, straight from the typed tree and from the language's rules, as plainly as can be.
//!
//! Values are mathematical integers; memory is a list of objects, each a tree of values; a pointer is an object and a way
//! into it. Nothing of lowering, of passes or of the compiler's own folding is used, so that a fault there shows.

mod arith;
mod exprs;
mod places;
mod stmts;
mod text;
mod value;

use ksc::sema::tree::{Func, FuncId, LocalId, Program};
use ksc::types::Types;
use value::ObjectId;
pub use value::Value;

/// Why evaluation does not go on in order.
pub enum Stop {
    Break,
    Continue,
    Return(Value),
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
    frames: Vec<Frame<'a>>,
    fuel: u64,
}

struct Frame<'a> {
    func: &'a Func,
    /// Where each local lives.
    locals: Vec<ObjectId>,
}

impl<'a> Machine<'a> {
    /// With all globals as they are declared.
    pub fn new(program: &'a Program, types: &'a Types) -> Machine<'a> {
        let mut machine = Machine { program, types, objects: Vec::new(), frames: Vec::new(), fuel: 0 };
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
        self.call(func, args)
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
            locals.push(ObjectId(self.objects.len()));
            self.objects.push(value::zero(self.types, local.ty));
        }
        for (&param, arg) in func.params.iter().zip(args) {
            self.objects[locals[param.0 as usize].0] = arg;
        }
        self.frames.push(Frame { func, locals });
        let end = self.block(&func.body);
        let result = match end {
            Err(Stop::Return(value)) => value,
            // A match that took no arm may come to the end of a function that has a result.
            Ok(_) => match func.named_result {
                Some(local) => self.object(local).clone(),
                None => value::zero(self.types, func.result),
            },
            Err(stop) => {
                return Err(stop);
            }
        };
        self.frames.pop();
        self.objects.truncate(first);
        Ok(result)
    }

    fn step(&mut self) -> Run<()> {
        self.fuel = self.fuel.checked_sub(1).ok_or(Stop::TooLong)?;
        Ok(())
    }

    fn frame(&self) -> &Frame<'a> {
        self.frames.last().expect("code runs in a function")
    }

    fn local(&self, local: LocalId) -> ObjectId {
        self.frame().locals[local.0 as usize]
    }

    fn object(&mut self, local: LocalId) -> &mut Value {
        let ObjectId(at) = self.local(local);
        &mut self.objects[at]
    }
}
