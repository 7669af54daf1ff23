//! Weighted means and sums of terms: the same bits whether their terms are made photon by photon before a fold or run
//! by run in it, on any number of threads, and those of integers whatever the magnitudes.

use arrow::buffer::NullBuffer;
use icefold::arrays::{Columns, Photons, Question, Start, Statistic, Timed};
use icefold::backend::Device;
use icefold::backend::cpu::{Cpu, Strategy as Order};
use icefold::grid::{Latitude, Order as Refinement};
use icefold::photon::{Column, Values};
use icefold::stat::{Partials, Signed256};
use num_bigint::BigInt;
use proptest::prelude::*;

/// A weight: of standard errors, whole, of any magnitude, and what is none.
fn weight() -> impl Strategy<Value = f64> {
    prop_oneof![
        12 => (0.05f64..2.0).prop_map(|s| f64::from((1.0 / (s * s)) as f32)),
        4 => (1u32..9).prop_map(f64::from),
        2 => (-160.0f64..50.0, 0.5f64..1.0).prop_map(|(e, x)| x * e.exp2()),
        1 => Just(0.0),
        1 => Just(f64::from_bits(1)),
    ]
}

/// Photons along a track, some hundred in a cell, and what is odd of them.
#[derive(Debug, Clone)]
struct Track {
    step: f64,
    rows: Vec<(f32, f64, u8)>,
    special: bool,
}

fn track() -> impl Strategy<Value = Track> {
    let rows = (-500.0f32..4000.0, weight(), any::<u8>());
    let rows = prop::collection::vec(rows, 1..400);
    (rows, 1usize..60, -6.0f64..-3.5, any::<bool>()).prop_map(|(rows, times, step, special)| {
        let n = (rows.len() * times).min(12_000);
        let again = |i: usize| {
            let (h, w, odd) = rows[i % rows.len()];
            (
                h + (i / rows.len()) as f32 * 0.125,
                w,
                odd.wrapping_add(i as u8),
            )
        };
        Track {
            step: 10f64.powf(step),
            rows: (0..n).map(again).collect(),
            special,
        }
    })
}

impl Track {
    fn photons(&self) -> Photons {
        let n = self.rows.len();
        let along = |i: usize| i as f64 * self.step;
        let odd = |odd: u8, which: u8| self.special && odd == which;
        let h = self.rows.iter().map(|row| match row.2 {
            kind if odd(kind, 7) => f32::NAN,
            kind if odd(kind, 8) => f32::INFINITY,
            _ => row.0,
        });
        let w = self.rows.iter().map(|row| match row.2 {
            kind if odd(kind, 9) => f64::NAN,
            _ => row.1,
        });
        let column = |values, null: u8| Column {
            values,
            nulls: self.special.then(|| {
                self.rows
                    .iter()
                    .map(|row| row.2 != null)
                    .collect::<NullBuffer>()
            }),
        };
        let lon: Vec<f64> = (0..n).map(|i| -45.0 + 0.3 * along(i)).collect();
        let lat: Vec<f64> = (0..n).map(|i| 70.0 + along(i)).collect();
        let columns = vec![
            ("h", column(Values::F32(h.collect()), 20)),
            ("w", column(Values::F64(w.collect()), 30)),
        ];
        Photons::new(lon, lat, columns).unwrap()
    }

    fn timed(&self) -> Timed {
        let columns = Columns {
            lon: "lon".to_owned(),
            lat: "lat".to_owned(),
            values: vec!["h".to_owned()],
            weights: Some("w".to_owned()),
        };
        let cells = (Refinement::new(13).unwrap(), Latitude::AuthalicWgs84);
        let asked = [Statistic::WeightedMean, Statistic::Mean];
        let question = Question::new(&columns, &asked, cells, None).unwrap();
        Timed::new(&question, self.photons()).unwrap()
    }

    /// By a way, from positions or from cells.
    fn folded(&self, order: Order, threads: usize, from_cells: bool) -> (Partials, Vec<u64>) {
        let cpu = Cpu::open(threads).unwrap().with_strategy(order);
        let mut timed = self.timed();
        let mut cells = vec![0; timed.photons()];
        cpu.cells(
            &timed.batch().lon,
            &timed.batch().lat,
            timed.grid(),
            &mut cells,
        );
        let (partials, answer) = if from_cells {
            let start = Start::Cells(&cpu, &cells);
            (timed.fold(start).unwrap().0, timed.repeat(start).unwrap().0)
        } else {
            let device = Device::Cpu(Box::new(cpu));
            let start = Start::Positions(&device);
            (timed.fold(start).unwrap().0, timed.repeat(start).unwrap().0)
        };
        let bits = answer.as_f64(0).into_iter().map(f64::to_bits).collect();
        (partials, bits)
    }
}

/// In units of 2^-128, half to even.
fn units(x: f64) -> BigInt {
    let bits = x.abs().to_bits();
    let biased = (bits >> 52) as i64;
    let mantissa = BigInt::from(bits & ((1 << 52) - 1) | u64::from(biased != 0) << 52);
    let shift = biased.max(1) - 1075 + 128;
    let whole: BigInt = if shift >= 0 {
        mantissa << shift
    } else {
        // Twice the number and whether there is more, to units of a quarter at least.
        let floor: BigInt = &mantissa >> -shift;
        let rest: BigInt = (&mantissa - (&floor << -shift)) * 2;
        let one: BigInt = BigInt::from(1) << -shift;
        let up = rest > one || (rest == one && floor.bit(0));
        floor + BigInt::from(u8::from(up))
    };
    if x < 0.0 { -whole } else { whole }
}

fn integer(sum: Signed256) -> BigInt {
    (BigInt::from(sum.high) << 128) + BigInt::from(sum.low)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn terms_made_in_a_fold_have_the_bits_of_those_made_before_it(track in track(), threads in 1usize..4) {
        let expected = track.folded(Order::Sort, 1, false);
        for (order, threads, from_cells) in [
            (Order::Runs, threads, false),
            (Order::Runs, 1, true),
            (Order::Blocks, threads, true),
            (Order::Sort, threads, true),
            (Order::Auto, 2, false),
        ] {
            let found = track.folded(order, threads, from_cells);
            prop_assert!(found == expected, "{order:?} on {threads} threads");
        }
        // All terms together are those of integers.
        let (partials, _) = expected;
        let mut sums = [BigInt::ZERO, BigInt::ZERO];
        for (h, w, odd) in &track.rows {
            if track.special && [20, 30].contains(odd) {
                continue;
            }
            let h = match odd {
                7 if track.special => f64::NAN,
                8 if track.special => f64::INFINITY,
                _ => f64::from(*h),
            };
            let w = if track.special && *odd == 9 { f64::NAN } else { *w };
            for (sum, term) in sums.iter_mut().zip([h * w, w]) {
                if term.is_finite() {
                    *sum += units(term);
                }
            }
        }
        let of_terms = partials.columns.iter().filter_map(|column| column.terms.as_ref());
        let found: Vec<BigInt> = of_terms.map(|rows| rows.iter().map(|row| integer(row.sum)).sum()).collect();
        prop_assert_eq!(found, sums);
    }
}
