//! Streams of deflate, written bit by bit: every kind of block, codes of any shape, and the longest and shortest
//! lengths and distances, which compressors seldom give; and what becomes of them when they are damaged.

use super::deflate::{Bits, DISTANCES, LENGTHS, ORDER, Random, adler32, coded, codes, lengths};

/// A stream, and what it gives.
#[derive(Debug, Clone)]
pub struct Stream {
    pub bytes: Vec<u8>,
    /// Bytes that there is room for.
    pub room: u32,
}

/// A symbol of a block.
#[derive(Debug, Clone, Copy)]
enum Symbol {
    Literal(u8),
    Match { length: usize, distance: usize },
}

/// Writes streams.
struct Writer<'a> {
    random: &'a mut Random,
    bits: Bits,
    plain: Vec<u8>,
    /// May be what no decoder takes.
    may_be_wrong: bool,
}

impl Writer<'_> {
    fn symbols(&mut self, count: usize) -> Vec<Symbol> {
        let alphabet = self.random.of(&[1, 2, 16, 256]);
        let matches = self.random.of(&[1, 2, 5, 1000]);
        (0..count).map(|_| self.symbol(alphabet, matches)).collect()
    }

    fn symbol(&mut self, alphabet: usize, matches: usize) -> Symbol {
        let far = self.plain.len();
        if far == 0 && !self.may_be_wrong || !self.random.once_in(matches) {
            let byte = self.random.below(alphabet) as u8;
            self.plain.push(byte);
            return Symbol::Literal(byte);
        }
        let some = self.random.below(256) + 3;
        let length = self.random.of(&[3, 4, 31, 32, 33, 257, 258, some]);
        let near = self.random.below(40) + 1;
        let any = self.random.below(far.clamp(1, 32_768)) + 1;
        let distance = self.random.of(&[1, near, any, far.max(1), 32_768]);
        let distance = if self.may_be_wrong && self.random.once_in(50) {
            distance
        } else {
            distance.min(far).max(1)
        };
        for _ in 0..length {
            let from = self.plain.len().checked_sub(distance.min(32_768));
            self.plain.push(from.map_or(0, |from| self.plain[from]));
        }
        Symbol::Match {
            length,
            distance: distance.min(32_768),
        }
    }

    fn block(&mut self, is_last: bool) {
        let kind = self.random.of(&[0, 1, 2, 2, 2]);
        self.bits.put(usize::from(is_last), 1);
        self.bits.put(
            if self.may_be_wrong && self.random.once_in(60) {
                3
            } else {
                kind
            },
            2,
        );
        let count = self.random.of(&[0, 1, 2, 20, 60, 200]);
        match kind {
            0 => {
                let count = self.random.below(count + 1);
                let alphabet = self.random.of(&[2, 256]);
                let bytes = (0..count).map(|_| self.random.below(alphabet) as u8);
                let bytes: Vec<u8> = bytes.collect();
                self.bits.align();
                self.bits.put(count, 16);
                self.bits.put(!count & 0xffff, 16);
                self.bits.bytes.extend(&bytes);
                self.bits.align();
                self.plain.extend(bytes);
            }
            1 => {
                let symbols = self.symbols(self.random.clone().below(count + 1));
                let of = |i| match i {
                    144..256 => 9,
                    256..280 => 7,
                    _ => 8,
                };
                let literals: Vec<usize> = (0..288).map(of).collect();
                self.write(&symbols, &literals, &[5; 32]);
            }
            _ => self.dynamic(count),
        }
    }

    fn dynamic(&mut self, count: usize) {
        let symbols = self.symbols(self.random.clone().below(count + 1));
        let (mut literals, mut distances) = (vec![false; 288], vec![false; 32]);
        literals[256] = true;
        // The symbols that a match takes are drawn when it is written, so all that mean the same are there.
        for symbol in &symbols {
            match *symbol {
                Symbol::Literal(byte) => literals[usize::from(byte)] = true,
                Symbol::Match { length, distance } => {
                    let of = |i: &usize, of: &[(usize, usize)], value| {
                        let (base, bits) = of[(*i).min(of.len() - 1)];
                        (base..base + (1 << bits)).contains(&value)
                    };
                    let fits = (0..31).filter(|i| of(i, &LENGTHS, length));
                    fits.for_each(|i| literals[257 + i] = true);
                    let fits = (0..32).filter(|i| of(i, &DISTANCES, distance));
                    fits.for_each(|i| distances[i] = true);
                }
            }
        }
        let mut literals = lengths(self.random, &literals, 15);
        let mut distances = if distances.contains(&true) || self.random.once_in(3) {
            lengths(self.random, &distances, 15)
        } else {
            vec![0; 32]
        };
        if self.may_be_wrong && self.random.once_in(20) {
            // Over-subscribed or incomplete.
            let which = if self.random.once_in(2) {
                &mut literals
            } else {
                &mut distances
            };
            let place = self.random.below(which.len());
            which[place] = self.random.below(16);
        }
        self.write_lengths(&literals, &distances);
        self.write(&symbols, &literals, &distances);
    }

    fn write_lengths(&mut self, literals: &[usize], distances: &[usize]) {
        let trimmed = |random: &mut Random, lengths: &[usize], least: usize| {
            let needed = lengths
                .iter()
                .rposition(|&l| l > 0)
                .map_or(0, |last| last + 1)
                .max(least);
            needed + random.below(lengths.len() - needed + 1)
        };
        let literals = &literals[..trimmed(self.random, literals, 257)];
        let distances = &distances[..trimmed(self.random, distances, 1)];
        let all = [literals, distances].concat();
        // Symbol, further bits, how many.
        let mut coded: Vec<(usize, usize, usize)> = Vec::new();
        let mut i = 0;
        while i < all.len() {
            let run = all[i..].iter().take_while(|&&l| l == all[i]).count();
            let again = i > 0 && all[i - 1] == all[i];
            let few = self.random.below(run) + 1;
            let (symbol, extra, bits, times) = if self.random.once_in(4) {
                (all[i], 0, 0, 1)
            } else if all[i] == 0 && few >= 11 {
                (18, few.min(138) - 11, 7, few.min(138))
            } else if all[i] == 0 && few >= 3 {
                (17, few.min(10) - 3, 3, few.min(10))
            } else if again && few >= 3 {
                (16, few.min(6) - 3, 2, few.min(6))
            } else {
                (all[i], 0, 0, 1)
            };
            coded.push((symbol, extra, bits));
            i += times;
        }
        if self.may_be_wrong && self.random.once_in(60) {
            // One too many, or none to repeat.
            let place = self.random.below(coded.len() + 1);
            coded.insert(place, self.random.of(&[(16, 0, 2), (18, 0, 7), (3, 0, 0)]));
        }
        let mut used = vec![false; 19];
        for (symbol, ..) in &coded {
            used[*symbol] = true;
        }
        let lengths = lengths(self.random, &used, 7);
        let needed = ORDER.iter().rposition(|&s| lengths[s] > 0).unwrap() + 1;
        let given = (needed + self.random.below(20 - needed)).max(4);
        self.bits.put(literals.len() - 257, 5);
        self.bits.put(distances.len() - 1, 5);
        self.bits.put(given - 4, 4);
        for &symbol in &ORDER[..given] {
            self.bits.put(lengths[symbol], 3);
        }
        let codes = codes(&lengths);
        for (symbol, extra, bits) in coded {
            self.bits.put_code(codes[symbol]);
            self.bits.put(extra, bits);
        }
    }

    fn write(&mut self, symbols: &[Symbol], literals: &[usize], distances: &[usize]) {
        let (literals, distances) = (codes(literals), codes(distances));
        for symbol in symbols {
            match *symbol {
                Symbol::Literal(byte) => self.bits.put_code(literals[usize::from(byte)]),
                Symbol::Match { length, distance } => {
                    let (place, extra, bits) = coded(self.random, &LENGTHS, length, 2);
                    self.bits.put_code(literals[257 + place]);
                    self.bits.put(extra, bits);
                    let (place, extra, bits) = coded(self.random, &DISTANCES, distance, 2);
                    self.bits.put_code(distances[place]);
                    self.bits.put(extra, bits);
                }
            }
        }
        self.bits.put_code(literals[256]);
    }
}

/// A stream of any number of blocks of any kind; if it `may_be_wrong`, perhaps one that no decoder takes.
pub fn stream(random: &mut Random, may_be_wrong: bool) -> Stream {
    let blocks = random.of(&[1, 1, 2, 3, 6]);
    let mut writer = Writer {
        random,
        bits: Bits::default(),
        plain: Vec::new(),
        may_be_wrong,
    };
    let method = writer.random.below(8) << 4 | 8;
    let level = writer.random.below(4) << 6;
    let check = 31 - (method << 8 | level) % 31;
    writer.bits.put(method, 8);
    writer.bits.put(level | (check % 31), 8);
    (1..=blocks).for_each(|block| writer.block(block == blocks));
    let Writer {
        mut bits,
        plain,
        random,
        ..
    } = writer;
    bits.bytes.extend(adler32(&plain).to_be_bytes());
    let trailing = random.of(&[0, 0, 0, 1, 5]);
    bits.bytes
        .extend((0..trailing).map(|_| random.word() as u8));
    let room = plain.len() + random.of(&[0, 0, 0, 1, 300]);
    Stream {
        bytes: bits.bytes,
        room: room as u32,
    }
}

/// The same, damaged in some way.
pub fn damaged(random: &mut Random, mut stream: Stream) -> Stream {
    for _ in 0..random.of(&[1, 1, 1, 2, 5]) {
        let at = random.below(stream.bytes.len().max(1));
        match random.below(7) {
            0..3 if !stream.bytes.is_empty() => stream.bytes[at] ^= 1 << random.below(8),
            3 if !stream.bytes.is_empty() => stream.bytes[at] = random.word() as u8,
            4 => stream.bytes.truncate(at),
            5 => stream.bytes.insert(at, random.word() as u8),
            _ => stream.room = stream.room.saturating_sub(1 + random.below(300) as u32),
        }
    }
    stream
}
