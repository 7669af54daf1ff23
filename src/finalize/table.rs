//! Partials of a shard to a table of finished statistics.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, FixedSizeListArray, Float32Array, Float64Array, Int8Array, Int16Array, Int32Array,
    Int64Array, UInt8Array, UInt16Array, UInt32Array, UInt64Array,
};
use arrow::datatypes::Field;
use arrow::record_batch::RecordBatch;
use rayon::prelude::*;

use crate::config::{Dtype, GridConfig};
use crate::error::{Error, Result};
use crate::merge::{PiledValues, Window};
use crate::stat::{Finished, Job, JobOutput, Partials, Rounding, TDigest, finish_cells};

use super::digest::{digests_of, words_of};
use super::gate::{check, check_table};
use super::vectors::{Around, Chunks, finished};
use super::{CellTable, Kind, OutputArray, StoreSchema};

/// Cells that one task finishes.
const CELLS: usize = 2048;

/// A shard's table, and how many of its cells have a weighted mean without weight.
#[derive(Debug, Clone)]
pub struct FinishedShard {
    pub table: CellTable,
    pub cells_without_weight: u64,
}

/// Finishes one shard: invariants are checked, then every statistic is rounded once.
///
/// # Errors
/// A violated invariant, and a count that its declared dtype cannot hold.
pub fn finalize(
    shard: u64,
    partials: Partials,
    job: &Job,
    schema: &StoreSchema,
) -> Result<FinishedShard> {
    let mut chunks = Chunks::empty(job);
    chunks.add(&partials, &schema.grid, job);
    let around = Around {
        chunks: &chunks,
        piled: &PiledValues::default(),
    };
    finish(shard, partials, around, (job, schema))
}

/// As [`finalize`], of some cells of a shard whose chunks are known.
///
/// # Errors
/// As [`finalize`], and a pile that cannot be read.
pub fn finalize_window(
    shard: u64,
    window: Window,
    chunks: &Chunks,
    (job, schema): (&Job, &StoreSchema),
) -> Result<FinishedShard> {
    let piled = window.piled_values();
    let around = Around {
        chunks,
        piled: &piled,
    };
    finish(shard, window.settle(job)?, around, (job, schema))
}

fn finish(
    shard: u64,
    mut partials: Partials,
    around: Around,
    (job, schema): (&Job, &StoreSchema),
) -> Result<FinishedShard> {
    partials.select_values(job);
    check(shard, &partials, job, &schema.grid)?;
    let slots = partials.cells.iter().map(|&slot| schema.grid.of_slot(slot));
    let (cells, steps): (Vec<u64>, Vec<u32>) = slots.unzip();
    let ids: ArrayRef = Arc::new(UInt64Array::from(cells.clone()));
    let mut columns: Vec<(String, ArrayRef)> = vec![("cell_ids".to_owned(), ids)];
    if let Some(of_store) = &schema.steps {
        let steps: ArrayRef = Arc::new(UInt32Array::from(steps));
        columns.push((of_store.name().to_owned(), steps));
    }
    let mut cells_without_weight = 0;
    let mut arrays = schema.arrays.iter();
    for output in 0..job.outputs.len() {
        if let JobOutput::Digest { .. } = job.outputs[output] {
            let all = Kind::arrays_of(&job.outputs[output], job);
            let of_output: Vec<&OutputArray> = arrays.by_ref().take(all).collect();
            columns.extend(digests(job, &partials, output, &of_output));
            continue;
        }
        let of_more = finished((job, &schema.grid), &partials, &job.outputs[output], around)?;
        let finished: Vec<Finished> = of_more.unwrap_or_else(|| {
            let mut finished = vec![Finished::Missing; partials.len()];
            let tasks = finished.par_chunks_mut(CELLS).enumerate();
            tasks.for_each(|(task, places)| {
                let cells = task * CELLS..task * CELLS + places.len();
                finish_cells((job, &partials, output), cells, &AsItIs, places);
            });
            finished
        });
        cells_without_weight += finished
            .iter()
            .filter(|value| **value == Finished::NoWeight)
            .count() as u64;
        for _ in 0..Kind::arrays_of(&job.outputs[output], job) {
            let Some(array) = arrays.next() else {
                unreachable!("the schema has an array for every part of an output");
            };
            let values = Values {
                finished: &finished,
                cells: &cells,
                array,
                grid: &schema.grid,
            };
            columns.push((array.name.clone(), values.column()?));
        }
    }
    let rows = RecordBatch::try_from_iter_with_nullable(
        columns
            .into_iter()
            .map(|(name, column)| (name, column, false)),
    )
    .map_err(|e| Error::gate(format!("shard {shard}: columns do not align: {e}")))?;
    check_table(shard, &rows, partials.len(), schema)?;
    Ok(FinishedShard {
        table: CellTable { rows },
        cells_without_weight,
    })
}

/// Values become numbers of an array's type later.
struct AsItIs;

impl Rounding<Finished> for AsItIs {
    #[inline]
    fn round(&self, finished: Finished) -> Finished {
        finished
    }
}

/// The digests of an output, with the delta of its first array, and what they say in the others.
fn digests(
    job: &Job,
    partials: &Partials,
    output: usize,
    arrays: &[&OutputArray],
) -> Vec<(String, ArrayRef)> {
    let (
        JobOutput::Digest {
            column, members, ..
        },
        Some(Kind::Digest { delta, .. }),
    ) = (
        &job.outputs[output],
        arrays.first().map(|array| &array.kind),
    )
    else {
        unreachable!("the schema has an array of digests for a digest")
    };
    let rows = (0..partials.len()).into_par_iter();
    let digest = |i: usize| match members {
        None => partials.digest(job, *column, i, *delta),
        Some(joint) => partials.digest_of_members(job, (*column, *joint), i, *delta),
    };
    let digests: Vec<TDigest> = rows.map(digest).collect();
    let columns = arrays.iter().map(|array| {
        let values = match array.kind {
            Kind::Words(channel) => words_of(&digests, channel),
            _ => digests_of(&digests),
        };
        (array.name.clone(), values)
    });
    columns.collect()
}

/// Finished values on their way into one array.
struct Values<'a> {
    finished: &'a [Finished],
    cells: &'a [u64],
    array: &'a OutputArray,
    grid: &'a GridConfig,
}

impl Values<'_> {
    fn column(&self) -> Result<ArrayRef> {
        match self.array.kind {
            Kind::Scalar | Kind::OfChunk => self.scalars(),
            Kind::Histogram { .. } | Kind::Vector { .. } => self.bins(),
            Kind::Outside { above } => self.outside(above),
            Kind::Mask => self.integers(self.finished.iter().map(|_| 1)),
            Kind::Digest { .. } | Kind::Words(_) => unreachable!("digests are made apart"),
        }
    }

    fn scalars(&self) -> Result<ArrayRef> {
        if self.array.dtype.is_float() {
            let fill = self.array.fill_value;
            let real = |value: &Finished| match value {
                Finished::Real(x) => *x,
                Finished::Integer(n) => *n as f64,
                Finished::Missing => fill,
                Finished::NoWeight | Finished::Histogram(_) => f64::NAN,
            };
            // One NaN, whatever made it: its bits are part of the answer. Integers round once.
            let narrow = |value: &Finished| match (value, real(value)) {
                (Finished::Integer(n), _) => *n as f32,
                (_, x) if x.is_nan() => f32::NAN,
                (_, x) => x as f32,
            };
            let wide = |x: f64| if x.is_nan() { f64::NAN } else { x };
            let values = self.finished.iter();
            return Ok(match self.array.dtype {
                Dtype::F32 => Arc::new(Float32Array::from_iter_values(values.map(narrow))),
                _ => Arc::new(Float64Array::from_iter_values(values.map(real).map(wide))),
            });
        }
        let fill = self.array.fill_value as i128;
        self.integers(self.finished.iter().map(|value| match value {
            Finished::Integer(n) => *n,
            _ => fill,
        }))
    }

    fn bins(&self) -> Result<ArrayRef> {
        let fill = self.array.fill_value as i128;
        let inner = |value: &Finished| -> Vec<i128> {
            match value {
                Finished::Histogram(counts) => {
                    let bins = &counts[1..counts.len() - 1];
                    bins.iter().map(|&count| count.into()).collect()
                }
                // Without edges nothing is counted.
                _ => vec![fill; self.array.kind.width()],
            }
        };
        let flat: Vec<i128> = self.finished.iter().flat_map(inner).collect();
        let items = self.integers(flat.into_iter())?;
        let field = Arc::new(Field::new("item", items.data_type().clone(), false));
        FixedSizeListArray::try_new(field, self.array.kind.width() as i32, items, None)
            .map(|list| Arc::new(list) as ArrayRef)
            .map_err(|e| Error::gate(format!("array {}: {e}", self.array.name)))
    }

    fn outside(&self, above: bool) -> Result<ArrayRef> {
        self.integers(self.finished.iter().map(|value| match value {
            Finished::Histogram(counts) if above => counts.last().map_or(0, |&n| i128::from(n)),
            Finished::Histogram(counts) => counts.first().map_or(0, |&n| i128::from(n)),
            _ => 0,
        }))
    }

    fn integers(&self, values: impl Iterator<Item = i128>) -> Result<ArrayRef> {
        macro_rules! array_of {
            ($integer:ty, $array:ty) => {
                Ok(Arc::new(<$array>::from(self.narrowed::<$integer>(values)?)))
            };
        }
        match self.array.dtype {
            Dtype::I8 => array_of!(i8, Int8Array),
            Dtype::I16 => array_of!(i16, Int16Array),
            Dtype::I32 => array_of!(i32, Int32Array),
            Dtype::I64 => array_of!(i64, Int64Array),
            Dtype::U8 => array_of!(u8, UInt8Array),
            Dtype::U16 => array_of!(u16, UInt16Array),
            Dtype::U32 => array_of!(u32, UInt32Array),
            Dtype::U64 => array_of!(u64, UInt64Array),
            Dtype::F32 => Ok(Arc::new(Float32Array::from_iter_values(
                values.map(|n| n as f32),
            ))),
            Dtype::F64 => Ok(Arc::new(Float64Array::from_iter_values(
                values.map(|n| n as f64),
            ))),
        }
    }

    fn narrowed<T: TryFrom<i128>>(&self, values: impl Iterator<Item = i128>) -> Result<Vec<T>> {
        let per_cell = self.array.kind.width();
        values
            .enumerate()
            .map(|(i, value)| {
                T::try_from(value).map_err(|_| {
                    Error::gate(format!(
                        "array {} of dtype {} cannot hold {value} (cell {} at order {}); declare a \
                         wider dtype, e.g. int64",
                        self.array.name,
                        self.array.dtype.name(),
                        self.cells[i / per_cell],
                        self.grid.cell_order
                    ))
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;
    use arrow::datatypes::Float32Type;

    use super::*;
    use crate::grid::{Latitude, Order};

    #[test]
    fn an_integer_rounds_once_to_float32() {
        let array = OutputArray {
            name: "k_max".to_owned(),
            dtype: Dtype::F32,
            fill_value: f64::NAN,
            statistic: "max".to_owned(),
            source: "k".to_owned(),
            resolution: None,
            units: None,
            long_name: None,
            kind: Kind::Scalar,
            attributes: serde_json::Map::new(),
        };
        let order = Order::new(6).unwrap();
        let grid = GridConfig {
            shard_order: order,
            chunk_order: None,
            cell_order: order,
            steps: 1,
            kind: Latitude::AuthalicWgs84.into(),
        };
        // Above a tie of f32 by 1, which f64 does not hold.
        let n = (1i64 << 54) + (1 << 30) + 1;
        let values = Values {
            finished: &[Finished::Integer(n.into()), Finished::Missing],
            cells: &[0, 1],
            array: &array,
            grid: &grid,
        };
        let column = values.scalars().unwrap();
        let column = column.as_primitive::<Float32Type>();
        assert_eq!(column.value(0), ((1i64 << 54) + (1 << 31)) as f32);
        assert!(column.value(1).is_nan());
    }
}
