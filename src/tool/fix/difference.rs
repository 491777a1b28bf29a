//! The output of `--dry-run`: a difference.

/// The lines that differ: each run of them if there are as many as before, else all from the first to the last.
pub fn difference(name: &str, old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let mut text = String::new();
    let mut hunk = |at: usize, from: &[&str], to: &[&str]| {
        text += &format!("@@ {name}:{} @@\n", at + 1);
        from.iter().for_each(|line| text += &format!("-{line}\n"));
        to.iter().for_each(|line| text += &format!("+{line}\n"));
    };
    if old.len() != new.len() {
        let same = |(a, b): &(&&str, &&str)| a == b;
        let before = old.iter().zip(&new).take_while(same).count();
        let rest = old.len().min(new.len()) - before;
        let after = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(same).count();
        hunk(before, &old[before..old.len() - after], &new[before..new.len() - after]);
        return text;
    }
    let mut line = 0;
    while line < old.len() {
        let run = old[line..].iter().zip(&new[line..]).take_while(|(a, b)| a != b).count();
        if run > 0 {
            hunk(line, &old[line..line + run], &new[line..line + run]);
        }
        line += run.max(1);
    }
    text
}
