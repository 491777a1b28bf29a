//! IR as text. What this prints, `parse` reads back; values and blocks are numbered in order of the text.

use super::printed_types;
use super::{
    Attr, BlockId, Function, Global, KfuncDecl, MapDecl, MetricDecl, MetricNumber, Module, OpId, OpsValue, OptionsDecl,
    RegionId, Role, SizeSource, StructOps, Throws, Value,
};
use crate::tables::{Loading, Placement, ProgramSpec};
use crate::types::{BitField, StructId, TyKind, Types};
use std::collections::HashMap;
use std::fmt::Write;

/// A whole module, as a `.ksir` file holds it.
pub fn module(module: &Module, types: &Types) -> String {
    let mut p = Printer { types, out: String::new(), values: HashMap::new(), blocks: HashMap::new() };
    p.module(module);
    p.out
}

/// The text of a string literal, quotes included.
pub fn quote(bytes: &[u8]) -> String {
    let mut out = String::from("\"");
    for &byte in bytes {
        match byte {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(byte as char);
            }
            b'\n' => out.push_str("\\n"),
            0x20..=0x7e => out.push(byte as char),
            other => out.push_str(&format!("\\x{other:02x}")),
        }
    }
    out.push('"');
    out
}

/// Contents of a global: runs of zero bytes are short.
pub fn image(bytes: &[u8]) -> String {
    if bytes.iter().all(|&b| b == 0) {
        return format!("zero({})", bytes.len());
    }
    quote(bytes)
}

/// `program(xdp, "", "eth0")`, `program(netfilter, "ipv4/local_in", at -150)`, `program(fentry, "", "f", optional, else @other)`
fn program_role(
    (spec, mode): (&ProgramSpec, &str),
    target: Option<&str>,
    placement: &Placement,
    loading: &Loading,
) -> String {
    let mut text = format!("program({}, {}", spec.name, quote(mode.as_bytes()));
    if let Some(target) = target {
        text += &format!(", {}", quote(target.as_bytes()));
    }
    if placement.number != 0 {
        text += &format!(", at {}", placement.number);
    }
    if let Some(order) = &placement.order {
        let beside = order.beside().map_or(String::new(), |name| format!(" {}", quote(name.as_bytes())));
        text += &format!(", {}{beside}", order.word());
    }
    if loading.optional {
        text += ", optional";
    }
    if loading.sleepable {
        text += ", sleepable";
    }
    if let Some(section) = &loading.section {
        text += &format!(", section {}", quote(section.as_bytes()));
    }
    if let Some(takes) = &loading.takes {
        text += &format!(", takes {}", quote(takes.as_bytes()));
    }
    if let Some(other) = &loading.fallback {
        text += &format!(", else @{other}");
    }
    text + ")"
}

struct Printer<'a> {
    types: &'a Types,
    out: String,
    values: HashMap<Value, usize>,
    blocks: HashMap<BlockId, usize>,
}

impl Printer<'_> {
    fn line(&mut self, depth: usize, text: &str) {
        for _ in 0..depth {
            self.out.push_str("  ");
        }
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn module(&mut self, module: &Module) {
        let mut head = format!("module @{}", module.name);
        if let Some(target) = module.target {
            write!(head, " target={}", target.name()).expect("a string grows");
        }
        if let Some(pass) = module.after {
            write!(head, " after={pass}").expect("a string grows");
        }
        if let Some(name) = &module.project {
            write!(head, " project={}", quote(name.as_bytes())).expect("a string grows");
        }
        if let Some(name) = &module.kernel_module {
            write!(head, " kernel_module={}", quote(name.as_bytes())).expect("a string grows");
        }
        if !module.headers.is_empty() {
            write!(head, " headers={}", quote(module.headers.join(" ").as_bytes())).expect("a string grows");
        }
        write!(head, " license={} {{", quote(module.license.as_bytes())).expect("a string grows");
        self.line(0, &head);
        self.types(module);
        for global in &module.globals {
            self.global(global);
        }
        for map in &module.maps {
            self.map(map);
        }
        for ops in &module.struct_ops {
            self.struct_ops(ops);
        }
        for program in &module.programs {
            let (of, target) = ((program.spec, program.mode), program.target.as_deref());
            let role = program_role(of, target, &program.placement, &program.loading);
            let maps: String = program.maps.iter().map(|map| format!(" uses @{map}")).collect();
            let device = if program.device { " device" } else { "" };
            let spare = if program.spare { " spare" } else { "" };
            self.line(1, &format!("loadable @{} {role}{device}{spare}{maps}", program.name));
        }
        for test in &module.tests {
            let needs: String = test.needs.iter().map(|name| format!(" needs @{name}")).collect();
            self.line(1, &format!("testcase @{}{needs}", test.func));
        }
        if let Some(options) = &module.options {
            self.options(options);
        }
        for metric in &module.metrics {
            self.metric(metric);
        }
        for kfunc in &module.kfuncs {
            self.kfunc(kfunc);
        }
        for func in &module.funcs {
            self.function(func);
        }
        self.line(0, "}");
    }

    /// The structs and enums that the module mentions, in order of mention; enums first, so that a struct name is known
    /// from an enum's.
    fn types(&mut self, module: &Module) {
        let used = printed_types::types(module, self.types);
        for &ty in &used {
            if let TyKind::Enum(id) = self.types.kind(ty) {
                let def = self.types.enum_def(id);
                let variants: Vec<String> = def.variants.iter().map(|v| format!("{} = {}", v.name, v.value)).collect();
                let repr = self.types.ir_text(def.repr);
                let text = format!("enum @{} : {repr} {{ {} }}", def.name, variants.join(", "));
                self.line(1, &text);
            }
        }
        for &ty in &used {
            if let TyKind::Struct(id) = self.types.kind(ty) {
                self.struct_def(id);
            }
        }
    }

    fn struct_def(&mut self, id: StructId) {
        let def = self.types.struct_def(id);
        let fields: Vec<String> = def
            .fields
            .iter()
            .map(|f| {
                let unit = |b: BitField| {
                    if b.unit == f.ty { String::new() } else { format!(" in {}", self.types.ir_text(b.unit)) }
                };
                let bits = f.bits.map_or(String::new(), |b| format!(" bits({}, {}){}", b.shift, b.width, unit(b)));
                format!("{}: {} at {}{bits}", quote(f.name.as_bytes()), self.types.ir_text(f.ty), f.offset)
            })
            .collect();
        let origin = def.origin.word();
        let text =
            format!("struct @{} {origin} size={} align={} {{ {} }}", def.name, def.size, def.align, fields.join(", "));
        self.line(1, &text);
    }

    fn global(&mut self, global: &Global) {
        let kind = global.kind.word();
        let section = global.section.map_or(String::new(), |s| format!(" section={}", s.name()));
        let text =
            format!("{kind} @{} : {}{section} = {}", global.name, self.types.ir_text(global.ty), image(&global.init));
        self.line(1, &text);
    }

    fn map(&mut self, map: &MapDecl) {
        let text = format!(
            "map @{} : {}<{}, {}> max_entries={} flags={}{}{}{}{}{}{}{}{}",
            map.name,
            map.kind.name,
            self.types.ir_text(map.key),
            self.types.ir_text(map.value),
            map.max_entries,
            map.flags,
            map.inner.as_ref().map_or(String::new(), |inner| format!(" inner=@{inner}")),
            map.node.map_or(String::new(), |node| format!(" node={node}")),
            if map.bound { " bound" } else { "" },
            if map.pinned { " pinned" } else { "" },
            if map.private { " private" } else { "" },
            map.refusals.as_ref().map_or(String::new(), |counter| format!(" refusals=@{counter}")),
            map.sized_by.as_ref().map_or(String::new(), |size| self.size_source(size)),
            map.programs.iter().map(|program| format!(" slot=@{program}")).collect::<String>()
        );
        self.line(1, &text);
    }

    fn size_source(&self, size: &SizeSource) -> String {
        let (ty, text) = (self.types.ir_text(size.ty), quote(size.text.as_bytes()));
        format!(" sized=@{} offset={} type={ty} text={text}", size.global, size.offset)
    }

    fn struct_ops(&mut self, ops: &StructOps) {
        let members = ops.members.iter().map(|member| match &member.value {
            OpsValue::Program(name) => format!("{} = @{name}", member.name),
            OpsValue::Data { ty, init } => format!("{} : {} = {}", member.name, self.types.ir_text(*ty), image(init)),
        });
        let members: Vec<String> = members.collect();
        self.line(1, &format!("ops @{} : {} {{ {} }}", ops.name, ops.of, members.join(", ")));
    }

    fn options(&mut self, options: &OptionsDecl) {
        let list: Vec<String> = options
            .options
            .iter()
            .map(|o| {
                let required = if o.required { "required" } else { "optional" };
                let command = if o.command { " command" } else { "" };
                format!("{required}{command} {}", quote(o.docs.as_bytes()))
            })
            .collect();
        let name = &self.types.struct_def(options.ty).name;
        let (docs, init) = (quote(options.docs.as_bytes()), image(&options.init));
        let text = format!("options @{name} {docs} = {init} {{ {} }}", list.join(", "));
        self.line(1, &text);
    }

    /// `metric @stats : u32 "Packets" { counter "", gauge "When" }`, `metric @sizes : void "" steps 0 100 10 { }`
    fn metric(&mut self, metric: &MetricDecl) {
        let (key, docs) = (self.types.ir_text(metric.key), quote(metric.docs.as_bytes()));
        let steps = metric.steps.map_or(String::new(), |[low, high, step]| format!(" steps {low} {high} {step}"));
        let number = |number: &MetricNumber| {
            let word = if number.grows { "counter" } else { "gauge" };
            format!("{word} {}", quote(number.docs.as_bytes()))
        };
        let numbers: Vec<String> = metric.numbers.iter().map(number).collect();
        self.line(1, &format!("metric @{} : {key} {docs}{steps} {{ {} }}", metric.of, numbers.join(", ")));
    }

    /// `kfunc @bpf_task_release(ptr<@task_struct, btf(trusted)>) -> void releases`
    fn kfunc(&mut self, kfunc: &KfuncDecl) {
        let params: Vec<String> = kfunc.sig.params.iter().map(|&ty| self.types.ir_text(ty)).collect();
        let result = self.types.ir_text(kfunc.sig.result);
        let reference = kfunc.reference.map_or(String::new(), |reference| format!(" {}", reference.word()));
        let sized = kfunc.sized.iter().map(|(memory, size)| format!(" sized {memory} {size}")).collect::<String>();
        let weak = if kfunc.weak { " weak" } else { "" };
        self.line(1, &format!("kfunc @{}({}) -> {result}{reference}{sized}{weak}", kfunc.name, params.join(", ")));
    }

    fn function(&mut self, func: &Function) {
        self.number(func);
        let params: Vec<String> = func
            .params
            .iter()
            .enumerate()
            .map(|(i, p)| {
                let out = if p.out { "out " } else { "" };
                format!("%{i} {out}{}: {}", quote(p.name.as_bytes()), self.types.ir_text(p.ty))
            })
            .collect();
        let mut head = format!("func @{}({}) -> {}", func.name, params.join(", "), self.types.ir_text(func.result));
        match &func.role {
            Role::Program { spec, mode, target, placement, loading } => {
                head.push(' ');
                head.push_str(&program_role((spec, mode), target.as_deref(), placement, loading));
            }
            Role::Helper => head.push_str(" helper"),
            Role::Kfunc { flags, callers } => {
                let flags: Vec<&str> = flags.iter().map(|flag| flag.name).collect();
                let (flags, callers) = (quote(flags.join("|").as_bytes()), quote(callers.join("|").as_bytes()));
                head.push_str(&format!(" kfunc({flags}, {callers})"));
            }
            Role::Private => head.push_str(" private"),
            Role::Plain => head.push_str(" plain"),
            Role::Main => head.push_str(" main"),
            Role::Checked => head.push_str(" checked"),
        }
        if func.throws != Throws::of(&func.role) {
            head.push_str(match func.throws {
                Throws::Never => "",
                Throws::ToCaller => " throws",
                Throws::Ends => " uncaught",
            });
        }
        if func.cancels {
            head.push_str(" cancels");
        }
        if func.global {
            head.push_str(" global");
        }
        for target in func.targets.iter() {
            head.push(' ');
            head.push_str(target.name());
        }
        head.push_str(" {");
        self.line(1, &head);
        self.blocks(func, func.body, 2);
        self.line(1, "}");
    }

    /// Numbers values and blocks in order of the text, over the whole function.
    fn number(&mut self, func: &Function) {
        self.values.clear();
        self.blocks.clear();
        self.number_region(func, func.body);
    }

    fn number_region(&mut self, func: &Function, region: RegionId) {
        let blocks = &func.regions[region].blocks;
        for &block in blocks {
            let next = self.blocks.len();
            self.blocks.insert(block, next);
        }
        for &block in blocks {
            for &arg in &func.blocks[block].args {
                self.number_value(arg);
            }
            for &op in &func.blocks[block].ops {
                for &result in &func.ops[op].results {
                    self.number_value(result);
                }
                for &inner in &func.ops[op].regions {
                    self.number_region(func, inner);
                }
            }
        }
    }

    fn number_value(&mut self, value: Value) {
        let next = self.values.len();
        self.values.insert(value, next);
    }

    fn blocks(&mut self, func: &Function, region: RegionId, depth: usize) {
        let blocks = &func.regions[region].blocks;
        for (index, &block) in blocks.iter().enumerate() {
            let is_entry = region == func.body && index == 0;
            let args = &func.blocks[block].args;
            if blocks.len() > 1 || (!args.is_empty() && !is_entry) {
                let list: Vec<String> = if is_entry {
                    Vec::new()
                } else {
                    args.iter().map(|&a| format!("{}: {}", self.value(a), self.types.ir_text(func.ty(a)))).collect()
                };
                let number = if blocks.len() > 1 { self.blocks[&block].to_string() } else { String::new() };
                let list = if list.is_empty() { String::new() } else { format!("({})", list.join(", ")) };
                self.line(depth - 1, &format!("^{number}{list}:"));
            }
            for &op in &func.blocks[block].ops {
                self.op(func, op, depth);
            }
        }
    }

    /// A value without a number is not in the text: a fault of a pass, shown so that it can be found.
    fn value(&self, value: Value) -> String {
        self.values.get(&value).map_or_else(|| format!("%dangling{}", value.0), |n| format!("%{n}"))
    }

    fn op(&mut self, func: &Function, op: OpId, depth: usize) {
        let data = &func.ops[op];
        let spec = data.opcode.spec();
        let mut text = String::new();
        if !data.results.is_empty() {
            let results: Vec<String> = data.results.iter().map(|&r| self.value(r)).collect();
            write!(text, "{} = ", results.join(", ")).expect("a string grows");
        }
        text.push_str(spec.name);
        if !data.operands.is_empty() {
            let operands: Vec<String> = data.operands.iter().map(|&o| self.value(o)).collect();
            write!(text, " {}", operands.join(", ")).expect("a string grows");
        }
        if !spec.attrs.is_empty() {
            let attrs: Vec<String> = std::iter::zip(spec.attrs, &data.attrs)
                .map(|(spec, attr)| format!("{} = {}", spec.name, self.attr(attr)))
                .collect();
            write!(text, " {{{}}}", attrs.join(", ")).expect("a string grows");
        }
        if !data.results.is_empty() {
            let types: Vec<String> = data.results.iter().map(|&r| self.types.ir_text(func.ty(r))).collect();
            write!(text, " : {}", types.join(", ")).expect("a string grows");
        }
        if !data.successors.is_empty() {
            let blocks: Vec<String> = data
                .successors
                .iter()
                .map(|b| self.blocks.get(b).map_or("^dangling".into(), |n| format!("^{n}")))
                .collect();
            write!(text, " {}", blocks.join(", ")).expect("a string grows");
        }
        for (index, &region) in data.regions.iter().enumerate() {
            text.push_str(if index == 0 { " {" } else { "} {" });
            self.line(depth, &text);
            self.blocks(func, region, depth + 1);
            text.clear();
        }
        if !data.regions.is_empty() {
            text.push('}');
        }
        self.line(depth, &text);
    }

    fn attr(&self, attr: &Attr) -> String {
        match attr {
            Attr::Int(value) => value.to_string(),
            Attr::Bool(value) => value.to_string(),
            Attr::Str(bytes) => quote(bytes),
            Attr::Symbol(symbol) => format!("@{symbol}"),
            Attr::Type(ty) => self.types.ir_text(*ty),
            Attr::Word(word) => word.to_string(),
            Attr::Ints(values) => {
                format!("[{}]", values.iter().map(i128::to_string).collect::<Vec<_>>().join(", "))
            }
        }
    }
}
