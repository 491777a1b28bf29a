//! A small seeded generator of random numbers: the same seed gives the same programs and inputs everywhere.

pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// A number for a text (FNV-1a).
    pub fn hash(text: &str) -> u64 {
        text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
    }

    /// splitmix64
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Less than `limit`, which is not 0.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.word() % limit as u64) as usize
    }

    /// Both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1) as usize) as i64
    }

    pub fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    /// One of the choices, each as often as its weight says.
    pub fn weighted<T: Copy>(&mut self, choices: &[(usize, T)]) -> T {
        let sum: usize = choices.iter().map(|(weight, _)| weight).sum();
        let mut at = self.below(sum);
        for &(weight, choice) in choices {
            if at < weight {
                return choice;
            }
            at -= weight;
        }
        choices[0].1
    }

    /// A number of 64 bits that is likely to be at an edge: small, a power of two and its neighbours, the ends of types.
    pub fn interesting(&mut self) -> u64 {
        match self.below(10) {
            0 => self.below(3) as u64,
            1 => (self.below(3) as u64).wrapping_neg(),
            2 | 3 => (1u64 << self.below(64)).wrapping_add(self.below(3) as u64).wrapping_sub(1),
            4 => (1u64 << self.below(64)).wrapping_neg().wrapping_add(self.below(3) as u64).wrapping_sub(1),
            5 => self.below(256) as u64,
            6 => self.word() & 0xffff_ffff,
            7 => self.word() >> self.below(64),
            _ => self.word(),
        }
    }
}
