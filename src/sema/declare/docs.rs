//! Keeps the doc comments that the program shows when it runs.

use super::Declare;
use crate::ast::ItemKind;
use crate::types::StructId;

impl Declare<'_> {
    pub(super) fn note_docs(&mut self) {
        let docs = &mut self.env.program.docs;
        for item in self.entries.iter().map(|entry| entry.item).filter(|item| !item.docs.is_empty()) {
            if let ItemKind::Var(decl) = &item.kind {
                docs.variables.insert(decl.name.span, line(&item.docs));
            }
        }
        let structs: Vec<(StructId, usize)> = self.struct_entries.iter().map(|(&id, &index)| (id, index)).collect();
        for (of, index) in structs {
            let ItemKind::Struct(decl) = &self.entries[index].item.kind else { continue };
            let fields = decl.fields.iter().filter(|field| !field.is_gap()).enumerate();
            let fields = fields.filter(|(_, field)| !field.docs.is_empty());
            docs.fields.extend(fields.map(|(at, field)| ((of, at), line(&field.docs))));
        }
    }
}

fn line(docs: &[String]) -> String {
    docs.join(" ").trim().to_owned()
}
