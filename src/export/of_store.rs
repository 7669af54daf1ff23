//! The arrays of a raster as GeoTIFF, one file each.
//!
//! Beside the line: from a store to what `tiff.rs` puts together. Levels are the store's overviews where it has them; where
//! it has none of a width, of each four cells the first that has a value is shown, as it is: for looking, not for numbers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::asked::{Chosen, Export, Format, bands, check_memory};
use super::mark::GEOTIFF;
use super::pyramid::{Cells, Level, SIDE, Sample, halved};
use super::tags::Picture;
use super::tiff;
use crate::config::Dtype;
use crate::error::Result;
use crate::grid::{Order, Rectilinear};
use crate::place::{Inputs, check_file, whole_file};
use crate::region::Region;
use crate::store::{ArrayInfo, StoreReader};

/// What of an array is written: of cells in a region, some steps of time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'a> {
    pub region: Option<&'a Region>,
    pub steps: Option<&'a [usize]>,
}

/// Writes arrays of a store of rows and columns.
///
/// # Errors
/// A file that is not to be replaced; more memory than there is; a part of the store is damaged; the operating system's.
pub fn write(chosen: Chosen, asked: &Export, format: Format) -> Result<Vec<(PathBuf, String)>> {
    let Chosen {
        reader,
        names,
        steps,
    } = chosen;
    let Some(grid) = reader.grid().kind.rectilinear() else {
        return Ok(Vec::new());
    };
    let files = names.iter().map(|name| format.file(&asked.output, name));
    let files: Vec<PathBuf> = files.collect();
    for file in &files {
        check_file(file, GEOTIFF, asked.overwrite, &Inputs::default())?;
    }
    let readers = readers(&asked.store, reader, &grid)?;
    let part = Part {
        region: asked.region.as_ref(),
        steps: steps.as_deref(),
    };
    let mut written = Vec::new();
    for (name, file) in names.iter().zip(files) {
        let finest = &readers[&0];
        let info = finest.info(name)?;
        let bytes = finest.cells() * (32 + 2 * bands(&info) * info.dtype.size() as u64);
        check_memory(asked, bytes, &format!("{name} as a GeoTIFF"))?;
        let bytes = geotiff(&readers, &grid, name, part)?;
        whole_file(&file, GEOTIFF, &bytes)?.publish()?;
        let [rows, columns] = grid.shape(finest.grid().cell_order);
        written.push((
            file,
            format!("{} in {rows} rows and {columns} columns", grid.crs()),
        ));
    }
    Ok(written)
}

/// The store at each width, as often as that of the cells is doubled.
pub(super) fn readers(
    store: &Path,
    finest: StoreReader,
    grid: &Rectilinear,
) -> Result<BTreeMap<u32, StoreReader>> {
    let mut readers = BTreeMap::new();
    let own = finest.grid().cell_order;
    let own_factor = grid.factor_of_order(own).unwrap_or(1);
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
            .filter(|factor| factor.is_power_of_two() && *factor > own_factor)
            .map(|factor| factor / own_factor)
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
    part: Part,
) -> Result<Vec<u8>> {
    let finest = &readers[&0];
    let info = finest.info(name)?;
    let [west, _, _, north] = grid.bounds();
    let picture = Picture {
        dtype: info.dtype,
        bands: said(finest, &info, part.steps),
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
            (Some(reader), _) => of_order(reader, grid, name, part)?,
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
fn of_order(reader: &StoreReader, grid: &Rectilinear, name: &str, part: Part) -> Result<Cells> {
    let order = reader.grid().cell_order;
    let level = grid.level(order);
    let array = reader.read(name)?;
    let mut ids = reader.cell_ids()?;
    let mut values = of_steps(&array.info, array.bytes, part.steps);
    if let Some(region) = part.region {
        let width = values.len() / ids.len().max(1);
        let kind = reader.grid().kind;
        let is_in = |id: u64| {
            let (lon, lat) = kind.middle(order, id);
            region.contains(lon, lat)
        };
        let kept: Vec<bool> = ids.iter().map(|&id| is_in(id)).collect();
        let of_cells = values.chunks_exact(width.max(1)).zip(&kept);
        values = of_cells
            .filter(|(_, kept)| **kept)
            .flat_map(|(bytes, _)| bytes)
            .copied()
            .collect();
        let mut kept = kept.iter();
        ids.retain(|_| kept.next().is_some_and(|kept| *kept));
    }
    let places = ids.into_iter().map(|id| level.row_column(id));
    Ok(Cells {
        shape: grid.shape(order),
        places: places.collect(),
        values,
    })
}

/// The values of the steps that are wanted, cell after cell.
pub fn of_steps(info: &ArrayInfo, bytes: Vec<u8>, steps: Option<&[usize]>) -> Vec<u8> {
    let Some(steps) = steps.filter(|steps| info.at_steps && steps.len() as u64 != info.shape[1])
    else {
        return bytes;
    };
    let of_step = info.shape[2..].iter().product::<u64>() as usize * info.dtype.size();
    let of_cell = of_step * info.shape[1] as usize;
    let cells = bytes.chunks_exact(of_cell.max(1));
    let wanted = cells.flat_map(|cell| {
        steps
            .iter()
            .flat_map(|step| &cell[step * of_step..][..of_step])
    });
    wanted.copied().collect()
}

/// What each band is: a step of time, a bin, or both.
pub fn said(store: &StoreReader, info: &ArrayInfo, steps: Option<&[usize]>) -> Vec<Option<String>> {
    let times = store.times().filter(|_| info.at_steps);
    let steps = steps.filter(|_| info.at_steps);
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
    let all_steps = if info.at_steps { info.shape[1] } else { 1 };
    let of_step = (bands(info) / all_steps.max(1)) as usize;
    let of_band = |band: usize| {
        let step = band / of_step.max(1);
        let step = steps.and_then(|steps| steps.get(step)).copied();
        let step = times.zip(step).map(|(times, step)| times.said(step));
        let bin = bins.get(band % of_step.max(1)).cloned();
        let both: Vec<String> = step.into_iter().chain(bin).collect();
        (!both.is_empty()).then(|| both.join(", "))
    };
    let bands = of_step * steps.map_or(1, <[usize]>::len);
    (0..bands).map(of_band).collect()
}

/// The value that stands for none: that of floats, and of whole numbers one that is not 0, which is a count.
pub fn nodata(info: &ArrayInfo) -> Option<String> {
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
pub fn about(info: &ArrayInfo) -> Vec<(&'static str, String)> {
    let of = |key: &'static str| {
        let text = info.attributes.get(key).and_then(Value::as_str);
        text.map(|text| (key, text.to_owned()))
    };
    ["long_name", "statistic", "source", "units"]
        .into_iter()
        .filter_map(of)
        .collect()
}
