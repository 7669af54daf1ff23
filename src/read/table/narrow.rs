//! Which photons of a table count by where they are: in the region, then on the grid, then in the wanted shards.
//!
//! On the line: `reader.rs` asks before any column but those of positions is looked at.

use super::piece::Reach;
use crate::photon::Counts;
use crate::read::{
    Edges, OUTSIDE_GRID, OUTSIDE_REGION, OUTSIDE_SHARDS, UNLISTED_SHARD, WantedShards,
};
use crate::region::Region;

/// Where photons count.
pub(super) struct Narrow<'a> {
    pub region: Option<&'a Region>,
    pub edges: Option<&'a Edges>,
    pub shards: Option<&'a WantedShards>,
    /// What of them was read.
    pub reach: Reach,
}

impl Narrow<'_> {
    /// Drops the photons that do not count, and counts them.
    pub fn narrow(&self, (lon, lat): (&[f64], &[f64]), kept: &mut Vec<u32>, counts: &mut Counts) {
        if let Some(region) = self.region {
            let placed = kept.len();
            region.retain(lon, lat, kept);
            counts.reject(OUTSIDE_REGION, placed - kept.len());
        }
        if let Some(edges) = self.edges {
            let inside = kept.len();
            edges.retain(lon, lat, kept);
            counts.reject(OUTSIDE_GRID, inside - kept.len());
        }
        let inside = kept.len();
        let mut unlisted = 0;
        if self.reach == Reach::Positions {
            kept.clear();
        } else if let Some(shards) = self.shards {
            unlisted = shards.retain(lon, lat, kept);
        }
        counts.reject(OUTSIDE_SHARDS, inside - kept.len() - unlisted);
        counts.reject(UNLISTED_SHARD, unlisted);
    }
}
