//! E04, from E0460: how both sides share data: globals, configs, pins, locks.

codes! {
    /// What is pinned outlives the process that made it, so it has to be data that both sides see: a map, or a global
    /// variable that is neither `local` nor `percpu`.
    E0460 CannotPin { name, why } = "`{name}` cannot be pinned: {why}",
    /// `local` and `percpu` are for variables. A map is one object of the kernel, which both sides can name.
    E0461 MapStorage { name, storage } = "map `{name}` cannot be `{storage}`",
    /// The kernel makes a per-CPU variable when the object is loaded, with all bytes zero on each CPU, and no loader
    /// writes other values.
    E0462 PercpuInitialiser { name } = "`{name}` is a `percpu var`, which starts from zero",
    /// A config that user space may write after the first `load` cannot be read-only data: all of it is plain data, and the
    /// verifier does not know its values.
    N0460 NotFrozen { name } = "config `{name}` is not frozen at load: it may be written here while programs run",
}
