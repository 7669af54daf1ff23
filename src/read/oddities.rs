//! What is odd about the values of a granule, counted by dataset: these counts become its warnings.
//!
//! On the line: the readers count among the photons whose position is valid and wanted, before any filter,
//! and among the positions of all that are read. The numbers do not depend on how rows are cut into batches.

use std::collections::BTreeMap;

use multiversion::multiversion;

use crate::decode::extremes::Extremes;
use crate::photon::Values;

/// The default fill value of floats in netCDF.
const NETCDF_FILL: f64 = 9.969_209_968_386_869e36;

/// Counts of odd values, by dataset.
#[derive(Debug, Default)]
pub(crate) struct Oddities {
    outside: BTreeMap<String, Outside>,
    /// By dataset and value.
    strays: BTreeMap<(String, String), u64>,
}

#[derive(Debug)]
struct Outside {
    count: u64,
    range: String,
    position: bool,
}

impl Oddities {
    /// Counts values of a dataset outside its valid range, which is given in words; `position` where
    /// photons without it are none.
    pub fn outside(&mut self, dataset: &str, range: String, position: bool, count: usize) {
        if count == 0 {
            return;
        }
        let entry = self.outside.entry(dataset.to_owned());
        let entry = entry.or_insert(Outside {
            count: 0,
            range,
            position,
        });
        entry.count += count as u64;
    }

    /// Counts, at these places, values that look like fill values and are not declared as such.
    pub fn strays(&mut self, dataset: &str, values: &Values, places: impl Iterator<Item = usize>) {
        for place in places {
            let value = values.get_f64(place);
            if !is_stray(value) {
                continue;
            }
            let text = match values {
                Values::F32(v) => format!("{:e}", v[place]),
                _ => format!("{value:e}"),
            };
            *self.strays.entry((dataset.to_owned(), text)).or_default() += 1;
        }
    }

    /// Adds those of other rows.
    pub fn add(&mut self, other: Self) {
        for (dataset, found) in other.outside {
            self.outside(&dataset, found.range, found.position, found.count as usize);
        }
        for (key, count) in other.strays {
            *self.strays.entry(key).or_default() += count;
        }
    }

    /// One line for each, that names the granule.
    pub fn warnings(&self, granule: &str) -> Vec<String> {
        let outside = self.outside.iter().map(|(dataset, found)| {
            let Outside {
                count,
                range,
                position,
            } = found;
            let are = if *position { "no positions" } else { "null" };
            format!(
                "granule {granule}: {dataset}: {count} values lie outside its {range} and are {are}; \
                 output.valid_range: ignore takes them as they are"
            )
        });
        let strays = self.strays.iter().map(|((dataset, value), count)| {
            format!(
                "granule {granule}: {dataset}: {count} values are {value}, which programs write where \
                 there is none, and no attribute says so: they count as values; declare it as _FillValue, \
                 or filter them out"
            )
        });
        outside.chain(strays).collect()
    }
}

/// Whether some values are numbers that programs fill gaps with: the largest float32 and float64,
/// and netCDF's default.
pub(super) fn has_strays(values: &Values) -> bool {
    match values {
        Values::F32(v) => large_f32(v) && v.iter().any(|&x| is_stray(x.into())),
        Values::F64(v) => large_f64(v) && v.iter().any(|&x| is_stray(x)),
        Values::I64(_) => false,
    }
}

/// Whether a number is one of those.
#[expect(clippy::float_cmp, reason = "exactly these numbers are fill values")]
fn is_stray(x: f64) -> bool {
    let x = x.abs();
    x == NETCDF_FILL || x == f64::from(f32::MAX) || x == f64::MAX
}

/// Whether such a number may be among values between these.
pub(super) fn may_be_among(extremes: &Extremes) -> bool {
    let may_be = |x: f64| x.abs() >= NETCDF_FILL;
    may_be(extremes.least) || may_be(extremes.most)
}

/// Whether any value reaches the smallest of them: a pass in lanes, so that most blocks need no other.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
fn large_f32(values: &[f32]) -> bool {
    let mut large = 0_u32;
    for x in values {
        large |= u32::from(x.abs() >= NETCDF_FILL as f32);
    }
    large != 0
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
fn large_f64(values: &[f64]) -> bool {
    let mut large = 0_u64;
    for x in values {
        large |= u64::from(x.abs() >= NETCDF_FILL);
    }
    large != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_fill_gaps_are_found_exactly() {
        let singles = [f32::MAX, -f32::MAX, NETCDF_FILL as f32];
        for x in singles {
            assert!(has_strays(&Values::F32(vec![0.0, x].into())), "{x}");
            assert!(has_strays(&Values::F64(vec![0.0, x.into()].into())), "{x}");
        }
        assert!(has_strays(&Values::F64(vec![f64::MAX].into())));
        for x in [f32::INFINITY, f32::NAN, 3.402_823e38, 9.969_2e36] {
            assert!(!has_strays(&Values::F32(vec![x].into())), "{x}");
        }
    }

    #[test]
    fn where_no_such_number_may_be_among_values_there_is_none() {
        for odd in [f64::MAX, f32::MAX.into(), NETCDF_FILL, f64::NAN, 9e36] {
            for x in [odd, -odd] {
                let values = vec![1.0, x, -3.0];
                let may_be = may_be_among(&Extremes::of(&values));
                assert_eq!(may_be, has_strays(&Values::F64(values.into())), "{x}");
            }
        }
    }
}
