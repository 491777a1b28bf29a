//! `--explain-lowering`: the form that each construct got whose code depends on more than its text, and the reason.
//!
//! A pass that chooses calls `cx.explain(span, TailCall { .. })`. The words are here alone.

use crate::source::Span;

/// Implemented by every struct that `lowerings!` declares.
pub trait Lowering {
    /// The construct, what it became, and why.
    fn words(&self) -> [String; 3];
}

/// The choice at one place.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Lowered {
    pub span: Span,
    pub construct: String,
    pub became: String,
    pub why: String,
}

impl Lowered {
    /// A record of `lowering` for the construct at `span`.
    pub fn at(span: Span, lowering: &impl Lowering) -> Lowered {
        let [construct, became, why] = lowering.words();
        Lowered { span, construct, became, why }
    }

    /// Without the place.
    pub fn text(&self) -> String {
        format!("{} → {}, {}", self.construct, self.became, self.why)
    }
}

macro_rules! lowerings {
    ($( $name:ident { $($field:ident),* $(,)? } = $construct:literal => $became:literal, $why:literal );* $(;)?) => {
        $(
            pub struct $name { $(pub $field: String),* }
            impl Lowering for $name {
                fn words(&self) -> [String; 3] {
                    let $name { $($field),* } = self;
                    [format!($construct), format!($became), format!($why)]
                }
            }
        )*
    };
}

lowerings! {
    TailCall { callee, map, index, why } = "tail call of `{callee}`" => "`bpf_tail_call` of entry {index} of `{map}`", "since {why}";
    StageInlined { callee, ops } = "tail call of `{callee}`" => "its body in place of the call", "since nothing else calls it and it is small ({ops} ops); it keeps its program and its entry";
    PacketDirect { size } = "access to {size} bytes of a packet" => "a comparison with the end of the packet and a pointer", "since they are directly readable";
    PacketTested { size } = "access to {size} bytes of a packet" => "a pointer", "since an earlier test of the length covers them";
    PacketCopied { size, near, load } = "access to {size} bytes of a packet" => "a pointer where they are directly readable, else a copy by `{load}`", "since nothing says that they end within the first {near} bytes";
    PacketWritten { size, near, load, store } = "access to {size} bytes of a packet" => "a pointer where they are directly readable, else a copy by `{load}`, which `{store}` writes back", "since nothing says that they end within the first {near} bytes";
    PacketHelper { size, helper } = "access to {size} bytes of a packet" => "a copy by `{helper}`", "since programs of this type have no pointers into packets";
    PacketPulled { name, end, helper } = "packet of `{name}`" => "`{helper}` of the first {end} bytes at the start, where they are not directly readable", "since what the program accesses ends there";
    PacketPulledWhole { name, helper } = "packet of `{name}`" => "`{helper}` of all bytes at the start", "since the program keeps a pointer into it, or writes, farther off than where headers are";
    LoopPlain { count } = "loop" => "a plain loop", "since the verifier can walk its {count} iterations";
    LoopIterator {} = "loop" => "a walk of the kernel's `bpf_iter_num`", "since it is too long to walk and the oldest kernel has iterators";
    LoopCallback { callback, why } = "loop" => "a call of `bpf_loop` with `{callback}`", "since it is too long to walk and {why}";
    WalkCallback { callback, map } = "walk over `{map}`" => "a call of `bpf_for_each_map_elem` with `{callback}`", "since only the helper walks over entries";
    MapHelpers { map, what, helpers } = "`{map}`: {what}" => "{helpers}", "since its kind of map has these helpers";
    RecordSized { map } = "`{map}`: a new record" => "`bpf_ringbuf_reserve_dynptr` and a dynptr", "since its size is not constant";
    MapReused { map } = "`{map}`: look up the entry of a key" => "the pointer of an earlier lookup", "since the key is equal and nothing between them can change the map";
    MapReusedIfFound { map } = "`{map}`: look up the entry of a key" => "the pointer of an earlier lookup, and a lookup where that found nothing", "since the key is equal and only the path on which the entry was absent changes the map";
    RecordReserved { map, size } = "`{map}`: a new record" => "`bpf_ringbuf_reserve` of {size} bytes", "since its size is constant, so that no dynptr is needed";
}
