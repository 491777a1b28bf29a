//! The variables of a body, their names, and the facts about each.

use super::after_headers::Header;
use super::blocks::Blocks;
use super::deleted_entries::Key;
use super::viewed::Viewed;
use crate::sema::tree::{Const, FuncId, Local, LocalId, MapId};
use crate::source::Span;
use crate::tables::FieldRole;
use crate::types::Ty;
use std::collections::HashMap;
use std::ops::{Index, IndexMut};

/// The meaning of a local name.
#[derive(Clone)]
pub(super) enum Name {
    Local(LocalId),
    /// `const` in a block; without a type it is as a literal.
    Const {
        value: Const,
        ty: Option<Ty>,
        span: Span,
    },
    /// Its declaration was reported.
    Broken {
        span: Span,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum LocalKind {
    Param,
    NamedResult,
    Var,
    LoopVariable,
    /// Bound to a map entry, which it names.
    Entry,
    /// Bound to a map that a map of maps holds.
    InnerMap,
    /// Bound to a pointer that was tested.
    Tested,
    /// The code that a `catch` takes.
    Caught,
    /// Made by the compiler.
    Hidden,
}

/// A variable, and what is known of it.
pub(super) struct Variable {
    pub name: String,
    pub ty: Ty,
    pub span: Span,
    pub kind: LocalKind,
    pub read: bool,
    /// The hidden bool of a copy of a map entry: whether the entry was there.
    pub present: Option<LocalId>,
    /// The last write to a copy of a map entry that nothing has read since.
    pub written: Option<Span>,
    /// Depth of loops around the declaration.
    pub loops: usize,
    /// `ctx->data` and the like, with the context it is of.
    pub packet: Option<(FieldRole, LocalId)>,
    /// The hidden variable with the bytes before the place in the packet to which this one points.
    pub packet_offset: Option<LocalId>,
    /// The header in the packet that it points to.
    pub header: Option<Header>,
    /// It got its value from `ctx.packet`: following it without a test is an error.
    pub must_test: bool,
    /// It was indexed as a pointer into an object whose size was known.
    pub indexed: bool,
    /// It holds a program, not a value: see `program_values`.
    pub holds_program: bool,
    /// The program whose handle this is.
    pub program: Option<FuncId>,
    /// The map whose entry it is bound to, and the entry's key.
    pub map: Option<MapId>,
    pub key: Option<Key>,
    /// The per-CPU map that a loop goes through, where this is its variable for the entries, and the variable for the keys.
    pub each_cpu: Option<(MapId, LocalId)>,
    /// How often it was assigned to after its declaration.
    pub assigned: u32,
    /// `&x` was written somewhere: others may change it.
    pub address_taken: bool,
    /// Something deferred reads it when the function ends.
    pub deferred: bool,
    /// It may hold the address of a local: as a pointer, or in a field or element.
    pub holds_stack: bool,
    /// For a `bytes`: the memory that it views.
    pub viewed: Option<Viewed>,
    /// It is bound to a record with bytes after the value.
    pub has_tail: bool,
    /// It has no type, and begins with a text, which says how long it is.
    pub is_as_first: bool,
    /// The values that a loop variable takes, where the compiler knows them.
    pub range: Option<(i128, i128)>,
}

/// All variables so far, in order of declaration, and the names that are visible at a point.
#[derive(Default)]
pub(super) struct Variables {
    all: Vec<Variable>,
    pub blocks: Blocks,
    /// The last variable of each name whose block has ended: where it was declared.
    ended: HashMap<String, (Span, LocalKind)>,
}

impl Index<LocalId> for Variables {
    type Output = Variable;

    fn index(&self, id: LocalId) -> &Variable {
        &self.all[id.0 as usize]
    }
}

impl IndexMut<LocalId> for Variables {
    fn index_mut(&mut self, id: LocalId) -> &mut Variable {
        &mut self.all[id.0 as usize]
    }
}

impl Variables {
    /// Each variable with its id, in order of declaration.
    pub fn iter(&self) -> impl Iterator<Item = (LocalId, &Variable)> {
        (0..).map(LocalId).zip(&self.all)
    }

    /// Each variable, in order of declaration.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Variable> {
        self.all.iter_mut()
    }

    /// The number of variables: the id of the next one.
    pub fn len(&self) -> u32 {
        self.all.len() as u32
    }

    /// What the typed tree keeps of them.
    pub fn into_locals(self) -> Vec<Local> {
        self.all.into_iter().map(|Variable { name, ty, span, .. }| Local { name, ty, span }).collect()
    }

    /// Adds a variable without a name that leads to it, declared at this depth of loops.
    pub fn add(&mut self, Local { name, ty, span }: Local, kind: LocalKind, loops: usize) -> LocalId {
        let id = LocalId(self.len());
        self.all.push(Variable {
            name,
            ty,
            span,
            kind,
            read: ty == Ty::ERROR,
            present: None,
            written: None,
            loops,
            packet: None,
            packet_offset: None,
            header: None,
            must_test: false,
            indexed: false,
            holds_program: false,
            program: None,
            map: None,
            key: None,
            each_cpu: None,
            assigned: 0,
            address_taken: false,
            deferred: false,
            holds_stack: false,
            has_tail: false,
            viewed: (ty == Ty::BYTES).then_some(Viewed::By(id)),
            is_as_first: false,
            range: None,
        });
        id
    }

    /// Leaves the innermost block; returns its variables.
    pub fn leave_block(&mut self) -> Vec<LocalId> {
        let Some(block) = self.blocks.pop() else { return Vec::new() };
        for (name, of) in block.names() {
            let kind = if let &Name::Local(id) = of { self[id].kind } else { LocalKind::Var };
            if !matches!(of, Name::Broken { .. }) {
                self.ended.insert(name.clone(), (self.bound_at(of), kind));
            }
        }
        block.locals().to_vec()
    }

    /// The last variable of a name whose block has ended: where it was declared.
    pub fn ended(&self, name: &str) -> Option<&(Span, LocalKind)> {
        self.ended.get(name)
    }

    /// Where a name got its meaning.
    pub fn bound_at(&self, name: &Name) -> Span {
        match name {
            Name::Local(id) => self[*id].span,
            Name::Const { span, .. } | Name::Broken { span } => *span,
        }
    }

    /// The meaning of a name in the innermost block that declares it; none if no block does.
    pub fn local_name(&self, name: &str) -> Option<&Name> {
        self.blocks.find(name)
    }

    /// The variable of a name; none if the name means something else.
    pub fn local_of(&self, name: &str) -> Option<LocalId> {
        match self.local_name(name) {
            Some(Name::Local(id)) => Some(*id),
            Some(Name::Const { .. } | Name::Broken { .. }) | None => None,
        }
    }

    /// The locals of all blocks around, hidden ones by name too.
    pub fn visible_locals(&self) -> Vec<LocalId> {
        self.blocks.iter().flat_map(|block| block.locals().iter().copied()).collect()
    }
}
