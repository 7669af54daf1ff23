//! Which photons in memory a question is about: its region and its times, and in which of its steps they are.
//!
//! Beside the line: what readers do while they read, in their order and with their words, so photons count as they do
//! in a run.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, TimestampMicrosecondArray, TimestampMillisecondArray,
    TimestampNanosecondArray, TimestampSecondArray,
};
use rayon::prelude::*;

use super::photons::{LOOKED_AT, Photons};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::photon::{Column, Counts, PhotonBatch, Rows, SourceColumn, Values};
use crate::read::{ByTime, OUTSIDE_REGION, RowFilter, StepFinder, Times};

/// Photons that a question is about, a batch for each step of time; one where it has no steps.
#[derive(Debug)]
pub struct Kept {
    pub(super) sources: Vec<SourceColumn>,
    pub(super) batches: Vec<PhotonBatch>,
    pub counts: Counts,
}

impl Photons {
    /// Those that a config is about. Where it asks for times, the last column are these, and no column of the config:
    /// seconds since 2018-01-01T00:00:00 UTC.
    ///
    /// # Errors
    /// Times that are not there, or that do not tell steps apart.
    #[doc(hidden)]
    pub fn kept(mut self, config: &Config) -> Result<Kept> {
        let mut times = self.take_times(config)?;
        let columns = &self.batch.columns;
        let nulls = !columns.is_empty() && columns.iter().all(|column| column.nulls.is_some());
        if nulls || config.region.is_some() || times.is_some() {
            let keep = self.chosen(config, times.as_ref());
            times = times.map(|times| times.retain(&keep));
        }
        for (source, column) in self.sources.iter().zip(&self.batch.columns) {
            if let Some(nulls) = column.nulls.as_ref().filter(|nulls| nulls.null_count() > 0) {
                let of_column = self.counts.nulls.entry(source.name.clone()).or_default();
                *of_column += nulls.null_count() as u64;
            }
        }
        Ok(Kept {
            batches: parted(self.batch, config, times.as_ref()),
            sources: self.sources,
            counts: self.counts,
        })
    }

    /// Leaves out what the config is not about, and tells which photons were kept.
    fn chosen(&mut self, config: &Config, times: Option<&Column>) -> Vec<bool> {
        let mut keep = vec![1_u8; self.batch.len()];
        self.keep_region(config, &mut keep);
        for filter in config.filters.iter().filter(|_| times.is_some()) {
            let (filter, before) = (RowFilter::new(filter), count(&keep));
            if let Some(times) = times {
                // A null compares with nothing: it passes no filter.
                keep_valid([times], &mut keep);
                filter.narrow(&times.values, 0..keep.len(), &mut keep);
            }
            self.counts.reject(&filter.reason, before - count(&keep));
        }
        if !self.batch.columns.is_empty() {
            let before = count(&keep);
            keep_valid(&self.batch.columns, &mut keep);
            self.counts.reject("null", before - count(&keep));
        }
        let lost = keep.len() - count(&keep);
        self.counts.kept -= lost as u64;
        let keep: Vec<bool> = keep.iter().map(|&mark| mark == 1).collect();
        if lost > 0 {
            retain(&mut self.batch, &keep);
        }
        keep
    }

    /// The times of all photons, where the config asks for some.
    fn take_times(&mut self, config: &Config) -> Result<Option<Column>> {
        let Some(filter) = config.filters.iter().find(|filter| filter.moment.is_some()) else {
            return Ok(None);
        };
        let given = self.batch.columns.len();
        if given != config.variables.len() + 1 {
            let message = format!(
                "there is no column of times, which {} would be",
                filter.dataset
            );
            return Err(Error::argument(message));
        }
        let (source, times) = (self.sources.pop(), self.batch.columns.pop());
        if let Some(source) = source {
            let told = StepFinder::check(source.dtype);
            told.map_err(|why| Error::argument(format!("column {}: {why}", filter.dataset)))?;
        }
        Ok(times)
    }

    fn keep_region(&mut self, config: &Config, keep: &mut [u8]) {
        let Some(region) = &config.region else {
            return;
        };
        let batch = &self.batch;
        let positions = batch.lon.par_iter().zip(&*batch.lat);
        let marks = positions.zip(&mut *keep).with_min_len(LOOKED_AT);
        marks.for_each(|((&lon, &lat), mark)| *mark = u8::from(region.contains(lon, lat)));
        self.counts.reject(OUTSIDE_REGION, keep.len() - count(keep));
    }
}

fn count(keep: &[u8]) -> usize {
    keep.iter().map(|&mark| usize::from(mark)).sum()
}

/// Clears the marks of photons that are null in every one of these columns.
fn keep_valid<'a>(columns: impl IntoIterator<Item = &'a Column>, keep: &mut [u8]) {
    let nulls = columns.into_iter().map(|column| column.nulls.as_ref());
    let Some(nulls) = nulls.collect::<Option<Vec<_>>>() else {
        return;
    };
    for (i, mark) in keep.iter_mut().enumerate() {
        *mark &= u8::from(nulls.iter().any(|nulls| nulls.is_valid(i)));
    }
}

fn retain(batch: &mut PhotonBatch, keep: &[bool]) {
    let of = |values: &[f64]| {
        let pairs = values.iter().zip(keep);
        pairs.filter(|(_, keep)| **keep).map(|(x, _)| *x).collect()
    };
    (batch.lon, batch.lat) = (of(&batch.lon), of(&batch.lat));
    batch.columns = batch.columns.iter().map(|c| c.retain(keep)).collect();
    let rows = keep.iter().enumerate().filter(|(_, keep)| **keep);
    let rows = rows.map(|(i, _)| batch.origin.rows.get(i)).collect();
    batch.origin.rows = Rows::Listed(rows);
}

/// A batch for each step of time.
fn parted(batch: PhotonBatch, config: &Config, times: Option<&Column>) -> Vec<PhotonBatch> {
    let (Some(by), Some(times)) = (ByTime::of(config), times) else {
        return vec![batch];
    };
    if batch.is_empty() {
        return Vec::new();
    }
    let times = Times {
        values: &times.values,
        extremes: &[],
        together: usize::MAX,
    };
    let steps = by.finder.find(&times, std::iter::once(0..batch.len()));
    batch.parted(&steps, &mut Values::room)
}

/// Seconds since 2018-01-01T00:00:00 UTC of counts since 1970, so many a second: as times of tables are read, with
/// the least of all counts as null, which NumPy has for no time.
///
/// ```
/// use icefold::arrays::{Values, times_of};
///
/// let times = times_of(&[1_514_764_800_500, i64::MIN], 1000).unwrap();
/// assert!(matches!(&times.values, Values::F64(seconds) if seconds[0] == 0.5));
/// assert!(times.nulls.is_some() && times_of(&[0], 60).is_none());
/// ```
#[doc(hidden)]
pub fn times_of(counts: &[i64], per_second: u64) -> Option<Column> {
    let known = counts
        .iter()
        .map(|&count| (count != i64::MIN).then_some(count));
    let array: ArrayRef = match per_second {
        1 => Arc::new(known.collect::<TimestampSecondArray>()),
        1_000 => Arc::new(known.collect::<TimestampMillisecondArray>()),
        1_000_000 => Arc::new(known.collect::<TimestampMicrosecondArray>()),
        1_000_000_000 => Arc::new(known.collect::<TimestampNanosecondArray>()),
        _ => return None,
    };
    times_of_array(&array)
}

/// As [`times_of`], of an array of dates or timestamps; `None` of any other.
#[doc(hidden)]
pub fn times_of_array(array: &ArrayRef) -> Option<Column> {
    let seconds = crate::read::times::seconds(array)?;
    Some(Column {
        values: Values::F64(seconds.into()),
        nulls: array.logical_nulls().filter(|nulls| nulls.null_count() > 0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse_yaml;

    const QUESTION: &str = "
data_source:
  reader: table
  coordinates: {latitude: lat, longitude: lon}
  variables: {a: a, b: b}
aggregation:
  variables:
    n: {function: count, source: a}
    m: {function: max, source: b}
output:
  grid: {type: healpix, indexing_scheme: nested, parent_order: 2, child_order: 6}
";

    fn column(values: &[Option<i64>]) -> Column {
        let nulls = values.iter().map(Option::is_some).collect();
        Column {
            values: Values::I64(values.iter().map(|v| v.unwrap_or(7)).collect()),
            nulls: Some(nulls),
        }
    }

    fn kept(more: &str, columns: Vec<(&str, Column)>) -> Result<Kept> {
        let config = parse_yaml("test", &format!("{QUESTION}{more}")).unwrap();
        let (lon, lat) = (vec![1.0, 2.0, f64::NAN, 3.0], vec![5.0; 4]);
        Photons::new(lon, lat, columns).unwrap().kept(&config)
    }

    #[test]
    fn a_photon_that_is_null_in_all_columns_is_left_out_and_counted() {
        let a = column(&[Some(1), None, Some(2), None]);
        let b = column(&[None, None, None, Some(3)]);
        let found = kept("", vec![("a", a), ("b", b)]).unwrap();
        assert_eq!((found.counts.read, found.counts.kept), (4, 2));
        let expected = [("bad_coordinate".to_owned(), 1), ("null".to_owned(), 1)];
        assert_eq!(found.counts.rejected, expected.into());
        assert_eq!(found.counts.nulls["a"], 1);
        assert_eq!(found.batches[0].lon[..], [1.0, 3.0]);
    }

    #[test]
    fn times_are_a_column_more_and_part_photons_by_step() {
        let steps = "time: {dataset: t, edges: [2018, 2019, 2020]}\n";
        let year = 365 * 86_400;
        let plain = |values: [i64; 4]| Column::from(Values::I64(values.to_vec().into()));
        let columns = |times: Column| {
            vec![
                ("a", plain([1, 2, 3, 4])),
                ("b", plain([5, 6, 7, 8])),
                ("t", times),
            ]
        };
        let times = column(&[Some(year), Some(-1), Some(0), Some(year - 1)]);
        let found = kept(steps, columns(times)).unwrap();
        let parts: Vec<(u32, f64)> = found.batches.iter().map(|b| (b.step, b.lon[0])).collect();
        assert_eq!(parts, [(0, 3.0), (1, 1.0)]);
        assert_eq!(
            found.counts.rejected["time: before 2018-01-01T00:00:00Z"],
            1
        );
        assert_eq!(found.sources.len(), 2);
        let mut none = columns(plain([0; 4]));
        none.pop();
        let error = kept(steps, none).unwrap_err().to_string();
        assert!(
            error.contains("there is no column of times, which t would be"),
            "{error}"
        );
        let narrow = Column::from(Values::F32(vec![0.0; 4].into()));
        let error = kept(steps, columns(narrow)).unwrap_err().to_string();
        assert!(error.contains("column t: is float32"), "{error}");
    }
}
