//! Documents and arrays changed at random, from fixed seeds: a short form of fuzzing that every run of the
//! tests does. `ICEFOLD_FUZZ_SECONDS` makes it longer, `ICEFOLD_FUZZ_SEED` other, `ICEFOLD_FUZZ_TARGET` one kind only, and
//! `ICEFOLD_FUZZ_INPUT` tries one input again; docs/RELIABILITY.md.
//! `documents.rs` says what must hold, `edits.rs` how documents are changed; libFuzzer drives the same from `fuzz`.

mod documents;
mod edits;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use documents::{Seeds, TARGETS};

use crate::face::documents::stopped_site;
use crate::support::folder;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

fn setting<T: std::str::FromStr>(name: &str, default: T) -> T {
    let set = std::env::var(name).ok();
    set.and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// Whole documents, made by the program.
fn seeds(seeds: &Path) {
    stopped_site(seeds);
    let values: Vec<f32> = (0..100).map(|i| i as f32 * 0.37).collect();
    icefold::arrays::npy::write(&seeds.join("a.npy"), &values).unwrap();
}

#[test]
fn changed_documents_are_refused_or_say_what_stands_there() {
    let (own, scratch) = (folder(), folder());
    let kept = std::env::var_os("ICEFOLD_FUZZ_SEEDS").map(PathBuf::from);
    let whole = kept.as_deref().unwrap_or(own.path());
    if !whole.join("a.npy").exists() {
        fs::create_dir_all(whole).unwrap();
        seeds(whole);
    }
    let seeds = Seeds::open(whole, scratch.path());
    let seconds: f64 = setting("ICEFOLD_FUZZ_SECONDS", 1.0);
    let seed: u64 = setting("ICEFOLD_FUZZ_SEED", 1);
    let only: String = setting("ICEFOLD_FUZZ_TARGET", String::new());
    for (name, target) in TARGETS {
        if !only.is_empty() && only != name {
            continue;
        }
        if let Some(input) = std::env::var_os("ICEFOLD_FUZZ_INPUT") {
            target(&seeds, &fs::read(input).unwrap());
            continue;
        }
        let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ seed);
        let end = Instant::now() + Duration::from_secs_f64(seconds);
        let mut inputs = 0_u64;
        while Instant::now() < end {
            let length = 8 + random.next() % 56;
            let input: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
            let tried = catch_unwind(AssertUnwindSafe(|| target(&seeds, &input)));
            if let Err(panic) = tried {
                let path = std::env::temp_dir().join(format!("icefold-fuzz-{name}"));
                fs::write(&path, &input).unwrap();
                eprintln!("{name}: the input is in {}", path.display());
                resume_unwind(panic);
            }
            inputs += 1;
        }
        println!("{name}: {inputs} inputs");
        assert!(inputs > 0, "{name}");
    }
}
