//! Regions, blocks and ops.

use super::lex::Token;
use super::{Parse, Parser, Stop};
use crate::ir::{Attr, BlockId, Builder, Function, Loc, OpId, Opcode, RegionId, Value};
use crate::tables::{AttrKind, AttrSpec};

impl Parser<'_> {
    /// `{ … }`: the blocks of a region. The function's own region has its entry block already.
    pub(super) fn region(&mut self, func: &mut Function, region: RegionId) -> Parse<()> {
        self.expect("{")?;
        let mut block = None;
        while !self.eat("}") {
            if let Token::Block(number) = *self.peek() {
                self.at += 1;
                block = Some(self.label(func, region, number)?);
            } else {
                let into = match block {
                    Some(block) => block,
                    None => self.first_block(func, region),
                };
                block = Some(into);
                self.op(func, into)?;
            }
        }
        if func.regions[region].blocks.is_empty() {
            func.add_block(region, &[]);
        }
        Ok(())
    }

    fn first_block(&mut self, func: &mut Function, region: RegionId) -> BlockId {
        match func.regions[region].blocks.first() {
            Some(&block) => block,
            None => func.add_block(region, &[]),
        }
    }

    /// `^3(%4: T, …):` after its first token
    fn label(&mut self, func: &mut Function, region: RegionId, number: Option<u32>) -> Parse<BlockId> {
        let entry = func.entry();
        let is_entry =
            region == func.body && func.blocks[entry].ops.is_empty() && !self.blocks.values().any(|&b| b == entry);
        let block = match number.and_then(|n| self.blocks.get(&n).copied()) {
            Some(block) => {
                if func.regions[func.blocks[block].region].blocks.contains(&block) {
                    return self.stop("another block has this label too");
                }
                func.blocks[block].region = region;
                func.regions[region].blocks.push(block);
                block
            }
            None if is_entry => entry,
            None => func.add_block(region, &[]),
        };
        if let Some(number) = number {
            self.blocks.insert(number, block);
        }
        if self.eat("(") {
            while !self.eat(")") {
                let Token::Value(number) = self.next() else {
                    return self.stop("a block's argument starts with its value");
                };
                self.expect(":")?;
                let ty = self.ty()?;
                let value = func.add_block_arg(block, ty);
                self.values.insert(number, value);
                self.eat(",");
            }
        }
        self.expect(":")?;
        Ok(block)
    }

    /// After a function's last block: each that is gone to has been there.
    pub(super) fn check_labels(&self, func: &Function) -> Parse<()> {
        let absent = |block: BlockId| !func.regions[func.blocks[block].region].blocks.contains(&block);
        match self.blocks.iter().filter(|&(_, &block)| absent(block)).map(|(number, _)| number).min() {
            Some(number) => self.stop(format!("no block `^{number}` in this function")),
            None => Ok(()),
        }
    }

    /// A block by number; one that is not there yet gets its region when its label comes.
    fn block(&mut self, func: &mut Function, number: u32) -> BlockId {
        if let Some(&block) = self.blocks.get(&number) {
            return block;
        }
        let region = func.body;
        let block = func.add_block(region, &[]);
        func.regions[region].blocks.pop();
        self.blocks.insert(number, block);
        block
    }

    fn op(&mut self, func: &mut Function, block: BlockId) -> Parse<()> {
        let lo = self.span();
        let results = self.results()?;
        let name_span = self.span();
        let name = self.word()?;
        let Some(opcode) = Opcode::from_name(&name) else {
            return Err(Stop { span: name_span, why: format!("there is no op `{name}`") });
        };
        let spec = opcode.spec();
        let operands = self.operands()?;
        let attrs = if spec.attrs.is_empty() { Vec::new() } else { self.attrs(spec.attrs)? };
        let mut types = Vec::new();
        if !results.is_empty() {
            self.expect(":")?;
            for index in 0..results.len() {
                if index > 0 {
                    self.expect(",")?;
                }
                types.push(self.ty()?);
            }
        }
        let successors = self.successors(func)?;
        let loc = Loc { span: lo.to(self.last_span()), made_by: None };
        let op = Builder::at_end(func, block, loc).insert(opcode, operands, attrs, &types, Vec::new(), successors);
        for (index, number) in results.into_iter().enumerate() {
            let value = func.ops[op].results[index];
            self.values.insert(number, value);
        }
        if !spec.regions.is_empty() {
            self.op_regions(func, op)?;
        }
        Ok(())
    }

    /// `%1, %2 =`
    fn results(&mut self) -> Parse<Vec<u32>> {
        let mut results = Vec::new();
        while let Token::Value(number) = *self.peek() {
            self.at += 1;
            results.push(number);
            if !self.eat(",") {
                self.expect("=")?;
                break;
            }
        }
        Ok(results)
    }

    /// Whether the values here are the results of the next op: behind an op without operands nothing else tells them from operands.
    fn results_begin(&self) -> bool {
        let mut tokens = self.tokens[self.at..].iter().map(|token| &token.token);
        while let Some(Token::Value(_)) = tokens.next() {
            match tokens.next() {
                Some(Token::Punct(",")) => {}
                Some(Token::Punct("=")) => return true,
                _ => break,
            }
        }
        false
    }

    fn operands(&mut self) -> Parse<Vec<Value>> {
        let mut operands = Vec::new();
        while let Token::Value(number) = *self.peek() {
            if self.results_begin() {
                break;
            }
            let Some(&value) = self.values.get(&number) else {
                return self.stop(format!("no value `%{number}` before this op"));
            };
            operands.push(value);
            self.at += 1;
            if !self.eat(",") {
                break;
            }
        }
        Ok(operands)
    }

    /// `{name = value, …}`, in the order of the record
    fn attrs(&mut self, specs: &[AttrSpec]) -> Parse<Vec<Attr>> {
        let mut attrs = Vec::new();
        self.expect("{")?;
        for (index, spec) in specs.iter().enumerate() {
            if index > 0 {
                self.expect(",")?;
            }
            self.key(spec.name)?;
            attrs.push(self.attr(spec.kind)?);
        }
        self.expect("}")?;
        Ok(attrs)
    }

    fn attr(&mut self, kind: AttrKind) -> Parse<Attr> {
        Ok(match kind {
            AttrKind::Int => Attr::Int(self.int()?),
            AttrKind::Bool => {
                let yes = self.eat_word("true");
                if !yes && !self.eat_word("false") {
                    return self.stop("true or false is expected here");
                }
                Attr::Bool(yes)
            }
            AttrKind::Str => Attr::Str(self.string()?),
            AttrKind::Symbol => Attr::Symbol(self.symbol()?.into()),
            AttrKind::Type => Attr::Type(self.ty()?),
            AttrKind::Word => Attr::Word(self.word()?.into()),
            AttrKind::Ints => {
                let mut values = Vec::new();
                self.expect("[")?;
                while !self.eat("]") {
                    values.push(self.int()?);
                    self.eat(",");
                }
                Attr::Ints(values)
            }
        })
    }

    fn successors(&mut self, func: &mut Function) -> Parse<Vec<BlockId>> {
        let mut successors = Vec::new();
        while let Token::Block(Some(number)) = *self.peek() {
            // A label of the next block ends in a colon or has arguments; a successor does neither.
            if matches!(self.tokens[self.at + 1].token, Token::Punct(":" | "(")) {
                break;
            }
            self.at += 1;
            successors.push(self.block(func, number));
            if !self.eat(",") {
                break;
            }
        }
        Ok(successors)
    }

    fn op_regions(&mut self, func: &mut Function, op: OpId) -> Parse<()> {
        while matches!(self.peek(), Token::Punct("{")) {
            let region = func.add_region();
            func.regions[region].parent = Some(op);
            func.ops[op].regions.push(region);
            self.region(func, region)?;
        }
        Ok(())
    }
}
