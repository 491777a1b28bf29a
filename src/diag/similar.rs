//! Suggestions for misspelt names: the one place that decides what is near enough.

/// The candidate that the writer of `name` most likely meant, if one is near enough. Of equally near ones the first in
/// alphabetical order, so that messages do not depend on the order of a table.
pub fn best<S: AsRef<str>>(name: &str, candidates: impl IntoIterator<Item = S>) -> Option<String> {
    let limit = match name.chars().count() {
        0..=2 => return same_but_case(name, candidates),
        3..=5 => 1,
        6..=8 => 2,
        _ => 3,
    };
    let mut best: Option<(usize, String)> = None;
    for candidate in candidates {
        let candidate = candidate.as_ref();
        if candidate == name || other_number(name, candidate) || candidate.len().abs_diff(name.len()) > limit * 4 {
            continue;
        }
        let same = candidate.eq_ignore_ascii_case(name);
        let distance = if same { 0 } else { distance(name, candidate) };
        let nearer = match &best {
            None => distance <= limit,
            Some((least, text)) => distance < *least || (distance == *least && candidate < text.as_str()),
        };
        if nearer {
            best = Some((distance, candidate.to_owned()));
        }
    }
    best.map(|(_, text)| text)
}

/// Names that differ in their numbers only, such as `IPV4` and `IPV6`, name different things on purpose.
fn other_number(name: &str, candidate: &str) -> bool {
    let split = |text: &str| -> (String, String) { text.chars().partition(char::is_ascii_digit) };
    let ((number, rest), (other, other_rest)) = (split(name), split(candidate));
    rest == other_rest && !number.is_empty() && !other.is_empty()
}

fn same_but_case<S: AsRef<str>>(name: &str, candidates: impl IntoIterator<Item = S>) -> Option<String> {
    candidates.into_iter().map(|c| c.as_ref().to_owned()).filter(|c| c != name && c.eq_ignore_ascii_case(name)).min()
}

/// Insertions, deletions, substitutions and swaps of neighbours that make `right` of `left`.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (row, &l) in left.iter().enumerate() {
        let mut line = vec![row + 1];
        for (column, &r) in right.iter().enumerate() {
            let mut least = (last[column] + usize::from(l != r)).min(last[column + 1] + 1).min(line[column] + 1);
            let swapped = row > 0 && column > 0 && l == right[column - 1] && left[row - 1] == r;
            if swapped {
                least = least.min(before_last[column - 1] + 1);
            }
            line.push(least);
        }
        before_last = std::mem::replace(&mut last, line);
    }
    last[right.len()]
}

#[cfg(test)]
mod tests {
    use super::best;

    #[test]
    fn near_names() {
        let names = ["XDP_PASS", "XDP_DROP", "count", "iphdr", "u32"];
        assert_eq!(best("XDP_PAS", names).as_deref(), Some("XDP_PASS"));
        assert_eq!(best("xdp_drop", names).as_deref(), Some("XDP_DROP"));
        assert_eq!(best("cuont", names).as_deref(), Some("count"));
        assert_eq!(best("U32", names).as_deref(), Some("u32"));
        assert_eq!(best("nothing_like_it", names), None);
        assert_eq!(best("x", names), None);
        assert_eq!(best("ETH_P_IPV4", ["ETH_P_IPV6"]), None);
    }
}
