//! Ends the process if nothing takes what was thrown.

use super::Lowering;
use crate::ir::Value;
use crate::types::Ty;

impl Lowering<'_> {
    /// Ends the process: reports what was thrown, and where. The region has no end yet.
    pub(super) fn uncaught(&mut self) {
        let place = self.thrown();
        let mut b = self.builder();
        let thrown = b.ks_load(place, Ty::U64);
        let half = b.ks_const(32, Ty::U64);
        let line = b.ks_shr(thrown, half, Ty::U64);
        let (code, line) = (b.arith_cast(thrown, Ty::I32), b.arith_cast(line, Ty::U32));
        if !self.program.cancels {
            return self.complain(code, line);
        }
        let signal = self.is_signal(thrown);
        let mut b = self.builder();
        let (then, then_block) = b.region(&[]);
        let (otherwise, otherwise_block) = b.region(&[]);
        let outer = std::mem::replace(&mut self.at, then_block);
        let mut b = self.builder();
        b.host_exit(code);
        b.done();
        self.at = otherwise_block;
        self.complain(code, line);
        self.builder().done();
        self.at = outer;
        self.builder().ks_if(signal, &[], vec![then, otherwise]);
    }

    /// Reports the code that was thrown, with the file and line of the throw, and ends the process.
    fn complain(&mut self, code: Value, line: Value) {
        let program = self.program;
        match program.files.as_slice() {
            [] => return,
            [(file, _)] => return self.complain_of(file, 0, code, line),
            [_, ..] => {}
        }
        let outer = self.at;
        let (mut cases, mut regions, mut before) = (Vec::new(), Vec::new(), 0);
        for (at, (file, lines)) in program.files.iter().enumerate() {
            cases.extend([before + 1, before + lines, at as i128]);
            let (region, block) = self.builder().region(&[]);
            self.at = block;
            self.complain_of(file, before, code, line);
            self.builder().done();
            before += lines;
            regions.push(region);
        }
        let (none, block) = self.builder().region(&[]);
        self.at = block;
        self.builder().done();
        regions.push(none);
        self.at = outer;
        self.builder().ks_match(line, &cases, &[], regions);
    }

    fn complain_of(&mut self, file: &[u8], before: i128, code: Value, line: Value) {
        let mut b = self.builder();
        let before = b.ks_const(before, Ty::U32);
        let line = b.arith_sub(line, before, Ty::U32);
        b.host_uncaught(code, line, file);
    }
}
