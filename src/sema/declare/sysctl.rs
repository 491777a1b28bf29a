//! `@sysctl var`: settings of the kernel below `/proc/sys`, which user space reads and writes.

use super::attributes::{KCONFIG, PRIVATE, SYSCTL};
use crate::ast::{Attribute, ExprKind, Item, VarDecl};
use crate::diag::codes::names::ConflictingAttributes;
use crate::diag::codes::shared::{NoSysctl, SysctlPath};
use crate::session::Session;
use crate::types::{Ty, TyKind};

/// What every path begins with.
const ROOT: &str = "/proc/sys/";
/// PATH_MAX of linux/limits.h, with the terminating NUL.
const PATH_MAX: usize = 4096;
/// NAME_MAX of linux/limits.h.
const NAME_MAX: usize = 255;

fn attribute(item: &Item) -> Option<&Attribute> {
    item.attributes.iter().find(|attribute| attribute.name.name == SYSCTL)
}

pub(super) fn is_sysctl(item: &Item) -> bool {
    attribute(item).is_some()
}

/// The other attributes, the words before `var`, and what follows the type.
pub(super) fn check_words(cx: &mut Session, item: &Item, decl: &VarDecl) {
    let refuse = |cx: &mut Session, span, why: &str| {
        cx.error(span, NoSysctl { name: decl.name.name.clone(), why: why.to_owned() });
    };
    let others = item.attributes.iter().filter(|other| [KCONFIG, PRIVATE].contains(&other.name.name.as_str()));
    for (other, own) in others.zip(attribute(item)) {
        let (first, second) = (other.name.name.clone(), SYSCTL.to_owned());
        cx.error(own.span, ConflictingAttributes { first, second }).note(other.span, "the other one");
    }
    if decl.pin || decl.storage.is_some() {
        refuse(cx, decl.name.span, "the kernel stores it, so it is neither pinned nor of one side");
    }
    if let Some(init) = &decl.init {
        refuse(cx, init.span, "it has no initial value, since the kernel has one; an assignment writes it");
    }
}

pub(super) fn refuse_map(cx: &mut Session, decl: &VarDecl) {
    cx.error(decl.name.span, NoSysctl { name: decl.name.name.clone(), why: "it is a map".to_owned() });
}

/// The types that the runtime has forms for.
pub(super) fn check_type(cx: &mut Session, decl: &VarDecl, ty: Ty) {
    if !matches!(cx.types.kind(ty), TyKind::Int { .. } | TyKind::Bool | TyKind::Str(_) | TyKind::Error) {
        let why = format!("the kernel has it as text, which makes no `{}`", cx.types.name(ty));
        let span = decl.ty.as_ref().map_or(decl.name.span, |written| written.span);
        cx.error(span, NoSysctl { name: decl.name.name.clone(), why })
            .help("a setting is an integer, a `bool`, or a `str(N)`, which also takes several numbers");
    }
}

/// The file of the setting, from the attribute's text; none if that was reported.
pub(super) fn path(cx: &mut Session, item: &Item) -> Option<String> {
    let attribute = attribute(item)?;
    // That there is none was reported.
    let args = attribute.args.as_deref().unwrap_or_default();
    let first = args.first()?;
    let ([_], None, ExprKind::Str(bytes)) = (args, &first.name, &first.value.kind) else {
        let why = "it is one text without a name".to_owned();
        cx.error(attribute.span, SysctlPath { why }).help("write `@sysctl(\"net.ipv4.ip_forward\")`");
        return None;
    };
    let written = String::from_utf8_lossy(bytes).into_owned();
    match below_root(bytes) {
        Ok(path) => Some(format!("{ROOT}{path}")),
        Err(why) => {
            let error = cx.error(first.value.span, SysctlPath { why });
            if let Some(rest) = written.strip_prefix(ROOT).filter(|rest| below_root(rest.as_bytes()).is_ok()) {
                error.help(format!("leave out `{ROOT}`")).fix(first.value.span, format!("\"{rest}\""));
            }
            None
        }
    }
}

/// As sysctl(8) reads it: the first of `.` and `/` stands between the parts; where that is the point, `/` stands for a point in a part.
fn below_root(written: &[u8]) -> Result<String, String> {
    let Ok(written) = std::str::from_utf8(written) else { return Err("it is no UTF-8".to_owned()) };
    if written.is_empty() {
        return Err("it is empty".to_owned());
    }
    if written.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("it has a blank or a control character, which no name of a setting has".to_owned());
    }
    if written.starts_with('/') {
        return Err(format!("it begins with `/`, though it is below `{ROOT}`"));
    }
    let dotted = written.find(['.', '/']).is_some_and(|at| written.as_bytes()[at] == b'.');
    let swap = |c| match c {
        '.' => '/',
        '/' => '.',
        other => other,
    };
    let path: String = if dotted { written.chars().map(swap).collect() } else { written.to_owned() };
    for part in path.split('/') {
        match part {
            "" => return Err("a part of it is empty".to_owned()),
            "." | ".." => return Err(format!("`{part}` is no name of a part, and would lead elsewhere")),
            _ if part.len() > NAME_MAX => return Err(format!("a part of it is longer than {NAME_MAX} bytes")),
            _ => {}
        }
    }
    if ROOT.len() + path.len() >= PATH_MAX {
        return Err(format!("it is longer than the {PATH_MAX} bytes of a path"));
    }
    Ok(path)
}
