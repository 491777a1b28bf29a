//! Histograms: nothing reads them in BPF code, so that they are apart from other maps.

use crate::generate::types::{Ty, U64};
use crate::generate::{Family, Generator};

/// Keys are at most so many bytes.
const KEY: usize = 8;

#[derive(Clone)]
pub struct Histogram {
    pub name: String,
    /// None: one histogram.
    pub key: Option<Ty>,
}

impl Generator {
    pub fn declare_histograms(&mut self) {
        for at in 0..2 {
            let name = format!("h{at}");
            let key = if self.random.percent(50) { Some(self.small_type(KEY)) } else { None };
            let mut numbers = Vec::new();
            if key.is_some() {
                // User space, which counts in the process, has room for all.
                let few = self.family == Family::Bpf && self.random.percent(50);
                numbers.push(if few { 1 + self.random.below(4) } else { 1024 }.to_string());
            }
            let word = if self.random.percent(50) { "hist" } else { "lhist" };
            if word == "lhist" {
                numbers.extend(self.steps());
            }
            let types = key.as_ref().map_or(String::new(), |key| format!("<{}>", self.type_name(key)));
            let numbers = if numbers.is_empty() { String::new() } else { format!("({})", numbers.join(", ")) };
            self.line(&format!("var {name}: {word}{types}{numbers}"));
            self.histograms.push(Histogram { name, key });
        }
    }

    /// The lowest value, the end and the width of a bucket.
    fn steps(&mut self) -> [String; 3] {
        if self.random.percent(10) {
            // All that an `i64` holds: 2^64 - 1 in 255 parts.
            return ["-9223372036854775808", "9223372036854775807", "72340172838076673"].map(str::to_owned);
        }
        let low = self.random.between(-40, 40);
        let most = 2 << self.random.below(12);
        let width = self.random.between(1, most);
        let high = low + width * self.random.between(1, 9);
        [low, high, width].map(|number| number.to_string())
    }

    /// `h.add(key, x, times: n)`, and in BPF code `delete h[key]`.
    pub fn count(&mut self) -> String {
        let Histogram { name, key } = self.random.pick(&self.histograms);
        if let (Some(key), Family::Bpf, true) = (&key, self.family, self.random.percent(10)) {
            let key = self.small(key, 1);
            return match self.random.below(2) {
                0 => format!("g0 = mix(g0, {name}.delete({key}) as u64)"),
                _ => format!("delete {name}[{key}]"),
            };
        }
        let mut args: Vec<String> = key.iter().map(|key| self.small(key, 1)).collect();
        let ty = self.int_type();
        args.push(match self.random.below(4) {
            0 => {
                let least = if matches!(ty, Ty::Int { signed: true, .. }) { -70 } else { 0 };
                format!("({}) as {}", self.random.between(least, 70), self.type_name(&ty))
            }
            _ => self.value_of(&ty, 2),
        });
        if self.random.percent(30) {
            args.push(format!("times: {}", self.value_of(&U64, 1)));
        }
        format!("{name}.add({})", args.join(", "))
    }

    /// What is read of all histograms in user space: statements that add to `sum`.
    pub fn histogram_contents(&self) -> String {
        let read = |of: &str, into: &str| {
            format!(
                "    var {into}: u64 = 7\n    for (low, n in {of}) {into} = mix(mix({into}, low as u64), n)\n    \
                 {into} = mix(mix({into}, {of}.count()), {of}.sum() as u64)\n"
            )
        };
        let one = |Histogram { name, key }: &Histogram| {
            let Some(key) = key else { return format!("{}    sum += c{name}\n", read(name, &format!("c{name}"))) };
            let key = self.folded("c", "k", key);
            format!("    for (k, v in {name}) {{\n{}{key}    sum += c\n    }}\n", read("v", "c"))
        };
        self.histograms.iter().map(one).collect()
    }
}
