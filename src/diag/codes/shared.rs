//! E04, from E0460: how both sides share data: globals, configs, pins, locks.

codes! {
    /// While a spin lock is held the processor does nothing else: interrupts are off, and what sleeps would never wake up.
    E0521 SleepUnderLock { what, lock } = "{what} may sleep while `{lock}`, a `spinlock_t`, is held",
    /// The lock is held already, so that the code waits for itself, for ever.
    E0522 LockTwice { lock } = "`{lock}` is taken while it is held",
    /// `lock (x) { … }` takes the locks of a kernel module, and nothing else names them.
    E0523 ModuleLockUse { name, ty } = "`{name}` is a `{ty}`, which `lock ({name})` alone takes",
    /// `spinlock_t` and `mutex` are locks of a kernel module: variables of its own, with nothing to begin with.
    E0524 ModuleLockWhere { ty, why } = "a `{ty}` {why}",

    /// Pinned data outlives the process that made it, so both sides must see it: it is a map, or a global variable that
    /// is neither `local` nor `percpu`.
    E0460 CannotPin { name, why } = "`{name}` cannot be pinned: {why}",
    /// `local` and `percpu` are for variables. A map is one object of the kernel, which both sides can name.
    E0461 MapStorage { name, storage } = "map `{name}` cannot be `{storage}`",
    /// The kernel makes a per-CPU variable, or a `local var` with a lock, when the object is loaded, with all bytes zero, and no
    /// loader writes other values.
    E0462 EntryInitialiser { name, what } = "`{name}` is {what}, which starts from zero",
    /// The kernel has spin locks in entries of maps. There, a lock is a field of the value. A `local var` is such an entry, if it is a
    /// lock or a struct with one.
    E0463 SpecialPlace { what } = "{what} is no part of this: such fields are in values of maps and in `local var`s",
    /// A lock is taken where the entry is known to be there, so that the verifier sees that it is taken and released in the
    /// same entry.
    E0464 LockWhat { what } = "`lock` takes the lock of a map entry, not {what}",
    /// Nothing but `lock (…) { … }` reads or writes a lock. Copies and literals leave it out.
    E0465 SpecialUse { name, what, used_by } = "`{name}` is {what}, which is for {used_by} alone",
    /// An owner of objects, `kptr<T>`, `list<T>` or `rbtree<T, less>`, is a field of the value of a map, or of a `local var`, where the
    /// kernel finds the objects when the entry goes. The objects themselves are known by pointers alone.
    E0416 OwnerPlace { what } = "{what} is no part of this: objects are owned by fields of the values of maps",
    /// The kernel alone reads and writes what owns objects. BPF code gives an object away and gets one by `exchange`, and by the
    /// methods of lists and trees; user space sees the other fields of the entry.
    E0469 OwnerUse { name, why } = "`{name}` owns objects: {why}",
    /// A map can own objects of types that the kernel knows how to release, and of no others.
    E0493 OwnerType { name, why } = "this is no `{name}`: {why}",
    /// A timer is started and stopped where the entry is known to be there: in one that is bound, or behind a pointer to one.
    E0417 TimerPlace { what } = "a timer is used in a map entry that is bound, not in {what}",
    /// The kernel ties a timer to its map when it is started. Behind a pointer, the type of the value says which map that is.
    E0470 TimerMap { name, maps } = "`{name}` may be an entry of several maps: {maps}",
    /// The kernel calls the function with the key and the value of the entry when the timer ends. The code that started the timer has
    /// returned by then, so nobody takes a result.
    E0494 TimerHandler { map, wanted, found } = "a timer of `{map}` calls a `{wanted}`, not {found}",
    /// The kernel allows no call while a spin lock is held: no function, helper or map access, and no second lock.
    E0466 CallInLock { what } = "{what} while a lock is held",
    /// The memory of one CPU comes in units; a per-CPU variable lies in one of them.
    E0467 PercpuSize { name, size, limit } = "`{name}` is a `percpu var` of {size} bytes, and the kernel allows {limit}",
    /// The kernel module has variables of its own, `@private var`, and sees no others: not those that BPF code and user space share,
    /// no configs. They do not see the module's.
    E0427 VariableOfOthers { name, code } = "{code} cannot use the variable `{name}`",
    /// libbpf fills in options of the kernel's configuration (`CONFIG_…`) and facts of its own (`LINUX_KERNEL_VERSION`), as
    /// variables of these types: integers, `bool`, `char`, `str(N)` and `libbpf_tristate`. Nobody writes them.
    E0454 NoKconfig { name, why } = "`{name}` is no value of the kernel's configuration: {why}",
    /// A `@sysctl` variable is a setting of the kernel, a text in a file below `/proc/sys`: an integer, a `bool` or a `str(N)`. Each use reads
    /// the file, each assignment writes it.
    E0455 NoSysctl { name, why } = "`{name}` is no setting of the kernel: {why}",
    /// The path of a setting is that of its file below `/proc/sys`, with `.` or `/` between its parts, as sysctl(8) takes it:
    /// `net.ipv4.ip_forward`, `net/ipv4/ip_forward`. Between points, a `/` stands for a point in a name: `net.ipv4.conf.eth0/1.forwarding`.
    E0456 SysctlPath { why } = "this is no path of a setting: {why}",
    /// A function with `@migrate(m)` runs at load where the map that is pinned for `m` has other entries than `m` declares, and makes those of `m`
    /// of them. It takes the old value and yields the new one; where the keys change too, it takes the old key and a pointer to the new one, and
    /// may drop the entry by yielding `null`.
    E0457 BadMigration { name, why } = "`{name}` cannot make entries anew: {why}",
    /// A config that user space may write after the first `load` cannot be read-only data: all of it is plain data, and the
    /// verifier does not know its values.
    N0460 NotFrozen { name } = "config `{name}` is not frozen at load: it may be written here while programs run",
}
