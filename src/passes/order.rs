//! Whether lists of passes keep the order that the records of passes require.

use super::{EVERY, Pass};

/// The mistakes in the order of `list`, whose passes run after those of `earlier`: a sentence for each constraint that does not hold. A
/// constraint with every other pass is about the pass's own list.
pub fn misplaced(earlier: &[&'static Pass], list: &[&'static Pass]) -> Vec<String> {
    let of_list =
        |number: usize, passes: &[&'static Pass]| passes.iter().map(|&pass| (number, pass)).collect::<Vec<_>>();
    let all = [of_list(0, earlier), of_list(1, list)].concat();
    let mut wrong = Vec::new();
    for (at, (number, pass)) in all.iter().enumerate() {
        for (other_at, (other_number, other)) in all.iter().enumerate().filter(|&(other_at, _)| other_at != at) {
            let is_meant = |name: &str| name == other.name || (name == EVERY && number == other_number);
            let mut demand = |why: &str, word: &str| {
                wrong.push(format!("`{}` must run {word} `{}`, which {why}", pass.name, other.name));
            };
            let after = pass.after.iter().filter(|(name, _)| is_meant(name) && other_at > at);
            after.for_each(|(_, why)| demand(why, "after"));
            let before = pass.before.iter().filter(|(name, _)| is_meant(name) && other_at < at);
            before.for_each(|(_, why)| demand(why, "before"));
        }
    }
    wrong
}
