//! The stacks in a key or a value: which there are, and their lines.

use super::form::{Form, Typed};
use super::namer::{Frames, Namer};
use crate::kernel::errors::reason;
use crate::kernel::escape;

/// Before a frame.
const INDENT: &str = "    ";

/// The fields that name the process whose addresses the stacks beside them have, in order of preference: the process, and a task of it.
const PROCESS: [&str; 2] = ["tgid", "pid"];

/// A stack in a key or a value.
pub struct Stack {
    /// The names of the fields that lead to it, with dots between them.
    pub name: String,
    /// The frames, the innermost first, or the errno that is there instead.
    pub frames: Frames,
}

impl Stack {
    /// Those of a type that is a stack, else of its fields; none of arrays. `process` is known from around.
    pub fn all(typed: &Typed, bytes: &[u8], process: Option<i32>) -> Vec<Stack> {
        let mut stacks = Vec::new();
        add(&mut stacks, "", typed, bytes, process);
        stacks
    }

    fn is_of_kernel(&self) -> bool {
        self.frames.as_ref().is_ok_and(|frames| frames.first().is_some_and(|frame| frame.in_kernel))
    }
}

fn add(stacks: &mut Vec<Stack>, name: &str, typed: &Typed, bytes: &[u8], process: Option<i32>) {
    if let Form::Stack { map, namer } = &typed.form {
        stacks.push(Stack { name: name.to_owned(), frames: frames(*map, *namer, bytes, process) });
    }
    let Form::Struct(fields) = &typed.form else { return };
    let process = process_in(typed, bytes).or(process);
    for field in fields {
        let inner = if name.is_empty() { field.name.to_owned() } else { format!("{name}.{}", field.name) };
        add(stacks, &inner, &field.typed, field.of(bytes), process);
    }
}

/// The frames of the stack with the number in the bytes.
pub fn frames(map: u32, namer: Option<&Namer>, bytes: &[u8], process: Option<i32>) -> Frames {
    let id = bytes.get(..4).and_then(|bytes| bytes.try_into().ok()).map_or(0, i32::from_ne_bytes);
    namer.map_or(Err(libc::ENOENT), |namer| (namer.frames)(map, id, process))
}

/// The process that a struct names.
pub fn process_in(typed: &Typed, bytes: &[u8]) -> Option<i32> {
    let Form::Struct(fields) = &typed.form else { return None };
    let mut named = PROCESS.iter().filter_map(|name| fields.iter().find(|field| field.name == *name));
    named
        .find_map(|field| field.typed.number(field.of(bytes), field.bits))
        .and_then(|number| i32::try_from(number).ok())
}

/// Forgets what processes had mapped, if stacks of the type may be printed next.
pub fn begin(typed: &Typed) {
    match &typed.form {
        Form::Stack { namer: Some(namer), .. } => (namer.begin)(),
        Form::Struct(fields) => fields.iter().for_each(|field| begin(&field.typed)),
        Form::Array(element) => begin(element),
        Form::Stack { namer: None, .. }
        | Form::Number { .. }
        | Form::Bool
        | Form::Char
        | Form::Text
        | Form::Be
        | Form::F64
        | Form::Enum { .. }
        | Form::Pointer
        | Form::Address => {}
    }
}

/// One frame a line, the innermost first; before each of several stacks its name.
pub fn lines(out: &mut String, stacks: &[Stack]) {
    for stack in stacks {
        if stacks.len() > 1 {
            out.push_str(&format!("  {}:\n", stack.name));
        }
        match &stack.frames {
            Ok(frames) => frames.iter().for_each(|frame| line(out, &frame.text())),
            Err(error) => line(out, &format!("(no stack: {})", missing(*error))),
        }
    }
}

/// Why there are no frames. Errors of `bpf_get_stackid` come as negative numbers, those of a lookup do not.
fn missing(error: i32) -> String {
    let why = match error.wrapping_abs() {
        libc::EEXIST => "another one has its place in the map",
        libc::EFAULT => "the task had none there",
        libc::ENOENT => "it is not in the map any more",
        _ => return reason(error),
    };
    why.to_owned()
}

fn line(out: &mut String, text: &str) {
    out.push_str(INDENT);
    out.push_str(&shown(text));
    out.push('\n');
}

/// The frames of all stacks, the outermost first, those of the kernel behind those of user space.
pub fn folded(stacks: &[Stack]) -> Vec<String> {
    let (kernel, user): (Vec<&Stack>, Vec<&Stack>) = stacks.iter().partition(|stack| stack.is_of_kernel());
    let frames = user.into_iter().chain(kernel).filter_map(|stack| stack.frames.as_ref().ok());
    frames.flat_map(|frames| frames.iter().rev().map(|frame| shown(&frame.folded()))).collect()
}

/// Names are of files that anybody may write.
fn shown(text: &str) -> String {
    String::from_utf8_lossy(&escape::foreign(text.as_bytes(), |_| false)).into_owned()
}
