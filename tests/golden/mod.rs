//! Reference answers: cells, one shard of ATL06, a small ATL03 granule, the real granules, a real
//! shard map.

mod cells;
mod granules;
mod shard;
mod shard_map;
mod table;
