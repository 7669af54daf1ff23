//! Reference answers: cells, one shard of ATL06, a small ATL03 granule, the real granules, the demo.

mod cells;
mod granules;
mod shard;
