//! The module's head and its declarations.

use super::lex::Token;
use super::{Parse, Parser, Stop};
use crate::ir::{
    Function, Global, GlobalKind, Index, KfuncDecl, MapDecl, Module, OptionSpec, OptionsDecl, Param, Section,
    SizeSource, TestDecl, Throws,
};
use crate::tables::{MAP_KINDS, Reference};
use crate::target::Target;
use crate::types::{BitField, EnumDef, FieldDef, Origin, Ty, TyKind, VariantDef};

impl Parser<'_> {
    pub(super) fn module(&mut self) -> Parse<Module> {
        if !self.eat_word("module") {
            return self.stop("IR text starts with `module @name`");
        }
        let name = self.symbol()?;
        let mut module = Module {
            name,
            project: None,
            file: self.file,
            target: None,
            after: None,
            license: "GPL".into(),
            kernel_module: None,
            headers: Vec::new(),
            funcs: Vec::new(),
            globals: Vec::new(),
            maps: Vec::new(),
            struct_ops: Vec::new(),
            kfuncs: Vec::new(),
            programs: Vec::new(),
            tests: Vec::new(),
            index: Index::default(),
            options: None,
            metrics: Vec::new(),
        };
        self.head(&mut module)?;
        while !self.eat("}") {
            self.declaration(&mut module)?;
        }
        if *self.peek() != Token::End {
            return self.stop("nothing may follow the module");
        }
        if let Some((name, span)) = self.undefined.first() {
            return Err(Stop { span: *span, why: format!("struct `@{name}` is not declared in this module") });
        }
        Ok(module)
    }

    fn head(&mut self, module: &mut Module) -> Parse<()> {
        while !self.eat("{") {
            let word = self.word()?;
            self.expect("=")?;
            match word.as_str() {
                "target" => {
                    let name = self.word()?;
                    module.target = Target::ALL.into_iter().find(|t| t.name() == name);
                    if module.target.is_none() {
                        return self.stop(format!("there is no target `{name}`"));
                    }
                }
                "after" => {
                    let name = self.word()?;
                    module.after = crate::pipeline::pass_name(&name);
                    if module.after.is_none() {
                        return self.stop(format!("there is no pass `{name}`"));
                    }
                }
                "license" => module.license = self.text()?,
                "headers" => module.headers = self.text()?.split(' ').map(str::to_owned).collect(),
                "project" => module.project = Some(self.text()?),
                "kernel_module" => module.kernel_module = Some(self.text()?),
                _ => return self.stop(format!("a module's head has no `{word}`")),
            }
        }
        Ok(())
    }

    fn declaration(&mut self, module: &mut Module) -> Parse<()> {
        let word = self.word()?;
        if let Some(kind) = GlobalKind::ALL.into_iter().find(|kind| kind.word() == word) {
            let global = self.global(kind)?;
            module.globals.push(global);
            return Ok(());
        }
        match word.as_str() {
            "enum" => self.enum_decl(),
            "struct" => self.struct_decl(),
            "map" => {
                let map = self.map()?;
                module.maps.push(map);
                Ok(())
            }
            "ops" => {
                let ops = self.struct_ops()?;
                module.struct_ops.push(ops);
                Ok(())
            }
            "loadable" => {
                let program = self.loadable()?;
                module.programs.push(program);
                Ok(())
            }
            "kfunc" => {
                let kfunc = self.kfunc()?;
                module.kfuncs.push(kfunc);
                Ok(())
            }
            "testcase" => {
                let mut test = TestDecl { func: self.symbol()?.into(), needs: Vec::new() };
                while self.eat_word("needs") {
                    test.needs.push(self.symbol()?.into());
                }
                module.tests.push(test);
                Ok(())
            }
            "options" => {
                module.options = Some(self.options()?);
                Ok(())
            }
            "metric" => {
                let metric = self.metric()?;
                module.metrics.push(metric);
                Ok(())
            }
            "func" => {
                let func = self.function()?;
                module.funcs.push(func);
                Ok(())
            }
            _ => {
                self.at -= 1;
                self.stop(
                    "a declaration starts with enum, struct, a kind of global, map, ops, loadable, testcase, options, metric, kfunc or func",
                )
            }
        }
    }

    /// `enum @E : u32 { A = 0, B = 1 }`
    fn enum_decl(&mut self) -> Parse<()> {
        let span = self.span();
        let name = self.symbol()?;
        self.expect(":")?;
        let repr = self.ty()?;
        let mut variants = Vec::new();
        self.expect("{")?;
        while !self.eat("}") {
            let span = self.span();
            let variant = self.word()?;
            self.expect("=")?;
            variants.push(VariantDef { name: variant, value: self.int()?, span: Some(span) });
            self.eat(",");
        }
        let id = self.cx.types.add_enum(EnumDef { name: name.clone(), repr, variants, span: Some(span) });
        self.enums.insert(name, id);
        Ok(())
    }

    /// `struct @S user size=16 align=8 { "a": u32 at 0, "b": u8 at 8 bits(0, 4) }`
    fn struct_decl(&mut self) -> Parse<()> {
        let span = self.span();
        let name = self.symbol()?;
        let word = self.word()?;
        let Some(origin) = Origin::ALL.into_iter().find(|origin| origin.word() == word) else {
            return self.stop(format!("a struct is {}, not `{word}`", Origin::ALL.map(Origin::word).join(", ")));
        };
        self.key("size")?;
        let size = self.small()?;
        self.key("align")?;
        let align = self.small()?;
        let mut fields = Vec::new();
        self.expect("{")?;
        while !self.eat("}") {
            fields.push(self.field(origin)?);
            self.eat(",");
        }
        self.undefined.retain(|(n, _)| *n != name);
        let def = crate::types::StructDef { name: name.clone(), origin, fields, size, align, span: Some(span) };
        match self.structs.get(&name) {
            Some(&id) => *self.cx.types.struct_def_mut(id) = def,
            None => {
                let id = self.cx.types.add_struct(def);
                self.structs.insert(name, id);
            }
        }
        Ok(())
    }

    fn field(&mut self, origin: Origin) -> Parse<FieldDef> {
        let span = self.span();
        let name = self.text()?;
        self.expect(":")?;
        let ty = self.ty()?;
        if !self.eat_word("at") {
            return self.stop("`at OFFSET` is expected after a field's type");
        }
        let offset = self.small()?;
        let mut bits = None;
        if self.eat_word("bits") {
            self.expect("(")?;
            let shift = self.small()?;
            self.expect(",")?;
            let width = self.small()?;
            self.expect(")")?;
            let unit = if self.eat_word("in") { self.ty()? } else { ty };
            bits = Some(BitField { shift, width, unit, wire: origin == Origin::Packet });
        }
        Ok(FieldDef { name, ty, offset, bits, span: Some(span) })
    }

    /// `zero(8)` or a string of as many bytes as the contents have
    /// As many bytes as the type has, so that no text asks for more memory than types may take.
    pub(super) fn image(&mut self, ty: Ty) -> Parse<Vec<u8>> {
        let size = self.cx.types.size_of(ty);
        let written = if self.eat_word("zero") {
            self.expect("(")?;
            let zeros: u32 = self.small()?;
            self.expect(")")?;
            if u64::from(zeros) == size { vec![0; zeros as usize] } else { Vec::new() }
        } else {
            self.string()?
        };
        if written.len() as u64 != size {
            return self.stop("the contents have not the size of the type");
        }
        Ok(written)
    }

    /// `@g : u64 section=.bss = zero(8)`
    fn global(&mut self, kind: GlobalKind) -> Parse<Global> {
        let span = self.span();
        let name = self.symbol()?;
        self.expect(":")?;
        let ty = self.ty()?;
        let mut section = None;
        if self.eat_word("section") {
            self.expect("=")?;
            let word = self.word()?;
            section = Section::ALL.into_iter().find(|s| s.name() == word);
            if section.is_none() {
                return self.stop(format!("there is no section `{word}`"));
            }
        }
        self.expect("=")?;
        let init = self.image(ty)?;
        Ok(Global { name: name.into(), ty, init, kind, section, span })
    }

    /// `@m : hash<u32, u64> max_entries=8 flags=0`, `@t : prog_array<u32, u32> max_entries=1 flags=0 slot=@next`
    fn map(&mut self) -> Parse<MapDecl> {
        let span = self.span();
        let name = self.symbol()?;
        self.expect(":")?;
        let word = self.word()?;
        let Some(kind) = MAP_KINDS.iter().find(|k| k.name == word) else {
            return self.stop(format!("there is no map kind `{word}`"));
        };
        self.expect("<")?;
        let key = self.ty()?;
        self.expect(",")?;
        let value = self.ty()?;
        self.expect(">")?;
        self.key("max_entries")?;
        let max_entries = self.small()?;
        self.key("flags")?;
        let flags = self.small()?;
        let mut map = MapDecl::new(name.into(), kind, key, value, max_entries, span);
        map.flags = flags;
        if self.eat_word("inner") {
            self.expect("=")?;
            map.inner = Some(self.symbol()?.into());
        }
        if self.eat_word("node") {
            self.expect("=")?;
            map.node = Some(self.small()?);
        }
        map.bound = self.eat_word("bound");
        map.pinned = self.eat_word("pinned");
        map.private = self.eat_word("private");
        if self.eat_word("refusals") {
            self.expect("=")?;
            map.refusals = Some(self.symbol()?.into());
        }
        if self.eat_word("sized") {
            self.expect("=")?;
            map.sized_by = Some(self.size_source()?);
        }
        while self.eat_word("slot") {
            self.expect("=")?;
            map.programs.push(self.symbol()?.into());
        }
        Ok(map)
    }

    /// `@limits offset=4 type=u32 text="limits.max"`
    fn size_source(&mut self) -> Parse<SizeSource> {
        let global = self.symbol()?.into();
        self.key("offset")?;
        let offset = self.small()?;
        self.key("type")?;
        let ty = self.ty()?;
        self.key("text")?;
        Ok(SizeSource { global, offset, ty, text: self.text()? })
    }

    /// `@bpf_task_release(ptr<@task_struct, btf(trusted)>) -> void releases weak`
    fn kfunc(&mut self) -> Parse<KfuncDecl> {
        let span = self.span();
        let name = self.symbol()?.into();
        let sig = self.signature()?;
        let reference = Reference::ALL.into_iter().find(|reference| self.eat_word(reference.word()));
        let mut sized = Vec::new();
        while self.eat_word("sized") {
            sized.push((self.small()?, self.small()?));
        }
        Ok(KfuncDecl { name, sig, reference, sized, weak: self.eat_word("weak"), span })
    }

    /// `options @Args "doc" = zero(8) { required "doc", optional "doc", optional command "doc" }`
    fn options(&mut self) -> Parse<OptionsDecl> {
        let name = self.ty()?;
        let TyKind::Struct(ty) = self.cx.types.kind(name) else {
            return self.stop("options are a struct");
        };
        let docs = self.text()?;
        self.expect("=")?;
        let init = self.image(name)?;
        let mut options = Vec::new();
        self.expect("{")?;
        while !self.eat("}") {
            let required = self.eat_word("required");
            if !required && !self.eat_word("optional") {
                return self.stop("an option is required or optional");
            }
            let command = self.eat_word("command");
            options.push(OptionSpec { docs: self.text()?, required, command });
            self.eat(",");
        }
        Ok(OptionsDecl { ty, docs, init, options })
    }

    /// `@f(%0 out "result": P, %1 "ctx": T) -> R ROLE [throws] [cancels] [global] [bpf] [host] { … }`
    fn function(&mut self) -> Parse<Function> {
        let name_span = self.span();
        let name = self.symbol()?;
        self.values.clear();
        self.blocks.clear();
        let (params, numbers) = self.params()?;
        self.expect("->")?;
        let result = self.ty()?;
        let role = self.role()?;
        let mut func = Function::new(&name, name_span, name_span, role, params, result);
        for (index, number) in numbers.into_iter().enumerate() {
            let value = func.param(index);
            self.values.insert(number, value);
        }
        for (word, throws) in [("throws", Throws::ToCaller), ("uncaught", Throws::Ends)] {
            if self.eat_word(word) {
                func.throws = throws;
            }
        }
        func.cancels = self.eat_word("cancels");
        func.global = self.eat_word("global");
        func.targets = Target::ALL.into_iter().filter(|target| self.eat_word(target.name())).collect();
        let body = func.body;
        self.region(&mut func, body)?;
        self.check_labels(&func)?;
        func.span = name_span.to(self.last_span());
        Ok(func)
    }

    fn params(&mut self) -> Parse<(Vec<Param>, Vec<u32>)> {
        let (mut params, mut numbers) = (Vec::new(), Vec::new());
        self.expect("(")?;
        while !self.eat(")") {
            let span = self.span();
            let Token::Value(number) = self.next() else {
                return self.stop("a parameter starts with its value");
            };
            let out = self.eat_word("out");
            let name = self.text()?;
            self.expect(":")?;
            params.push(Param { name, ty: self.ty()?, out, span: span.to(self.last_span()) });
            numbers.push(number);
            self.eat(",");
        }
        Ok((params, numbers))
    }
}
