//! Random numbers of the demo: a small seeded generator with the same bits on every machine.
//!
//! `SplitMix64` (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA
//! 2014, figure 17): a counter that moves by an odd constant and is then mixed. Floats come from
//! its top 53 bits through exact operations, and distributions through `libm` only.

/// The odd constant by which the counter moves: 2^64 divided by the golden ratio.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// A stream of random numbers.
#[derive(Debug, Clone)]
pub struct Random {
    counter: u64,
}

impl Random {
    /// The stream named by `path` under `seed`: different paths give streams that do not depend on
    /// each other, so ground tracks can be made in any order.
    pub fn stream(seed: u64, path: &[u64]) -> Self {
        let mut counter = mix(seed);
        for &step in path {
            counter = mix(counter ^ mix(step.wrapping_add(GOLDEN)));
        }
        Self { counter }
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.counter = self.counter.wrapping_add(GOLDEN);
        mix(self.counter)
    }

    /// Uniform in [0, 1), a multiple of 2^-53.
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / 9_007_199_254_740_992.0
    }

    /// Uniform in [low, high).
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// Nearly normal with mean 0 and variance 1, within +-6: a sum of twelve uniforms.
    pub fn normal(&mut self) -> f64 {
        let mut sum = -6.0;
        for _ in 0..12 {
            sum += self.uniform();
        }
        sum
    }

    /// Poisson distributed, by Knuth's product of uniforms (The Art of Computer Programming,
    /// volume 2, section 3.4.1); `stop` is exp(-mean).
    pub fn poisson(&mut self, stop: f64) -> u32 {
        let mut count = 0;
        let mut product = self.uniform();
        while product > stop {
            count += 1;
            product *= self.uniform();
        }
        count
    }
}

/// The output function of `SplitMix64`: a bijection of 64-bit words.
fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_gives_the_published_sequence() {
        let mut random = Random { counter: 1_234_567 };
        let got: Vec<u64> = (0..3).map(|_| random.bits()).collect();
        let published = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
        ];
        assert_eq!(got, published);
    }

    #[test]
    fn distributions_have_their_moments() {
        let mut random = Random::stream(1, &[2, 3]);
        let n = 20_000;
        let stop = libm::exp(-3.0);
        let poisson: f64 = (0..n).map(|_| f64::from(random.poisson(stop))).sum();
        let squares: f64 = (0..n).map(|_| random.normal()).map(|x| x * x).sum();
        assert!((poisson / f64::from(n) - 3.0).abs() < 0.05);
        assert!((squares / f64::from(n) - 1.0).abs() < 0.05);
    }

    #[test]
    fn streams_differ_by_their_path() {
        let first = |path: &[u64]| Random::stream(1, path).bits();
        assert_ne!(first(&[0, 1]), first(&[1, 0]));
        assert_ne!(first(&[0]), first(&[0, 0]));
    }
}
