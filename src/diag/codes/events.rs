//! E048, E049: events from BPF code to user space and back: ring buffers, perf event arrays.

codes! {
    /// The kernel sends an event of a `perf_event_array` with the context of the program. A function that sends one takes
    /// the context as a parameter.
    E0480 ContextWanted { name, func } = "{name} needs the program's context, and `{func}` has none",
    /// The handler of a map takes a pointer to the value that was sent, and yields an `i32` or nothing; a result other
    /// than 0 ends `dispatch`.
    E0481 HandlerWanted { name, found } = "{found} cannot take what is sent through `{name}`",
    /// `dispatch` hands what is sent to the function that `on_event` names, or to the one that is named like the map with
    /// `_callback` after it.
    E0482 NoHandler { name } = "nothing takes what is sent through `{name}`",
    /// `dispatch` takes maps through which BPF code sends, each by its name, and at the end a time-out.
    E0483 DispatchWhat { found } = "{found} is nothing that `dispatch` can listen to",
    /// Each record that is reserved is submitted or discarded, on every path; the kernel refuses a program that loses one.
    E0484 RecordOpen { what } = "{what} is neither submitted nor discarded on a path",
    /// A record that was submitted is user space's, and one that was discarded nobody's. No pointer into it is used any more.
    E0485 RecordGone { what, how } = "{what} is used after it was {how}",
    /// A record is used where it was reserved, under its name or another variable's, and by functions that are called there.
    /// Kept elsewhere, nobody could know that it is submitted once.
    E0486 RecordKept { what, place } = "{what} is kept {place}",
    /// `submit` and `discard` take what `reserve` of the same map yielded, or a parameter that holds it.
    E0487 RecordWanted { map, why } = "this is no record of `{map}`: {why}",
    /// A loop has many iterations, and a record is submitted once.
    E0488 RecordInLoop { what } = "{what} is submitted or discarded in a loop that began later",
    /// A record lies in the ring buffer in one piece, after a head of 8 bytes.
    E0490 RecordSize { kind, size, bytes } = "a record of {size} bytes finds no room in a `{kind}` of {bytes}",
    /// A function that submits or discards what a parameter points to, or returns a record, is called by its name, so that callers know.
    E0489 RecordCallee { func, what } = "`{func}` {what} a record, so it cannot be called through a pointer",
    /// The time-out of `dispatch` is how many milliseconds it waits at most. No time is negative, and none means that it waits
    /// for as long as it takes.
    E0491 NegativeTimeOut { value } = "`dispatch` cannot wait for {value} ms",
}
