//! The signatures of tests.

use crate::ast::FnDecl;
use crate::diag::codes::tests::TestSignature;
use crate::session::Session;
use crate::types::{FnSig, Ty};

/// A test takes nothing, and returns an `i32` or nothing.
pub(super) fn check(cx: &mut Session, decl: &FnDecl, sig: &FnSig) {
    if let Some(param) = decl.params.first() {
        cx.error(param.span, TestSignature { why: "takes no parameters".into() });
    }
    if let Some(result) = decl.result.as_ref().filter(|_| ![Ty::I32, Ty::VOID, Ty::ERROR].contains(&sig.result)) {
        let error = cx.error(result.ty.span, TestSignature { why: "returns `i32` or nothing".into() });
        error.help("0 is returned by a test that has passed").fix(result.ty.span, "i32");
    }
}
