//! A wrong and a right program for each code, which `ksc explain` prints and `tests/examples.rs` compiles.
//!
//! Each file of `examples/` is an area. `# E0101` begins the wrong program, `# right` the right one; options of the
//! compilation may follow either. `# file flow.ks` begins a file that both name. `# E0910: reason` says why no source
//! shows a code.

const AREAS: [&str; 17] = [
    include_str!("examples/syntax.txt"),
    include_str!("examples/ir.txt"),
    include_str!("examples/names.txt"),
    include_str!("examples/modules.txt"),
    include_str!("examples/types.txt"),
    include_str!("examples/contexts.txt"),
    include_str!("examples/maps.txt"),
    include_str!("examples/events.txt"),
    include_str!("examples/shared.txt"),
    include_str!("examples/limits.txt"),
    include_str!("examples/support.txt"),
    include_str!("examples/refused.txt"),
    include_str!("examples/lifecycle.txt"),
    include_str!("examples/tests.txt"),
    include_str!("examples/packets.txt"),
    include_str!("examples/throws.txt"),
    include_str!("examples/environment.txt"),
];

const RIGHT: &str = "right";
const FILE: &str = "file ";

/// The example of one code.
pub enum Example {
    Programs {
        wrong: Program,
        right: Program,
        /// Names and texts of what the programs import or include.
        files: Vec<(&'static str, String)>,
    },
    /// Why no source shows the code.
    Without(&'static str),
}

/// A program of an example, with the options that it is compiled with.
#[derive(Default)]
pub struct Program {
    pub options: Vec<&'static str>,
    pub text: String,
}

/// The example of a code; none if the tables have none.
pub fn of(code: &str) -> Option<Example> {
    let sections: Vec<(&str, String)> = AREAS.iter().flat_map(|area| sections(area)).collect();
    let start = sections.iter().position(|(head, _)| head.split([' ', ':']).next() == Some(code))?;
    let (head, text) = &sections[start];
    if let Some((_, reason)) = head.split_once(": ") {
        return Some(Example::Without(reason));
    }
    let program =
        |head: &'static str, text: &str| Program { options: head.split(' ').skip(1).collect(), text: text.to_owned() };
    let (wrong, mut right, mut files) = (program(head, text), Program::default(), Vec::new());
    for (head, text) in &sections[start + 1..] {
        if let Some(name) = head.strip_prefix(FILE) {
            files.push((name, text.clone()));
        } else if head.split(' ').next() == Some(RIGHT) {
            right = program(head, text);
        } else {
            break;
        }
    }
    Some(Example::Programs { wrong, right, files })
}

/// Every code that an area's file names, in its order.
pub fn codes() -> impl Iterator<Item = &'static str> {
    let heads = AREAS.iter().flat_map(|area| sections(area)).map(|(head, _)| head);
    let codes = heads.filter(|head| !head.starts_with(FILE) && head.split(' ').next() != Some(RIGHT));
    codes.filter_map(|head| head.split([' ', ':']).next())
}

/// The text after each `# `, and the lines below it.
fn sections(area: &'static str) -> Vec<(&'static str, String)> {
    let mut sections: Vec<(&str, String)> = Vec::new();
    for line in area.lines() {
        if let Some(head) = line.strip_prefix("# ") {
            sections.push((head, String::new()));
        } else if let Some((_, text)) = sections.last_mut() {
            *text += line;
            text.push('\n');
        }
    }
    for (_, text) in &mut sections {
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    sections
}
