//! Kinds of arrays: what one has for a cell, and all that follows from it.
//!
//! Below `schema.rs`, which decides the kinds of a store, and everything that writes or reads arrays. A new kind
//! is a variant here; matches without a rest name what else it needs: its values (`table.rs`), and its attributes
//! (`src/store/zarr/metadata.rs`).

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};

use super::digest;
use crate::config::Dtype;
use crate::stat::{Channel, Channels, Job, JobOutput};

/// What an array has for each cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A number.
    Scalar,
    /// A count for each bin between ascending edges.
    Histogram { edges: Vec<f64> },
    /// The count of values that are beyond the edges of a histogram.
    Outside { above: bool },
    /// Whether the cell touches the region: the same at all steps of time.
    Mask,
    /// Centroids of a t-digest, a mean and a weight each: as many as a cell has.
    Digest {
        delta: u32,
        coarser: u32,
        channels: Channels,
    },
    /// Of the digest that stands before it: a word for each centroid.
    Words(Channel),
    /// A number of all photons of the Zarr chunk.
    OfChunk,
    /// Counts in so many bins between edges that follow from the photons.
    Vector { bins: u32 },
}

impl Kind {
    /// Arrays of an output.
    pub fn arrays_of(output: &JobOutput, job: &Job) -> usize {
        match output {
            JobOutput::Digest { .. } => {
                1 + output.channels(job).map_or(0, |told| told.all().count())
            }
            JobOutput::Scalar(_)
            | JobOutput::Composition(_)
            | JobOutput::OfChunk(_)
            | JobOutput::Vector(_) => 1,
            JobOutput::Histogram(_) => 3,
        }
    }

    /// Values of a cell along a dimension of their own; `None` where it has one value and the array no such
    /// dimension.
    pub fn values(&self) -> Option<u64> {
        match self {
            Self::Scalar
            | Self::Outside { .. }
            | Self::Mask
            | Self::Digest { .. }
            | Self::Words(_)
            | Self::OfChunk => None,
            Self::Histogram { edges } => Some((edges.len() as u64).saturating_sub(1)),
            Self::Vector { bins } => Some((*bins).into()),
        }
    }

    /// Whether cells have as many values as they come to have.
    pub fn is_ragged(&self) -> bool {
        self.element().is_some()
    }

    /// Values of a row, where cells have lists of rows.
    pub fn element(&self) -> Option<u64> {
        match self {
            Self::Digest { .. } => Some(2),
            Self::Words(_) => Some(1),
            Self::Scalar
            | Self::Histogram { .. }
            | Self::Outside { .. }
            | Self::Mask
            | Self::OfChunk
            | Self::Vector { .. } => None,
        }
    }

    /// The kind of the same array at coarser orders.
    #[must_use]
    pub fn at_coarser(self) -> Self {
        match self {
            Self::Digest {
                coarser, channels, ..
            } => Self::Digest {
                delta: coarser,
                coarser,
                channels,
            },
            other => other,
        }
    }

    /// Values of a cell.
    pub fn width(&self) -> usize {
        self.values().map_or(1, |values| values as usize)
    }

    /// The dimension of a cell's values, of the array of this name.
    pub fn dimension(&self, name: &str) -> Option<String> {
        match self {
            Self::Scalar
            | Self::Outside { .. }
            | Self::Mask
            | Self::Digest { .. }
            | Self::Words(_)
            | Self::OfChunk => None,
            Self::Histogram { .. } | Self::Vector { .. } => Some(format!("{name}_bins")),
        }
    }

    /// Whether cells have values of each step of time, where there are steps.
    pub fn has_steps(&self) -> bool {
        match self {
            Self::Scalar
            | Self::Histogram { .. }
            | Self::Outside { .. }
            | Self::Digest { .. }
            | Self::Words(_)
            | Self::OfChunk
            | Self::Vector { .. } => true,
            Self::Mask => false,
        }
    }

    /// The type of the array as a column: a list where a cell has several values.
    pub fn data_type(&self, dtype: Dtype) -> DataType {
        let one = dtype.data_type();
        match self {
            Self::Digest { .. } => return digest::data_type(),
            Self::Words(_) => return digest::words_type(),
            _ => {}
        }
        match self.values() {
            None => one,
            Some(values) => {
                let item = Field::new("item", one, false);
                DataType::FixedSizeList(Arc::new(item), values as i32)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_has_a_value_for_each_bin_and_other_kinds_have_one() {
        let edges = vec![0.0, 1.0, 2.5, 4.0];
        let histogram = Kind::Histogram { edges };
        assert_eq!((histogram.values(), histogram.width()), (Some(3), 3));
        assert_eq!(histogram.dimension("h").as_deref(), Some("h_bins"));
        for kind in [Kind::Scalar, Kind::Outside { above: true }, Kind::Mask] {
            assert_eq!(kind.has_steps(), kind != Kind::Mask);
            assert_eq!((kind.values(), kind.width()), (None, 1));
            assert_eq!(kind.dimension("h"), None);
            assert_eq!(kind.data_type(Dtype::I16), DataType::Int16);
        }
        let item = Arc::new(Field::new("item", DataType::Int32, false));
        let list = DataType::FixedSizeList(item, 3);
        assert_eq!(histogram.data_type(Dtype::I32), list);
    }
}
