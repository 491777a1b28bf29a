//! Statements on views of bytes.

use crate::generate::Generator;

#[derive(Clone, Copy)]
enum Form {
    Declare,
    Tested,
    OrLeave,
    Note,
    Walk,
    Write,
    Copy,
    Compare,
    Shift,
    Call,
}

impl Generator {
    /// A view: a variable, or one of the packet.
    fn a_view(&mut self) -> String {
        let views = self.scope.views.clone();
        if !views.is_empty() && self.random.percent(70) {
            let name = self.random.pick(&views);
            return match self.random.below(5) {
                0 => format!("{name}.slice({})", self.few_bytes()),
                1 => format!("{name}.slice({}, {})", self.few_bytes(), self.few_bytes()),
                _ => name,
            };
        }
        self.packet_view()
    }

    fn packet_view(&mut self) -> String {
        let offset = self.offset();
        if self.random.percent(35) {
            format!("ctx.bytes({offset})")
        } else {
            format!("ctx.bytes({offset}, {})", self.few_bytes())
        }
    }

    /// A number of bytes.
    fn few_bytes(&mut self) -> String {
        match self.random.below(5) {
            0 => format!("({} & 31)", self.variable_number()),
            1 => format!("({} % 20 as u32)", self.variable_number()),
            _ => self.random.below(24).to_string(),
        }
    }

    fn bind_view(&mut self) -> String {
        let name = self.fresh("b");
        self.scope.views.push(name.clone());
        self.stack += 8;
        name
    }

    pub fn view_statement(&mut self) -> String {
        let writes = usize::from(self.of_program().writes);
        let may_exit = usize::from(self.may_exit());
        let may_loop = usize::from(self.loops == 0);
        let has_views = usize::from(!self.scope.views.is_empty());
        let form = self.random.weighted(&[
            (5, Form::Declare),
            (4, Form::Tested),
            (4 * may_exit, Form::OrLeave),
            (6, Form::Note),
            (5 * may_loop, Form::Walk),
            (5 * writes, Form::Write),
            (3 * writes, Form::Copy),
            (3, Form::Compare),
            (2 * has_views * may_loop, Form::Shift),
            (4 * may_loop, Form::Call),
        ]);
        match form {
            Form::Declare => {
                let view = self.a_view();
                let name = self.bind_view();
                format!("var {name} = {view}\nnote(len({name}) as u64)")
            }
            Form::Tested => {
                let view = self.tested_view();
                self.scope.open();
                let name = self.bind_view();
                let body = self.inner();
                self.scope.close();
                format!("if (var {name} = {view}) {{\nnote({name}[0] as u64)\n{body}\n}}")
            }
            Form::OrLeave => {
                let (view, exit) = (self.tested_view(), self.exit());
                let name = self.bind_view();
                format!("var {name} = {view} else {{\n{exit}\n}}")
            }
            Form::Note => self.note_view(),
            Form::Walk => self.walk_view(),
            Form::Write => {
                let (view, index, value) = (self.a_view(), self.few_bytes(), self.number(1).text);
                let op = self.random.pick(&["=", "=", "^=", "+="]);
                let name = self.fresh("b");
                format!("{{\nvar {name} = {view}\n{name}[{index}] {op} ({value}) as u8\n}}")
            }
            Form::Copy => {
                let (to, from, most) = (self.a_view(), self.a_view(), self.random.below(32));
                format!("note(copy({to}, {from}, {most}) as u64)")
            }
            Form::Compare => self.compare_views(),
            Form::Shift => {
                let name = self.random.pick(&self.scope.views.clone());
                format!("{name} = {name}.slice({})", self.few_bytes())
            }
            Form::Call => {
                let view = self.a_view();
                let key = self.random.below(256);
                match self.random.below(3) {
                    0 if writes > 0 => format!("scramble({view}, {key})"),
                    1 => format!("note(count_of({view}, {key}) as u64)"),
                    _ => format!("note(sum_of({view}))"),
                }
            }
        }
    }

    /// One whose length is known, which either is there or not.
    fn tested_view(&mut self) -> String {
        let views = self.scope.views.clone();
        let count = self.few_bytes();
        if !views.is_empty() && self.random.percent(40) {
            let name = self.random.pick(&views);
            return format!("{name}.slice({}, {count})", self.few_bytes());
        }
        format!("ctx.bytes({}, {count})", self.offset())
    }

    fn note_view(&mut self) -> String {
        let (view, at) = (self.a_view(), self.few_bytes());
        match self.random.below(4) {
            0 => format!("note(len({view}) as u64)"),
            1 => format!("note({view}[{at}] as u64)"),
            2 => {
                let header = self.any_header();
                let of = self.structs[header].name.clone();
                let name = self.fresh("c");
                let noted = self.noted(&name, header).replace("->", ".");
                format!("{{\nvar {name} = {view}.read({at}, {of})\n{noted}\n}}")
            }
            _ => {
                let of = self.random.pick(&["u8", "u16", "u32", "u64", "i32", "be16", "be32", "be64"]);
                format!("note({view}.read({at}, {of}) as u64)")
            }
        }
    }

    fn walk_view(&mut self) -> String {
        let view = self.a_view();
        let (index, byte, sum) = (self.fresh("n"), self.fresh("c"), self.fresh("s"));
        let (names, number) = if self.random.percent(50) {
            (format!("{index}, {byte}"), format!("{byte} as u64 + {index} as u64"))
        } else {
            (byte.clone(), format!("{byte} as u64"))
        };
        let end = match self.random.below(3) {
            0 => format!("\nif ({byte} == {}) break", self.random.pick(&["0", "'\\n'", "0xff", "'Z'"])),
            1 => format!("\nif ({byte} < 0x20) continue"),
            _ => String::new(),
        };
        format!("var {sum}: u64 = 5\nfor ({names} in {view}) {{{end}\n{sum} = mix({sum}, {number})\n}}\nnote({sum})")
    }

    fn compare_views(&mut self) -> String {
        let (first, second) = (self.a_view(), self.a_view());
        match self.random.below(3) {
            0 => {
                let text = self.random.pick(&["GET", "a", "\\x08\\0", "\\0\\0\\0", "aaab"]);
                format!("if ({first} == \"{text}\") {{\n{}\n}}", self.inner())
            }
            1 => format!("note(({first} == {second}) as u64)"),
            _ => {
                let most = self.random.below(24);
                let name = self.fresh("n");
                format!("var {name} = compare({first}, {second}, {most})\nnote({name} < 0 ? 1 : {name} == 0 ? 2 : 3)")
            }
        }
    }
}
