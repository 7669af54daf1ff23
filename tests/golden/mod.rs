//! Reference answers: bits that stay, cells, one shard of ATL06, a small ATL03 granule, the real granules and their
//! overviews, a real shard map.

mod bits;
mod cells;
mod full_sphere;
mod granules;
mod ids;
mod overviews;
mod shard;
mod shard_map;
mod table;
mod zagg;
