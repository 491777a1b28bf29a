//! Suggestions for misspelt names: the only code that decides which names are similar.

use super::output_limits::MAX_WORD;
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// The candidate that the writer of `name` most likely meant, if one is near enough, and nearer than all others.
pub fn best<S: AsRef<str>>(name: &str, candidates: impl IntoIterator<Item = S>) -> Option<String> {
    let letters = name.chars().count();
    if letters <= 2 {
        return same_but_case(name, candidates);
    }
    if letters > MAX_WORD {
        return None;
    }
    let mut best: Option<(usize, BTreeSet<String>)> = None;
    for candidate in candidates {
        let candidate = candidate.as_ref();
        let Some(distance) = likely(name, candidate) else { continue };
        match &mut best {
            Some((least, _)) if distance > *least => {}
            Some((least, nearest)) if distance == *least => drop(nearest.insert(candidate.to_owned())),
            Some(_) | None => best = Some((distance, BTreeSet::from([candidate.to_owned()]))),
        }
    }
    let (_, mut nearest) = best?;
    if nearest.len() == 1 { nearest.pop_first() } else { None }
}

/// Names, those first that are most like this one: that have a word of it, then that differ in the fewest characters. Names that are
/// equally like it stay in their order.
pub fn likest_first<'n>(name: &str, mut names: Vec<&'n str>) -> Vec<&'n str> {
    let words = |name: &str| name.to_ascii_lowercase().split('_').map(str::to_owned).collect::<BTreeSet<_>>();
    let own = words(name);
    let letters: String = name.chars().take(MAX_WORD).collect();
    names.sort_by_cached_key(|other| {
        let shared = words(other).intersection(&own).filter(|word| !word.is_empty()).count();
        (Reverse(shared), !other.contains(name), strsim::osa_distance(&letters, other))
    });
    names
}

/// The most changes between a name and a candidate, in characters, and the most bytes of a character.
const MOST_CHANGES: usize = 3;
const MAX_UTF8: usize = 4;

/// How far a candidate is from the name, if it may be what is meant. For names that begin with the same words, as `XDP_PASS` and
/// `XDP_DROP`, only the different parts count.
fn likely(name: &str, candidate: &str) -> Option<usize> {
    if candidate.eq_ignore_ascii_case(name) {
        return Some(0).filter(|_| candidate != name);
    }
    // The lengths first: they rule out most candidates, and cost the least.
    if candidate.len().abs_diff(name.len()) > MOST_CHANGES * MAX_UTF8 {
        return None;
    }
    let (own, other) = without_same_words(name, candidate);
    let letters = own.chars().count();
    let limit = match letters {
        0..=5 => 1,
        6..=8 => 2,
        _ => MOST_CHANGES,
    };
    // A name in small letters is none of the thousands of constants in capitals.
    if is_small(own) && is_capital(other) || is_capital(own) && is_small(other) {
        return None;
    }
    if other.chars().count().abs_diff(letters) > limit {
        return None;
    }
    // Most words of three letters are one letter from each other.
    let begins_alike =
        own.chars().next().map(|c| c.to_ascii_lowercase()) == other.chars().next().map(|c| c.to_ascii_lowercase());
    if letters <= 3 && own.len() == name.len() && !begins_alike {
        return None;
    }
    // Insertions, deletions, substitutions and swaps of neighbours.
    let distance = strsim::osa_distance(own, other);
    Some(distance).filter(|distance| *distance <= limit && !other_number(name, candidate))
}

/// Both names from where their words, each with the `_` behind it, are not the same any more.
fn without_same_words<'a>(name: &'a str, other: &'a str) -> (&'a str, &'a str) {
    let same = name.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let start = name.as_bytes()[..same].iter().rposition(|&byte| byte == b'_').map_or(0, |at| at + 1);
    (&name[start..], &other[start..])
}

fn is_small(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_lowercase()) && !text.bytes().any(|b| b.is_ascii_uppercase())
}

fn is_capital(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_uppercase()) && !text.bytes().any(|b| b.is_ascii_lowercase())
}

/// Names that differ in their numbers only, such as `IPV4` and `IPV6` or `ETH_P_IP` and `ETH_P_IP6`, name different things on
/// purpose.
fn other_number(name: &str, candidate: &str) -> bool {
    let split = |text: &str| -> (String, String) { text.chars().partition(char::is_ascii_digit) };
    let ((number, rest), (other, other_rest)) = (split(name), split(candidate));
    rest == other_rest && number != other
}

fn same_but_case<S: AsRef<str>>(name: &str, candidates: impl IntoIterator<Item = S>) -> Option<String> {
    let other = |c: &S| c.as_ref() != name && c.as_ref().eq_ignore_ascii_case(name);
    candidates.into_iter().filter(other).map(|c| c.as_ref().to_owned()).min()
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
        assert_eq!(best("ETH_P_IP6", ["ETH_P_IP"]), None);
        assert_eq!(best("XDP_OK", ["XDP_TX", "XDP_PASS"]), None);
        assert_eq!(best("TC_ACT_DROP", ["TC_ACT_TRAP", "TC_ACT_SHOT"]), None);
        assert_eq!(best("Cnt", ["int", "u32"]), None);
        assert_eq!(best("KIND_C", ["KIND_A", "KIND_B"]), None);
        assert_eq!(best("itn", ["int"]).as_deref(), Some("int"));
    }
}
