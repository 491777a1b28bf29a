//! Attachments. Each form is a file with its symbol, by which the linker leaves the other forms out of an executable. It uses `object` and
//! `kernel`.
//!
//! An attachment is a `bpf_link`, which the kernel drops with the process, or an object of the form's file, which it detaches. A clsact
//! filter is removed at every end of the process that lets code run.

mod attach;
mod attached;
mod cgroup;
mod clsact;
mod counter;
mod entry;
mod form;
mod freplace;
mod functions;
mod held;
mod interface;
mod iter;
pub mod keeper;
pub mod kept;
mod kprobe;
mod library;
mod life;
pub mod links;
pub mod loaded_for;
mod netdev;
mod netfilter;
mod netkit;
mod netns;
mod numbers;
mod options;
mod order;
mod perf_event;
mod pinned;
mod probe;
mod records;
mod request;
mod reuseport;
mod route;
mod session;
mod several;
mod socket;
mod sockets;
mod struct_ops;
mod tcx;
mod traced;
mod tracepoint;
mod tracing;
mod trampoline;
mod upgrade;
mod uprobe;
mod usdt;
mod user_functions;
mod user_probe;
pub mod watch;
