//! What may stand in the place of a name that is not written yet (`Uses::asking`), for completion in editors.

use super::Checker;
use super::exprs::strip;
use super::helper_calls::is_callable;
use super::variables::Name;
use crate::ast::walk::Node;
use crate::ast::{self, ExprKind as Ast};
use crate::sema::env::Entity;
use crate::sema::meanings::of_declared;
use crate::sema::tree::{MapId, Role};
use crate::tables::{BUILTINS, HELPERS, HelperSpec, MAP_METHODS, MethodOwner};
use crate::types::{StructId, Ty};
use crate::uses::{Candidate, Gap, Meaning};

impl Checker<'_, '_> {
    /// Answers if the name that is asked about is in the statement, but not in a statement inside it.
    pub fn fill_gap(&mut self, stmt: &ast::Stmt) {
        if self.cx.uses.is_open() {
            Node::Stmt(stmt).parts().into_iter().for_each(|part| self.fill_gap_in(part));
        }
    }

    fn fill_gap_in(&mut self, node: Node) {
        let Node::Expr(expr) = node else { return };
        if let Ast::Name(path) = &expr.kind
            && let Some((name, before)) = path.segments.split_last()
            && self.cx.uses.asks(name.span)
        {
            match before.last() {
                Some(owner) => self.variants_of(owner),
                None => self.values_here(),
            }
        } else if let Ast::Field { base, name, .. } = &expr.kind
            && self.cx.uses.asks(name.span)
        {
            self.members_of(base);
        } else if let Ast::Struct { name, fields, .. } = &expr.kind
            && fields.iter().any(|field| self.cx.uses.asks(field.name.span))
        {
            self.fields_left(name, fields);
        }
        node.parts().into_iter().for_each(|part| self.fill_gap_in(part));
    }

    fn fill(&self, candidates: Vec<Candidate>) {
        self.cx.uses.fill(Gap { candidates, kernel_types: false });
    }

    /// Variables, what the file and the language declare, and the functions that this side may call.
    fn values_here(&mut self) {
        let mut found: Vec<Candidate> = Vec::new();
        for block in self.vars.blocks.iter() {
            for (name, meaning) in block.names() {
                let meaning = match meaning {
                    Name::Local(id) => Meaning::Local { declared: self.vars[*id].span, ty: self.vars[*id].ty },
                    Name::Const { ty, span, .. } => Meaning::Local { declared: *span, ty: ty.unwrap_or(Ty::ERROR) },
                    Name::Broken { .. } => continue,
                };
                found.push(Candidate { name: name.clone(), meaning });
            }
        }
        for name in self.env.all_names(self.module) {
            let declared = self.env.lookup(self.module, &name);
            if let Some(meaning) = declared.and_then(|declared| of_declared(&self.cx.types, declared, &name)) {
                found.push(Candidate { name, meaning });
            }
        }
        let in_bpf = self.targets.any(|on| on.verified);
        let in_host = self.targets.any(|on| !on.in_kernel);
        let builtins = BUILTINS.iter().filter(|builtin| {
            builtin.supported && (in_bpf && builtin.bpf.is_some() || in_host || builtin.host.is_none())
        });
        found.extend(builtins.map(|spec| Candidate { name: spec.name.to_owned(), meaning: Meaning::Builtin(spec) }));
        if in_bpf {
            let helpers = HELPERS.iter().filter(|helper| is_callable(helper) && self.may_call(helper));
            found.extend(helpers.map(|spec| Candidate { name: spec.name.to_owned(), meaning: Meaning::Helper(spec) }));
        }
        self.fill(found);
    }

    /// Whether programs of the type of this function may call the helper; a function without a type asks nothing.
    fn may_call(&self, helper: &'static HelperSpec) -> bool {
        let Role::Program(role) = &self.env.program.func(self.func).role else { return true };
        role.spec.may_call(helper).is_some()
    }

    fn variants_of(&mut self, owner: &ast::Ident) {
        let Some(Entity::Type(ty)) = self.file_entity(&owner.name) else { return };
        let ty = *ty;
        let Some(of) = self.enum_id(ty) else { return };
        let variants = self.cx.types.enum_def(of).variants.iter().enumerate();
        let found = variants
            .map(|(variant, def)| Candidate { name: def.name.clone(), meaning: Meaning::Variant { of, variant } });
        let found = found.collect();
        self.fill(found);
    }

    fn members_of(&mut self, base: &ast::Expr) {
        if let Some(import) = self.import_named(base) {
            let module = self.env.imports.used(import);
            let public = self.env.names.get(module.0 as usize).into_iter().flatten();
            let public = public.filter(|(name, _)| self.env.imports.is_public(module, name));
            let found = public.filter_map(|(name, declared)| {
                let meaning = of_declared(&self.cx.types, declared, name)?;
                Some(Candidate { name: name.clone(), meaning })
            });
            let found = found.collect();
            return self.fill(found);
        }
        if let Some(map) = self.map_named(base) {
            let found = self.methods_of_map(map, false);
            return self.fill(found);
        }
        if let Some(config) = self.config_named(base) {
            let found = self.fields_of(self.env.program.config(config).ty);
            return self.fill(found);
        }
        let mut found = match self.map_entry(base) {
            Some((map, _)) => self.methods_of_map(map, true),
            None => Vec::new(),
        };
        let ty = self.typed(strip(base), None).ty;
        let of = self.pointer(ty).map_or(ty, |pointer| pointer.to);
        if let Some(id) = self.struct_id(of) {
            found.extend(self.fields_of(id));
        }
        let receivers = [
            (MethodOwner::Context, self.context_spec(ty).is_some()),
            (MethodOwner::View, ty == Ty::BYTES),
            (MethodOwner::Packet, self.is_packet(of)),
            (MethodOwner::Network, self.be_bits(ty).is_some()),
        ];
        for (receiver, _) in receivers.into_iter().filter(|(_, is_such)| *is_such) {
            found.extend(
                receiver
                    .methods()
                    .map(|spec| Candidate { name: spec.word().to_owned(), meaning: Meaning::Method(spec) }),
            );
        }
        if ty == Ty::F64 {
            let methods = BUILTINS.iter().filter(|builtin| builtin.method);
            found.extend(methods.map(|spec| Candidate { name: spec.name.to_owned(), meaning: Meaning::Builtin(spec) }));
        }
        self.fill(found);
    }

    fn methods_of_map(&self, map: MapId, of_entry: bool) -> Vec<Candidate> {
        let kind = self.env.program.map(map).kind;
        let methods = MAP_METHODS.iter().filter(|method| !method.function && method.entry == of_entry);
        let methods = methods.filter(|method| kind.can(method.needs) && !method.indexed);
        let found = methods.map(|method| Candidate {
            name: method.written.unwrap_or(method.name).to_owned(),
            meaning: Meaning::MapMethod(kind, method),
        });
        found.collect()
    }

    /// All fields of a struct; those of the kernel's are read from its types.
    fn fields_of(&mut self, of: StructId) -> Vec<Candidate> {
        let cx = &mut *self.site.cx;
        for name in cx.kernel_types.field_names(of) {
            // What cannot be read is not proposed.
            let _ = cx.kernel_types.field(&mut cx.types, of, &name);
        }
        let fields = self.cx.types.struct_def(of).fields.iter().enumerate();
        let found =
            fields.map(|(field, def)| Candidate { name: def.name.clone(), meaning: Meaning::Field { of, field } });
        found.filter(|candidate| !candidate.name.is_empty()).collect()
    }

    fn fields_left(&mut self, name: &ast::Path, given: &[ast::FieldInit]) {
        let ty = ast::Type { kind: ast::TypeKind::Named(name.clone()), span: name.span };
        let ty = self.resolve_local(&ty);
        let Some(of) = self.struct_id(ty) else { return };
        let mut found = self.fields_of(of);
        found.retain(|field| given.iter().all(|given| given.name.name != field.name));
        self.fill(found);
    }
}
