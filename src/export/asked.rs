//! What is asked of an export, and who answers it.
//!
//! Beside the line: the name of the output says the format, and what would change nothing there is refused.

use std::path::{Path, PathBuf};

use super::{of_store, raster, rows};
use crate::config::seconds_of;
use crate::error::{Error, Result};
use crate::expr::nearest;
use crate::features::Feature;
use crate::grid::{Crs, Order};
use crate::pipeline::Memory;
use crate::region::Region;
use crate::store::{ArrayInfo, Geometry, StoreReader, StoredSteps};

/// Bands of a file at most: their number has 16 bits.
const MOST_BANDS: u64 = 65_535;

/// A store as files of other programs: what `icefold export` does.
#[derive(Debug, Clone)]
pub struct Export {
    pub store: PathBuf,
    /// A file whose name says the format, or a folder of GeoTIFF.
    pub output: PathBuf,
    /// All that the format can have where none is named.
    pub variables: Vec<String>,
    /// The order of the cells, of rasters their width in the finest cells; the finest where none is given.
    pub order: Option<u8>,
    /// A moment, or the number of a step; all steps where none is given.
    pub time: Option<String>,
    /// Cells whose middle lies in it.
    pub region: Option<Region>,
    /// What rows say of where their cells are.
    pub geometry: Option<Geometry>,
    /// Of a raster of HEALPix cells: the system, width and height of a pixel, its edges (west, south, east, north), and how
    /// pixels get their values.
    pub crs: Option<Crs>,
    pub resolution: Option<[f64; 2]>,
    pub bounds: Option<[f64; 4]>,
    pub resampling: Option<Resampling>,
    pub overwrite: bool,
    pub memory: Memory,
}

/// How a pixel gets its value from cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resampling {
    /// That of the cell in which its middle is.
    Nearest,
    /// The mean of the cells that it overlaps, weighted by the area of each in it; of counts and sums its share of them.
    Share,
}

/// What came of it.
#[derive(Debug)]
pub struct Exported {
    /// The files, and what each has.
    pub files: Vec<(PathBuf, String)>,
    /// Arrays that are in none, though all were asked for, and why.
    pub left_out: LeftOut,
}

/// Names of arrays, and why each is left out.
pub type LeftOut = Vec<(String, String)>;

/// What a file is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One array as GeoTIFF.
    Tiff,
    /// Each array as one of a folder.
    Tiffs,
    /// Parquet or Arrow IPC.
    Table,
    FlatGeobuf,
    Csv,
}

/// A store that is open, and what of it is wanted.
#[derive(Debug)]
pub struct Chosen {
    pub reader: StoreReader,
    pub names: Vec<String>,
    /// Of a store with steps of time.
    pub steps: Option<Vec<usize>>,
}

impl Export {
    /// All of a store, from a path to a path.
    pub fn new(store: impl Into<PathBuf>, output: impl Into<PathBuf>) -> Self {
        Self {
            store: store.into(),
            output: output.into(),
            variables: Vec::new(),
            order: None,
            time: None,
            region: None,
            geometry: None,
            crs: None,
            resolution: None,
            bounds: None,
            resampling: None,
            overwrite: false,
            memory: Memory::DEFAULT,
        }
    }

    /// What is given of a raster of HEALPix cells.
    fn of_raster(&self) -> Option<&'static str> {
        let given = [
            (self.crs.is_some(), "a coordinate reference system (crs)"),
            (self.resolution.is_some(), "a resolution"),
            (self.bounds.is_some(), "bounds"),
            (self.resampling.is_some(), "a resampling"),
        ];
        given
            .iter()
            .find(|(given, _)| *given)
            .map(|(_, what)| *what)
    }

    fn open(&self) -> Result<StoreReader> {
        let reader = StoreReader::open(&self.store)?;
        let Some(order) = self.order else {
            return Ok(reader);
        };
        let Some(grid) = reader.grid().kind.rectilinear() else {
            let order = Order::new(order).ok_or_else(|| {
                Error::argument(format!("order {order} is none; orders are 0 to 29"))
            })?;
            return StoreReader::open_order(&self.store, order);
        };
        let found = grid
            .order_of_factor(order.into())
            .filter(|order| reader.orders().contains(order));
        let found = found.ok_or_else(|| {
            let widths = reader
                .orders()
                .iter()
                .rev()
                .filter_map(|order| grid.factor_of_order(*order));
            let widths: Vec<String> = widths.map(|width| width.to_string()).collect();
            let message = format!(
                "has no cells {order} times as wide as the finest; its widths are {}",
                widths.join(", ")
            );
            Error::store(&self.store, message)
        })?;
        StoreReader::open_order(&self.store, found)
    }
}

/// Writes what is asked for.
///
/// # Errors
/// No such store, order, step or array; an array that the format cannot hold and that is named; what the format has no use
/// for; a file that is not to be replaced; more memory than there is; the operating system's.
pub fn export(asked: &Export) -> Result<Exported> {
    let format = Format::of(&asked.output)?;
    let is_raster = matches!(format, Format::Tiff | Format::Tiffs);
    if !is_raster {
        if let Some(what) = asked.of_raster() {
            return Err(Error::argument(format!(
                "{what} is for rasters, and {} has rows; leave it out, or name a .tif",
                asked.output.display()
            )));
        }
        rows::check(asked)?;
    } else if asked.geometry.is_some() {
        return Err(Error::argument(format!(
            "a geometry is for rows, and {} is a raster; leave it out, or name a .parquet, .fgb or .csv",
            asked.output.display()
        )));
    }
    let reader = asked.open()?;
    let steps = steps(&reader, asked.time.as_deref())?;
    let bands = |info: &ArrayInfo| {
        let of_step = if info.at_steps { info.shape[1] } else { 1 };
        let chosen = steps
            .as_ref()
            .filter(|_| info.at_steps)
            .map_or(1, |steps| steps.len() as u64);
        bands(info) / of_step.max(1) * chosen
    };
    let (names, left_out) = chosen(&reader, &asked.variables, |info| {
        why_not(format, info, bands(info))
    })?;
    if format == Format::Tiff && names.len() != 1 {
        return Err(Error::argument(format!(
            "a GeoTIFF has one array, and {} are to be written: {}; name one, or a folder in place of {}",
            names.len(),
            names.join(", "),
            asked.output.display()
        )));
    }
    check_time(asked, &reader, &names)?;
    let is_healpix = reader.grid().kind.rectilinear().is_none();
    let chosen = Chosen {
        reader,
        names,
        steps,
    };
    let files = match (is_raster, is_healpix) {
        (false, _) => vec![(asked.output.clone(), rows::write(&chosen, asked)?)],
        (true, true) => raster::write(chosen, asked, format)?,
        (true, false) => {
            if let Some(what) = asked.of_raster() {
                return Err(Error::argument(format!(
                    "{what} is given, and {} has rows and columns of its own, which are written as they are; leave it out, \
                     and take the file elsewhere with gdalwarp",
                    asked.store.display()
                )));
            }
            of_store::write(chosen, asked, format)?
        }
    };
    Ok(Exported { files, left_out })
}

impl Format {
    fn of(output: &Path) -> Result<Self> {
        let extension = output
            .extension()
            .and_then(|e| e.to_str())
            .map(str::to_ascii_lowercase);
        let slash = output.as_os_str().as_encoded_bytes().last() == Some(&b'/');
        Ok(match extension.as_deref() {
            _ if slash || output.is_dir() => Self::Tiffs,
            None => Self::Tiffs,
            Some("tif" | "tiff") => Self::Tiff,
            Some("parquet" | "pq" | "geoparquet" | "arrow" | "feather" | "ipc") => Self::Table,
            Some("fgb") => Self::FlatGeobuf,
            Some("csv") => Self::Csv,
            Some(other) => {
                return Err(Error::argument(format!(
                    "cannot export to {}: a .{other} file is not written; the extension tells the format: .tif, .parquet \
                     (GeoParquet), .fgb (FlatGeobuf), .csv, .arrow, and a name without one is a folder of GeoTIFF",
                    output.display()
                )));
            }
        })
    }

    /// The file of an array.
    pub fn file(self, output: &Path, name: &str) -> PathBuf {
        match self {
            Self::Tiffs => output.join(format!("{name}.tif")),
            _ => output.to_path_buf(),
        }
    }
}

/// That a step of time is asked for of an array that has steps.
fn check_time(asked: &Export, reader: &StoreReader, names: &[String]) -> Result<()> {
    let Some(time) = &asked.time else {
        return Ok(());
    };
    for name in names {
        if reader.info(name)?.at_steps {
            return Ok(());
        }
    }
    Err(Error::argument(format!(
        "time {time} is asked for, and {} has no steps of time; leave it out",
        names.join(", ")
    )))
}

/// The arrays to write, and those that cannot be.
pub(super) fn chosen(
    store: &StoreReader,
    names: &[String],
    why_not: impl Fn(&ArrayInfo) -> Option<String>,
) -> Result<(Vec<String>, LeftOut)> {
    let mut chosen: Vec<String> = Vec::new();
    let mut left_out = Vec::new();
    for name in if names.is_empty() {
        store.arrays()
    } else {
        names
    } {
        if !store.arrays().contains(name) {
            let near = nearest(name, store.arrays().iter().map(String::as_str));
            let near = near.map_or(String::new(), |near| format!(", did you mean {near}"));
            let message = format!(
                "has no array {name}{near}; it has {}",
                store.arrays().join(", ")
            );
            return Err(Error::store(store.path(), message));
        }
        if chosen.contains(name) {
            continue;
        }
        match why_not(&store.info(name)?) {
            None => chosen.push(name.clone()),
            Some(why) if names.is_empty() => left_out.push((name.clone(), why)),
            Some(why) => return Err(Error::argument(format!("array {name} {why}"))),
        }
    }
    Ok((chosen, left_out))
}

/// Why a format cannot have an array, which would have so many bands.
pub(super) fn why_not(format: Format, info: &ArrayInfo, bands: u64) -> Option<String> {
    let several = usize::from(info.at_steps) + 1 < info.shape.len();
    match format {
        Format::Tiff | Format::Tiffs if info.ragged.is_some() => {
            Some("has a list of values for each cell, and a GeoTIFF has bands".to_owned())
        }
        Format::Tiff | Format::Tiffs => (bands > MOST_BANDS).then(|| {
            format!("has {bands} values for each cell, and a GeoTIFF {MOST_BANDS} bands at most")
        }),
        Format::Table => None,
        Format::FlatGeobuf | Format::Csv => (info.ragged.is_some() || several).then(|| {
            "has several values for each cell, and a row one; a .parquet has lists of them"
                .to_owned()
        }),
    }
}

/// Values of a cell in an array.
pub fn bands(info: &ArrayInfo) -> u64 {
    info.shape[1..].iter().product()
}

/// The steps that are wanted, where the store has steps.
fn steps(reader: &StoreReader, time: Option<&str>) -> Result<Option<Vec<usize>>> {
    let Some(times) = reader.times() else {
        return match time {
            None => Ok(None),
            Some(_) => Err(Error::argument(format!(
                "a step of time is asked for, and {} has none; leave it out",
                reader.path().display()
            ))),
        };
    };
    let Some(time) = time
        .map(str::trim)
        .filter(|time| !time.eq_ignore_ascii_case("all"))
    else {
        return Ok(Some((0..times.len() as usize).collect()));
    };
    let step = step_of(times, time)?;
    step.map(|step| Some(vec![step])).ok_or_else(|| {
        Error::argument(format!(
            "time {time} is in no step of {}; its steps of {} are {}",
            reader.path().display(),
            times.name,
            times.all_said()
        ))
    })
}

fn step_of(times: &StoredSteps, time: &str) -> Result<Option<usize>> {
    if times.are_numbers() {
        return Ok(time.parse().ok().and_then(|number| times.of_number(number)));
    }
    let seconds = seconds_of(time).map_err(|why| Error::argument(format!("time {why}")))?;
    Ok(times.at_time(seconds))
}

/// That a build writes tables.
pub fn needs_tables(asked: &Export) -> Result<()> {
    Feature::Parquet.needed_for(&format!("write {}", asked.output.display()))
}

/// That what has to be in memory at once fits.
///
/// # Errors
/// What is needed, and what would need less.
pub fn check_memory(asked: &Export, bytes: u64, what: &str) -> Result<()> {
    let room = asked.memory.values();
    if bytes <= room {
        return Ok(());
    }
    let needed = (bytes + (asked.memory.0 - room)).div_ceil(1 << 20);
    Err(Error::argument(format!(
        "{what} takes {needed} MiB of memory, and {} MiB are allowed; allow more (memory {needed}MiB), or export less at a \
         time: a region, coarser cells, fewer arrays, or larger pixels",
        asked.memory.0 >> 20
    )))
}
