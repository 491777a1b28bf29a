//! Time, timers, chance, and who runs.

use super::{Part, failed};
use crate::Vm;
use crate::facts::uapi;
use crate::fault::Fault;

/// Helpers for time, chance, processes and sockets.
pub const LIST: Part = &[
    ("bpf_ktime_get_ns", time),
    ("bpf_ktime_get_boot_ns", time),
    ("bpf_ktime_get_coarse_ns", time),
    ("bpf_ktime_get_tai_ns", time),
    ("bpf_jiffies64", jiffies),
    ("bpf_get_prandom_u32", random),
    ("bpf_get_smp_processor_id", first),
    ("bpf_get_numa_node_id", first),
    ("bpf_get_current_pid_tgid", process),
    ("bpf_get_current_uid_gid", user),
    ("bpf_get_current_comm", command),
    ("bpf_timer_init", timer_init),
    ("bpf_timer_set_callback", timer_set_callback),
    ("bpf_timer_start", timer_start),
    ("bpf_timer_cancel", timer_cancel),
    // One CPU runs one program at a time.
    ("bpf_rcu_read_lock", first),
    ("bpf_rcu_read_unlock", first),
    ("bpf_preempt_disable", first),
    ("bpf_preempt_enable", first),
    ("bpf_sk_lookup_tcp", lookup_tcp),
    ("bpf_skc_lookup_tcp", lookup_tcp),
    ("bpf_sk_lookup_udp", lookup_udp),
    ("bpf_sk_release", release),
    ("bpf_sk_fullsock", same),
    ("bpf_get_listener_sock", same),
];

/// The sequence of random numbers, the same for every machine (xorshift64*).
pub struct Random {
    state: u64,
}

impl Default for Random {
    fn default() -> Random {
        Random { state: 0x9e37_79b9_7f4a_7c15 }
    }
}

impl Random {
    fn next(&mut self) -> u32 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        (self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as u32
    }
}

fn time(vm: &mut Vm, _args: [u64; 5]) -> Result<u64, Fault> {
    Ok(vm.clock.read())
}

/// Of a kernel with 250 a second.
fn jiffies(vm: &mut Vm, _args: [u64; 5]) -> Result<u64, Fault> {
    Ok(vm.clock.read() / 4_000_000)
}

fn random(vm: &mut Vm, _args: [u64; 5]) -> Result<u64, Fault> {
    Ok(vm.random.next().into())
}

/// Also the number of the first CPU.
fn first(_vm: &mut Vm, _args: [u64; 5]) -> Result<u64, Fault> {
    Ok(0)
}

fn process(_vm: &mut Vm, _args: [u64; 5]) -> Result<u64, Fault> {
    // SAFETY: neither takes pointers.
    let (process, thread) = unsafe { (libc::getpid(), libc::gettid()) };
    Ok((process as u64) << 32 | thread as u64)
}

fn user(_vm: &mut Vm, _args: [u64; 5]) -> Result<u64, Fault> {
    // SAFETY: neither takes pointers.
    let (user, group) = unsafe { (libc::getuid(), libc::getgid()) };
    Ok(u64::from(group) << 32 | u64::from(user))
}

fn command(vm: &mut Vm, [to, size, ..]: [u64; 5]) -> Result<u64, Fault> {
    let mut name = [0u8; 16];
    // SAFETY: the call writes at most 16 bytes.
    unsafe { libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()) };
    let room = vm.output(to, size as u32 as u64)?;
    room.fill(0);
    let Some(last) = room.len().checked_sub(1) else { return Ok(failed(uapi::EINVAL)) };
    let length = name.iter().take_while(|&&byte| byte != 0).count().min(last);
    room[..length].copy_from_slice(&name[..length]);
    Ok(0)
}

fn timer_init(vm: &mut Vm, [timer, map, ..]: [u64; 5]) -> Result<u64, Fault> {
    // `struct bpf_timer`
    vm.input(timer, 16)?;
    vm.map_of(map)?;
    Ok(vm.timers.init(timer, map) as u64)
}

fn timer_set_callback(vm: &mut Vm, [timer, callback, ..]: [u64; 5]) -> Result<u64, Fault> {
    Ok(vm.timers.set_callback(timer, callback) as u64)
}

fn timer_start(vm: &mut Vm, [timer, nanoseconds, flags, ..]: [u64; 5]) -> Result<u64, Fault> {
    let now = vm.now();
    Ok(vm.timers.start(timer, now, nanoseconds, flags) as u64)
}

fn timer_cancel(vm: &mut Vm, [timer, ..]: [u64; 5]) -> Result<u64, Fault> {
    Ok(vm.timers.cancel(timer) as u64)
}

fn lookup_tcp(vm: &mut Vm, [_, tuple, size, netns, flags]: [u64; 5]) -> Result<u64, Fault> {
    vm.socket_for(libc::IPPROTO_TCP as u32, tuple, size, netns, flags)
        .ok_or_else(|| vm.wrong_access("read", tuple, size))
}

fn lookup_udp(vm: &mut Vm, [_, tuple, size, netns, flags]: [u64; 5]) -> Result<u64, Fault> {
    vm.socket_for(libc::IPPROTO_UDP as u32, tuple, size, netns, flags)
        .ok_or_else(|| vm.wrong_access("read", tuple, size))
}

fn release(vm: &mut Vm, [socket, ..]: [u64; 5]) -> Result<u64, Fault> {
    if vm.memory.region(socket).is_none() {
        return Err(Fault::wrong(format!("a release of a socket that is {}", vm.name_of(socket))));
    }
    vm.memory.remove(socket);
    Ok(0)
}

fn same(_vm: &mut Vm, [socket, ..]: [u64; 5]) -> Result<u64, Fault> {
    Ok(socket)
}
