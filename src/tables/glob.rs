//! Patterns as those of probes: `*` is any text, `?` any character.

/// Whether a text fits a pattern. The time is at most the product of the lengths.
pub fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut from) = (0, 0);
    // Behind the last `*`, and where the text that it stands for ends so far.
    let mut star = None;
    while from < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at + 1, from));
                at += 1;
            }
            Some(&byte) if byte == b'?' || byte == text[from] => (at, from) = (at + 1, from + 1),
            Some(_) | None => {
                let Some((behind, end)) = star else { return false };
                star = Some((behind, end + 1));
                (at, from) = (behind, end + 1);
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn stars_stand_for_any_text() {
        assert!(fits("tcp_*", "tcp_"));
        assert!(fits("*open*at", "sys_openat_openat"));
        assert!(fits("tcp_v?_connect", "tcp_v4_connect"));
        assert!(!fits("tcp_v?_connect", "tcp_v_connect"));
        assert!(!fits("a*b", "acbc"));
        assert!(fits("**", ""));
        assert!(!fits("", "a"));
    }
}
