//! The texts that projects begin with. `{{name}}` in one is a place for what the tables and the kernel say.

/// By their names, which the table of mechanisms has (`ir-specs/attach_forms.toml`).
const TEMPLATES: [(&str, &str); 10] = [
    ("attached", include_str!("templates/attached.txt")),
    ("walk", include_str!("templates/walk.txt")),
    ("run", include_str!("templates/run.txt")),
    ("route", include_str!("templates/route.txt")),
    ("session", include_str!("templates/session.txt")),
    ("devmap", include_str!("templates/devmap.txt")),
    ("cpumap", include_str!("templates/cpumap.txt")),
    ("struct_ops", include_str!("templates/struct_ops.txt")),
    ("kfunc", include_str!("templates/kfunc.txt")),
    ("readme", include_str!("templates/readme.txt")),
];

/// The text of a template with its places filled in.
pub fn filled(name: &str, values: &[(&str, &str)]) -> String {
    let template = TEMPLATES.iter().find(|(own, _)| *own == name);
    let Some((_, text)) = template else { crate::bug!("there is no template `{name}`") };
    let mut text = (*text).to_owned();
    for (place, value) in values {
        text = text.replace(&format!("{{{{{place}}}}}"), value);
    }
    if let Some(at) = text.find("{{") {
        crate::bug!("the template `{name}` has a place without a value: {}", &text[at..]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::TEMPLATES;
    use crate::tables::ATTACH_FORMS;

    #[test]
    fn every_mechanism_has_a_template() {
        let named = ATTACH_FORMS.iter().filter_map(|form| form.starter.as_ref()?.template);
        for name in named.filter(|name| !name.contains('{')) {
            assert!(TEMPLATES.iter().any(|(own, _)| *own == name), "{name}");
        }
    }
}
