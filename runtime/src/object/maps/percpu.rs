//! Values of per-CPU maps: the kernel gives one for each possible CPU, each rounded up to 8 bytes.

use crate::kernel::end::die;
use crate::kernel::errors::reason;
use libbpf_sys as bpf;

/// The form in which the kernel gives and takes the values of a per-CPU map.
#[derive(Clone)]
pub struct PerCpu {
    pub cpus: usize,
    value_size: usize,
    /// The width of the integer that is summed. Without it the first CPU's value is used.
    sum: Option<usize>,
}

impl PerCpu {
    /// The form for values of this size; `sum` is the width of an integer whose values are added up. Ends the process if the number of CPUs
    /// is unknown.
    pub fn new(value_size: usize, sum: Option<usize>) -> PerCpu {
        // SAFETY: reads a file of sysfs.
        let count = unsafe { bpf::libbpf_num_possible_cpus() };
        match usize::try_from(count) {
            Ok(cpus) if cpus > 0 => PerCpu { cpus, value_size, sum },
            Ok(_) | Err(_) => die(1, &format!("cannot find out how many CPUs this machine has: {}", reason(count))),
        }
    }

    fn slot(&self) -> usize {
        self.value_size.next_multiple_of(8)
    }

    /// The size of the values of all CPUs together, in bytes.
    pub fn stored_size(&self) -> usize {
        self.slot() * self.cpus
    }

    /// All CPUs' values into one.
    pub fn gather(&self, stored: &[u8], value: &mut [u8]) {
        let Some(width) = self.sum.filter(|width| *width <= 8 && *width <= value.len()) else {
            value.copy_from_slice(&stored[..self.value_size]);
            return;
        };
        // Of integers in words of their own the sum's low bytes are those of the words' sum.
        let total = if self.slot() == 8 { ks_hot::sum_of_words(stored) } else { self.sum_of_slots(stored, width) };
        value.fill(0);
        value[..width].copy_from_slice(&total.to_le_bytes()[..width]);
    }

    fn sum_of_slots(&self, stored: &[u8], width: usize) -> u64 {
        stored
            .chunks(self.slot())
            .map(|slot| {
                let mut bytes = [0; 8];
                bytes[..width].copy_from_slice(&slot[..width]);
                u64::from_le_bytes(bytes)
            })
            .fold(0u64, u64::wrapping_add)
    }

    /// One value for every CPU.
    pub fn spread(&self, value: &[u8]) -> Vec<u8> {
        let mut stored = vec![0; self.stored_size()];
        for slot in stored.chunks_mut(self.slot()) {
            slot[..value.len()].copy_from_slice(value);
        }
        stored
    }
}

impl PerCpu {
    /// The range of a CPU's value in the stored bytes.
    pub fn of_cpu(&self, cpu: u32) -> Option<std::ops::Range<usize>> {
        let start = (cpu as usize).checked_mul(self.slot()).filter(|_| (cpu as usize) < self.cpus)?;
        Some(start..start + self.value_size)
    }
}

#[cfg(test)]
mod tests {
    use super::PerCpu;

    #[test]
    fn sums_wrap_at_their_width() {
        let four = PerCpu { cpus: 3, value_size: 4, sum: Some(4) };
        let stored = four.spread(&0x7000_0000u32.to_le_bytes());
        assert_eq!(stored.len(), 24);
        let mut sum = [0; 4];
        four.gather(&stored, &mut sum);
        assert_eq!(u32::from_le_bytes(sum), 0x5000_0000);
        let mut stored = four.spread(&7_u32.to_le_bytes());
        // What follows a value in its word is not part of it.
        stored[4..8].fill(0xff);
        four.gather(&stored, &mut sum);
        assert_eq!(u32::from_le_bytes(sum), 21);
    }

    #[test]
    fn without_a_sum_the_first_is_the_value() {
        let struct_like = PerCpu { cpus: 2, value_size: 12, sum: None };
        let mut stored = struct_like.spread(&[1; 12]);
        stored[16..].fill(9);
        let mut value = [0; 12];
        struct_like.gather(&stored, &mut value);
        assert_eq!(value, [1; 12]);
    }
}
