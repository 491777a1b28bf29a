//! Records of ring buffers: each is submitted or discarded on every path.

use crate::generate::Generator;
use crate::generate::types::{Struct, Ty};

/// A ring buffer: its name, and the struct of its records.
#[derive(Clone)]
pub struct Ring {
    name: String,
    of: usize,
}

#[derive(Clone, Copy)]
enum Form {
    Block,
    OrLeave,
    Deferred,
    Thrown,
    TakenOver,
    Output,
    Tail,
}

impl Generator {
    pub fn declare_rings(&mut self) {
        for at in 0..2 {
            let of = self.random.below(self.own_structs);
            let name = format!("ring{at}");
            self.line(&format!("var {name}: ringbuf<{}>({})", self.structs[of].name, 4096 << (at * 3)));
            self.rings.push(Ring { name, of });
        }
        self.has_tails = self.random.percent(30);
    }

    pub fn record_statement(&mut self) -> Option<String> {
        let may_exit = usize::from(self.may_exit());
        let at_the_top = usize::from(self.scope.depth() == 1 && self.loops == 0 && !self.errors.is_deferred);
        if self.is_holding() || self.errors.is_deferred {
            return None;
        }
        let form = self.random.weighted(&[
            (8, Form::Block),
            (7 * may_exit, Form::OrLeave),
            (12 * at_the_top, Form::Deferred),
            (5, Form::Thrown),
            (5, Form::TakenOver),
            (5, Form::Output),
            (10 * usize::from(self.has_tails), Form::Tail),
        ]);
        let ring = self.random.pick(&self.rings.clone());
        Some(match form {
            Form::Block => self.record_block(&ring),
            Form::OrLeave => self.record_or_leave(&ring),
            Form::Deferred => self.deferred_record(&ring),
            Form::Thrown => self.thrown_record(&ring),
            Form::TakenOver => self.taken_over(&ring),
            Form::Output => {
                let value = self.structure(ring.of, 2);
                format!("note({}.output({value}) as u64)", ring.name)
            }
            Form::Tail => self.record_with_tail(&ring),
        })
    }

    pub fn is_holding(&self) -> bool {
        self.program.as_ref().is_some_and(|program| program.holds)
    }

    /// What is generated while something is held that every path gives back: nothing in it leaves.
    pub fn holding(&mut self, generate: impl FnOnce(&mut Generator) -> String) -> String {
        let closed = self.errors.close();
        self.set_holding(true);
        let text = generate(self);
        self.set_holding(false);
        self.errors.reopen(closed);
        text
    }

    /// A condition may have blocks in it, which do not leave either.
    pub fn condition_holding(&mut self) -> String {
        self.holding(|this| this.condition(1))
    }

    fn set_holding(&mut self, holds: bool) {
        if let Some(program) = &mut self.program {
            program.holds = holds;
        }
    }

    /// Some fields of a record, and whatever else.
    fn filled_record(&mut self, name: &str, of: usize) -> String {
        let Struct { fields, .. } = &self.structs[of];
        let fields: Vec<(String, Ty)> = fields.iter().map(|field| (field.name.clone(), field.ty.clone())).collect();
        let mut text = String::new();
        for (field, ty) in fields {
            if self.random.percent(60) {
                let value = self.value_of(&ty, 2);
                text.push_str(&format!("{name}->{field} = {value}\n"));
            }
        }
        if self.random.percent(60) {
            text.push_str(&format!("{{\n{}\n}}\n", self.inner()));
        }
        text
    }

    /// Submits or discards it.
    fn given_back(&mut self, ring: &str, name: &str) -> String {
        match self.random.below(6) {
            0 => format!("{ring}.discard({name})"),
            1 | 2 => {
                let condition = self.condition(1);
                format!("if ({condition}) {{\n{ring}.submit({name})\n}} else {{\n{ring}.discard({name})\n}}")
            }
            3 => {
                let subject = self.variable_number();
                format!(
                    "match (({subject}) & 3) {{\n0: {{ {ring}.discard({name}) }},\ndefault: {{ {ring}.submit({name}) }},\n}}"
                )
            }
            _ => format!("{ring}.submit({name})"),
        }
    }

    fn bind_record(&mut self, of: usize) -> String {
        let name = self.fresh("q");
        self.scope.add_pointer(&name, Ty::Struct(of));
        self.stack += 8;
        name
    }

    fn record_block(&mut self, ring: &Ring) -> String {
        self.scope.open();
        let name = self.bind_record(ring.of);
        let body = self.holding(|this| {
            let filled = this.filled_record(&name, ring.of);
            format!("{filled}{}", this.given_back(&ring.name, &name))
        });
        self.scope.close();
        format!("if (var {name} = {}.reserve()) {{\n{body}\n}}", ring.name)
    }

    fn record_or_leave(&mut self, ring: &Ring) -> String {
        let (none, exit) = (self.exit(), self.exit());
        self.scope.open();
        let name = self.bind_record(ring.of);
        let condition = self.condition_holding();
        let filled = self.holding(|this| this.filled_record(&name, ring.of));
        let back = self.random.pick(&["submit", "discard"]);
        let rest = self.holding(|this| {
            let more = this.statements(1);
            format!("{more}\n{}", this.given_back(&ring.name, &name))
        });
        self.scope.close();
        // In a block of its own, so that nothing uses the name afterwards.
        format!(
            "{{\nvar {name} = {ring}.reserve() else {{\n{none}\n}}\n{filled}if ({condition}) {{\n{ring}.{back}({name})\n{exit}\n}}\n\
             {rest}\n}}",
            ring = ring.name
        )
    }

    /// From here to the end of the program everything may leave.
    fn deferred_record(&mut self, ring: &Ring) -> String {
        let none = self.exit();
        let name = self.bind_record(ring.of);
        let back = self.random.pick(&["submit", "submit", "discard"]);
        let defer = match self.random.below(2) {
            0 => format!("defer {}.{back}({name})", ring.name),
            _ => format!("defer {{\n{}.{back}({name})\n}}", ring.name),
        };
        let filled = self.filled_record(&name, ring.of);
        format!("var {name} = {}.reserve() else {{\n{none}\n}}\n{defer}\n{filled}", ring.name)
    }

    fn thrown_record(&mut self, ring: &Ring) -> String {
        self.scope.open();
        let name = self.bind_record(ring.of);
        let condition = self.condition_holding();
        let body = self.holding(|this| {
            let filled = this.filled_record(&name, ring.of);
            let more = this.statements(1);
            format!("{filled}if ({condition}) throw 5\n{more}\n{}.submit({name})", ring.name)
        });
        self.scope.close();
        let catch = self.random.pick(&["catch _", "catch code"]);
        format!(
            "if (var {name} = {ring}.reserve()) {{\ntry {{\n{body}\n}} {catch} {{\n{ring}.discard({name})\n}}\n}}",
            ring = ring.name
        )
    }

    /// A function that takes it over.
    fn taken_over(&mut self, ring: &Ring) -> String {
        let function = self.own_name("finish");
        let of = self.structs[ring.of].name.clone();
        self.line(&format!(
            "@helper fn {function}(e: *{of}, n: u64) {{\nif (n % 3 == 0) {{\n{ring}.discard(e)\nreturn\n}}\nnote(n)\n{ring}.submit(e)\n}}",
            ring = ring.name
        ));
        self.scope.open();
        let name = self.bind_record(ring.of);
        let number = self.variable_number();
        let filled = self.holding(|this| this.filled_record(&name, ring.of));
        self.scope.close();
        format!("if (var {name} = {}.reserve()) {{\n{filled}{function}({name}, ({number}) as u64)\n}}", ring.name)
    }

    fn record_with_tail(&mut self, ring: &Ring) -> String {
        let (count, offset) = (self.random.pick(&["16", "ctx.len", "g0 as u32 & 63", "5000"]), self.offset());
        if self.random.percent(25) {
            let value = self.structure(ring.of, 1);
            return format!("note({}.output({value}, ctx.bytes({offset}, 40)) as u64)", ring.name);
        }
        self.scope.open();
        let name = self.bind_record(ring.of);
        let index = self.random.below(20);
        let body = self.holding(|this| {
            let filled = this.filled_record(&name, ring.of);
            format!("{filled}{}", this.given_back(&ring.name, &name))
        });
        self.scope.close();
        format!(
            "if (var {name} = {ring}.reserve({count})) {{\nnote(copy({name}.tail, ctx.bytes({offset})) as u64)\n\
             {name}.tail[{index}] = 7\nnote({name}.tail[{index}] as u64 + len({name}.tail))\n{body}\n}}",
            ring = ring.name
        )
    }
}
