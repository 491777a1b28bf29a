//! Reads the TOML files.

use crate::facts::{self, Facts};
use crate::tables::records::*;
use serde::{Deserialize, de::DeserializeOwned};
use std::collections::BTreeMap;
use std::path::Path;
use toml::{Table, Value};

/// The records of all tables.
pub struct Specs {
    pub programs: Vec<ProgramSpec>,
    pub attach_forms: Vec<AttachForm>,
    pub attach_options: Vec<AttachOption>,
    pub packages: crate::packages::Packages,
    pub targets: Vec<TargetSpec>,
    pub attributes: Vec<AttributeSpec>,
    pub words: Vec<WordSpec>,
    pub contexts: Vec<ContextSpec>,
    pub structs: Vec<StructSpec>,
    pub packet_layers: Vec<PacketLayer>,
    pub kernel_structs: Vec<KernelStruct>,
    pub header_minima: Vec<HeaderMinimum>,
    pub null_arguments: Vec<NullArguments>,
    pub workarounds: Vec<Workaround>,
    pub peepholes: Vec<Peephole>,
    pub present_fields: Vec<PresentFields>,
    pub narrow_fields: Vec<NarrowField>,
    pub struct_ops: Vec<StructOpsSpec>,
    pub machines: Vec<Machine>,
    pub facts: Facts,
    pub maps: Vec<MapKindSpec>,
    pub map_flags: Vec<MapFlagSpec>,
    pub special_fields: Vec<SpecialFieldSpec>,
    pub value_methods: Vec<ValueMethodSpec>,
    pub field_methods: Vec<FieldMethodSpec>,
    pub map_methods: Vec<MapMethodSpec>,
    pub builtins: Vec<BuiltinSpec>,
    pub helpers: Vec<HelperSpec>,
    pub kfuncs: Vec<KfuncSpec>,
    pub kfunc_flags: Vec<KfuncFlag>,
    pub kernel_headers: Vec<KernelHeader>,
    pub module_locks: Vec<ModuleLock>,
    pub object_methods: Vec<ObjectMethod>,
    pub c_words: CWords,
    pub binding_words: Vec<BindingWords>,
    pub ops: Vec<Op>,
}

/// What names in a kernel module cannot be.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CWords {
    keywords: Vec<String>,
    used: Vec<String>,
    macros: Vec<String>,
    headers: Vec<String>,
}

impl CWords {
    /// The words of kernel modules, sorted.
    pub fn of_modules(&self) -> Vec<&str> {
        sorted([&self.keywords, &self.used, &self.macros])
    }

    /// The words of headers, sorted.
    pub fn of_headers(&self) -> Vec<&str> {
        sorted([&self.keywords, &self.headers])
    }
}

/// The languages that `ksc bindings` writes, each with a table `NAME_words.toml`.
const BINDINGS: [&str; 3] = ["python", "rust", "go"];

/// What names in the bindings for a language cannot be.
pub struct BindingWords {
    /// The language: the beginning of the table's name, and of those of the lists that are generated.
    pub language: &'static str,
    table: BindingTable,
}

/// A table of words as TOML has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BindingTable {
    /// Words by the reason why names cannot be these.
    words: BTreeMap<String, Vec<String>>,
    /// The groups of words that count where such names stand.
    places: BTreeMap<String, Vec<String>>,
}

impl BindingWords {
    fn load(root: &Path, language: &'static str) -> BindingWords {
        let file = format!("{language}_words.toml");
        let parsed = Value::Table(table(&root.join(&file))).try_into();
        BindingWords { language, table: parsed.unwrap_or_else(|error| panic!("{file}: {error}")) }
    }

    /// The lists of generated code by their names, each sorted.
    pub fn lists(&self) -> impl Iterator<Item = (String, Vec<&str>)> {
        self.table.places.iter().map(|(place, groups)| {
            let words = groups.iter().map(|group| {
                self.table.words.get(group).unwrap_or_else(|| panic!("no words `{group}` of {}", self.language))
            });
            (format!("{}_{}", self.language, place).to_uppercase(), sorted(words))
        })
    }
}

fn sorted<'a>(lists: impl IntoIterator<Item = &'a Vec<String>>) -> Vec<&'a str> {
    let mut words: Vec<&str> = lists.into_iter().flatten().map(String::as_str).collect();
    words.sort_unstable();
    words
}

/// A record of `ir-specs/ops/` as TOML has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpRecord {
    pub summary: String,
    #[serde(default)]
    pub doc: String,
    /// What the language calls it, for messages; where the op is not named by an attribute.
    #[serde(default)]
    pub source: String,
    #[serde(default)]
    pub attrs: Vec<String>,
    #[serde(default)]
    pub operands: Vec<String>,
    #[serde(default)]
    pub results: Vec<String>,
    #[serde(default)]
    pub regions: Vec<String>,
    #[serde(default)]
    pub successors: Vec<String>,
    /// Where control goes from the op, its regions and the exits in them (see `ks.toml`).
    #[serde(default)]
    pub flow: BTreeMap<String, Vec<String>>,
    /// The exit that it is.
    #[serde(default)]
    pub leaves: Option<ExitKind>,
    /// The operation on integers of the language that it computes (`ArithOp` of src/fold.rs).
    #[serde(default)]
    pub computes: Option<String>,
    #[serde(default)]
    pub traits: Vec<OpTrait>,
    /// The accesses that the kind of the map must allow, on the side that has the op.
    #[serde(default)]
    pub needs: Vec<MapAccess>,
    /// The helpers that BPF code calls for it.
    #[serde(default)]
    pub helpers: Vec<String>,
    pub on: Targets,
    pub example: String,
}

/// The column `on` of an op: `emit`, `lower:PASS` or `reject:CODE` for each target.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Targets {
    pub bpf: String,
    pub host: String,
    pub kmod: String,
}

impl Targets {
    /// In the order of `Target` in src/target/mod.rs.
    pub fn all(&self) -> [&str; 3] {
        [&self.bpf, &self.host, &self.kmod]
    }
}

/// An op with the dialect and the name that its record is found by.
pub struct Op {
    pub dialect: String,
    pub name: String,
    pub record: OpRecord,
}

impl Op {
    /// `KsIfSome`
    pub fn variant(&self) -> String {
        format!("{}{}", camel(&self.dialect), camel(&self.name))
    }

    /// `ks_if_some`
    pub fn function(&self) -> String {
        format!("{}_{}", self.dialect, self.name)
    }
}

/// A word of a record, of those that its type has.
pub fn word<T: DeserializeOwned>(op: &Op, text: &str) -> T {
    Value::String(text.to_owned()).try_into().unwrap_or_else(|e| panic!("ops: [{}.{}]: {e}", op.dialect, op.name))
}

/// The text in camel case: `map_value` is `MapValue`.
pub fn camel(text: &str) -> String {
    text.split('_')
        .map(|word| {
            let mut chars = word.chars();
            chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
        })
        .collect()
}

/// Reads all tables below `root` and checks them against each other. A mistake in one fails the build and names its file.
pub fn load(root: &Path) -> Specs {
    let machines = records(&root.join("machines.toml"));
    let specs = Specs {
        programs: records(&root.join("programs.toml")),
        packages: crate::packages::Packages::load(root),
        attach_forms: records(&root.join("attach_forms.toml")),
        attach_options: records(&root.join("attach_options.toml")),
        targets: records(&root.join("targets.toml")),
        attributes: records(&root.join("attributes.toml")),
        words: records(&root.join("words.toml")),
        contexts: contexts(records(&root.join("contexts.toml")), &machines),
        structs: records(&root.join("structs.toml")),
        packet_layers: records(&root.join("packet_layers.toml")),
        kernel_structs: records(&root.join("kernel_structs.toml")),
        header_minima: records(&root.join("header_minima.toml")),
        null_arguments: records(&root.join("null_arguments.toml")),
        workarounds: records(&root.join("workarounds.toml")),
        peepholes: records(&root.join("peepholes.toml")),
        present_fields: records(&root.join("present_fields.toml")),
        narrow_fields: records(&root.join("narrow_fields.toml")),
        struct_ops: records(&root.join("struct_ops.toml")),
        machines,
        facts: facts::load(root),
        maps: records(&root.join("maps.toml")),
        map_flags: records(&root.join("map_flags.toml")),
        special_fields: records(&root.join("special_fields.toml")),
        value_methods: records(&root.join("value_methods.toml")),
        field_methods: records(&root.join("field_methods.toml")),
        map_methods: records(&root.join("map_methods.toml")),
        builtins: records(&root.join("builtins.toml")),
        helpers: records(&root.join("helpers.toml")),
        kfuncs: records(&root.join("kfuncs.toml")),
        kfunc_flags: records(&root.join("kfunc_flags.toml")),
        kernel_headers: records(&root.join("kernel_headers.toml")),
        module_locks: records(&root.join("module_locks.toml")),
        object_methods: records(&root.join("object_methods.toml")),
        binding_words: BINDINGS.map(|language| BindingWords::load(root, language)).into(),
        c_words: Value::Table(table(&root.join("c_words.toml"))).try_into().expect("ir-specs/c_words.toml"),
        ops: ops(&root.join("ops")),
    };
    crate::checks::check(&specs);
    specs
}

/// With a field for each element of an array, and a context for each machine where registers are a part of it.
fn contexts(specs: Vec<ContextSpec>, machines: &[Machine]) -> Vec<ContextSpec> {
    let mut made = Vec::new();
    for mut spec in specs {
        spec.fields = std::mem::take(&mut spec.fields).into_iter().flat_map(elements).collect();
        match spec.registers.clone() {
            Some(prefix) => made.extend(machines.iter().map(|machine| with_registers(&spec, &prefix, machine))),
            None => made.push(spec),
        }
    }
    made
}

/// The context with the registers of a machine before its own fields.
fn with_registers(spec: &ContextSpec, prefix: &str, machine: &Machine) -> ContextSpec {
    let size = 8 * machine.registers.len() as u64;
    let word = |name: &String, offset| ContextField::plain(format!("{prefix}{name}"), "u64", offset);
    let registers = std::iter::zip(&machine.registers, (0..).step_by(8)).map(|(name, offset)| word(name, offset));
    let own = spec.fields.iter().map(|field| ContextField::plain(field.name.clone(), &field.ty, size + field.offset));
    let name = spec.name.clone();
    let aliases = [&machine.struct_name].into_iter().filter(|alias| prefix.is_empty() && **alias != name);
    ContextSpec {
        begins: Vec::new(),
        aliases: aliases.cloned().collect(),
        object: false,
        registers: Some(prefix.to_owned()),
        machine: Some(machine.name.clone()),
        size: size + spec.size,
        length: None,
        length_by: None,
        load: None,
        store: None,
        pull: None,
        dynptr: None,
        fields: registers.chain(own).collect(),
        later: Vec::new(),
        name,
    }
}

impl ContextField {
    /// A field that is neither a pointer nor a part of the packet.
    fn plain(name: String, ty: &str, offset: u64) -> ContextField {
        ContextField {
            name,
            ty: ty.to_owned(),
            offset,
            role: FieldRole::Plain,
            width: None,
            kernel: None,
            full: false,
            readers: Vec::new(),
            writers: Vec::new(),
        }
    }
}

fn elements(field: ContextField) -> Vec<ContextField> {
    let Some((element, length)) = field.ty.strip_suffix(']').and_then(|text| text.split_once('[')) else {
        return vec![field];
    };
    let bits: u64 = element
        .trim_start_matches(char::is_alphabetic)
        .parse()
        .unwrap_or_else(|e| panic!("contexts.toml: {element}: {e}"));
    let length: u64 = length.parse().unwrap_or_else(|e| panic!("contexts.toml: {}: {e}", field.name));
    let element_at = |index| ContextField {
        name: format!("{}.{index}", field.name),
        ty: element.to_owned(),
        offset: field.offset + bits / 8 * index,
        role: field.role,
        width: field.width,
        kernel: field.kernel.clone(),
        full: field.full,
        readers: field.readers.clone(),
        writers: field.writers.clone(),
    };
    (0..length).map(element_at).collect()
}

/// The records of a file, in its order.
pub fn records<T: DeserializeOwned>(path: &Path) -> Vec<T> {
    table(path).into_iter().map(|(name, value)| record(path, name, value)).collect()
}

/// A record of a file: the name of its table is its field `name`.
pub fn record<T: DeserializeOwned>(path: &Path, name: String, mut value: Value) -> T {
    let fields = value.as_table_mut().unwrap_or_else(|| panic!("{}: `{name}` is no record", path.display()));
    let twice = fields.insert("name".to_owned(), Value::String(name.clone())).is_some();
    assert!(!twice, "{}: [{name}]: its name is that of the table", path.display());
    value.try_into().unwrap_or_else(|e| panic!("{}: [{name}]: {e}", path.display()))
}

/// Reads a TOML file; one that cannot be read or parsed fails the build.
pub fn table(path: &Path) -> Table {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.parse().unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn ops(folder: &Path) -> Vec<Op> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|entry| entry.expect("a readable folder entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    let mut ops = Vec::new();
    for path in files {
        let dialect = path.file_stem().expect("a file name").to_string_lossy().into_owned();
        for (name, value) in table(&path) {
            let record = value.try_into().unwrap_or_else(|e| panic!("{}: [{name}]: {e}", path.display()));
            ops.push(Op { dialect: dialect.clone(), name, record });
        }
    }
    ops
}
