//! What `--metrics` serves.

use super::{Parse, Parser};
use crate::ir::{MetricDecl, MetricNumber};

impl Parser<'_> {
    /// `metric @stats : u32 "Packets" { counter "", gauge "When" }`, `metric @sizes : void "" steps 0 100 10 { }`
    pub(super) fn metric(&mut self) -> Parse<MetricDecl> {
        let of = self.symbol()?.into();
        self.expect(":")?;
        let (key, docs) = (self.ty()?, self.text()?);
        let steps = if self.eat_word("steps") { Some([self.int()?, self.int()?, self.int()?]) } else { None };
        let mut numbers = Vec::new();
        self.expect("{")?;
        while !self.eat("}") {
            let grows = self.eat_word("counter");
            if !grows && !self.eat_word("gauge") {
                return self.stop("a number is a counter or a gauge");
            }
            numbers.push(MetricNumber { docs: self.text()?, grows });
            self.eat(",");
        }
        Ok(MetricDecl { of, key, docs, steps, numbers })
    }
}
