//! Times of photons as words: an instant to the nanosecond, or a period that holds all of several.
//!
//! Below `members.rs`. The words are those of mortie's temporal order coverage, which zagg's store specification
//! (section 8.3) cites as `mortie-toc/1`: nanoseconds since 1850 on a scale without leap seconds, aligned with GPS.
//!
//! ```text
//!   63..32                          31    30..0
//!   t >> 31                         1     the low 31 bits of t                     an instant
//!   start, in units of 2^31 ns      0     end, in units of 2^32 ns, not included   a period
//! ```

/// Bit 31: set for an instant.
const INSTANT: u64 = 1 << 31;
const LOW: u64 = INSTANT - 1;
/// Instants are below: the end of a period has 31 bits.
const MOST: u64 = LOW << 32;
/// Nanoseconds of a second.
const NANOSECONDS: i64 = 1_000_000_000;
/// Days from 1850-01-01 to 1970-01-01.
const DAYS: i64 = 43_829;
/// What GPS is ahead of UTC, in seconds, from the first of a month on (IERS Bulletin C); it was 0 before 1972 as mortie
/// has it.
const AHEAD: [(i32, u32, i64); 28] = [
    (1972, 1, -9),
    (1972, 7, -8),
    (1973, 1, -7),
    (1974, 1, -6),
    (1975, 1, -5),
    (1976, 1, -4),
    (1977, 1, -3),
    (1978, 1, -2),
    (1979, 1, -1),
    (1980, 1, 0),
    (1981, 7, 1),
    (1982, 7, 2),
    (1983, 7, 3),
    (1985, 7, 4),
    (1988, 1, 5),
    (1990, 1, 6),
    (1991, 1, 7),
    (1992, 7, 8),
    (1993, 7, 9),
    (1994, 7, 10),
    (1996, 1, 11),
    (1997, 7, 12),
    (1999, 1, 13),
    (2006, 1, 14),
    (2009, 1, 15),
    (2012, 7, 16),
    (2015, 7, 17),
    (2017, 1, 18),
];

/// How a column counts time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Clock {
    /// What its zero is, in nanoseconds since 1850.
    epoch: i64,
    unit: ClockUnit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClockUnit {
    Seconds,
    Days,
}

impl Clock {
    /// From a moment in UTC: nanoseconds since 1970 in days of 86,400 seconds, and its year and month. `None` where the
    /// words do not go back so far, or not on.
    pub fn since(naive: i64, (year, month): (i32, u32), unit: ClockUnit) -> Option<Self> {
        let mut ahead = AHEAD.iter().rev();
        let ahead = ahead.find(|(y, m, _)| (*y, *m) <= (year, month));
        let ahead = ahead.map_or(0, |(.., seconds)| *seconds);
        let epoch = naive
            .checked_add(DAYS * 86_400 * NANOSECONDS)?
            .checked_add(ahead * NANOSECONDS)?;
        let known = u64::try_from(epoch).is_ok_and(|epoch| epoch < MOST);
        known.then_some(Self { epoch, unit })
    }

    /// The word of an instant; `None` of a number that is none, and of one before 1850 or after 2141.
    pub fn word(self, time: f64) -> Option<u64> {
        let seconds = match self.unit {
            ClockUnit::Seconds => time,
            ClockUnit::Days => time * 86_400.0,
        };
        // Below 2^33 s: what is beyond has no word, and what is within fits.
        if seconds.is_nan() || seconds.abs() >= 9.0e9 {
            return None;
        }
        let whole = seconds.floor();
        // In two steps: nanoseconds of all seconds together are beyond what f64 tells apart.
        let rest = ((seconds - whole) * 1e9).round_ties_even();
        let since = (whole as i64) * NANOSECONDS + rest as i64;
        let instant = u64::try_from(self.epoch.checked_add(since)?).ok()?;
        (instant < MOST).then_some((instant >> 31) << 32 | INSTANT | instant & LOW)
    }
}

/// The word of all that two words are of: the same one where they are equal, else the period that holds both.
pub fn either_time(a: u64, b: u64) -> u64 {
    if a == b {
        return a;
    }
    let ends = |word: u64| {
        let end = if word & INSTANT == 0 {
            word & LOW
        } else {
            (word >> 33) + 1
        };
        (word >> 32, end)
    };
    let ((start, end), (other_start, other_end)) = (ends(a), ends(b));
    start.min(other_start) << 32 | end.max(other_end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Of ICESat-2: 2018-01-01T00:00:00.
    fn icesat2() -> Clock {
        let naive = 17_532 * 86_400 * NANOSECONDS;
        Clock::since(naive, (2018, 1), ClockUnit::Seconds).unwrap()
    }

    /// The first and the last nanosecond that a word tells of.
    fn bounds(word: u64) -> (u64, u64) {
        if word & INSTANT == 0 {
            ((word >> 32) << 31, ((word & LOW) << 32) - 1)
        } else {
            let instant = (word >> 32) << 31 | word & LOW;
            (instant, instant)
        }
    }

    #[test]
    fn words_are_those_of_mortie() {
        // mortie.time2toc(mortie.from_datetime64("2018-01-01") + ns), and mortie.toc_reduce of both.
        let clock = icesat2();
        assert_eq!(clock.epoch, 5_301_590_418_000_000_000);
        let words = [24_703_482.0, 24_703_482.123_456_7].map(|t| clock.word(t).unwrap());
        assert_eq!(
            words,
            [10_652_587_802_032_896_000, 10_652_587_802_156_352_702]
        );
        assert_eq!(either_time(words[0], words[1]), 10_652_587_801_010_949_142);
        // mortie.from_datetime64 of days between leap seconds.
        for (day, month, epoch) in [
            (151, (1970, 6), 3_799_872_000_000_000_000),
            (10_716, (1999, 5), 4_712_688_013_000_000_000),
            (5660, (1985, 7), 4_275_849_604_000_000_000),
        ] {
            let naive = day * 86_400 * NANOSECONDS;
            let clock = Clock::since(naive, month, ClockUnit::Seconds).unwrap();
            assert_eq!(clock.epoch, epoch);
        }
        let days = Clock::since(17_532 * 86_400 * NANOSECONDS, (2018, 1), ClockUnit::Days);
        assert_eq!(days.unwrap().word(2.0), clock.word(172_800.0));
    }

    #[test]
    fn what_has_no_word_is_none() {
        let clock = icesat2();
        for time in [f64::NAN, f64::INFINITY, -5.4e9, 4.0e9, 1e300] {
            assert_eq!(clock.word(time), None, "{time}");
        }
        assert!(clock.word(-1.0).is_some());
        assert_eq!(Clock::since(i64::MAX, (2262, 4), ClockUnit::Seconds), None);
        let before = -(DAYS + 1) * 86_400 * NANOSECONDS;
        assert_eq!(Clock::since(before, (1849, 12), ClockUnit::Seconds), None);
    }

    proptest! {
        #[test]
        fn a_period_holds_all_and_does_not_ask_for_an_order(
            times in prop::collection::vec(prop_oneof![0.0f64..20.0, 0.0f64..2e8], 1..12),
            turn in 0usize..12,
        ) {
            let clock = icesat2();
            let words: Vec<u64> = times.iter().map(|&t| clock.word(t).unwrap()).collect();
            let all = words.iter().copied().reduce(either_time).unwrap();
            let mut turned = words.clone();
            turned.rotate_left(turn % words.len());
            prop_assert_eq!(turned.into_iter().rev().reduce(either_time), Some(all));
            prop_assert_eq!(either_time(all, words[0]), all);
            for &word in &words {
                prop_assert!(bounds(all).0 <= bounds(word).0 && bounds(word).1 <= bounds(all).1);
            }
        }
    }
}
