//! Programs that call one another where they return, in all forms.

use super::head;
use crate::generate::Generator;
use differential::packets::Form;

impl Generator {
    /// A test and the programs that it reaches: `t7`, `t7_a`, `t7_b` …
    pub fn tail_test(&mut self, at: usize, form: Form) {
        let first = format!("t{at}");
        let count = 1 + self.random.below(4);
        let stages: Vec<String> = ["a", "b", "c", "d"][..count].iter().map(|name| format!("{first}_{name}")).collect();
        self.line(&format!("var hops{at}: u32"));
        // Later ones first, so that each program finds what it calls; the order in the text is another one now and then.
        for (index, name) in stages.iter().enumerate().rev() {
            if index + 1 == count && self.random.percent(6) {
                self.endless(name, form);
                continue;
            }
            let mut next = stages[index + 1..].to_vec();
            if self.random.percent(12) {
                next.push(self.guarded(at, &stages[index], form));
            }
            self.program(name, form, next);
        }
        self.program(&first, form, stages);
        // No other program calls the first one.
        let begins = format!("{} {{\n", head(form, &first));
        self.text = self.text.replace(&begins, &format!("{begins}hops{at} = 0\n"));
    }

    /// A program that calls itself until the kernel does not do so any more.
    fn endless(&mut self, name: &str, form: Form) {
        let number = self.random.below(1000);
        self.line(&format!("{} {{\nnote({number})\nreturn {name}(ctx)\n}}", head(form, name)));
    }

    /// A function that calls a program again for so many times.
    fn guarded(&mut self, at: usize, program: &str, form: Form) -> String {
        let (name, most) = (self.fresh(&format!("t{at}_again")), 1 + self.random.below(20));
        let verdict = if form == Form::Tc { "TC_ACT_PIPE" } else { "XDP_TX" };
        self.line(&format!(
            "@helper fn {name}{} {{\nhops{at} += 1\nif (hops{at} % {} != 0) return {program}(ctx)\nreturn {verdict}\n}}",
            parameters(form),
            most + 1
        ));
        name
    }

    /// A `return` with a call in it, if the program calls any.
    pub fn tail_return(&mut self) -> Option<String> {
        let program = self.program.as_ref()?;
        let (next, form) = (program.next.clone(), program.form);
        if next.is_empty() || self.random.percent(30) {
            return None;
        }
        let call = |generator: &mut Generator| format!("{}(ctx)", generator.random.pick(&next));
        let (first, second) = (call(self), call(self));
        let verdict = self.verdict();
        let is_helper = |text: &str| text.contains("_again");
        Some(match self.random.below(9) {
            0 => format!("return {} ? {first} : {verdict}", self.condition(1)),
            1 => format!("return {} ? {verdict} : {second}", self.condition(1)),
            2 => format!("return {} ? {first} : {second}", self.condition(1)),
            3 => {
                let subject = self.variable_number();
                let other = self.verdict();
                format!(
                    "return match (({subject}) & 7) {{\n0 | 5: {first},\n1: {other},\n2..=3: {{\nnote(2)\n{second}\n}},\n\
                     default: {verdict},\n}}"
                )
            }
            4 => {
                let (condition, then) = (self.condition(1), self.assign());
                format!("return if ({condition}) {{\n{then}\n{first}\n}} else {{\n{verdict}\n}}")
            }
            5 if !is_helper(&first) => {
                let name = self.fresh("r");
                format!("var {name} = {first}\nreturn {name}")
            }
            6 => format!("if ({}) return {first}\nreturn {verdict}", self.condition(1)),
            7 if self.random.percent(40) => format!("return {}(ctx)", self.via(&first, form)),
            _ => format!("return {first}"),
        })
    }

    /// A function that calls a program where it returns.
    fn via(&mut self, call: &str, form: Form) -> String {
        let name = self.own_name("via");
        let (number, verdict) = (self.random.below(100), self.verdict());
        let deferred = if self.random.percent(40) { "defer note(77)\n" } else { "" };
        self.line(&format!(
            "@helper fn {name}{} {{\n{deferred}note({number})\nif (g0 % 5 == 0) return {verdict}\nreturn {call}\n}}",
            parameters(form)
        ));
        name
    }
}

fn parameters(form: Form) -> &'static str {
    if form == Form::Tc { "(ctx: *__sk_buff) -> i32" } else { "(ctx: *xdp_md) -> xdp_action" }
}
