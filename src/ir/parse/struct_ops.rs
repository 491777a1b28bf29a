//! Tables of functions for the kernel.

use super::{Parse, Parser};
use crate::ir::{OpsMember, OpsValue, StructOps};

impl Parser<'_> {
    /// `@reno : tcp_congestion_ops { ssthresh = @reno_ssthresh, flags : u32 = hex(01000000) }`
    pub(super) fn struct_ops(&mut self) -> Parse<StructOps> {
        let span = self.span();
        let name = self.symbol()?;
        self.expect(":")?;
        let of = self.word()?;
        let mut members = Vec::new();
        self.expect("{")?;
        while !self.eat("}") {
            let name = self.word()?;
            let ty = if self.eat(":") { Some(self.ty()?) } else { None };
            self.expect("=")?;
            let value = match ty {
                Some(ty) => OpsValue::Data { ty, init: self.image(ty)? },
                None => OpsValue::Program(self.symbol()?.into()),
            };
            members.push(OpsMember { name, value });
            self.eat(",");
        }
        Ok(StructOps { name: name.into(), of, members, span })
    }
}
