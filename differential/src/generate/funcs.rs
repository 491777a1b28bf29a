//! Functions, tests, and what folds values into a number.

use super::maps::Uses;
use super::scope::Variable;
use super::types::{Ty, U64};
use super::{CALL_DEPTH, Family, Func, Generator};

impl Generator {
    /// Statements that fold a value of the type into a variable.
    pub fn folded(&self, into: &str, text: &str, ty: &Ty) -> String {
        match ty {
            Ty::Int { .. } | Ty::Char | Ty::Enum(_) | Ty::Bool | Ty::Be(_) => {
                format!("    {into} = mix({into}, {text} as u64)\n")
            }
            Ty::Str(size) if *size > 3 => {
                format!("    for (i in 0..{size}) {{ {into} = mix({into}, {text}[i] as u64) }}\n")
            }
            Ty::Str(size) => (0..*size).map(|at| self.folded(into, &format!("{text}[{at}]"), &Ty::Char)).collect(),
            Ty::Struct(id) => {
                let fields = &self.structs[*id].fields;
                fields.iter().map(|f| self.folded(into, &format!("{text}.{}", f.name), &f.ty)).collect()
            }
            Ty::Array(of, length) => (0..*length).map(|at| self.folded(into, &format!("{text}[{at}]"), of)).collect(),
        }
    }

    pub fn begin(&mut self, result: Option<Ty>, room: usize, max_depth: u32) {
        self.scope = super::Scope::default();
        self.scope.open();
        self.result = result;
        self.named_result = None;
        self.room = room;
        self.nesting = 0;
        self.loops = 0;
        self.conditions = 0;
        self.weight = 1;
        self.cost = 10;
        self.stack = 0;
        self.callee_depth = 0;
        self.uses = Uses::default();
        self.sticky.clear();
        self.max_depth = max_depth;
    }

    /// A function that later ones may call.
    pub fn function(&mut self) {
        let count = match self.random.below(10) {
            0 => 6 + self.random.below(2),
            _ => self.random.below(5),
        };
        let mut params: Vec<(Ty, bool)> = (0..count).map(|_| (self.value_type(), self.random.percent(20))).collect();
        // Two could point to the same bytes of a packet, which not all programs can do.
        if self.family == Family::Packets && self.random.percent(30) {
            params.push((Ty::Struct(self.any_header()), true));
        }
        let result = (!self.random.percent(10)).then(|| self.value_type());
        let name = self.fresh("f");
        let room = 2 + self.random.below(6);
        self.begin(result.clone(), room, CALL_DEPTH);
        self.begin_errors(true);
        let mut list = Vec::new();
        for (at, (ty, pointer)) in params.iter().enumerate() {
            if *pointer {
                // `*T[N]` points to an array.
                list.push(format!("p{at}: *{}", self.type_name(ty)));
                self.scope.add_pointer(&format!("p{at}"), ty.clone());
                self.stack += 8;
                continue;
            }
            list.push(format!("p{at}: {}", self.type_name(ty)));
            self.scope.add(&format!("p{at}"), ty.clone(), true);
            self.stack += self.size_of(ty).next_multiple_of(8);
        }
        let mut head = format!("{}fn {name}({})", self.family.attribute(), list.join(", "));
        if let Some(ty) = &result {
            if self.random.percent(25) {
                self.scope.add("r", ty.clone(), true);
                self.named_result = Some("r".into());
                head.push_str(&format!(" -> r: {}", self.type_name(ty)));
            } else {
                head.push_str(&format!(" -> {}", self.type_name(ty)));
            }
        }
        let count = 1 + self.random.below(5);
        let mut body = self.statements(count);
        if let Some(ty) = &result {
            let named = self.named_result.is_some() && self.random.percent(70);
            if let Some(throw) = self.throw_instead(15) {
                body.push_str(&format!("\nif ({}) {{\n{}\n}}\n{throw}", self.boolean(1), self.return_stmt()));
            } else if !named {
                body.push_str(&format!("\nreturn {}", self.value_of(ty, 2)));
            }
        }
        self.line(&format!("{head} {{\n{body}\n}}"));
        let (uses, throws) = (std::mem::take(&mut self.uses), self.end_errors());
        self.funcs.push(Func { name, params, result, cost: self.cost, depth: self.callee_depth + 1, uses, throws });
    }

    /// A test: takes four numbers, makes variables of them, does something, and folds all it knows.
    pub fn test(&mut self, at: usize) {
        let room = 3 + self.random.below(6);
        self.begin(Some(U64), room, CALL_DEPTH + 1);
        self.begin_errors(false);
        let mut body = String::new();
        for (param, local) in ["a", "b", "c", "d"].iter().zip(["x0", "x1", "x2", "x3"]) {
            let ty = self.scalar_type();
            body.push_str(&format!("var {local} = {param} as {}\n", self.type_name(&ty)));
            self.scope.add(local, ty, true);
        }
        body.push_str(&self.filled());
        let count = 2 + self.random.below(4);
        body.push_str(&self.statements(count));
        body.push_str("\nvar h: u64 = 7\n");
        let variables: Vec<Variable> = self.scope.visible().cloned().collect();
        for variable in &variables {
            body.push_str(&self.folded("h", &variable.name, &variable.ty));
        }
        let attribute = self.family.attribute();
        self.line(&format!("{attribute}fn t{at}(a: u64, b: u64, c: u64, d: u64) -> u64 {{\n{body}return h\n}}"));
    }
}
