//! What owns objects, as the kernel finds it in BTF: pointers with the type tag `kptr`, lists and trees with a declaration tag that
//! names what they contain (`btf_parse_fields` of kernel/bpf/btf.c).

use super::{Debug, Node, identifier};
use crate::session::Session;
use crate::types::{LINK, Origin, Ty, TyKind};
use llvm_sys::core::{LLVMMDNodeInContext2, LLVMMDStringInContext2, LLVMMetadataAsValue, LLVMReplaceMDNodeOperandWith};
use llvm_sys::debuginfo::LLVMDIBuilderCreatePointerType;

/// The operand of a `DIDerivedType` that has its annotations.
const ANNOTATIONS: u32 = 7;

/// In no other pointer's node, since the annotation changes the node that all equal pointers share. BTF has no alignment.
const TAGGED_ALIGN: u32 = 64;

impl Debug {
    /// The node of a type that owns objects.
    pub(super) fn owner(&mut self, cx: &Session, ty: Ty) -> Option<Node> {
        let (origin, object) = cx.types.owner(ty)?;
        let file = self.any_file(cx);
        if origin != Origin::Kptr {
            let name = if origin == Origin::Tree { "bpf_rb_root" } else { "bpf_list_head" };
            return Some(self.structure(file, 0, name, cx.types.size_of(ty) * 8, &mut []));
        }
        let TyKind::Ptr { to, .. } = cx.types.kind(object) else { crate::bug!("an owner of what is no object") };
        // The kernel finds its own struct by the name alone, which has no flavour.
        let pointee = match cx.types.is_relocated(to) {
            true => self.structure(file, 0, &cx.types.name(to), 0, &mut []),
            false => self.ty(cx, to),
        };
        // SAFETY: `builder` is live, and the node is of its context.
        let pointer =
            unsafe { LLVMDIBuilderCreatePointerType(self.builder, pointee, 64, TAGGED_ALIGN, 0, c"".as_ptr(), 0) };
        self.annotate(pointer, "btf_type_tag", "kptr");
        Some(pointer)
    }

    /// Says of a field that is a list or a tree what it contains.
    pub(super) fn mark_owner(&self, cx: &Session, ty: Ty, member: Node) {
        let Some((_, object)) = cx.types.owner(ty).filter(|(origin, _)| origin.has_links()) else { return };
        let TyKind::Ptr { to, .. } = cx.types.kind(object) else { crate::bug!("an owner of what is no object") };
        let contains = format!("contains:{}:{LINK}", identifier(&cx.types.name(to)));
        self.annotate(member, "btf_decl_tag", &contains);
    }

    fn annotate(&self, node: Node, kind: &str, text: &str) {
        let string = |text: &str| {
            // SAFETY: the context is live, and the length is the text's.
            unsafe { LLVMMDStringInContext2(self.context, super::text(text), text.len()) }
        };
        let list = |nodes: &mut [Node]| {
            // SAFETY: the context is live, and the length is the list's.
            unsafe { LLVMMDNodeInContext2(self.context, nodes.as_mut_ptr(), nodes.len()) }
        };
        let annotation = list(&mut [string(kind), string(text)]);
        let annotations = list(&mut [annotation]);
        // SAFETY: the nodes are of the context, and a `DIDerivedType` has this operand.
        unsafe { LLVMReplaceMDNodeOperandWith(LLVMMetadataAsValue(self.context, node), ANNOTATIONS, annotations) }
    }
}
