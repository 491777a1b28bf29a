//! Edits of texts, as the client applies them.

use lsp_types::{Location, TextEdit, Uri, WorkspaceEdit};
use std::collections::HashMap;

/// One edit of several texts: each place gets its text.
#[expect(clippy::mutable_key_type, reason = "the protocol's struct has such a map; addresses compare by their text")]
pub fn of_places(places: impl IntoIterator<Item = (Location, String)>) -> WorkspaceEdit {
    let mut edits: HashMap<Uri, Vec<TextEdit>> = HashMap::new();
    for (place, new_text) in places {
        edits.entry(place.uri).or_default().push(TextEdit { range: place.range, new_text });
    }
    WorkspaceEdit { changes: Some(edits), ..WorkspaceEdit::default() }
}
