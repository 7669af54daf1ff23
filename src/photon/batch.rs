//! Photon batches: what reading hands to a backend.
//!
//! On the line: `granule --read--> PhotonBatch --upload--> backend`. A batch is a struct of arrays of one
//! length; every photon in it has passed the filters and has valid coordinates.

use std::sync::Arc;

use arrow::buffer::NullBuffer;

use super::Rows;
use super::buffer::{Buffer, ColumnMemory};

/// Where the photons of a batch come from, so that an error can name the row.
#[derive(Debug, Clone)]
pub struct Origin {
    /// File name of the granule.
    pub granule: Arc<str>,
    /// `gt1l` .. `gt3r`.
    pub ground_track: Arc<str>,
    /// Row in the ground track of each photon of the batch, ascending.
    pub rows: Rows,
}

/// The values of one column, one per photon.
///
/// ```
/// use icefold::arrays::Values;
///
/// let heights = Values::F32(vec![101.5, 99.25].into());
/// assert_eq!(heights.len(), 2);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    F32(Buffer<f32>),
    F64(Buffer<f64>),
    I64(Buffer<i64>),
}

/// The type in which a column's values are held and ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    F32,
    F64,
    I64,
}

/// One column of a batch: values, and which of them are null (`None`: none is).
///
/// ```
/// use icefold::arrays::{Column, Values};
///
/// let heights: Column = Values::F64(vec![101.5, 99.25].into()).into();
/// assert!(heights.nulls.is_none());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    pub values: Values,
    pub nulls: Option<NullBuffer>,
}

impl From<Values> for Column {
    /// None of them null.
    fn from(values: Values) -> Self {
        Self {
            values,
            nulls: None,
        }
    }
}

/// Photons that are processed together: positions in degrees on WGS84, and columns.
#[derive(Debug, Clone)]
pub struct PhotonBatch {
    pub origin: Origin,
    /// The step of time that all of them are in; 0 where the config has no steps.
    pub step: u32,
    /// Longitude in degrees, finite.
    pub lon: Buffer<f64>,
    /// Geodetic latitude in degrees, within [-90, 90].
    pub lat: Buffer<f64>,
    /// Columns in the order that the reader was asked for (source columns), or in the order of
    /// `stat::Job::columns` (after derivation).
    pub columns: Vec<Column>,
}

impl ColumnType {
    /// The type that holds the values of both without loss; `None` for integers beside floats.
    pub fn wider(self, other: Self) -> Option<Self> {
        match (self, other) {
            _ if self == other => Some(self),
            (Self::F32, Self::F64) | (Self::F64, Self::F32) => Some(Self::F64),
            _ => None,
        }
    }
}

impl Values {
    /// None of this type.
    pub fn empty(column_type: ColumnType) -> Self {
        match column_type {
            ColumnType::F32 => Self::F32(Buffer::default()),
            ColumnType::F64 => Self::F64(Buffer::default()),
            ColumnType::I64 => Self::I64(Buffer::default()),
        }
    }

    /// So many of this type, of any content, in memory of their own.
    pub(crate) fn room(column_type: ColumnType, length: usize) -> Self {
        match column_type {
            ColumnType::F32 => Self::F32(vec![0.0; length].into()),
            ColumnType::F64 => Self::F64(vec![0.0; length].into()),
            ColumnType::I64 => Self::I64(vec![0; length].into()),
        }
    }

    /// Room for so many, of any content, in memory that is lent; `None` where there is none.
    pub fn lent_by(
        memory: &dyn ColumnMemory,
        column_type: ColumnType,
        length: usize,
    ) -> Option<Self> {
        match column_type {
            ColumnType::F32 => Buffer::lent_by(memory, length).map(Self::F32),
            ColumnType::F64 => Buffer::lent_by(memory, length).map(Self::F64),
            ColumnType::I64 => Buffer::lent_by(memory, length).map(Self::I64),
        }
    }

    pub fn len(&self) -> usize {
        match self {
            Self::F32(v) => v.len(),
            Self::F64(v) => v.len(),
            Self::I64(v) => v.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets the values behind the first so many.
    pub(crate) fn truncate(&mut self, length: usize) {
        match self {
            Self::F32(v) => v.truncate(length),
            Self::F64(v) => v.truncate(length),
            Self::I64(v) => v.truncate(length),
        }
    }

    pub fn column_type(&self) -> ColumnType {
        match self {
            Self::F32(_) => ColumnType::F32,
            Self::F64(_) => ColumnType::F64,
            Self::I64(_) => ColumnType::I64,
        }
    }

    /// The value at `i` as f64; exact for f32, f64 and integers up to 2^53.
    pub fn get_f64(&self, i: usize) -> f64 {
        match self {
            Self::F32(v) => f64::from(v[i]),
            Self::F64(v) => v[i],
            Self::I64(v) => v[i] as f64,
        }
    }
}

impl Column {
    /// No values.
    pub fn empty() -> Self {
        Self {
            values: Values::empty(ColumnType::F32),
            nulls: None,
        }
    }

    pub fn is_valid(&self, i: usize) -> bool {
        self.nulls.as_ref().is_none_or(|n| n.is_valid(i))
    }
}

impl Column {
    /// The values for which `keep` holds, in order.
    pub fn retain(&self, keep: &[bool]) -> Self {
        let nulls = self.nulls.as_ref().map(|nulls| {
            let pairs = nulls.iter().zip(keep);
            pairs
                .filter(|(_, keep)| **keep)
                .map(|(valid, _)| valid)
                .collect()
        });
        Self {
            values: match &self.values {
                Values::F32(v) => Values::F32(kept(v, keep)),
                Values::F64(v) => Values::F64(kept(v, keep)),
                Values::I64(v) => Values::I64(kept(v, keep)),
            },
            nulls,
        }
    }
}

impl PhotonBatch {
    pub fn len(&self) -> usize {
        self.lon.len()
    }

    pub fn is_empty(&self) -> bool {
        self.lon.is_empty()
    }

    /// The same with coordinates and values in memory that is lent, as far as there is some.
    #[must_use]
    pub fn moved_into(mut self, memory: &dyn ColumnMemory) -> Self {
        self.lon = self.lon.moved_into(memory);
        self.lat = self.lat.moved_into(memory);
        for column in &mut self.columns {
            let values = std::mem::replace(&mut column.values, Values::empty(ColumnType::F32));
            column.values = match values {
                Values::F32(v) => Values::F32(v.moved_into(memory)),
                Values::F64(v) => Values::F64(v.moved_into(memory)),
                Values::I64(v) => Values::I64(v.moved_into(memory)),
            };
        }
        self
    }

    /// The photons for which `keep` holds, in order; `keep` has one entry per photon.
    pub fn retain(&self, keep: &[bool]) -> Self {
        Self {
            origin: Origin {
                rows: self.origin.rows.retain(keep),
                ..self.origin.clone()
            },
            step: self.step,
            lon: kept(&self.lon, keep),
            lat: kept(&self.lat, keep),
            columns: self.columns.iter().map(|c| c.retain(keep)).collect(),
        }
    }
}

fn kept<T: Copy>(values: &[T], keep: &[bool]) -> Buffer<T> {
    let pairs = values.iter().zip(keep);
    pairs.filter(|(_, keep)| **keep).map(|(v, _)| *v).collect()
}
