//! The roles of functions: `program(xdp, "", "eth0")`, `helper`, `plain`, `main`, `checked`.

use super::{Parse, Parser, Stop};
use crate::ir::{ProgramDecl, Role};
use crate::source::Span;
use crate::tables::{KFUNC_FLAGS, Loading, Order, PROGRAMS, Placement, ProgramSpec};

impl Parser<'_> {
    /// `@count program(xdp, "") uses @map`
    pub(super) fn loadable(&mut self) -> Parse<ProgramDecl> {
        let name = self.symbol()?.into();
        let Role::Program { spec, mode, target, placement, loading } = self.role()? else {
            return self.stop("only programs are loadable");
        };
        let device = self.eat_word("device");
        let spare = self.eat_word("spare");
        let mut maps = Vec::new();
        while self.eat_word("uses") {
            maps.push(self.symbol()?.into());
        }
        Ok(ProgramDecl { name, spec, mode, target, placement, device, loading, spare, maps })
    }

    pub(super) fn role(&mut self) -> Parse<Role> {
        match self.word()?.as_str() {
            "helper" => Ok(Role::Helper),
            "plain" => Ok(Role::Plain),
            "main" => Ok(Role::Main),
            "checked" => Ok(Role::Checked),
            "private" => Ok(Role::Private),
            "kfunc" => self.kfunc_role(),
            "program" => self.program(),
            other => {
                let why = format!(
                    "a function is program(…), helper, kfunc(…), private, plain, main or checked, not `{other}`"
                );
                Err(Stop { span: self.last_span(), why })
            }
        }
    }

    /// Behind `kfunc`.
    fn kfunc_role(&mut self) -> Parse<Role> {
        self.expect("(")?;
        let span = self.span();
        let text = self.text()?;
        self.expect(",")?;
        let types = self.text()?;
        self.expect(")")?;
        let mut callers = Vec::new();
        for word in types.split('|').filter(|word| !word.is_empty()) {
            let Some(spec) = PROGRAMS.iter().find(|spec| spec.prog_type == word) else {
                return Err(Stop { span, why: format!("no program type is called `{word}`") });
            };
            callers.push(spec.prog_type);
        }
        let mut flags = Vec::new();
        for word in text.split('|').filter(|word| !word.is_empty()) {
            let Some(flag) = KFUNC_FLAGS.iter().find(|flag| flag.name == word) else {
                return Err(Stop { span, why: format!("no flag of kernel functions is called `{word}`") });
            };
            flags.push(flag);
        }
        Ok(Role::Kfunc { flags, callers })
    }

    /// Behind `program`.
    fn program(&mut self) -> Parse<Role> {
        self.expect("(")?;
        let spec = self.program_spec()?;
        self.expect(",")?;
        let span = self.span();
        let mode = self.text()?;
        let Some(form) = spec.form(&mode) else {
            return Err(Stop { span, why: format!("program type `{}` has no mode `{mode}`", spec.name) });
        };
        let (mut target, mut placement, mut loading) = (None, Placement::default(), Loading::default());
        while self.eat(",") {
            if self.eat_word("at") {
                let span = self.span();
                let number = i64::try_from(self.int()?);
                placement.number = number.map_err(|_| Stop { span, why: "it has more than 64 bits".into() })?;
            } else if let Some((word, named)) = Order::WORDS.into_iter().find(|(word, _)| self.eat_word(word)) {
                let name = if named { Some(self.text()?) } else { None };
                placement.order = Order::of(word, name);
            } else if self.eat_word("optional") {
                loading.optional = true;
            } else if self.eat_word("sleepable") {
                loading.sleepable = true;
            } else if self.eat_word("section") {
                loading.section = Some(self.text()?);
            } else if self.eat_word("takes") {
                loading.takes = Some(self.text()?);
            } else if self.eat_word("else") {
                loading.fallback = Some(self.symbol()?);
            } else {
                target = Some(self.text()?);
            }
        }
        self.expect(")")?;
        Ok(Role::Program { spec, mode: form.mode, target, placement, loading })
    }

    fn program_spec(&mut self) -> Parse<&'static ProgramSpec> {
        let span: Span = self.span();
        let name = self.word()?;
        PROGRAMS
            .iter()
            .find(|p| p.name == name)
            .ok_or_else(|| Stop { span, why: format!("there is no program type `{name}`") })
    }
}
