//! Tests of what the compiler computes itself: one expression over constants, and the same over variables of the same
//! types and values, must agree. The evaluator sees constants only after the checker has folded them, and so would agree
//! with whatever that made of them.

use super::Generator;
use super::types::Ty;

/// What a folding test returns when the two differ; no other test does.
pub const DIFFERS: u64 = 0xbad_f01d_0bad_f01d;

/// What the expression is made of: name, type, value.
type Names = Vec<(String, Ty, i128)>;

impl Generator {
    pub fn folding_test(&mut self, at: usize) {
        let mut names = Names::new();
        for index in 0..4 {
            let ty = self.int_type();
            let value = self.int_of(&ty).map_or(0, |int| self.number_in(int));
            names.push((format!("c{index}"), ty, value));
        }
        let mut text = format!("fn t{at}(a: u64, b: u64, c: u64, d: u64) -> u64 {{\n");
        for number in 0..3 {
            let expr = self.over(&names, 3);
            for (result, word) in [("r", "const"), ("s", "var")] {
                text.push_str(&format!("var {result}{number}: u64 = 0\n{{\n"));
                for (name, ty, value) in &names {
                    text.push_str(&format!("{word} {name}: {} = {value}\n", self.type_name(ty)));
                }
                text.push_str(&format!("{result}{number} = ({expr}) as u64\n}}\n"));
            }
            text.push_str(&format!("if (r{number} != s{number}) return {DIFFERS}\n"));
        }
        text.push_str("return a ^ b ^ c ^ d ^ r0 ^ r1 ^ r2\n}");
        self.line(&text);
    }

    /// A number over the names alone: of literals alone other rules hold.
    fn over(&mut self, names: &Names, depth: u32) -> String {
        let (name, _, value) = self.random.pick(names);
        if depth == 0 {
            return name;
        }
        let left = self.over(names, depth - 1);
        match self.random.below(12) {
            0..=4 => {
                let right = self.over(names, depth - 1);
                format!("({left} {} {right})", self.random.pick(&["+", "-", "*", "&", "|", "^"]))
            }
            5 if value != 0 => format!("({left} {} {name})", self.random.pick(&["/", "%"])),
            6 => format!("({left} {} {})", self.random.pick(&["<<", ">>"]), self.random.below(32)),
            7 => format!("({}{left})", self.random.pick(&["-", "~"])),
            8 | 9 => {
                let ty = self.int_type();
                format!("({left} as {})", self.type_name(&ty))
            }
            10 => {
                let right = self.over(names, depth - 1);
                format!("(({left} {} {right}) as u8)", self.random.pick(&["==", "!=", "<", "<=", ">", ">="]))
            }
            _ => {
                let right = self.over(names, depth - 1);
                let condition = self.over(names, depth - 1);
                format!("({condition} < {name} ? {left} : {right})")
            }
        }
    }
}
