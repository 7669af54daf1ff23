//! Photons in memory: positions and columns, those without a position left out and counted as in a run.
//!
//! Beside the line: what `input.rs` reads, and what callers have.

use std::sync::Arc;

use rayon::prelude::*;

use crate::config::Dtype;
use crate::error::{Error, Result};
use crate::grid::Locator;
use crate::photon::{
    Buffer, Column, ColumnType, Counts, Origin, PhotonBatch, Rows, SourceColumn, Values,
};

/// Positions that one thread looks at, at least.
pub(super) const LOOKED_AT: usize = 1 << 16;

/// Photons in memory.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::arrays::{Photons, Values};
///
/// let h = Values::F64(vec![100.25, 0.0].into());
/// let photons = Photons::new(vec![10.0, f64::NAN], vec![70.0, 0.0], vec![("h", h)])?;
/// assert_eq!((photons.counts.read, photons.counts.kept), (2, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Photons {
    /// One source column per variable of the config.
    pub batch: PhotonBatch,
    pub sources: Vec<SourceColumn>,
    pub counts: Counts,
}

impl Photons {
    /// Photons at longitudes and latitudes in degrees, with the columns of a question in its order: its values, then
    /// its weights. Those without a position are left out, and counted.
    ///
    /// # Errors
    /// Columns that are not of one length.
    pub fn new(
        lon: impl Into<Buffer<f64>>,
        lat: impl Into<Buffer<f64>>,
        columns: Vec<(&str, impl Into<Column>)>,
    ) -> Result<Self> {
        let (lon, lat) = (lon.into(), lat.into());
        let columns = columns
            .into_iter()
            .map(|(name, column)| (name, column.into()));
        let columns: Vec<(&str, Column)> = columns.collect();
        let lengths = columns
            .iter()
            .map(|(name, column)| (*name, column.values.len()));
        for (name, length) in lengths.chain([("of latitudes", lat.len())]) {
            if length != lon.len() {
                return Err(Error::argument(format!(
                    "there are {} longitudes, and column {name} has {length} values; columns are of one \
                     length",
                    lon.len()
                )));
            }
        }
        let of = |(name, column): &(&str, Column)| source(name, column.values.column_type());
        let sources = columns.iter().map(of).collect();
        let columns = columns.into_iter().map(|(_, column)| column);
        let mut gathered = Gathered::default();
        gathered.append_checked(lon, lat, columns.collect());
        Ok(gathered.photons(sources))
    }
}

/// A column that nothing more is known of.
pub(super) fn source(name: &str, column_type: ColumnType) -> SourceColumn {
    SourceColumn {
        name: name.to_owned(),
        column_type,
        dtype: match column_type {
            ColumnType::F32 => Dtype::F32,
            ColumnType::F64 => Dtype::F64,
            ColumnType::I64 => Dtype::I64,
        },
        units: None,
        long_name: None,
    }
}

/// Photons so far.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub lon: Buffer<f64>,
    pub lat: Buffer<f64>,
    pub columns: Vec<Column>,
    pub counts: Counts,
}

impl Gathered {
    /// Adds photons, some of which may lie nowhere.
    pub fn append_checked(&mut self, lon: Buffer<f64>, lat: Buffer<f64>, columns: Vec<Column>) {
        let accepts = |(&lon, &lat): (&f64, &f64)| Locator::accepts(lon, lat);
        let positions = || lon.par_iter().zip(&*lat).with_min_len(LOOKED_AT);
        self.counts.read += lon.len() as u64;
        // Without a branch for each, so that several are looked at in one instruction.
        let all = |(lon, lat): (&[f64], &[f64])| {
            let positions = lon.iter().zip(lat);
            positions.fold(true, |all, position| all & accepts(position))
        };
        let parts = lon.par_chunks(LOOKED_AT).zip(lat.par_chunks(LOOKED_AT));
        if parts.map(all).all(|all| all) {
            self.counts.kept += lon.len() as u64;
            return self.append(lon, lat, columns);
        }
        let keep: Vec<bool> = positions().map(accepts).collect();
        let kept = keep.iter().filter(|keep| **keep).count();
        self.counts.kept += kept as u64;
        self.counts.reject("bad_coordinate", keep.len() - kept);
        let columns = columns.iter().map(|column| column.retain(&keep)).collect();
        self.append(retained(&lon, &keep), retained(&lat, &keep), columns);
    }

    pub fn photons(self, sources: Vec<SourceColumn>) -> Photons {
        Photons {
            batch: PhotonBatch {
                origin: Origin {
                    granule: Arc::from("input"),
                    ground_track: Arc::from(""),
                    rows: Rows::Range(0..self.lon.len() as u64),
                },
                step: 0,
                lon: self.lon,
                lat: self.lat,
                columns: self.columns,
            },
            sources,
            counts: self.counts,
        }
    }

    pub fn append(&mut self, lon: Buffer<f64>, lat: Buffer<f64>, columns: Vec<Column>) {
        let photons = self.lon.len();
        if photons == 0 {
            (self.lon, self.lat, self.columns) = (lon, lat, columns);
            return;
        }
        let added = lon.len();
        self.lon.to_mut().extend(&lon);
        self.lat.to_mut().extend(&lat);
        for (mine, more) in self.columns.iter_mut().zip(columns) {
            if mine.nulls.is_some() || more.nulls.is_some() {
                let valid = (0..photons).map(|i| mine.is_valid(i));
                let nulls = valid.chain((0..added).map(|i| more.is_valid(i))).collect();
                mine.nulls = Some(nulls);
            }
            match (&mut mine.values, more.values) {
                (Values::F32(mine), Values::F32(more)) => mine.to_mut().extend(&more),
                (Values::F64(mine), Values::F64(more)) => mine.to_mut().extend(&more),
                (Values::I64(mine), Values::I64(more)) => mine.to_mut().extend(&more),
                _ => unreachable!("every input is read as the types that all widen to"),
            }
        }
    }
}

fn retained(values: &[f64], keep: &[bool]) -> Buffer<f64> {
    let pairs = values.iter().zip(keep);
    pairs.filter(|(_, keep)| **keep).map(|(x, _)| *x).collect()
}
