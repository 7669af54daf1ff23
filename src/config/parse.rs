//! From a name, a file or a text to the typed [`Config`]; what is not known is refused here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::ValidRangePolicy;
use super::area::{Area, region};
use super::clock::TimeSource;
use super::columns::lift;
use super::faults::{Fault, Faults};
use super::grids::{RawGrid, RawGridKind, grid};
use super::idle::idle;
use super::operands::{Common, columns_of, source_columns};
use super::outputs::outputs;
use super::raw::{RawConfig, RawOutputSection};
use super::source::Source;
use super::yaml::{self, MAX_BYTES, read};
use super::{
    Access, CellPolicy, Config, DuplicatePolicy, NanPolicy, NullPolicy, Provenance, Variable,
};
use super::{Change, builtin, canonical, digests};
use crate::region::Region;
use crate::{Error, Result};

/// The key that an order of the cells is said by.
const CELL_ORDER: &str = "output.grid.child_order";

/// The configuration of that name: built-in, or the file at that path.
///
/// A name with a path separator or that ends in `.yaml` or `.yml` is always a path. Fails where the
/// file cannot be read or used; the message of a missing file lists the built-in names.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::config;
///
/// assert_eq!(config::load("atl06")?.grid.cell_order.get(), 12);
/// assert!(config::load("no-such-file.yaml").is_err());
/// # Ok(())
/// # }
/// ```
pub fn load(name_or_path: &str) -> Result<Config> {
    load_with(name_or_path, &[])
}

/// As [`load`], with things said in place of what it says. Its hash is that of the changed config.
///
/// # Errors
/// As [`load`]; a change that leads nowhere, or twice to one key.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::config::{self, Change};
///
/// let coarser = config::load_with("atl06", &[Change::new("output.grid.child_order", 9)])?;
/// assert_eq!(coarser.grid.cell_order.get(), 9);
/// assert_ne!(coarser.sha256, config::load("atl06")?.sha256);
/// # Ok(())
/// # }
/// ```
pub fn load_with(name_or_path: &str, changes: &[Change]) -> Result<Config> {
    let path = Path::new(name_or_path);
    let extension = path.extension().and_then(|e| e.to_str());
    let is_path = matches!(extension, Some("yaml" | "yml")) || name_or_path.contains(['/', '\\']);
    if let Some(text) = builtin::text(name_or_path).filter(|_| !is_path) {
        let written = (Provenance::BuiltIn, changes);
        return parse(name_or_path, text, written, Area::AsWritten);
    }
    // Opening a pipe waits until someone writes, and a device may never end.
    if path
        .metadata()
        .is_ok_and(|what| !what.is_file() && !what.is_dir())
    {
        let message = "is not a regular file; write the config to one";
        return Err(Error::config(name_or_path, message));
    }
    let mut bytes = Vec::new();
    let file = File::open(path);
    file.and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|source| match source.kind() {
            ErrorKind::NotFound => Error::config(
                name_or_path,
                format!(
                    "no such file{}; the built-in configs are {}",
                    builtin::meant(name_or_path),
                    builtin::names()
                ),
            ),
            _ => Error::io("read", path, source),
        })?;
    if bytes.len() as u64 > MAX_BYTES {
        let message = format!("larger than {MAX_BYTES} bytes, the limit of a config");
        return Err(Error::config(name_or_path, message));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Error::config(name_or_path, format!("not UTF-8 text at byte {at}"))
    })?;
    let written = (Provenance::Config, changes);
    parse(name_or_path, &text, written, Area::AsWritten)
}

/// The configuration in a YAML text; `name` is what messages call it.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::config;
///
/// let atl03 = config::load("atl03")?;
/// let coarser = atl03.text.replace("child_order: 12", "child_order: 9");
/// let config = config::parse_yaml("mine", &coarser)?;
/// assert_eq!(config.grid.cell_order.get(), 9);
/// assert_ne!(config.sha256, atl03.sha256);
///
/// let error = config::parse_yaml("mine", &atl03.text.replace("child_order", "chlid_order")).unwrap_err();
/// assert!(error.to_string().contains("child_order"));
/// # Ok(())
/// # }
/// ```
pub fn parse_yaml(name: &str, text: &str) -> Result<Config> {
    parse_yaml_with(name, text, &[])
}

/// As [`parse_yaml`], with things said in place of what it says.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::config::{self, Change};
///
/// let text = config::load("atl06")?.text;
/// let coarser = config::parse_yaml_with("mine", &text, &[Change::new("output.grid.child_order", 9)])?;
/// assert_eq!(coarser.grid.cell_order.get(), 9);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`load_with`].
pub fn parse_yaml_with(name: &str, text: &str, changes: &[Change]) -> Result<Config> {
    let written = (Provenance::Config, changes);
    parse(name, text, written, Area::AsWritten)
}

/// As [`parse_yaml`], about this area whatever the text says of one: no file of it is opened.
///
/// # Errors
/// As [`load_with`].
#[doc(hidden)]
pub fn parse_with_region(name: &str, text: &str, region: Option<Region>) -> Result<Config> {
    let written = (Provenance::Config, &[][..]);
    parse(name, text, written, Area::Known(region))
}

fn parse(
    name: &str,
    text: &str,
    (written, changes): (Provenance, &[Change]),
    area: Area,
) -> Result<Config> {
    let refuse = |message: String| Error::config(name, message);
    let yaml::Read {
        raw,
        places,
        mut faults,
        changed,
    } = read(text, changes).map_err(refuse)?;
    if let Some(raw) = &raw {
        no_order_of_rows_and_columns(&raw.output.grid, changes).map_err(refuse)?;
    }
    let typed = raw.and_then(|mut raw| {
        lift(&mut raw.data_source, &mut faults);
        typed((name, written), &raw, area, &mut faults)
    });
    match (typed, faults.message(&places)) {
        (Some(typed), None) => Ok(Config {
            text: changed.unwrap_or_else(|| text.to_owned()),
            changed: changes.iter().map(|c| c.key().to_owned()).collect(),
            ..typed
        }),
        (_, message) => Err(refuse(message.unwrap_or_else(|| "is no pipeline".into()))),
    }
}

/// An order that is said beside a config, where its cells have none.
fn no_order_of_rows_and_columns(grid: &RawGrid, changes: &[Change]) -> Result<(), String> {
    let said = changes.iter().find(|change| change.key() == CELL_ORDER);
    match said {
        Some(order) if grid.kind == RawGridKind::Rectilinear => Err(format!(
            "order {} is of HEALPix cells, and this config has rows and columns (output.grid.type: rectilinear); leave it \
             out, or set output.grid.resolution for cells of another size",
            order.value()
        )),
        _ => Ok(()),
    }
}

/// The meaning of the text; `None` where something is wrong, after all of it was added to `faults`.
fn typed(
    (name, written): (&str, Provenance),
    raw: &RawConfig,
    area: Area,
    faults: &mut Faults,
) -> Option<Config> {
    let source = Source::new(&raw.data_source, raw.time.as_ref(), faults);
    let idle = idle(raw, faults);
    let output = &raw.output;
    let nan = output.nan.unwrap_or(NanPolicy::Propagate);
    let skip_nan = nan == NanPolicy::Skip;
    let columns = raw.data_source.variables.names();
    let times = TimeSource::new(output.time_source.as_ref(), &columns, faults);
    let common = Common::new(&columns, skip_nan, &times);
    let outputs = outputs(&raw.aggregation, common, faults);
    let grid = grid(&output.grid, output.latitude, faults);
    let store = faults.keep(store(raw));
    let region = faults.keep(region(raw.region.as_ref(), area));
    let cells = faults.keep(cells(output));
    let (source, outputs, grid, store) = (source?, outputs?, grid?, store?);
    let used: BTreeSet<String> = outputs
        .iter()
        .flat_map(|output| source_columns(&output.definition, output.condition.as_ref()))
        .chain(source.filters.conditions.iter().flat_map(columns_of))
        .collect();
    // What no output and no filter uses is not read, and its nulls say nothing of a photon.
    let variables = source.variables.into_iter();
    let variables: Vec<Variable> = variables.filter(|v| used.contains(&v.name)).collect();
    for (place, join) in source.joins.iter().enumerate() {
        if !variables.iter().any(|v| v.join == Some(place)) {
            let message = "no output and no filter uses a source column of it; remove it";
            faults.add(Fault::new(
                format!("data_source.joins.{}", join.name),
                message,
            ));
        }
    }
    let mut config = Config {
        name: name.into(),
        sha256: String::new(),
        text: String::new(),
        granules: source.granules,
        product: source.product,
        ground_tracks: source.ground_tracks,
        beams: source.beams,
        latitude: source.latitude,
        longitude: source.longitude,
        points: source.points,
        types: source.types,
        variables,
        filters: source
            .filters
            .compared
            .into_iter()
            .map(|(_, filter)| filter)
            .collect(),
        conditions: source.filters.conditions,
        axis: source.axis,
        said: source.filters.said,
        region: region?,
        link: source.link,
        joins: source.joins,
        outputs,
        grid,
        cells: cells?,
        nan,
        nulls: output.nulls.unwrap_or(NullPolicy::Exclude),
        valid_range: output.valid_range.unwrap_or(ValidRangePolicy::Exclude),
        duplicates: output.duplicates.unwrap_or(DuplicatePolicy::KeepLatest),
        store,
        store_layout: output.store_layout,
        catalog: raw.catalog.as_ref().map(PathBuf::from),
        access: Access::default(),
        origins: origins(raw, written),
        idle,
        changed: Vec::new(),
    };
    let found = [axis_faults(&config), digests::faults(&config)];
    found
        .into_iter()
        .flatten()
        .for_each(|fault| faults.add(fault));
    config.sha256 = canonical::sha256(&config);
    faults.is_empty().then_some(config)
}

/// What steps of time do not go with.
fn axis_faults(config: &Config) -> Vec<Fault> {
    let Some(axis) = &config.axis else {
        return Vec::new();
    };
    let mut faults = Vec::new();
    let (cells, steps) = (config.grid.cells(), axis.count());
    if cells.checked_mul(u64::from(steps)).is_none() {
        let message = format!(
            "makes {steps} steps of {cells} cells of order {}, more than numbers of 64 bits can tell apart; give from \
             and to that are nearer, longer steps, or a coarser child_order",
            config.grid.cell_order
        );
        faults.push(Fault::new("time", message));
    }
    let outputs = config.outputs.iter();
    for output in outputs.filter(|output| axis.names().contains(&&*output.name)) {
        let message = format!(
            "is the name of a coordinate where there are steps of {}; choose another",
            axis.name()
        );
        faults.push(Fault::new(
            format!("aggregation.variables.{}", output.name),
            message,
        ));
    }
    faults
}

/// Which cells the store has: in one word, or in zagg's.
fn cells(output: &RawOutputSection) -> Result<CellPolicy, Fault> {
    let masked = output.aoi_mask.map(|masked| {
        if masked {
            CellPolicy::Region
        } else {
            CellPolicy::Occupied
        }
    });
    match (output.cells, masked) {
        (Some(cells), Some(masked)) if cells != masked => Err(Fault::new(
            "output.aoi_mask",
            format!(
                "is {}, and output.cells is {}; the mask comes with all cells of the region, keep one",
                masked == CellPolicy::Region,
                cells.name()
            ),
        )),
        (cells, masked) => Ok(cells.or(masked).unwrap_or(CellPolicy::Occupied)),
    }
}

fn store(raw: &RawConfig) -> Result<Option<PathBuf>, Fault> {
    match (&raw.store, &raw.output.store) {
        (Some(top), Some(output)) if top != output => Err(Fault::new(
            "output.store",
            format!("is '{output}', but store is '{top}'; keep one"),
        )),
        (store, output) => Ok(store.as_ref().or(output.as_ref()).map(PathBuf::from)),
    }
}

/// The explained keys that have a default, and whether they are written.
fn origins(raw: &RawConfig, written: Provenance) -> BTreeMap<&'static str, Provenance> {
    let (source, output) = (&raw.data_source, &raw.output);
    let optional = [
        ("data_source.reader", source.reader.is_some()),
        ("data_source.product", source.product.is_some()),
        ("data_source.groups", source.groups.is_some()),
        ("data_source.beams", source.beams.is_some()),
        (
            "data_source.filters",
            source.filters.is_some() || source.quality_filter.is_some(),
        ),
        ("data_source.levels", source.levels.is_some()),
        ("data_source.joins", source.joins.is_some()),
        ("data_source.types", source.types.is_some()),
        ("time", raw.time.is_some()),
        ("region", raw.region.is_some()),
        ("output.grid.chunk_inner", output.grid.chunk_inner.is_some()),
        (
            "output.cells",
            output.cells.is_some() || output.aoi_mask.is_some(),
        ),
        ("output.latitude", output.latitude.is_some()),
        ("output.nan", output.nan.is_some()),
        ("output.nulls", output.nulls.is_some()),
        ("output.valid_range", output.valid_range.is_some()),
        ("output.duplicates", output.duplicates.is_some()),
        ("store", raw.store.is_some() || output.store.is_some()),
        ("catalog", raw.catalog.is_some()),
    ];
    let always = [
        "config",
        "data_source.coordinates",
        "data_source.variables",
        "aggregation.variables",
        "output.grid.parent_order",
        "output.grid.child_order",
        "output.grid.crs",
        "output.grid.resolution",
        "output.grid.bounds",
        "output.grid.chunk_shape",
    ];
    let optional = optional.map(|(key, is_written)| {
        let origin = if is_written {
            written
        } else {
            Provenance::Default
        };
        (key, origin)
    });
    let always = always.map(|key| (key, written));
    optional.into_iter().chain(always).collect()
}
