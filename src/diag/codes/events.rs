//! E048, E049: what BPF code sends to user space and back: ring buffers, perf event arrays.

codes! {
    /// The kernel sends an event of a `perf_event_array` with the context of the program. A function that sends one takes
    /// the context as a parameter.
    E0480 ContextWanted { name, func } = "`{name}.output` needs the program's context, and `{func}` has none",
    /// What is sent through a map is handed to a function that takes a pointer to its value, and yields an `i32` or
    /// nothing; other than 0 ends `dispatch`.
    E0481 HandlerWanted { name, found } = "{found} cannot take what is sent through `{name}`",
    /// `dispatch` hands what is sent to the function that `on_event` names, or to the one that is named like the map with
    /// `_callback` after it.
    E0482 NoHandler { name } = "nothing takes what is sent through `{name}`",
    /// `dispatch` takes maps through which BPF code sends, each by its name, and at the end a time-out.
    E0483 DispatchWhat { found } = "{found} is nothing that `dispatch` can listen to",
}
