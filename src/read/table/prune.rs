//! Which row groups of a Parquet file can have photons in the region and the wanted shards, by their statistics.
//!
//! On the line: before `batches.rs` reads. The counts of a run do not depend on it: a photon outside is still
//! counted under the first reason that rejects it. So of a row group whose box lies outside only the
//! coordinates are read, and nothing at all where one of both is the reason for every photon. The
//! minimum and maximum of floats ignore NaN, so that takes a count of NaNs, which not every writer gives.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::file::metadata::RowGroupMetaData;

use super::columns::Needed;
use super::file::TableFile;
use super::piece::{Reach, Stretch};
use super::types::list_item;
use crate::grid::{Bounds, GeoBox, Locator, WantedBoxes};
use crate::read::{OUTSIDE_REGION, OUTSIDE_SHARDS};
use crate::region::{Region, Side, turned};

/// Where photons count.
#[derive(Debug, Default)]
pub(super) struct Inside<'a> {
    pub region: Option<&'a Region>,
    pub shards: Option<WantedBoxes>,
}

/// Why no photon of a box counts.
enum Reason {
    /// One for all of them.
    One(&'static str),
    /// Of each its own.
    Several,
}

impl Inside<'_> {
    /// Why no photon of a box counts; `None` where one may.
    fn outside(&self, found: &GeoBox) -> Option<Reason> {
        // No latitude of a position: the reason is another.
        if found.south > found.north {
            return Some(Reason::Several);
        }
        let side = self.region.map(|region| {
            let bounds = Bounds {
                lon: [found.west, found.east],
                lat: [found.south, found.north],
            };
            turned(bounds).map_or(Side::Crossed, |bounds| region.side(&bounds))
        });
        if side == Some(Side::Outside) {
            return Some(Reason::One(OUTSIDE_REGION));
        }
        let shards = self.shards.as_ref();
        let none_wanted = shards.is_some_and(|shards| !shards.meet(found));
        none_wanted.then_some(match side {
            Some(Side::Crossed) => Reason::Several,
            _ => Reason::One(OUTSIDE_SHARDS),
        })
    }
}

/// Statistics of one coordinate in one row group.
struct Range {
    min: f64,
    max: f64,
    nans: Option<u64>,
}

/// The row groups of a table in order; all of them whole where photons count everywhere.
pub(super) fn stretches(
    table: &TableFile,
    metadata: &ArrowReaderMetadata,
    needed: &Needed,
    inside: &Inside,
) -> Vec<Stretch> {
    let mut stretches: Vec<Stretch> = Vec::new();
    let mut first = 0;
    for (place, group) in metadata.metadata().row_groups().iter().enumerate() {
        let pruning = Pruning {
            table,
            metadata,
            needed,
            group,
        };
        let reach = pruning.reach(inside);
        let rows = u64::try_from(group.num_rows()).unwrap_or(0);
        match stretches.last_mut() {
            Some(last) if last.reach == reach => {
                last.row_groups.push(place);
                last.rows += rows;
            }
            _ => stretches.push(Stretch {
                reach,
                row_groups: vec![place],
                first,
                rows,
            }),
        }
        first += rows;
    }
    stretches
}

/// One row group and what is asked of it.
struct Pruning<'a> {
    table: &'a TableFile,
    metadata: &'a ArrowReaderMetadata,
    needed: &'a Needed,
    group: &'a RowGroupMetaData,
}

impl Pruning<'_> {
    fn reach(&self, inside: &Inside) -> Reach {
        if inside.region.is_none() && inside.shards.is_none() {
            return Reach::All;
        }
        self.outside(inside).unwrap_or(Reach::All)
    }

    /// `None` where it cannot be told that all photons are outside, and why they are rejected.
    fn outside(&self, inside: &Inside) -> Option<Reach> {
        let needed = self.needed;
        let names = [&needed.longitude, &needed.latitude].into_iter();
        let names = names.chain(&needed.filters).chain(&needed.variables);
        // A row with lists is not one photon.
        let is_list = |name: &String| {
            let field = self.table.schema.field_with_name(name);
            field.is_ok_and(|field| list_item(field.data_type()).is_some())
        };
        if names.clone().any(is_list) {
            return None;
        }
        let (lon, lat) = (
            self.range(&needed.longitude)?,
            self.range(&needed.latitude)?,
        );
        // Latitudes beyond the poles are no positions, whatever their longitude.
        let found = GeoBox {
            south: lat.min.max(-90.0),
            north: lat.max.min(90.0),
            west: lon.min,
            east: lon.max,
        };
        let reason = inside.outside(&found)?;
        let valid =
            |range: &Range, name: &str| range.nans == Some(0) && self.nulls(name) == Some(0);
        let all_valid = valid(&lon, &needed.longitude)
            && valid(&lat, &needed.latitude)
            && lat.min >= -90.0
            && lat.max <= 90.0
            && lon.min >= -Locator::MOST_LONGITUDE
            && lon.max <= Locator::MOST_LONGITUDE;
        Some(match reason {
            Reason::One(reason) if all_valid => Reach::Nothing(reason),
            _ => Reach::Positions,
        })
    }

    fn statistics(&self, name: &str) -> Option<StatisticsConverter<'_>> {
        let schema = self.metadata.metadata().file_metadata().schema_descr();
        StatisticsConverter::try_new(name, &self.table.schema, schema)
            .ok()
            .map(|statistics| statistics.with_missing_null_counts_as_zero(false))
    }

    fn nulls(&self, name: &str) -> Option<u64> {
        let counts = self
            .statistics(name)?
            .row_group_null_counts([self.group])
            .ok()?;
        counts.iter().next().flatten()
    }

    /// The finite range of a coordinate.
    fn range(&self, name: &str) -> Option<Range> {
        let statistics = self.statistics(name)?;
        let only = |array: &dyn Array| -> Option<f64> {
            if array.len() != 1 || array.is_null(0) {
                return None;
            }
            match array.data_type() {
                DataType::Float32 => Some(array.as_primitive::<Float32Type>().value(0).into()),
                DataType::Float64 => Some(array.as_primitive::<Float64Type>().value(0)),
                _ => None,
            }
        };
        let min = only(&statistics.row_group_mins([self.group]).ok()?)?;
        let max = only(&statistics.row_group_maxes([self.group]).ok()?)?;
        let nans = statistics.row_group_nan_counts([self.group]).ok()?;
        let ordered = min.is_finite() && max.is_finite() && min <= max;
        ordered.then(|| Range {
            min,
            max,
            nans: nans.iter().next().flatten(),
        })
    }
}
