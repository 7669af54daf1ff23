//! What a run knew before it began: what its report says beside what came of it.

use std::path::Path;

use serde_json::Value;

use super::mapped::PieceReport;
use super::update::UpdateReport;
use crate::config::TimeAxis;
use crate::plan::Plan;
use crate::read::Applied;
use crate::region::Region;
use crate::source::Traffic;
use crate::stat::Job;

/// What a run knew before it began.
#[derive(Debug)]
pub struct RunFacts<'a> {
    pub command: Vec<String>,
    pub config_name: &'a str,
    pub config_sha256: &'a str,
    pub without_effect: &'a [&'static str],
    pub region: Option<&'a Region>,
    pub axis: Option<&'a TimeAxis>,
    pub device: &'static str,
    pub device_reason: String,
    /// What more there is to say of the device.
    pub device_details: serde_json::Map<String, Value>,
    pub threads: usize,
    pub memory_bytes: u64,
    pub batch_rows: usize,
    pub partials_bytes: u64,
    /// What reading objects takes.
    pub traffic: &'a Traffic,
    pub plan: &'a Plan,
    pub job: &'a Job,
    pub store: &'a Path,
    pub table: Option<&'a Path>,
    /// Bytes of both, once they are written.
    pub written_bytes: Option<u64>,
    /// Of the shard map's shards and granules.
    pub map_sha256: Option<String>,
    /// What differs between granules.
    pub drift: &'a [String],
    pub conventions: &'a [Applied],
    /// Of a run over a shard map.
    pub pieces: Option<PieceReport>,
    /// Of a run that adds to a store.
    pub update: Option<UpdateReport>,
}
