//! Actions of bpftrace (its manual, "Language", "Functions" and "Map Functions") as statements and expressions of this language.

use super::clauses::{begin, closing, nested, parts};
use super::probes::{Arguments, Probe};
use super::program::Program;
use crate::source::scan::Scanner;
use crate::syntax::is_keyword;
use crate::tables::Machine;
use crate::tracefs;

/// The values of bpftrace that have a counterpart as an expression, with the type of a key.
const VALUES: &[(&str, &str, &str)] = &[
    ("pid", "pid()", "u32"),
    ("tid", "tid()", "u32"),
    ("uid", "uid()", "u32"),
    ("gid", "gid()", "u32"),
    ("cpu", "cpu()", "u32"),
    ("cgroup", "cgroup_id()", "u64"),
    ("nsecs", "now_ns()", "u64"),
    ("comm", "comm()", "str(16)"),
];

/// The numbers of C that fields of records are, and their types here. All others are unsigned numbers, or none.
const NUMBERS: &[(&str, &str)] = &[
    ("int", "i32"),
    ("pid_t", "i32"),
    ("s32", "i32"),
    ("long", "i64"),
    ("s64", "i64"),
    ("loff_t", "i64"),
    ("short", "i16"),
    ("unsigned int", "u32"),
    ("u32", "u32"),
];

/// The values that have none.
const WITHOUT: &[&str] = &[
    "args", "ctx", "curtask", "elapsed", "func", "jiffies", "kstack", "nsec", "ppid", "probe", "rand", "struct",
    "username", "ustack", "arg0", "arg1", "arg2", "arg3", "arg4", "arg5", "sarg0", "retval", "str",
];

/// An expression, and the type of a key that it is.
type Typed = (String, String);

/// The body of a function.
pub struct Body<'p> {
    program: &'p mut Program,
    probe: Probe,
    /// The variables `$name` that are declared.
    locals: Vec<String>,
}

impl<'p> Body<'p> {
    /// A body without statements yet, of a function at this probe.
    pub fn new(program: &'p mut Program, probe: Probe) -> Body<'p> {
        Body { program, probe, locals: Vec::new() }
    }

    /// A predicate, where a number is a condition too.
    pub fn condition(&mut self, text: &str) -> Option<String> {
        self.value(text)
    }

    /// Statements, with `…` for each that has no counterpart.
    pub fn statements(&mut self, actions: &[&str]) -> Vec<String> {
        actions.iter().map(|action| self.statement(action).unwrap_or_else(|| "…".to_owned())).collect()
    }

    /// A statement; none if it has no counterpart.
    fn statement(&mut self, text: &str) -> Option<String> {
        if let Some(branch) = text.strip_prefix("if").filter(|rest| rest.trim_start().starts_with('(')) {
            return self.branch(branch.trim_start());
        }
        if let Some((function, arguments)) = call(text) {
            return self.called(function, &arguments);
        }
        if let Some(place) = text.strip_suffix("++") {
            return Some(format!("{} += 1", self.place(place.trim(), |key| counts(key, "u64"))?));
        }
        let (place, sign, value) = assignment(text)?;
        if let Some(name) = place.strip_prefix('$') {
            let value = self.value(value)?;
            let is_first = sign == "=" && !self.locals.iter().any(|local| local == name);
            if is_first {
                self.locals.push(name.to_owned());
            }
            return Some(format!("{}{name} {sign} {value}", if is_first { "var " } else { "" }));
        }
        match call(value) {
            Some(("count", _)) => Some(format!("{} += 1", self.place(place, |key| counts(key, "u64"))?)),
            Some(("sum", arguments)) => {
                let (added, ty) = self.typed(arguments.first()?)?;
                let (ty, cast) = if ty.starts_with('i') { ("i64", "") } else { ("u64", " as u64") };
                Some(format!("{} += {added}{cast}", self.place(place, |key| counts(key, ty))?))
            }
            Some(("max", arguments)) => {
                let (value, ty) = self.typed(arguments.first()?)?;
                let place = self.place(place, |key| counts(key, &ty))?;
                Some(format!("if ({value} > {place}) {place} = {value}"))
            }
            Some(("hist", arguments)) => self.histogram(place, "hist", arguments.first()?, &[]),
            Some(("lhist", arguments)) => self.histogram(place, "lhist", arguments.first()?, arguments.get(1..4)?),
            Some(("avg" | "min" | "stats", _)) => None,
            _ => {
                let (value, ty) = self.typed(value)?;
                Some(format!("{} {sign} {value}", self.place(place, |key| counts(key, &ty))?))
            }
        }
    }

    fn called(&mut self, function: &str, arguments: &[&str]) -> Option<String> {
        match (function, arguments) {
            ("printf", [format, values @ ..]) => {
                let mut all = vec![format.replace("\\n\"", "\"")];
                for value in values {
                    all.push(self.value(value)?);
                }
                Some(format!("print({})", all.join(", ")))
            }
            ("print", [map]) => Some(format!("print({})", global(map)?)),
            ("print", [map, top]) => Some(format!("print({}, top: {top})", global(map)?)),
            ("clear", [map]) => {
                let name = global(map)?;
                Some(if self.program.is_plain(&name) { format!("{name} = 0") } else { format!("clear({name})") })
            }
            ("exit", []) if self.probe.is_user_space() => Some("kill(pid() as i32, SIGINT)".to_owned()),
            ("time", [format]) if self.probe.is_user_space() => {
                let text = format.replace("\\n\"", "\"");
                Some(format!("print{}(strftime({text}))", if text == *format { "_raw" } else { "" }))
            }
            ("delete", [entry]) => Some(format!("delete {}", self.value(entry)?)),
            ("delete", [map, key]) => Some(format!("delete {}[{}]", global(map)?, self.key(key)?.0)),
            _ => None,
        }
    }

    /// `(condition) { … } else { … }`, and what stands behind the last brace.
    fn branch(&mut self, text: &str) -> Option<String> {
        let close = closing(text)?;
        let condition = self.value(&text[1..close])?;
        let (block, rest) = self.block(text[close + 1..].trim_start())?;
        let mut out = format!("if ({condition}) {block}");
        let mut rest = rest.trim_start();
        if let Some(other) = rest.strip_prefix("else") {
            let other = other.trim_start();
            if let Some(branch) = other.strip_prefix("if") {
                return Some(format!("{out} else {}", self.branch(branch.trim_start())?));
            }
            let (block, behind) = self.block(other)?;
            out += &format!(" else {block}");
            rest = behind.trim_start();
        }
        if !rest.is_empty() {
            out += &format!("; {}", self.statement(rest)?);
        }
        Some(out)
    }

    /// A block at the start of a text, and the rest. None if one of its statements has no counterpart.
    fn block<'t>(&mut self, text: &'t str) -> Option<(String, &'t str)> {
        let end = closing(text).filter(|_| text.starts_with('{'))?;
        let actions = parts(&text[1..end], ';').into_iter().filter(|action| !action.is_empty());
        // What is declared in a block ends with it, and in bpftrace does not.
        let before = self.locals.len();
        let statements: Vec<String> = actions.map(|action| self.statement(action)).collect::<Option<_>>()?;
        (self.locals.len() == before).then(|| (format!("{{ {} }}", statements.join("; ")), &text[end + 1..]))
    }

    fn histogram(&mut self, place: &str, kind: &str, value: &str, steps: &[&str]) -> Option<String> {
        let value = self.value(value)?;
        let (name, key) = self.keyed(place)?;
        let declared = |key: Option<&str>| {
            let mut sizes: Vec<&str> = key.iter().map(|_| "1024").collect();
            sizes.extend(steps);
            let sizes = if sizes.is_empty() { String::new() } else { format!("({})", sizes.join(", ")) };
            format!("{kind}{}{sizes}", key.map_or(String::new(), |key| format!("<{key}>")))
        };
        let key_type = key.as_ref().map(|(_, ty)| ty.as_str());
        self.program.global(&name, |name| format!("var {name}: {}", declared(key_type)));
        Some(format!("{name}.add({}{value})", key.map_or(String::new(), |(key, _)| format!("{key}, "))))
    }

    /// `@name`, or an entry of it, which is declared with the type that `of` yields for that of its keys.
    fn place(&mut self, text: &str, of: impl FnOnce(Option<&str>) -> String) -> Option<String> {
        let (name, key) = self.keyed(text)?;
        let ty = of(key.as_ref().map(|(_, ty)| ty.as_str()));
        self.program.global(&name, |name| format!("var {name}: {ty}"));
        Some(match key {
            Some((key, _)) => format!("{name}[{key}]"),
            None => name,
        })
    }

    /// The name of a variable, and its key.
    fn keyed(&mut self, text: &str) -> Option<(String, Option<Typed>)> {
        let (name, keys) = indexed(text)?;
        match keys {
            Some(keys) => Some((name, Some(self.key(keys)?))),
            None => Some((name, None)),
        }
    }

    /// A key, of several parts as a struct.
    fn key(&mut self, text: &str) -> Option<Typed> {
        let texts = parts(text, ',');
        if let [only] = texts.as_slice() {
            return self.typed(only);
        }
        let mut fields: Vec<(String, String)> = Vec::new();
        let mut values = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            let (value, ty) = self.typed(text)?;
            let word = text.rsplit(['.', '>']).next().unwrap_or_default();
            let is_free = is_word(word) && !is_keyword(word) && !fields.iter().any(|(name, _)| name == word);
            let name = if is_free { word.to_owned() } else { format!("part{index}") };
            values.push(format!("{name}: {value}"));
            fields.push((name, ty));
        }
        let name = self.program.key(&fields);
        Some((format!("{name} {{ {} }}", values.join(", ")), name))
    }

    fn typed(&mut self, text: &str) -> Option<Typed> {
        let word = text.strip_suffix("()").unwrap_or(text);
        if let Some((_, value, ty)) = VALUES.iter().find(|(name, ..)| *name == word) {
            return Some(((*value).to_owned(), (*ty).to_owned()));
        }
        if let Some(flags) = [("kstack", "0"), ("ustack", "BPF_F_USER_STACK")].iter().find(|(name, _)| *name == word) {
            let context = self.probe.parameter.starts_with("ctx").then_some("ctx")?;
            self.program.stacks();
            return Some((format!("stacks.id({context}, {})", flags.1), "stack_id(stacks)".to_owned()));
        }
        let value = self.value(text)?;
        let cast = value.rsplit_once(" as ").map(|(_, ty)| ty.to_owned());
        let ty = cast.filter(|ty| ty.starts_with("str(") || NUMBERS.iter().any(|(_, number)| ty == number));
        let ty = ty.or_else(|| self.number(text)).unwrap_or_else(|| "u64".to_owned());
        Some((value, ty))
    }

    /// The type of a number that is a field of a record or a result, also behind a sign.
    fn number(&self, text: &str) -> Option<String> {
        let text = text.trim_start_matches('-').trim();
        let ty = match &self.probe.arguments {
            Arguments::Result(_) if text == "retval" => "i64",
            Arguments::Event(category, event) => {
                let name = text.strip_prefix("args.").or_else(|| text.strip_prefix("args->"))?;
                let fields = tracefs::fields(category, event)?;
                number_of(&fields.iter().find(|field| field.name == name)?.ty)?
            }
            Arguments::Result(_) | Arguments::Registers | Arguments::None => return None,
        };
        Some(ty.to_owned())
    }

    /// An expression.
    fn value(&mut self, text: &str) -> Option<String> {
        if let Some(("str", arguments)) = call(text) {
            let value = self.value(arguments.first()?)?;
            return Some(if value.ends_with(" as str(128)") {
                value
            } else {
                format!("{value} as *user char as str(128)")
            });
        }
        let tokens: Vec<(usize, &str)> =
            Scanner::new(text).map(|token| (token.lo, &text[token.lo..token.hi])).collect();
        let word = |at: usize| tokens.get(at).map_or("", |(_, token)| *token);
        let (mut out, mut end, mut at) = (String::new(), 0, 0);
        while at < tokens.len() {
            let (lo, token) = tokens[at];
            let register = register(token).filter(|_| matches!(self.probe.arguments, Arguments::Registers));
            let (translated, count) = match token {
                "args" if matches!(word(at + 1), "." | "->") => (self.argument(word(at + 2))?, 3),
                "retval" => match self.probe.arguments {
                    Arguments::Result(name) => (name.to_owned(), 1),
                    Arguments::Event(..) | Arguments::Registers | Arguments::None => return None,
                },
                _ if let Some(register) = register => (format!("ctx->{register}"), 1),
                "$" => (word(at + 1).to_owned(), 2),
                "@" => {
                    let rest = &text[lo..];
                    let length = variable(rest);
                    let (name, key) = self.keyed(&rest[..length])?;
                    let count = tokens[at..].iter().take_while(|(from, _)| *from < lo + length).count();
                    (key.map_or(name.clone(), |(key, _)| format!("{name}[{key}]")), count)
                }
                _ if WITHOUT.contains(&token) || word(at + 1) == "(" && is_word(token) => return None,
                _ => {
                    (VALUES.iter().find(|(name, ..)| *name == token).map_or(token, |(_, value, _)| value).to_owned(), 1)
                }
            };
            out += &text[end..lo];
            out += &translated;
            at += count;
            end = tokens.get(at - 1).map_or(text.len(), |(lo, token)| lo + token.len());
        }
        Some(out + &text[end..])
    }

    /// A field of the record of an event, or an argument of a system call, whose record has them as numbers.
    fn argument(&self, name: &str) -> Option<String> {
        let Arguments::Event(category, event) = &self.probe.arguments else { return None };
        let fields = tracefs::fields(category, event).unwrap_or_default();
        let field = fields.iter().position(|field| field.name == name);
        if category == "syscalls" && event.starts_with("sys_enter_") {
            // The record has them as numbers of 64 bits, which a negative one fills.
            let cast = number_of(&fields[field?].ty).map_or(String::new(), |ty| format!(" as {ty}"));
            return Some(format!("ctx->args[{}]{cast}", field?.checked_sub(1)?));
        }
        let field = field.map(|at| &fields[at]);
        Some(match field.and_then(|field| field.ty.strip_prefix("char[")) {
            Some("]") => format!("ctx->{name} as str(128)"),
            Some(length) => format!("ctx->{name} as str({})", length.trim_end_matches(']')),
            None => format!("ctx->{name}"),
        })
    }
}

/// The register of `arg0` and so on in `pt_regs`, on the machine whose kernel runs the program.
fn register(argument: &str) -> Option<&'static str> {
    let number: usize = argument.strip_prefix("arg")?.parse().ok()?;
    Machine::native().arguments.get(number).copied()
}

fn number_of(ty: &str) -> Option<&'static str> {
    NUMBERS.iter().find(|(name, _)| *name == ty).map(|(_, number)| *number)
}

/// The type of a variable with numbers or text of type `value`.
fn counts(key: Option<&str>, value: &str) -> String {
    key.map_or_else(|| value.to_owned(), |key| format!("hash<{key}, {value}>(1024)"))
}

/// `f(a, b)`
fn call(text: &str) -> Option<(&str, Vec<&str>)> {
    let (function, arguments) = text.split_once('(')?;
    let arguments = arguments.strip_suffix(')')?;
    is_word(function).then(|| (function, parts(arguments, ',').into_iter().filter(|part| !part.is_empty()).collect()))
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The two sides of an assignment, and its sign.
fn assignment(text: &str) -> Option<(&str, &str, &str)> {
    let is_sign = |sign: &str| matches!(sign, "=" | "+=" | "-=" | "*=" | "/=" | "|=" | "&=");
    let (sign, _) = nested(text).find(|(token, depth)| *depth == 0 && is_sign(&text[token.lo..token.hi]))?;
    Some((text[..sign.lo].trim(), &text[sign.lo..sign.hi], text[sign.hi..].trim()))
}

/// How long the variable at the start of a text is, with its key.
fn variable(text: &str) -> usize {
    let name = text[1..].find(|c: char| !c.is_ascii_alphanumeric() && c != '_').map_or(text.len(), |at| at + 1);
    let key = text[name..].starts_with('[').then(|| closing(&text[name..]));
    key.flatten().map_or(name, |end| name + end + 1)
}

/// `@name[keys]`: the name, and the keys.
fn indexed(text: &str) -> Option<(String, Option<&str>)> {
    let text = text[begin(text)..].trim();
    let name = text.strip_prefix('@')?;
    let (name, keys) = match name.split_once('[') {
        Some((name, keys)) => (name, Some(keys.strip_suffix(']')?)),
        None => (name, None),
    };
    let name = match name {
        "" => "values".to_owned(),
        name if is_keyword(name) => format!("{name}_"),
        name => name.to_owned(),
    };
    is_word(&name).then_some((name, keys))
}

/// The name of a variable without a key.
fn global(text: &str) -> Option<String> {
    indexed(text).filter(|(_, keys)| keys.is_none()).map(|(name, _)| name)
}
