//! Probes of bpftrace (its manual, "Probes"), and the attributes of programs at the same place.

use super::RECORD;

/// Where a clause of bpftrace runs, in this language.
pub struct Probe {
    pub attribute: String,
    /// The declaration of the function's parameter; empty if it has none.
    pub parameter: String,
    pub arguments: Arguments,
}

/// What `args` of a clause is.
pub enum Arguments {
    /// Of an event, its category and name: the fields of its record.
    Event(String, String),
    /// `arg0` and so on: the registers of a call, in `ctx`.
    Registers,
    /// The result of a function, by this name.
    Result(&'static str),
    /// Nothing that is translated.
    None,
}

/// Events that bpftrace has a short name for (its manual, "software").
const SHORT: &[(&str, &str)] = &[("cpu", "cpu_clock"), ("faults", "page_faults"), ("cs", "context_switches")];

/// The probe, with the class of an event's record as `class` says it; `Some(None)` for `BEGIN`, which no program is attached for. None if the text is no probe.
pub fn of(text: &str, class: &mut dyn FnMut(&str, &str) -> Option<String>) -> Option<Option<Probe>> {
    let mut parts = text.split(':');
    let (kind, target): (&str, Vec<&str>) = (parts.next()?, parts.collect());
    let joined = target.join(":");
    let registers =
        |attribute: &str| probe(format!("@{attribute}(\"{joined}\")"), "ctx: *pt_regs", Arguments::Registers);
    let result =
        |attribute: &str, of: &str| probe(format!("@{attribute}(\"{of}\")"), "ret: i64", Arguments::Result("ret"));
    let found = match (kind, target.as_slice()) {
        ("BEGIN" | "begin", []) => return Some(None),
        ("END" | "end", []) => probe("@end".to_owned(), "", Arguments::None),
        ("interval" | "i", [unit, count]) => {
            let count: u64 = count.parse().ok()?;
            let milliseconds = match *unit {
                "s" => count * 1000,
                "ms" => count,
                "us" => count.div_ceil(1000),
                "hz" => 1000u64.checked_div(count)?.max(1),
                _ => return None,
            };
            probe(format!("@interval({milliseconds})"), "", Arguments::None)
        }
        ("tracepoint" | "t", [category, event]) => {
            let class = match *event {
                event if event.starts_with("sys_enter_") => "sys_enter",
                event if event.starts_with("sys_exit_") => "sys_exit",
                event if event.contains('*') => "",
                event => &class(category, event).unwrap_or_else(|| event.to_owned()),
            };
            // The events of a pattern have no record in common.
            let parameter = if class.is_empty() { String::new() } else { format!("ctx: *{RECORD}{class}") };
            let arguments = Arguments::Event((*category).to_owned(), (*event).to_owned());
            probe(format!("@tracepoint(\"{category}/{event}\")"), &parameter, arguments)
        }
        ("rawtracepoint" | "rt", [.., event]) => probe(format!("@raw_tracepoint(\"{event}\")"), "", Arguments::None),
        ("kprobe" | "k", [.., _]) => registers("kprobe"),
        ("kretprobe" | "kr", [.., function]) => result("kretprobe", function),
        ("fentry" | "kfunc" | "f", [.., function]) => probe(format!("@fentry(\"{function}\")"), "", Arguments::None),
        ("fexit" | "kretfunc" | "fr", [.., function]) => probe(format!("@fexit(\"{function}\")"), "", Arguments::None),
        ("uprobe" | "u", [_, _]) => registers("uprobe"),
        ("uretprobe" | "ur", [_, _]) => result("uretprobe", &joined),
        ("usdt" | "U", [_, _, _]) => registers("usdt"),
        ("profile" | "p", [unit, count]) => {
            let count: u64 = count.parse().ok()?;
            let hz = match *unit {
                "hz" => count,
                "ms" => 1000u64.checked_div(count)?.max(1),
                "s" => 1,
                _ => return None,
            };
            sampled("cpu_clock", &format!("hz: {hz}"))
        }
        ("software" | "s" | "hardware" | "h", [event, count]) => {
            let event = SHORT.iter().find(|(short, _)| short == event).map_or(*event, |(_, event)| event);
            sampled(&event.replace('-', "_"), &format!("period: {count}"))
        }
        ("iter" | "it", [of]) => probe(format!("@iter(\"{of}\")"), &format!("ctx: *bpf_iter__{of}"), Arguments::None),
        _ => return None,
    };
    Some(Some(found))
}

impl Probe {
    /// No probe: what runs in user space before anything is attached.
    pub fn of_user_space() -> Probe {
        probe("@begin".to_owned(), "", Arguments::None)
    }

    /// Whether the actions run in user space.
    pub fn is_user_space(&self) -> bool {
        ["@begin", "@interval(", "@end"].iter().any(|attribute| self.attribute.starts_with(attribute))
    }
}

fn probe(attribute: String, parameter: &str, arguments: Arguments) -> Probe {
    Probe { attribute, parameter: parameter.to_owned(), arguments }
}

fn sampled(event: &str, often: &str) -> Probe {
    probe(format!("@perf_event(\"{event}\", {often})"), "ctx: *bpf_perf_event_data", Arguments::None)
}
