//! The message when loading fails: the step that failed, the kernel's reason, and a remedy.

use super::creation::Wanted;
use super::optional::fates;
use super::places;
use super::refusals::{self, Cause};
use crate::kernel::end::die;
use crate::kernel::errors::{reason, write_all};
use crate::kernel::privilege::Privilege;
use crate::kernel::{escape, log, program};
use libbpf_sys as bpf;

/// What `bpf_check_attach_target` of kernel/bpf/verifier.c says of a function whose result no program may replace.
const NOT_MODIFIABLE: &str = "is not modifiable";

/// How many lines of the verifier's log are shown before the error.
const CONTEXT: usize = 12;

/// Ends the process with that message. `error` is −errno, `object` the object that was loaded (or null), `log` the messages of libbpf.
pub fn end(error: i32, object: *mut bpf::bpf_object, log: &str) -> ! {
    let help = match (log::wanted(VARIABLE), verifier_log(log)) {
        (true, Some((_, verifier))) => given(log, verifier),
        (true, None) | (false, _) => String::new(),
    };
    die(1, &(text(error, object, log) + &help + &fates::refusals()))
}

/// Names a file for what the verifier said; `1` stands for standard error.
const VARIABLE: &str = "KS_VERIFIER_LOG";

/// Writes the verifier's log where the user wants it: with libbpf's lines around it, which name the program, into a file. What can follow the
/// message: how that is explained in terms of the source. Names of variables are in the object's debug information alone, which
/// `ksc verify` reads or makes.
fn given(log: &str, verifier: &str) -> String {
    let file = std::env::var_os(VARIABLE).unwrap_or_default();
    if file == "1" {
        write_all(2, escape::message(verifier).as_bytes());
        return String::new();
    }
    let name = file.to_string_lossy();
    match std::fs::write(&file, log) {
        Ok(()) => {
            let program = std::env::current_exe().unwrap_or_default();
            format!("\n  help: `ksc verify --log {name} {}` explains it by lines and variables", program.display())
        }
        Err(error) => format!("\n  the log cannot be written to `{name}`: {error}"),
    }
}

/// The same as text.
pub fn text(error: i32, object: *mut bpf::bpf_object, log: &str) -> String {
    let privilege = Privilege::of_this_process();
    let creation = if object.is_null() { None } else { Wanted::in_log(object, log) };
    message(error, creation.as_ref(), log, &privilege)
}

fn message(error: i32, map: Option<&Wanted>, log: &str, privilege: &Privilege) -> String {
    if let Some(help) = shortage(error) {
        return format!("cannot load the BPF object: {}\n  help: {help}", reason(error));
    }
    if privilege.missing.is_empty()
        && verifier_log(log).is_none()
        && let Some(text) = places::message(error, log)
    {
        return text;
    }
    if error == -libc::EPERM
        && let Some(text) = not_permitted(error, privilege, verifier_log(log).is_some())
    {
        return text;
    }
    if let Some(map) = map {
        return map.message(error, privilege);
    }
    if let Some((program, verifier)) = verifier_log(log) {
        return match -error {
            libc::ENOMEM => format!(
                "cannot load the program `{program}`: {}\n  help: the kernel has no memory for it or for the work of the verifier",
                reason(error)
            ),
            libc::ENOSPC => format!(
                "the verifier rejected the program `{program}`, and its log is too long to hold the reason: {}\n  \
                 help: kernels from 6.4 on keep the end of the log, where the reason is",
                reason(error)
            ),
            _ => rejected(error, program, verifier, privilege),
        };
    }
    if let Some(line) = line_with(log, &["vmlinux BTF", "failed to find valid kernel BTF"]) {
        return format!(
            "missing BTF: this kernel does not describe its types, and the program uses them\n  \
             the loader said: {line}\n  \
             help: run a kernel built with CONFIG_DEBUG_INFO_BTF=y, which has /sys/kernel/btf/vmlinux"
        );
    }
    if let Some(line) = line_with(log, &["BTF is required", "missing BTF", "BTF is mandatory"]) {
        return format!(
            "missing BTF: the BPF object's type information cannot be used\n  \
             the loader said: {line}\n  the kernel's reason: {}\n  \
             help: a kernel of 5.10 or later with CONFIG_BPF_SYSCALL=y is needed",
            reason(error)
        );
    }
    if let Some(option) = missing_option(log) {
        return format!(
            "cannot load the BPF object: the kernel's configuration has no `{option}`\n  \
             help: an initialiser is its value on such kernels: `@kconfig var {option}: … = …`"
        );
    }
    if let Some(line) = line_with(log, &["extern "]) {
        return format!("cannot load the BPF object: {line}\n  the kernel's reason: {}", reason(error));
    }
    let said = log.lines().next_back().map(|line| format!("\n  the loader said: {}", clean(line))).unwrap_or_default();
    format!("cannot load the BPF object: {}{said}", reason(error))
}

/// The remedy for an error that is not about the program: the process or the machine lacks something. None for other errors.
fn shortage(error: i32) -> Option<String> {
    match -error {
        libc::EMFILE => {
            let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
            // SAFETY: fills the struct.
            unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) };
            Some(format!(
                "each map and each program takes a descriptor, and this process may have {}: raise the limit (ulimit -n)",
                limit.rlim_cur
            ))
        }
        libc::ENFILE => Some("the machine has no descriptor left: raise fs.file-max (sysctl)".to_owned()),
        libc::EAGAIN | libc::EINTR => {
            Some("signals interrupted the verifier again and again: start it again".to_owned())
        }
        _ => None,
    }
}

/// Whether an error says nothing of the program, so that no other one would do.
pub fn is_shortage(error: i32) -> bool {
    shortage(error).is_some()
}

fn not_permitted(error: i32, privilege: &Privilege, verified: bool) -> Option<String> {
    let said = reason(error);
    if !privilege.missing.is_empty() {
        return Some(format!(
            "no privilege to load BPF programs: {said}\n  missing: {}{}",
            privilege.missing.join(", "),
            as_root(privilege)
        ));
    }
    if privilege.namespaced {
        return Some(format!(
            "no privilege to load BPF programs: {said}\n  \
             this process is root of a user namespace only\n  help: run it as root of the machine"
        ));
    }
    if verified {
        return None;
    }
    privilege.memlock.map(|limit| {
        format!(
            "the limit of locked memory (memlock, {limit} bytes) is too low for the maps: {said}\n  \
             kernels before 5.11 count BPF memory there\n  help: raise it: ulimit -l unlimited"
        )
    })
}

fn as_root(privilege: &Privilege) -> String {
    let outside =
        if privilege.root { ", outside of the container or service that took the capabilities away" } else { "" };
    format!("\n  help: run it as root, for instance with sudo{outside}")
}

/// The name and the log of the program that the verifier refused last.
fn verifier_log(log: &str) -> Option<(&str, &str)> {
    let (before, after) = log.rsplit_once("-- BEGIN PROG LOAD LOG --\n")?;
    let (text, _) = after.split_once("-- END PROG LOAD LOG --").unwrap_or((after, ""));
    let program =
        before.rsplit_once("prog '").and_then(|(_, rest)| rest.split_once('\'')).map_or("?", |(name, _)| name);
    (!text.trim().is_empty()).then_some((program, text))
}

fn rejected(error: i32, program: &str, log: &str, privilege: &Privilege) -> String {
    let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty() && !is_statistics(line)).collect();
    let (last, before) = lines.split_last().map_or(("", &[][..]), |(last, before)| (*last, before));
    let mut text = format!("the verifier rejected the program `{program}`: {}\n  {}", reason(error), last.trim());
    if let Some(at) = before.iter().rposition(|line| line.starts_with(';')) {
        text += &format!("\n  source: {}", source(before[at]));
        let from = at.max(before.len().saturating_sub(CONTEXT));
        text += "\n  the last steps that it followed:";
        if from > at {
            text += &format!("\n    {}\n    ...", before[at]);
        }
        for line in &before[from..] {
            text += &format!("\n    {line}");
        }
    } else if !before.is_empty() {
        text += "\n  before that:";
        for line in &before[before.len().saturating_sub(CONTEXT)..] {
            text += &format!("\n    {line}");
        }
    }
    if privilege.missing.is_empty() {
        return match last.contains(NOT_MODIFIABLE) {
            true => text + "\n  help: `@fmod_ret` can be at functions `security_…`, and at those for fault injection",
            false => text + &explained(program::refusals(), &lines),
        };
    }
    // It also offers fewer functions.
    let missing = privilege.missing.join(", ");
    text + &format!("\n  missing: {missing}, without which the verifier permits less{}", as_root(privilege))
}

/// The cause of a refusal as far as its messages tell it, and how to hear more.
fn explained(table: &'static str, lines: &[&str]) -> String {
    let is_step = |line: &&str| line.starts_with(|c: char| c.is_ascii_digit()) && line.contains(": (");
    let first = lines.iter().rposition(is_step).map_or(0, |step| step + 1);
    match refusals::cause(table, &lines[first..]) {
        Some(Cause { code, sentence, help }) => format!(
            "\n  {code}: {sentence}\n  help: {help}\n  \
             help: KS_VERIFIER_LOG=FILE writes the verifier's log, which `ksc verify --log FILE` explains by lines and variables"
        ),
        None => {
            "\n  help: the verifier could not prove that this line is safe; KS_VERIFIER_LOG=FILE writes its log, which \
                 `ksc verify --log FILE` explains"
                .to_owned()
        }
    }
}

/// `; text @ file.ks:12` (6.10 and later) as `file.ks:12: text`.
fn source(line: &str) -> String {
    let text = line.trim_start_matches(';').trim();
    match text.rsplit_once(" @ ") {
        Some((code, place)) => format!("{place}: {}", code.trim()),
        None => text.to_owned(),
    }
}

fn is_statistics(line: &str) -> bool {
    ["processed ", "verification time", "stack depth", "peak_states", "max_states", "mark_precise"]
        .iter()
        .any(|start| line.starts_with(start))
}

/// The option of `extern 'CONFIG_HZ' (strong): not resolved`.
fn missing_option(log: &str) -> Option<&str> {
    let line = line_with(log, &["(strong): not resolved"])?;
    let name = line.split('\'').nth(1)?;
    (name.starts_with("CONFIG_") || name.starts_with("LINUX_")).then_some(name)
}

fn line_with<'a>(log: &'a str, parts: &[&str]) -> Option<&'a str> {
    log.lines().find(|line| parts.iter().any(|part| line.contains(part))).map(clean)
}

fn clean(line: &str) -> &str {
    line.trim_start_matches("libbpf: ").trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nobody() -> Privilege {
        Privilege { root: false, missing: vec!["CAP_BPF", "CAP_NET_ADMIN"], namespaced: false, memlock: Some(65_536) }
    }

    fn root() -> Privilege {
        Privilege { root: true, missing: Vec::new(), namespaced: false, memlock: Some(65_536) }
    }

    #[test]
    fn what_the_kernel_does_not_permit() {
        assert!(message(-libc::EPERM, None, "", &nobody()).starts_with("no privilege to load BPF programs"));
        assert!(message(-libc::EPERM, None, "", &root()).contains("(memlock, 65536 bytes)"));
        let namespaced = Privilege { namespaced: true, ..root() };
        assert!(message(-libc::EPERM, None, "", &namespaced).contains("user namespace"));
        let unlimited = Privilege { memlock: None, ..root() };
        assert_eq!(
            message(-libc::EPERM, None, "libbpf: said\n", &unlimited),
            "cannot load the BPF object: Operation not permitted (EPERM)\n  the loader said: said"
        );
    }

    #[test]
    fn what_the_verifier_refuses() {
        let log = "libbpf: prog 'drop': BPF program load failed: Permission denied\n\
            libbpf: prog 'drop': -- BEGIN PROG LOAD LOG --\n\
            0: R1=ctx() R10=fp0\n\
            ; var x = 1 @ a.ks:3\n\
            0: (61) r1 = *(u32 *)(r1 +0)          ; R1_w=pkt(r=0)\n\
            ; return *x @ a.ks:4\n\
            1: (71) r0 = *(u8 *)(r1 +0)\n\
            invalid access to packet, off=0 size=1, R1(id=0,off=0,r=0)\n\
            R1 offset is outside of the packet\n\
            processed 2 insns (limit 1000000) max_states_per_insn 0\n\
            -- END PROG LOAD LOG --\n\
            libbpf: failed to load object 'a'\n";
        let text = message(-libc::EACCES, None, log, &root());
        assert_eq!(
            text,
            "the verifier rejected the program `drop`: Permission denied (EACCES)\n  \
             R1 offset is outside of the packet\n  source: a.ks:4: return *x\n  the last steps that it followed:\n    \
             ; return *x @ a.ks:4\n    1: (71) r0 = *(u8 *)(r1 +0)\n    \
             invalid access to packet, off=0 size=1, R1(id=0,off=0,r=0)\n  \
             help: the verifier could not prove that this line is safe; KS_VERIFIER_LOG=FILE writes its log, which `ksc verify --log FILE` explains"
        );
    }

    #[test]
    fn causes_that_messages_tell() {
        let table = "V0201\tit may go beyond the end\tcompare it\tR{reg} offset is outside of the packet\n";
        let lines = [
            "; R2 offset is outside of the packet @ a.ks:3",
            "1: (71) r0 = *(u8 *)(r1 +0)",
            "R1 offset is outside of the packet",
        ];
        let text = explained(table, &lines);
        assert!(
            text.starts_with("\n  V0201: it may go beyond the end\n  help: compare it\n  help: KS_VERIFIER_LOG=FILE"),
            "{text}"
        );
        assert!(explained(table, &lines[..2]).starts_with("\n  help: the verifier could not prove"));
    }

    #[test]
    fn what_is_no_refusal() {
        let log = "libbpf: prog 'p': -- BEGIN PROG LOAD LOG --\nprocessed 2 insns\n-- END PROG LOAD LOG --\n";
        for error in [libc::EMFILE, libc::ENFILE, libc::EAGAIN] {
            let text = message(-error, None, log, &root());
            assert!(text.starts_with("cannot load the BPF object: ") && text.contains("\n  help: "), "{text}");
        }
        let text = message(-libc::ENOMEM, None, &log.replace("processed", "0: r0 = 0\nprocessed"), &root());
        assert!(text.starts_with("cannot load the program `p`: "), "{text}");
        let few = Privilege { missing: vec!["CAP_PERFMON"], ..nobody() };
        let text = message(-libc::EACCES, None, &log.replace("processed", "; a @ a.ks:1\nR1 leaks"), &few);
        assert!(text.contains("missing: CAP_PERFMON, without which the verifier permits less"), "{text}");
    }

    #[test]
    fn a_long_log_is_cut() {
        let steps: String = (0..1000).map(|i| format!("{i}: (b7) r0 = 0\n")).collect();
        let log = format!(
            "prog 'p': -- BEGIN PROG LOAD LOG --\n; loop @ a.ks:1\n{steps}BPF program is too large\n-- END PROG LOAD LOG --\n"
        );
        let text = message(-libc::E2BIG, None, &log, &root());
        assert!(text.contains("source: a.ks:1: loop") && text.contains("999: "), "{text}");
        assert!(text.lines().count() < 20, "{text}");
    }

    #[test]
    fn other_reasons() {
        let log = "libbpf: Error loading vmlinux BTF: -2\n";
        assert!(message(-libc::ENOENT, None, log, &root()).starts_with("missing BTF"));
    }
}
