//! The settings that a config leads to, in words: one line per value, with where it comes from.

use serde_json::{Value, json};

use super::GridConfig;
use super::{
    CellPolicy, DuplicatePolicy, GranuleKind, NanPolicy, NullPolicy, Provenance, ValidRangePolicy,
};
use super::{Config, Definition, Dtype, Filter, FilterOp, Output, Steps, Variable};
use crate::text::padded;

impl Provenance {
    /// The word in explanations.
    pub fn name(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::BuiltIn => "built-in",
            Self::Default => "default",
        }
    }
}

impl GranuleKind {
    /// The spelling in configs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hdf5 => "hdf5",
            Self::Table => "table",
        }
    }
}

impl FilterOp {
    /// The spelling in configs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Ge => "ge",
            Self::Le => "le",
            Self::Gt => "gt",
            Self::Lt => "lt",
            Self::In => "in",
            Self::NotIn => "not_in",
        }
    }
}

impl NanPolicy {
    /// The spelling in configs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Propagate => "propagate",
            Self::Skip => "skip",
        }
    }
}

impl NullPolicy {
    /// The spelling in configs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exclude => "exclude",
            Self::Reject => "reject",
        }
    }
}

impl ValidRangePolicy {
    /// The spelling in configs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exclude => "exclude",
            Self::Ignore => "ignore",
        }
    }
}

impl CellPolicy {
    /// The spelling in configs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Occupied => "occupied",
            Self::Region => "region",
        }
    }
}

impl DuplicatePolicy {
    /// The spelling in configs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::KeepLatest => "keep_latest",
            Self::KeepAll => "keep_all",
        }
    }
}

/// One line per value: key, value and where it came from, in columns.
///
/// `overrides` are (key, value, origin): each replaces the row of its key, or is added at the end.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::config;
///
/// let rows = config::explain(&config::load("atl03")?, &[]);
/// assert!(rows.lines().any(|row| row.starts_with("output.latitude") && row.ends_with("default")));
/// # Ok(())
/// # }
/// ```
pub fn explain(config: &Config, overrides: &[(String, String, String)]) -> String {
    let rows = resolved(config, overrides);
    let width = |cells: &mut dyn Iterator<Item = &String>| {
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let keys = width(&mut rows.iter().map(|(key, ..)| key));
    let values = width(&mut rows.iter().map(|(_, value, _)| value));
    let lines = rows.iter().map(|(key, value, origin)| {
        let (key, value) = (padded(key, keys), padded(value, values));
        format!("{key}  {value}  {origin}\n")
    });
    lines.collect()
}

/// [`explain`] for programs: an object of key to `value` and `origin`.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::config;
///
/// let rows = config::explain_json(&config::load("atl03")?, &[]);
/// assert_eq!(rows["output.latitude"]["value"], "authalic-wgs84");
/// # Ok(())
/// # }
/// ```
pub fn explain_json(config: &Config, overrides: &[(String, String, String)]) -> Value {
    let rows = resolved(config, overrides).into_iter();
    rows.map(|(key, value, origin)| (key, json!({"value": value, "origin": origin})))
        .collect()
}

fn resolved(
    config: &Config,
    overrides: &[(String, String, String)],
) -> Vec<(String, String, String)> {
    let mut rows = rows(config);
    for (key, value, origin) in overrides {
        let row = (key.clone(), value.clone(), origin.clone());
        match rows.iter_mut().find(|(k, ..)| k == key) {
            Some(found) => *found = row,
            None => rows.push(row),
        }
    }
    rows
}

fn rows(config: &Config) -> Vec<(String, String, String)> {
    let mut rows = Vec::new();
    let mut add = |section: &'static str, key: &str, value: String| {
        let origin = config.origins.get(section).copied();
        let origin = origin.unwrap_or(Provenance::Default);
        let full = format!("{section}{key}");
        let is_changed = origin != Provenance::Default && config.is_changed(&full);
        let origin = if is_changed { "set" } else { origin.name() };
        rows.push((full, value, origin.to_owned()));
    };
    add("config", "", config.name.clone());
    add("config", ".sha256", config.sha256.clone());
    for (section, key, value) in columns(config).into_iter().chain(filters(config)) {
        add(section, &key, value);
    }
    if let Some(axis) = &config.axis {
        let steps = match axis.steps {
            Steps::Periods { .. } => format!("{}, {} steps", axis.every, axis.count()),
            _ => axis.name().to_owned(),
        };
        add("time", ".axis", steps);
    }
    let region = config.region.as_ref();
    let region = region.map_or("none".into(), |region| region.facts().to_string());
    add("region", "", region);
    if let Some(link) = &config.link {
        let base = link.index_base.to_string();
        for (key, value) in [
            ("index_beg", &link.index_beg),
            ("count", &link.count),
            ("index_base", &base),
        ] {
            let key = format!(".{}.link.{key}", link.level);
            add("data_source.levels", &key, value.clone());
        }
    }
    for output in &config.outputs {
        let key = format!(".{}", output.name);
        add("aggregation.variables", &key, array(output));
    }
    for (section, value) in grid(&config.grid) {
        add(section, "", value);
    }
    add("output.latitude", "", config.grid.kind.latitude().into());
    add("output.cells", "", config.cells.name().into());
    add("output.nan", "", config.nan.name().into());
    add("output.nulls", "", config.nulls.name().into());
    add("output.valid_range", "", config.valid_range.name().into());
    add("output.duplicates", "", config.duplicates.name().into());
    if !config.idle.is_empty() {
        add("without effect", "", config.idle.join(", "));
    }
    for (key, path) in [("store", &config.store), ("catalog", &config.catalog)] {
        let shown = path.as_ref().map(|path| path.display().to_string());
        add(key, "", shown.unwrap_or_else(|| "none".into()));
    }
    rows
}

/// The grid, by key.
fn grid(grid: &GridConfig) -> Vec<(&'static str, String)> {
    let order = |order: crate::grid::Order| order.to_string();
    let Some(rectilinear) = grid.kind.rectilinear() else {
        let chunk = grid.chunk_order.map_or("chosen by the store".into(), order);
        return vec![
            ("output.grid.parent_order", order(grid.shard_order)),
            ("output.grid.chunk_inner", chunk),
            ("output.grid.child_order", order(grid.cell_order)),
        ];
    };
    let [rows, columns] = rectilinear.shape(grid.cell_order);
    let bounds = format!("{:?}, {rows} x {columns} cells", rectilinear.bounds());
    let inner = rectilinear.inner();
    let inner = inner.map_or("as chunk_shape".into(), |inner| format!("{inner:?}"));
    let resolution = rectilinear.resolution(grid.cell_order);
    let block = rectilinear.block(grid.cell_order);
    vec![
        ("output.grid.crs", rectilinear.crs().to_string()),
        ("output.grid.resolution", format!("{resolution:?}")),
        ("output.grid.bounds", bounds),
        ("output.grid.chunk_shape", format!("{block:?}")),
        ("output.grid.chunk_inner", inner),
    ]
}

/// What is read, each with the key that says so and its place below it.
fn columns(config: &Config) -> Vec<(&'static str, String, String)> {
    let mut rows = Vec::new();
    let mut add = |section: &'static str, key: &str, value: String| {
        rows.push((section, key.to_owned(), value));
    };
    add("data_source.reader", "", config.granules.name().to_owned());
    if config.granules == GranuleKind::Hdf5 {
        let product = config.product.clone();
        add(
            "data_source.product",
            "",
            product.unwrap_or_else(|| "any".into()),
        );
        add("data_source.groups", "", config.ground_tracks.join(" "));
        let beams = config.beams.as_ref();
        add(
            "data_source.beams",
            "",
            beams.map_or("all".into(), ToString::to_string),
        );
    }
    let coordinates = "data_source.coordinates";
    if let Some(points) = &config.points {
        add(coordinates, ".geometry", points.clone());
    } else {
        add(coordinates, ".latitude", config.latitude.clone());
        add(coordinates, ".longitude", config.longitude.clone());
    }
    for (name, kind) in &config.types {
        add(
            "data_source.types",
            &format!(".{name}"),
            kind.name().to_owned(),
        );
    }
    for variable in &config.variables {
        let key = format!(".{}", variable.name);
        add("data_source.variables", &key, source(variable, config));
    }
    for join in &config.joins {
        add(
            "data_source.joins",
            &format!(".{}", join.name),
            join.to_string(),
        );
    }
    rows
}

/// What has to hold of a photon, each with the key that says so and its place below it.
fn filters(config: &Config) -> Vec<(&'static str, String, String)> {
    const KEY: &str = "data_source.filters";
    let said = config.said.iter();
    let said = said.map(|said| (KEY, format!(".{}", said.of.kind()), format!("keep {said}")));
    if config.filters.is_empty() && config.conditions.is_empty() && config.said.is_empty() {
        return vec![(KEY, String::new(), "none".into())];
    }
    let compared = config.filters.iter().enumerate();
    let compared = compared.map(|(i, filter)| {
        let key = match &filter.moment {
            Some(_) => "time",
            None => KEY,
        };
        (key, format!("[{i}]"), predicate(filter))
    });
    let conditions = config.conditions.iter();
    let conditions = conditions.map(|c| (KEY, ".expression".to_owned(), format!("keep {c}")));
    said.chain(compared).chain(conditions).collect()
}

fn source(variable: &Variable, config: &Config) -> String {
    let shown = variable.shown(&config.joins);
    let level = if variable.per_segment {
        ", one per geolocation segment"
    } else {
        ""
    };
    match variable.resolution {
        Some(resolution) => format!("{shown} at {resolution}{level}"),
        None => format!("{shown}{level}"),
    }
}

fn predicate(filter: &Filter) -> String {
    let column = filter.column.map_or(String::new(), |c| format!("[{c}]"));
    let values = filter.values.iter().map(f64::to_string);
    let values: Vec<String> = values.chain(filter.words.iter().cloned()).collect();
    let verb = if filter.keep { "keep" } else { "drop" };
    let moment = filter.moment.as_ref();
    let moment = moment.map_or(String::new(), |moment| format!(", {moment}"));
    let level = if filter.per_segment {
        ", one per geolocation segment"
    } else {
        ""
    };
    format!(
        "{verb} {}{column} {} {}{moment}{level}",
        filter.dataset,
        filter.op.name(),
        values.join(" ")
    )
}

fn array(output: &Output) -> String {
    let dtype = output.dtype.map_or("default dtype", Dtype::name);
    let fill = output
        .fill_value
        .map_or(String::new(), |fill| format!(", fill {fill}"));
    let bins = match &output.definition {
        Definition::Histogram { edges, .. } => format!(" in {} bins", edges.len() - 1),
        Definition::Vector(vector) => format!(" in {} bins", vector.bins),
        Definition::Digest { told, .. } => {
            let location = if told.location { " with places" } else { "" };
            let time = told.time.as_ref().map_or("", |_| " with times");
            format!("{location}{time}")
        }
        Definition::Scalar(_) | Definition::OfChunk(_) | Definition::Composition(_) => {
            String::new()
        }
    };
    format!(
        "{}{bins} of {} as {dtype}{fill}",
        output.statistic, output.source
    )
}
