//! Counts of perf events, and of the groups that one leads.

use crate::abi::KS_PERF_GROUP;
use crate::kernel::errors::errno;
use std::os::fd::{AsRawFd, OwnedFd};

/// An event, of one CPU or of each.
pub struct Counter {
    /// One for each CPU.
    pub events: Vec<OwnedFd>,
    /// The link of the event that leads its group; 0 if it is in none, or leads.
    pub leader: i64,
}

/// The count of one event.
#[derive(Clone, Copy, Default)]
pub struct Count {
    pub raw: u64,
    pub id: u64,
}

/// What an event and the members of its group have counted, over all CPUs.
#[derive(Default)]
pub struct Counts {
    pub scaled: u64,
    pub enabled: u64,
    pub running: u64,
    /// The event itself first.
    pub events: [Count; KS_PERF_GROUP],
    pub count: usize,
}

impl Counter {
    /// Reads the group of each CPU at once (`PERF_FORMAT_GROUP`); a member reads itself alone.
    pub fn read(&self) -> Result<Counts, i32> {
        let mut all = Counts::default();
        for event in &self.events {
            let (times, found) = read_group(event, self.leader == 0)?;
            let [enabled, running] = times;
            let scaled = u128::from(found.first().map_or(0, |count| count.raw));
            let scaled = scaled * u128::from(enabled) / u128::from(running.max(1));
            all.scaled = all.scaled.wrapping_add(u64::try_from(scaled).unwrap_or(u64::MAX));
            all.enabled = all.enabled.wrapping_add(enabled);
            all.running = all.running.wrapping_add(running);
            all.count = all.count.max(found.len().min(KS_PERF_GROUP));
            for (sum, count) in all.events.iter_mut().zip(found) {
                sum.raw = sum.raw.wrapping_add(count.raw);
                sum.id = if sum.id == 0 { count.id } else { sum.id };
            }
        }
        Ok(all)
    }
}

/// The times and the counts of an event, or of the group that it leads; in the order of `read_format`.
fn read_group(event: &OwnedFd, leads: bool) -> Result<([u64; 2], Vec<Count>), i32> {
    let mut words = [0_u64; 3 + 2 * KS_PERF_GROUP];
    // SAFETY: the room of the words.
    let read = unsafe { libc::read(event.as_raw_fd(), words.as_mut_ptr().cast(), size_of_val(&words)) };
    if read < 0 {
        return Err(errno());
    }
    let [first, enabled, running, rest @ ..] = words;
    if !leads {
        return Ok(([enabled, running], vec![Count { raw: first, id: rest[0] }]));
    }
    let pairs = rest.chunks_exact(2).take(usize::try_from(first).unwrap_or(0));
    Ok(([enabled, running], pairs.map(|pair| Count { raw: pair[0], id: pair[1] }).collect()))
}
