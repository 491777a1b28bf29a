//! The engine on small functions, with an analysis of the stores that may be on a path.

use super::*;
use crate::ir::flow::Step;
use crate::ir::ops::KsConst;
use crate::ir::{Function, Module, Opcode, parse};
use crate::session::{Options, Session};
use std::path::Path;

/// `ks.scope` whose body stores 1 or returns; its clean-up stores 2; a loop behind it stores 3, and on some paths 4.
const TEXT: &str = r#"module @m license="GPL" {
  func @f(%0 "c": i1, %1 "p": place<u32, stack>) -> void plain {
    ks.scope {
      ks.if %0 {
        %2 = ks.const {value = 1} : u32
        ks.store %1, %2
        ks.yield
      } {
        ks.return
      }
      ks.yield
    } {
      %3 = ks.const {value = 2} : u32
      ks.store %1, %3
      ks.yield
    }
    ks.while {
      ks.yield %0
    } {
      %4 = ks.const {value = 3} : u32
      ks.store %1, %4
      ks.if %0 {
        ks.break
      } {
        ks.yield
      }
      %5 = ks.const {value = 4} : u32
      ks.store %1, %5
      ks.yield
    }
    ks.return
  }
}
"#;

fn module() -> Module {
    let mut cx = Session::new(Options::default());
    let file = cx.sources.add("m.ksir", Path::new("m.ksir"), TEXT.to_owned());
    parse::module(&mut cx, file).expect("the text is a module")
}

struct Stores<'f>(&'f Function);

impl Stores<'_> {
    /// The number that an op stores.
    fn number(&self, op: OpId) -> Option<i128> {
        let data = &self.0.ops[op];
        let value = (data.opcode == Opcode::KsStore).then(|| data.operands[1])?;
        self.0.def(value).map(|op| KsConst::of(&self.0.ops[op]).value())
    }
}

impl Analysis for Stores<'_> {
    type State = BTreeSet<i128>;

    fn step(&mut self, op: OpId, state: &mut BTreeSet<i128>) {
        state.extend(self.number(op));
    }
}

/// The states at the store of each number.
fn at_stores(func: &Function, facts: &Facts<'_, BTreeSet<i128>>) -> BTreeMap<i128, Vec<Vec<i128>>> {
    let mut found: BTreeMap<i128, Vec<Vec<i128>>> = BTreeMap::new();
    facts.visit(&mut Stores(func), |stores, (point, state)| {
        if let Point::Op(op) = point
            && let Some(number) = stores.number(op)
        {
            found.entry(number).or_default().push(state.iter().copied().collect());
        }
    });
    found
}

#[test]
fn what_may_have_been_stored_before() {
    let module = module();
    let func = &module.funcs[0];
    let graph = Graph::of(func);
    let facts = forward(&graph, &mut Stores(func), BTreeSet::new());
    let found = at_stores(func, &facts);
    assert_eq!(found[&1], [vec![]]);
    // The clean-up runs for the return, and at the end of the body.
    let mut cleanups = found[&2].clone();
    cleanups.sort();
    assert_eq!(cleanups, [vec![], vec![1]]);
    assert_eq!(found[&3], [vec![1, 2, 3, 4]]);
    assert_eq!(facts.at_end(), Some(&BTreeSet::from([1, 2, 3, 4])));
}

#[test]
fn what_may_be_stored_after() {
    let module = module();
    let func = &module.funcs[0];
    let graph = Graph::of(func);
    let facts = backward(&graph, &mut Stores(func), &BTreeSet::new());
    let found = at_stores(func, &facts);
    assert_eq!(found[&1], [vec![2, 3, 4]]);
    assert_eq!(found[&4], [vec![3, 4]]);
    assert_eq!(facts.at_end(), Some(&BTreeSet::from([1, 2, 3, 4])));
}

#[test]
fn a_region_alone() {
    let module = module();
    let func = &module.funcs[0];
    let is_while = |op: &OpId| func.ops[*op].opcode == Opcode::KsWhile;
    let body = func.ops[func.walk().into_iter().find(is_while).expect("there is a loop")].regions[1];
    let graph = Graph::of_region(func, body);
    let facts = forward(&graph, &mut Stores(func), BTreeSet::new());
    assert_eq!(at_stores(func, &facts).keys().copied().collect::<Vec<_>>(), [3, 4]);
    assert_eq!(facts.at_end(), Some(&BTreeSet::from([3, 4])));
}

#[test]
fn a_path_begins_where_the_fact_does() {
    let module = module();
    let func = &module.funcs[0];
    let graph = Graph::of(func);
    let mut stores = Stores(func);
    let facts = forward(&graph, &mut stores, BTreeSet::new());
    let path =
        facts.path(&mut stores, (|op| Stores(func).number(op) == Some(3), graph.end()), |state| state.contains(&3));
    let path = path.expect("there is such a path");
    let names: Vec<&str> = path.iter().map(|edge| func.ops[edge.by].opcode.name()).collect();
    assert_eq!(names, ["ks.if", "ks.break", "ks.return"]);
    assert!(matches!(path[0].step, Step::Into(_, 0)));
}

#[test]
fn members_flow_in_circles() {
    let mut sets = inclusion::Inclusion::default();
    assert!(sets.flow(1, 2) && sets.flow(2, 1) && sets.flow(2, 3));
    assert!(!sets.flow(1, 2));
    sets.add(1, 'a');
    sets.add(3, 'b');
    sets.settle();
    sets.add(2, 'c');
    sets.settle();
    let of = |cell| sets.members(cell).copied().collect::<String>();
    assert_eq!([of(1), of(2), of(3)], ["ac", "ac", "abc"]);
}
