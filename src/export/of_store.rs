//! The arrays of a raster as GeoTIFF, one file each.
//!
//! Beside the line: from a store to what `tiff.rs` puts together. Levels are the store's overviews where it has them; where
//! it has none of a width, of each four cells the first that has a value is shown, as it is: for looking, not for numbers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::mark::GEOTIFF;
use super::pyramid::{Cells, Level, SIDE, Sample, halved};
use super::tags::Picture;
use super::tiff;
use crate::config::Dtype;
use crate::error::{Error, Result};
use crate::expr::nearest;
use crate::grid::{Order, Rectilinear};
use crate::place::{Inputs, check_file, whole_file};
use crate::store::{ArrayInfo, StoreReader};

/// Bands of a file at most: their number has 16 bits.
const MOST_BANDS: u64 = 65_535;

/// What came of it.
#[derive(Debug)]
pub struct Exported {
    /// The files, in the order of the arrays.
    pub files: Vec<PathBuf>,
    /// Arrays that are none, though all were asked for, and why.
    pub left_out: LeftOut,
}

/// Names of arrays, and why each is left out.
pub type LeftOut = Vec<(String, String)>;

/// Writes arrays of a store as GeoTIFF into a folder, which is made; all of them where none is named.
///
/// # Errors
/// No such store or array, a store of cells that are no rows and columns, an array that is named and has no bands; a file
/// that is not to be replaced; the operating system's.
pub fn geotiffs(
    store: &Path,
    names: &[String],
    folder: &Path,
    overwrite: bool,
) -> Result<Exported> {
    let finest = StoreReader::open(store)?;
    let Some(grid) = finest.grid().kind.rectilinear() else {
        return Err(not_a_raster(store, &finest));
    };
    let (names, left_out) = chosen(&finest, names)?;
    let files: Vec<PathBuf> = names
        .iter()
        .map(|name| folder.join(format!("{name}.tif")))
        .collect();
    for file in &files {
        check_file(file, GEOTIFF, overwrite, &Inputs::default())?;
    }
    let readers = readers(store, finest, &grid)?;
    for (name, file) in names.iter().zip(&files) {
        let bytes = geotiff(&readers, &grid, name)?;
        whole_file(file, GEOTIFF, &bytes)?.publish()?;
    }
    Ok(Exported { files, left_out })
}

pub(super) fn not_a_raster(path: &Path, store: &StoreReader) -> Error {
    let message = format!(
        "has cells of {}, and GeoTIFF has rows and columns; make it on a grid of type: rectilinear, which has them",
        store.grid().kind.title()
    );
    Error::store(path, message)
}

/// The arrays to write, and those that cannot be.
pub(super) fn chosen(store: &StoreReader, names: &[String]) -> Result<(Vec<String>, LeftOut)> {
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

/// Why an array has no bands.
fn why_not(info: &ArrayInfo) -> Option<String> {
    if info.ragged.is_some() {
        return Some("has a list of values for each cell, and a GeoTIFF has bands".to_owned());
    }
    let bands = bands(info);
    let beyond = bands > MOST_BANDS;
    beyond.then(|| {
        format!("has {bands} values for each cell, and a GeoTIFF {MOST_BANDS} bands at most")
    })
}

fn bands(info: &ArrayInfo) -> u64 {
    info.shape[1..].iter().product()
}

/// The store at each width, as often as the cells' is doubled.
pub(super) fn readers(
    store: &Path,
    finest: StoreReader,
    grid: &Rectilinear,
) -> Result<BTreeMap<u32, StoreReader>> {
    let mut readers = BTreeMap::new();
    let own = finest.grid().cell_order;
    let others: Vec<Order> = finest
        .orders()
        .iter()
        .copied()
        .filter(|order| *order != own)
        .collect();
    readers.insert(0, finest);
    for order in others {
        if let Some(factor) = grid
            .factor_of_order(order)
            .filter(|factor| factor.is_power_of_two())
        {
            readers.insert(
                factor.trailing_zeros(),
                StoreReader::open_order(store, order)?,
            );
        }
    }
    Ok(readers)
}

pub(super) fn geotiff(
    readers: &BTreeMap<u32, StoreReader>,
    grid: &Rectilinear,
    name: &str,
) -> Result<Vec<u8>> {
    let finest = &readers[&0];
    let info = finest.info(name)?;
    let [west, _, _, north] = grid.bounds();
    let picture = Picture {
        dtype: info.dtype,
        bands: said(finest, &info),
        nodata: nodata(&info),
        crs: grid.crs(),
        corner: [west, north],
        cell: grid.resolution(finest.grid().cell_order),
        about: about(&info),
    };
    let sample = Sample {
        size: info.dtype.size(),
        bands: picture.bands.len(),
        fill: info.fill.clone(),
    };
    let mut levels: Vec<Level> = Vec::new();
    let mut cells: Option<Cells> = None;
    let mut shape = grid.shape(finest.grid().cell_order);
    for doubled in 0.. {
        let next = match (readers.get(&doubled), cells) {
            (Some(reader), _) => of_order(reader, grid, name)?,
            (None, Some(finer)) => finer.halved(),
            (None, None) => break,
        };
        levels.push(next.level(&sample));
        cells = Some(next);
        if shape.into_iter().all(|side| side <= SIDE) {
            break;
        }
        shape = halved(shape);
    }
    Ok(tiff::file(&picture, &levels))
}

/// The cells of an order that have a value.
fn of_order(reader: &StoreReader, grid: &Rectilinear, name: &str) -> Result<Cells> {
    let order = reader.grid().cell_order;
    let level = grid.level(order);
    let array = reader.read(name)?;
    let places = reader
        .cell_ids()?
        .into_iter()
        .map(|id| level.row_column(id));
    Ok(Cells {
        shape: grid.shape(order),
        places: places.collect(),
        values: array.bytes,
    })
}

/// What each band is: a step of time, a bin, or both.
fn said(store: &StoreReader, info: &ArrayInfo) -> Vec<Option<String>> {
    let steps = store.times().filter(|_| info.at_steps);
    let edges: Vec<f64> = info
        .attributes
        .get("edges")
        .and_then(Value::as_array)
        .map(|edges| edges.iter().filter_map(Value::as_f64).collect())
        .unwrap_or_default();
    let bins = edges
        .windows(2)
        .map(|pair| format!("{:?} to {:?}", pair[0], pair[1]));
    let bins: Vec<String> = bins.collect();
    let bands = bands(info) as usize;
    let of_step = bands / steps.map_or(1, |steps| steps.len().max(1) as usize);
    let of_band = |band: usize| {
        let step = steps.map(|steps| steps.said(band / of_step.max(1)));
        let bin = bins.get(band % of_step.max(1)).cloned();
        let both: Vec<String> = step.into_iter().chain(bin).collect();
        (!both.is_empty()).then(|| both.join(", "))
    };
    (0..bands).map(of_band).collect()
}

/// The value that stands for none: that of floats, and of whole numbers one that is not 0, which is a count.
fn nodata(info: &ArrayInfo) -> Option<String> {
    if let Dtype::F32 | Dtype::F64 = info.dtype {
        let value = match info.dtype {
            Dtype::F32 => {
                <[u8; 4]>::try_from(&info.fill[..]).map(|b| f64::from(f32::from_le_bytes(b)))
            }
            _ => <[u8; 8]>::try_from(&info.fill[..]).map(f64::from_le_bytes),
        };
        let value = value.unwrap_or(f64::NAN);
        return Some(if value.is_nan() {
            "nan".to_owned()
        } else {
            format!("{value:?}")
        });
    }
    let is_signed = matches!(info.dtype, Dtype::I8 | Dtype::I16 | Dtype::I32 | Dtype::I64);
    let is_negative = is_signed && info.fill.last().is_some_and(|byte| byte & 0x80 > 0);
    let mut bytes = [if is_negative { 0xff } else { 0 }; 16];
    bytes[..info.fill.len()].copy_from_slice(&info.fill);
    let value = i128::from_le_bytes(bytes);
    (value != 0).then(|| value.to_string())
}

/// Texts of an array.
fn about(info: &ArrayInfo) -> Vec<(&'static str, String)> {
    let of = |key: &'static str| {
        let text = info.attributes.get(key).and_then(Value::as_str);
        text.map(|text| (key, text.to_owned()))
    };
    ["long_name", "statistic", "source", "units"]
        .into_iter()
        .filter_map(of)
        .collect()
}
