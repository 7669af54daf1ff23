//! What streams of deflate are made of: bits, codes of any shape, lengths and distances; and numbers that look random.
//! `streams.rs` writes streams.

/// Numbers that look random and are the same for the same seed.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn word(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.word()) * n as u128) >> 64) as usize
    }

    /// True once in `n` times.
    pub fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

/// Bits, the lowest first.
#[derive(Debug, Default)]
pub struct Bits {
    pub bytes: Vec<u8>,
    used: usize,
}

impl Bits {
    pub fn put(&mut self, value: usize, bits: usize) {
        for i in 0..bits {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let last = self.bytes.len() - 1;
            self.bytes[last] |= ((value >> i & 1) as u8) << (self.used % 8);
            self.used += 1;
        }
    }

    /// A code: its first bit is its highest.
    pub fn put_code(&mut self, (code, length): (usize, usize)) {
        (0..length).rev().for_each(|i| self.put(code >> i & 1, 1));
    }

    pub fn align(&mut self) {
        self.used = 8 * self.bytes.len();
    }
}

/// The codes of symbols with these lengths.
pub fn codes(lengths: &[usize]) -> Vec<(usize, usize)> {
    let mut next = [0; 17];
    for length in 1..16 {
        let count = lengths.iter().filter(|&&l| l == length).count();
        next[length + 1] = (next[length] + count) << 1;
    }
    let code = |&length: &usize| {
        let code = next[length];
        next[length] += usize::from(length > 0);
        (code, length)
    };
    lengths.iter().map(code).collect()
}

/// Lengths of a complete code for the symbols that are used, and some more, none longer than `most`.
pub fn lengths(random: &mut Random, used: &[bool], most: usize) -> Vec<usize> {
    let mut wanted: Vec<usize> = (0..used.len()).filter(|&symbol| used[symbol]).collect();
    let more = random.of(&[0, 0, 1, 3, used.len()]);
    wanted.extend((0..random.below(more + 1)).map(|_| random.below(used.len())));
    wanted.sort_unstable();
    wanted.dedup();
    let mut lengths = vec![0; used.len()];
    if let [only] = wanted[..] {
        lengths[only] = 1;
        return lengths;
    }
    let mut leaves = vec![0_usize];
    while leaves.len() < wanted.len() {
        // Deep and narrow, or even.
        let deep = random.once_in(2);
        let place = if deep {
            leaves.len() - 1
        } else {
            random.below(leaves.len())
        };
        let mut open = (0..leaves.len()).map(|i| (place + i) % leaves.len());
        let place = open.find(|&i| leaves[i] < most).unwrap();
        leaves[place] += 1;
        leaves.push(leaves[place]);
    }
    for symbol in wanted {
        lengths[symbol] = leaves.swap_remove(random.below(leaves.len()).min(leaves.len() - 1));
    }
    lengths
}

/// The lengths that symbols stand for: the least, and further bits.
pub const LENGTHS: [(usize, usize); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];
/// The distances, likewise.
pub const DISTANCES: [(usize, usize); 30] = [
    (1, 0),
    (2, 0),
    (3, 0),
    (4, 0),
    (5, 1),
    (7, 1),
    (9, 2),
    (13, 2),
    (17, 3),
    (25, 3),
    (33, 4),
    (49, 4),
    (65, 5),
    (97, 5),
    (129, 6),
    (193, 6),
    (257, 7),
    (385, 7),
    (513, 8),
    (769, 8),
    (1025, 9),
    (1537, 9),
    (2049, 10),
    (3073, 10),
    (4097, 11),
    (6145, 11),
    (8193, 12),
    (12_289, 12),
    (16_385, 13),
    (24_577, 13),
];

/// In which order the lengths of the code of lengths come.
pub const ORDER: [usize; 19] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];

/// The symbol of a length or a distance and its further bits; of several that mean the same any.
pub fn coded(
    random: &mut Random,
    of: &[(usize, usize)],
    value: usize,
    more: usize,
) -> (usize, usize, usize) {
    let fits = |&(base, bits): &(usize, usize)| (base..base + (1 << bits)).contains(&value);
    let all: Vec<usize> = (0..of.len()).filter(|&i| fits(&of[i])).collect();
    let mut place = random.of(&all);
    let (base, bits) = of[place];
    // Symbols that no compressor gives mean what the last one means.
    if place + 1 == of.len() && random.once_in(3) {
        place += random.below(more + 1);
    }
    (place, value - base, bits)
}

/// Bytes that a zlib stream ends with.
pub fn adler32(bytes: &[u8]) -> u32 {
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in bytes {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    b << 16 | a
}
