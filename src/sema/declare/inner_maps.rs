//! Maps of maps: the placeholders of the maps that bodies take out of them.

use crate::diag::codes::maps::InnerMap;
use crate::sema::tree::{Map, MapId, Program};
use crate::session::Session;

/// How many maps out of one map a body can have at a time.
const AT_A_TIME: usize = 4;

/// Reports arrays as templates whose size the load decides: the kernel compares the template with the arrays that are put in.
pub(super) fn check_templates(cx: &mut Session, program: &Program) {
    for outer in &program.maps {
        let Some(template) = outer.inner.map(|inner| program.map(inner)) else { continue };
        if let Some(source) = template.sized_by.as_ref().filter(|_| template.kind.array) {
            let (what, kind) = (template.name.clone(), outer.kind.word().to_owned());
            cx.error(outer.span, InnerMap { what, kind }).note(template.span, "the template").help(format!(
                "all arrays in it have the size of the template: a constant in place of `{}`",
                source.text
            ));
        }
    }
}

/// Gives each map of maps its placeholders, which are like the template.
pub(super) fn add_bound(program: &mut Program) {
    for index in 0..program.maps.len() {
        let Some(template) = program.maps[index].inner else { continue };
        for number in 0..AT_A_TIME {
            let id = MapId(program.maps.len() as u32);
            let (outer, template) = (&program.maps[index], program.map(template));
            let placeholder = Map {
                name: format!("{}[…]", outer.name),
                symbol: format!("{}.{number}", outer.symbol),
                inner: None,
                bound: Vec::new(),
                is_bound: true,
                callback: None,
                pinned: false,
                node: None,
                span: outer.span,
                kind: template.kind,
                key: template.key,
                index: template.index,
                value: template.value,
                max_entries: template.max_entries,
                sized_by: template.sized_by.clone(),
                steps: template.steps,
                flags: template.flags,
            };
            program.maps.push(placeholder);
            program.maps[index].bound.push(id);
        }
    }
}
