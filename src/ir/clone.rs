//! Copies of structured code, to another function or in the same one.

use super::{BlockId, Function, OpData, RegionId, Value, ValueData, ValueDef};
use std::collections::HashMap;

/// Copies the ops of a block, and all in their regions, to the end of `into`. `values` maps the values that are defined
/// outside to those of the copy; the values defined inside are added to it.
pub fn ops(from: &Function, block: BlockId, to: &mut Function, into: BlockId, values: &mut HashMap<Value, Value>) {
    for &op in &from.blocks[block].ops {
        let data = &from.ops[op];
        let operands = data.operands.iter().map(|o| {
            let Some(&value) = values.get(o) else { crate::bug!("copied code uses a value of outside") };
            value
        });
        let copy = OpData {
            operands: operands.collect(),
            results: Vec::new(),
            regions: Vec::new(),
            block: into,
            ..data.clone()
        };
        let copy = to.ops.push(copy);
        to.blocks[into].ops.push(copy);
        for (index, &result) in data.results.iter().enumerate() {
            let def = ValueDef::Result(copy, index as u32);
            let value = to.values.push(ValueData { ty: from.ty(result), def });
            to.ops[copy].results.push(value);
            values.insert(result, value);
        }
        for &inner in &data.regions {
            let copied = region(from, inner, to, values);
            to.regions[copied].parent = Some(copy);
            to.ops[copy].regions.push(copied);
        }
    }
}

fn region(from: &Function, region: RegionId, to: &mut Function, values: &mut HashMap<Value, Value>) -> RegionId {
    let copy = to.add_region();
    let block = from.only_block(region);
    let args = &from.blocks[block].args;
    let types: Vec<_> = args.iter().map(|&arg| from.ty(arg)).collect();
    let into = to.add_block(copy, &types);
    values.extend(std::iter::zip(args.iter().copied(), to.blocks[into].args.clone()));
    ops(from, block, to, into, values);
    copy
}

/// A copy of a structured region in its own function, which hangs nowhere yet. Values of outside stay what they are.
pub fn region_of(func: &mut Function, region: RegionId) -> RegionId {
    region_again(func, region, &mut HashMap::new())
}

fn region_again(func: &mut Function, region: RegionId, values: &mut HashMap<Value, Value>) -> RegionId {
    let copy = func.add_region();
    let block = func.only_block(region);
    let args = func.blocks[block].args.clone();
    let types: Vec<_> = args.iter().map(|&arg| func.ty(arg)).collect();
    let into = func.add_block(copy, &types);
    values.extend(std::iter::zip(args, func.blocks[into].args.clone()));
    for op in func.blocks[block].ops.clone().take() {
        let data = func.ops[op].clone();
        let operands = data.operands.iter().map(|operand| *values.get(operand).unwrap_or(operand)).collect();
        let made =
            func.ops.push(OpData { operands, results: Vec::new(), regions: Vec::new(), block: into, ..data.clone() });
        func.blocks[into].ops.push(made);
        for (index, &result) in data.results.iter().enumerate() {
            let def = ValueDef::Result(made, index as u32);
            let value = func.values.push(ValueData { ty: func.ty(result), def });
            func.ops[made].results.push(value);
            values.insert(result, value);
        }
        for inner in data.regions {
            let inner = region_again(func, inner, values);
            func.regions[inner].parent = Some(made);
            func.ops[made].regions.push(inner);
        }
    }
    copy
}
