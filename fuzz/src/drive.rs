//! Runs the entry points with seeded inputs for some seconds each, where libFuzzer is not at hand.
//!
//! `drive SECONDS [SEED [TARGET...]]`. Inputs are random bytes and mutations of inputs before them.

use std::time::{Duration, Instant};

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(6) {
        let at = random.below(bytes.len());
        match random.below(5) {
            0 if !bytes.is_empty() => bytes[at] = random.next() as u8,
            1 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
            2 => bytes.insert(at, random.next() as u8),
            3 if !bytes.is_empty() => drop(bytes.remove(at)),
            // Runs of one byte, which deflate likes.
            _ => {
                let value = random.next() as u8;
                bytes.extend(std::iter::repeat_n(value, random.below(200)));
            }
        }
    }
    bytes.truncate(6000);
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().and_then(|s| s.parse().ok()).unwrap_or(10);
    let seed = arguments.next().and_then(|s| s.parse().ok()).unwrap_or(1);
    let only: Vec<String> = arguments.collect();
    let targets: [(&str, fn(&[u8])); 6] = [
        ("chunk", icefold_fuzz::chunk),
        ("table", icefold_fuzz::table),
        ("link", icefold_fuzz::link),
        ("product", icefold_fuzz::product),
        ("parquet", icefold_fuzz::parquet),
        ("arrow", icefold_fuzz::arrow),
    ];
    let wanted = |name: &str| only.is_empty() || only.iter().any(|o| o == name);
    for (name, target) in targets.into_iter().filter(|(name, _)| wanted(name)) {
        let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ seed);
        let mut pool: Vec<Vec<u8>> = vec![Vec::new(); 64];
        let end = Instant::now() + Duration::from_secs(seconds);
        let mut runs = 0_u64;
        while Instant::now() < end {
            for _ in 0..100 {
                let place = random.below(pool.len());
                let mut input = pool[random.below(pool.len())].clone();
                if random.below(20) == 0 {
                    let length = random.below(400);
                    input = (0..length).map(|_| random.next() as u8).collect();
                }
                mutate(&mut input, &mut random);
                // On a panic, the input is the last file written.
                if let Err(panic) = std::panic::catch_unwind(|| target(&input)) {
                    let path = format!("crash-{name}");
                    std::fs::write(&path, &input).expect("the folder can be written");
                    eprintln!("{name}: input written to {path}");
                    std::panic::resume_unwind(panic);
                }
                pool[place] = input;
                runs += 1;
            }
        }
        println!("{name}: {runs} inputs");
    }
}
