//! The shape of the pipeline YAML itself, before any meaning: `text -> Raw -> Config`.
//!
//! Every mapping refuses keys that it does not know. Keys that only another reader or scheduler
//! needs (`idle.rs` lists them) are checked and have no effect. `yaml.rs` fills these types, `parse.rs` gives them meaning.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use super::beams::RawBeams;
use super::clock::RawTimeSource;
use super::columns::{RawListed, RawVariable};
use super::grids::RawGrid;
use super::idle::{RawBlock, RawKnob, RawPipeline, RawWorker};
use super::join_keys::RawJoin;
use super::params::{RawLocation, RawParams, RawTemporal};
use super::shapes::{Entries, RawScalar};
use super::{
    CellPolicy, CsvType, Dtype, DuplicatePolicy, FilterOp, NanPolicy, NullPolicy, StoreLayout,
    ValidRangePolicy,
};

/// The JSON Schema of a pipeline file.
///
/// ```
/// let schema = icefold::config::json_schema();
/// assert!(schema["properties"]["aggregation"].is_object());
/// ```
pub fn json_schema() -> serde_json::Value {
    schemars::schema_for!(RawConfig).to_value()
}

/// A pipeline: what to read, what to compute, on which grid.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "icefold pipeline")]
pub(super) struct RawConfig {
    pub data_source: RawDataSource,
    pub aggregation: RawAggregation,
    pub output: RawOutputSection,
    /// `{type: spatial}`; has no effect.
    pub pipeline: Option<RawPipeline>,
    /// Has no effect: what workers of another scheduler have.
    pub worker: Option<RawWorker>,
    /// The photons that take part, by their time.
    pub time: Option<RawTime>,
    /// The area that photons are kept of; the command line wins.
    pub region: Option<RawRegion>,
    /// Path of the store; the command line wins.
    pub store: Option<String>,
    /// Path of the shard map; the command line wins.
    pub catalog: Option<String>,
}

/// An area, in one of three ways.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRegion {
    /// Western longitude, southern latitude, eastern longitude, northern latitude, in degrees.
    pub bbox: Option<Vec<f64>>,
    /// Path of a file: GeoJSON or GeoParquet.
    pub file: Option<String>,
    /// GeoJSON, written out.
    pub geojson: Option<serde_json::Value>,
}

/// What to read. Paths are dataset paths in which `{group}` stands for the ground track.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDataSource {
    /// `table`: granules are tables, and paths are names of columns. The others have no effect:
    /// icefold reads HDF5 itself.
    pub reader: Option<RawReader>,
    /// Has no effect: the path or address of a granule tells how to reach it.
    pub driver: Option<RawDriver>,
    /// These have no effect: how another reader finds and fetches chunks, and with how many workers.
    pub index: Option<RawBlock>,
    pub granule_workers: Option<u64>,
    pub shard_workers: Option<u64>,
    pub read_workers: Option<u64>,
    pub write_buffer: Option<u64>,
    pub anonymous: Option<bool>,
    pub credentials_provider: Option<String>,
    pub source_region: Option<String>,
    /// The product that granules are of, e.g. `ATL06`; those of another are refused.
    pub product: Option<String>,
    /// Ground tracks, e.g. `gt1l`; required, but for tables, which have none.
    pub groups: Option<Vec<String>>,
    /// Which beams are read of them; all by default.
    pub beams: Option<RawBeams>,
    /// Geodetic coordinates of the photons; may come from the base level instead.
    pub coordinates: Option<RawPositions>,
    pub variables: Entries<RawVariable>,
    /// Types of columns of comma-separated values, by name; by default those that hold all values.
    pub types: Option<Entries<CsvType>>,
    /// Names of cycles of the orbit, for `cycle` of variables: `{first: 3, second: 7}`.
    pub cycles: Option<Entries<u64>>,
    /// All must hold.
    pub filters: Option<Vec<RawFilter>>,
    /// Short for one filter with `op: eq`; not beside `filters`.
    pub quality_filter: Option<RawQualityFilter>,
    /// The level whose rows are photons.
    pub base_level: Option<String>,
    pub levels: Option<Entries<RawLevel>>,
    /// Granules of other products beside those of the photons, and how their rows are matched.
    pub joins: Option<Entries<RawJoin>>,
    /// Has no effect on results: which level prunes reads.
    pub read_plan: Option<RawReadPlan>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawReader {
    H5coro,
    H5py,
    Hdf5,
    Table,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawDriver {
    S3,
    Https,
    Http,
    Local,
    File,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCoordinates {
    pub latitude: String,
    pub longitude: String,
}

/// Where positions are: latitude and longitude, or of tables a column of points.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPositions {
    pub latitude: Option<String>,
    pub longitude: Option<String>,
    pub geometry: Option<String>,
}

#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "only a schema")]
struct RawPoints {
    /// A column of points in well-known binary, as GeoParquet has.
    geometry: String,
}

impl JsonSchema for RawPositions {
    fn schema_name() -> Cow<'static, str> {
        "Positions".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let degrees = generator.subschema_for::<RawCoordinates>();
        let points = generator.subschema_for::<RawPoints>();
        schemars::json_schema!({ "anyOf": [degrees, points] })
    }
}

/// From when, and until when; and in which steps. A date is the whole of it; a moment as `to` is not included.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTime {
    /// A year, month, day, moment in UTC (ISO 8601) or decimal year.
    pub from: Option<RawScalar>,
    pub to: Option<RawScalar>,
    /// Arrays have steps of time: `year`, `season`, `month`, `cycle`, `rgt`, `region`, or a duration of ISO 8601 such
    /// as `P7D`.
    pub every: Option<String>,
    /// The same, from each of these to the next; not beside `every`, `from` and `to`.
    pub edges: Option<Vec<RawScalar>>,
    /// Seconds since 2018-01-01; `delta_time` beside the latitudes where nothing is said.
    pub dataset: Option<String>,
}

/// What must hold of a photon: a comparison of a dataset, or an expression over source columns.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFilter {
    /// The level of what is compared; a relative `dataset` is below it. The base level where nothing is said.
    pub level: Option<String>,
    /// What is compared; not beside `expression`.
    pub dataset: Option<String>,
    /// Column of a 2-D dataset.
    pub column: Option<u64>,
    pub op: Option<FilterOp>,
    /// Compared with, unless `op` is `in` or `not_in`.
    pub value: Option<RawScalar>,
    /// The set of `in` and `not_in`.
    pub values: Option<Vec<RawScalar>>,
    /// `false` keeps the photons for which it does not hold.
    pub keep: Option<bool>,
    /// A condition over source columns, such as `abs(h_ph - dem_h) <= 200`.
    pub expression: Option<String>,
    /// What is compared is said by the granule: `cycle`, `rgt`, `region`, a dataset of `orbit_info` or
    /// `ancillary_data`, or a path.
    pub granule: Option<String>,
    /// What is compared is an attribute of the ground track, such as `atlas_beam_type`.
    pub track: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawQualityFilter {
    pub dataset: String,
    pub value: RawScalar,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLevel {
    /// Group path, in front of the names below.
    pub path: String,
    pub coordinates: Option<RawCoordinates>,
    /// Source columns that belong to this level: names of some, or declared here.
    pub variables: Option<RawListed>,
    pub link: Option<RawLink>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLink {
    pub to: String,
    pub index_beg: String,
    pub count: String,
    /// What the first photon is called in `index_beg`: 0 (default) or 1.
    pub index_base: Option<u64>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawReadPlan {
    pub spatial_index: Option<String>,
    #[allow(dead_code, reason = "checked while parsing, has no effect")]
    pub pad: Option<u64>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAggregation {
    /// Has no effect.
    pub handoff: Option<RawHandoff>,
    /// Has no effect: how another reader holds what it merges.
    pub streaming: Option<RawBlock>,
    /// Has no effect: the store's coordinate is always `cell_ids`.
    pub coordinates: Option<Entries<RawCoordinateOutput>>,
    /// Numbers of all photons in a Zarr chunk, by the names that expressions of outputs may use.
    pub chunk_precompute: Option<Entries<RawChunkValue>>,
    pub variables: Entries<RawOutput>,
}

/// Scalar arithmetic over reductions of all photons in a Zarr chunk.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawChunkValue {
    pub expression: String,
    /// A column that the expression uses; only checked.
    pub source: Option<String>,
    /// `float32` rounds it; `float64`, which is the default, does not.
    pub dtype: Option<Dtype>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawHandoff {
    Arrow,
    ArrowKernel,
    Pandas,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "checked while parsing, has no effect")]
pub(super) struct RawCoordinateOutput {
    dtype: Option<Dtype>,
    fill_value: Option<RawScalar>,
}

/// One output array: a function of a source column, or an expression.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOutput {
    /// One number for each cell where nothing is said, or what the function gives.
    pub kind: Option<RawKind>,
    pub function: Option<String>,
    pub expression: Option<String>,
    pub source: Option<String>,
    pub params: Option<RawParams>,
    /// The photons that take part: a condition over source columns, such as `h_ph > 0 and has(quality, 4)`.
    #[serde(rename = "where")]
    pub condition: Option<String>,
    pub dtype: Option<Dtype>,
    pub fill_value: Option<RawScalar>,
    /// What the values are, in place of the name made of the statistic and the dataset's.
    pub long_name: Option<String>,
    /// Of a t-digest: `[2]`, a mean and a weight for each centroid.
    pub inner_shape: Option<Vec<u64>>,
    /// Of a t-digest: the delta of coarser orders; that of the output, and 512 at most, where nothing is said.
    pub overview_delta: Option<u32>,
    /// Of a t-digest: each centroid also has the cell that holds all its photons.
    pub location: Option<RawLocation>,
    /// Of a t-digest: each centroid also has the period that holds all its photons, by `output.time_source`.
    pub temporal: Option<RawTemporal>,
    /// What else the store is to say of the array.
    pub attrs: Option<RawBlock>,
    /// Of a vector: how many numbers a cell has.
    pub trailing_shape: Option<u32>,
    /// `chunk`: made of numbers of `chunk_precompute` only, and the same in all cells of a Zarr chunk.
    pub resolution: Option<RawScope>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawScope {
    Cell,
    Chunk,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawKind {
    Scalar,
    /// A histogram between edges that follow from the photons.
    Vector,
    /// A list of centroids for each cell: a t-digest.
    Ragged,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOutputSection {
    pub grid: RawGrid,
    /// These have no effect: caches and names of another reader's store.
    pub pyramid: Option<RawKnob>,
    pub sweep: Option<RawKnob>,
    pub coverage_moc: Option<bool>,
    pub consolidate_metadata: Option<bool>,
    pub touch: Option<String>,
    pub product_name: Option<String>,
    /// How photons tell their time, for `temporal` of t-digests.
    pub time_source: Option<RawTimeSource>,
    pub latitude: Option<RawLatitude>,
    /// Which cells the store has: those with photons, or all that touch the region.
    pub cells: Option<CellPolicy>,
    /// `true` is `cells: region`: the mask that tells the cells of the area comes with all of them.
    pub aoi_mask: Option<bool>,
    pub nan: Option<NanPolicy>,
    pub nulls: Option<NullPolicy>,
    pub valid_range: Option<ValidRangePolicy>,
    pub duplicates: Option<DuplicatePolicy>,
    /// The same as `store` at the top.
    pub store: Option<String>,
    /// `hive`: a Zarr for each shard, as zagg writes it; `flat`, which is the default: one for all. The command line wins.
    pub store_layout: Option<StoreLayout>,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawLatitude {
    AuthalicWgs84,
    GeodeticSpherical,
}
