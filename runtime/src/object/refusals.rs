//! The cause of a refusal by the message of the verifier alone. The table comes from ir-specs/refusals.toml, with the program
//! (`KsProgram::refusals`); `ksc verify` reads the whole log, and names variables and places besides.

/// What is said of a refusal.
pub struct Cause {
    /// `V0101`
    pub code: &'static str,
    pub sentence: String,
    pub help: String,
}

/// The cause of a refusal: the first line of the table that has one of the messages. None if it has none of them.
pub fn cause(table: &'static str, messages: &[&str]) -> Option<Cause> {
    table.lines().find_map(|row| {
        let mut fields = row.split('\t');
        let (code, sentence, help) = (fields.next()?, fields.next()?, fields.next()?);
        let parts = fields.find_map(|pattern| messages.iter().find_map(|message| parts(pattern, message)))?;
        Some(Cause { code, sentence: filled(sentence, &parts), help: filled(help, &parts) })
    })
}

/// A name of a pattern, and the text of the message that stands for it.
type Part<'m> = (&'static str, &'m str);

/// What stands for the names of a pattern in a message that it fits. A name takes as little as it can, the last one all that is left.
fn parts<'m>(pattern: &'static str, message: &'m str) -> Option<Vec<Part<'m>>> {
    let (first, mut pattern) = pattern.split_once('{').unwrap_or((pattern, ""));
    let mut rest = message.trim().strip_prefix(first)?;
    let mut parts = Vec::new();
    while let Some((name, after)) = pattern.split_once('}') {
        let (text, next) = after.split_once('{').unwrap_or((after, ""));
        let (name, ending) = name.split_once(":*").unwrap_or((name, ""));
        let end = if text.is_empty() { rest.len() } else { rest.find(text)? };
        let part = &rest[..end];
        if part.is_empty() || !part.ends_with(ending) || name == "reg" && part.contains(' ') {
            return None;
        }
        parts.push((name, part));
        rest = &rest[end + text.len()..];
        pattern = next;
    }
    Some(parts)
}

/// A sentence with its names replaced. Of a value the message has no name.
fn filled(sentence: &str, parts: &[Part<'_>]) -> String {
    let mut out = String::new();
    let mut rest = sentence;
    while let Some((text, name, after)) = rest.split_once('{').and_then(|(text, rest)| {
        let (name, after) = rest.split_once('}')?;
        Some((text, name, after))
    }) {
        out += text;
        out += match name {
            // The empty braces of C.
            "" => "{}",
            "value" => "the value",
            name => parts.iter().find(|(part, _)| *part == name).map_or("…", |(_, text)| text),
        };
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::cause;

    const TABLE: &str = "V0101\t{value} may be null here\tcompare {value} first\tR{reg} invalid mem access '{type:*_or_null}'\n\
        V0801\tprograms of this type cannot call `{function}`\tlook it up\tprogram of this type cannot use helper {function}#{number}\n\
        V1501\tit may sleep\tset `= {}`\thelper call might sleep\n";

    fn found(message: &str) -> Option<(&'static str, String, String)> {
        cause(TABLE, &["", message]).map(|cause| (cause.code, cause.sentence, cause.help))
    }

    #[test]
    fn causes_by_messages() {
        let null = ("V0101", "the value may be null here".to_owned(), "compare the value first".to_owned());
        assert_eq!(found("R0 invalid mem access 'map_value_or_null'"), Some(null));
        assert_eq!(found("R0 invalid mem access 'scalar'"), None);
        let helper =
            ("V0801", "programs of this type cannot call `bpf_override_return`".to_owned(), "look it up".to_owned());
        assert_eq!(found("program of this type cannot use helper bpf_override_return#58"), Some(helper));
        let sleeps = ("V1501", "it may sleep".to_owned(), "set `= {}`".to_owned());
        assert_eq!(found(" helper call might sleep in a non-sleepable prog"), Some(sleeps));
        assert_eq!(found("what nobody says"), None);
        assert!(cause("", &["R0 invalid mem access"]).is_none());
    }
}
