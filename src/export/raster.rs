//! Cells of HEALPix as GeoTIFF: pixels in the plane of a system, each with a value of the cells that it is on.
//!
//! Beside the line, on top of `footprints.rs`. Numbers of shares are in docs/format/NUMBERS.md.

use std::path::PathBuf;

use serde_json::Value;

use super::asked::{Chosen, Export, Format, Resampling, check_memory};
use super::footprints::{Footprints, Part, footprints};
use super::frame::Frame;
use super::mark::GEOTIFF;
use super::of_store::{about, nodata, of_steps, said};
use super::pyramid::{Cells, SIDE, Sample, halved};
use super::tags::Picture;
use super::tiff;
use crate::config::Dtype;
use crate::error::{Error, Result};
use crate::place::{Inputs, check_file, whole_file};
use crate::store::{ArrayInfo, StoreReader};

/// Writes arrays of a store of HEALPix cells.
///
/// # Errors
/// As [`Frame::of`]; no cell in the region; a file that is not to be replaced; more memory than there is; a part of the store
/// is damaged; the operating system's.
pub fn write(chosen: Chosen, asked: &Export, format: Format) -> Result<Vec<(PathBuf, String)>> {
    let Chosen {
        reader,
        names,
        steps,
    } = chosen;
    let files = names.iter().map(|name| format.file(&asked.output, name));
    let files: Vec<PathBuf> = files.collect();
    for file in &files {
        check_file(file, GEOTIFF, asked.overwrite, &Inputs::default())?;
    }
    let grid = reader.grid();
    check_memory(asked, 16 * reader.cells(), "the list of cells")?;
    let (ids, kept) = wanted(&reader, asked)?;
    if ids.is_empty() {
        let of_region = if asked.region.is_some() {
            " whose middle lies in the region"
        } else {
            ""
        };
        return Err(Error::argument(format!(
            "{} has no cell{of_region}, and a raster has some",
            reader.path().display()
        )));
    }
    let frame = Frame::of(asked, &grid, &ids)?;
    let resampling = asked.resampling.unwrap_or(Resampling::Nearest);
    let tiles = frame.shape.map(|side| u64::from(side.div_ceil(SIDE)));
    check_memory(
        asked,
        tiles[0] * tiles[1] * 32,
        "a raster of so many pixels",
    )?;
    let footprints = footprints(asked, &frame, &grid, &ids, resampling)?;
    let about_all = format!(
        "{} in {} rows and {} columns of {} x {}, of {} cells",
        frame.crs,
        frame.shape[0],
        frame.shape[1],
        frame.pixel[0],
        frame.pixel[1],
        ids.len()
    );
    let mut written = Vec::new();
    for (name, file) in names.iter().zip(files) {
        let array = Array {
            reader: &reader,
            name,
            steps: steps.as_deref(),
            kept: kept.as_deref(),
        };
        let bytes = array.geotiff(asked, &frame, &footprints, resampling)?;
        whole_file(&file, GEOTIFF, &bytes)?.publish()?;
        written.push((file, about_all.clone()));
    }
    Ok(written)
}

/// Cells in the region; and which of all are, where not all are.
fn wanted(reader: &StoreReader, asked: &Export) -> Result<(Vec<u64>, Option<Vec<bool>>)> {
    let mut ids = reader.cell_ids()?;
    let Some(region) = &asked.region else {
        return Ok((ids, None));
    };
    let grid = reader.grid();
    let is_in = |&id: &u64| {
        let (lon, lat) = grid.kind.middle(grid.cell_order, id);
        region.contains(lon, lat)
    };
    let kept: Vec<bool> = ids.iter().map(is_in).collect();
    let mut each = kept.iter();
    ids.retain(|_| each.next().is_some_and(|kept| *kept));
    Ok((ids, Some(kept)))
}

/// One array of a store, and what of it is written.
struct Array<'a> {
    reader: &'a StoreReader,
    name: &'a str,
    steps: Option<&'a [usize]>,
    kept: Option<&'a [bool]>,
}

impl Array<'_> {
    fn geotiff(
        &self,
        asked: &Export,
        frame: &Frame,
        footprints: &Footprints,
        resampling: Resampling,
    ) -> Result<Vec<u8>> {
        let info = self.reader.info(self.name)?;
        let bands = said(self.reader, &info, self.steps);
        let pixels = footprints.parts.chunk_by(|a, b| a.pixel == b.pixel).count() as u64;
        let width = bands.len() * info.dtype.size();
        let of_cells = info.shape.iter().product::<u64>() * info.dtype.size() as u64;
        let bytes = pixels * (32 + 16 * bands.len() as u64)
            + (2 * size_of::<Part>() * footprints.parts.len()) as u64
            + 2 * of_cells;
        check_memory(asked, bytes, &format!("{} as a GeoTIFF", self.name))?;
        let array = self.reader.read(self.name)?;
        let mut values = of_steps(&array.info, array.bytes, self.steps);
        if let Some(kept) = self.kept {
            let cells = values.chunks_exact(width.max(1)).zip(kept);
            values = cells
                .filter(|(_, kept)| **kept)
                .flat_map(|(bytes, _)| bytes)
                .copied()
                .collect();
        }
        let (dtype, fill, no_data) = match resampling {
            Resampling::Nearest => (info.dtype, info.fill.clone(), nodata(&info)),
            Resampling::Share => {
                let dtype = if info.dtype == Dtype::F32 && !is_sum(&info) {
                    Dtype::F32
                } else {
                    Dtype::F64
                };
                let none = if is_sum(&info) { 0.0 } else { f64::NAN };
                let no_data = (!is_sum(&info)).then(|| "nan".to_owned());
                (dtype, bytes_of(dtype, none), no_data)
            }
        };
        let picture = Picture {
            dtype,
            bands,
            nodata: no_data,
            crs: frame.crs,
            corner: frame.corner,
            cell: frame.pixel,
            about: about(&info),
        };
        let sample = Sample {
            size: dtype.size(),
            bands: picture.bands.len(),
            fill,
        };
        let mut cells = match resampling {
            Resampling::Nearest => as_they_are(frame, &footprints.parts, &values, width),
            Resampling::Share => shared(frame, footprints, &values, &info, (sample.bands, dtype)),
        };
        let mut levels = vec![cells.level(&sample)];
        let mut shape = frame.shape;
        while shape.into_iter().any(|side| side > SIDE) {
            cells = cells.halved();
            levels.push(cells.level(&sample));
            shape = halved(shape);
        }
        Ok(tiff::file(&picture, &levels))
    }
}

/// Whether the numbers of a cell are counts or sums, of which a part of the cell has its share.
fn is_sum(info: &ArrayInfo) -> bool {
    let statistic = info
        .attributes
        .get("statistic")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let plain = statistic.split(" where ").next().unwrap_or_default();
    let bare = plain.strip_prefix("nan").unwrap_or(plain);
    matches!(bare, "count" | "sum") || bare.starts_with("histogram")
}

fn place(frame: &Frame, pixel: u64) -> [u32; 2] {
    let columns = u64::from(frame.shape[1]);
    [(pixel / columns) as u32, (pixel % columns) as u32]
}

/// Each pixel with the values of the one cell that it has.
fn as_they_are(frame: &Frame, parts: &[Part], values: &[u8], width: usize) -> Cells {
    let of_cell = |part: &Part| &values[part.cell as usize * width..][..width];
    Cells {
        shape: frame.shape,
        places: parts.iter().map(|part| place(frame, part.pixel)).collect(),
        values: parts.iter().flat_map(of_cell).copied().collect(),
    }
}

/// Each pixel with the mean of what it has, or with its share of sums; a pixel without a value is none.
fn shared(
    frame: &Frame,
    Footprints { parts, areas }: &Footprints,
    values: &[u8],
    info: &ArrayInfo,
    (bands, dtype): (usize, Dtype),
) -> Cells {
    let size = info.dtype.size();
    let is_sum = is_sum(info);
    let value = |cell: u32, band: usize| {
        let bytes = &values[(cell as usize * bands + band) * size..][..size];
        // Whole numbers have a fill value that is 0, which counts, unless they say another.
        let is_none = bytes == info.fill && (info.dtype.is_float() || nodata(info).is_some());
        number(info.dtype, bytes).filter(|_| !is_none)
    };
    let (mut places, mut out) = (Vec::new(), Vec::new());
    for of_pixel in parts.chunk_by(|a, b| a.pixel == b.pixel) {
        let mut of_bands = Vec::with_capacity(bands);
        for band in 0..bands {
            let (mut sum, mut weight) = (0.0, 0.0);
            for part in of_pixel {
                let Some(value) = value(part.cell, band) else {
                    continue;
                };
                if is_sum {
                    sum += value * (part.area / areas[part.cell as usize]);
                    weight = 1.0;
                } else {
                    sum += value * part.area;
                    weight += part.area;
                }
            }
            of_bands.push((weight > 0.0).then(|| sum / weight));
        }
        if of_bands.iter().all(Option::is_none) {
            continue;
        }
        places.push(place(frame, of_pixel[0].pixel));
        let none = if is_sum { 0.0 } else { f64::NAN };
        for value in of_bands {
            out.extend(bytes_of(dtype, value.unwrap_or(none)));
        }
    }
    Cells {
        shape: frame.shape,
        places,
        values: out,
    }
}

fn bytes_of(dtype: Dtype, value: f64) -> Vec<u8> {
    match dtype {
        Dtype::F32 => (value as f32).to_le_bytes().to_vec(),
        _ => value.to_le_bytes().to_vec(),
    }
}

/// A value as the nearest f64; `None` of NaN.
fn number(dtype: Dtype, bytes: &[u8]) -> Option<f64> {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    let bits = u64::from_le_bytes(word);
    let value = match dtype {
        Dtype::I8 => f64::from(bits as i8),
        Dtype::I16 => f64::from(bits as i16),
        Dtype::I32 => f64::from(bits as i32),
        Dtype::I64 => bits.cast_signed() as f64,
        Dtype::U8 | Dtype::U16 | Dtype::U32 | Dtype::U64 => bits as f64,
        Dtype::F32 => f32::from_bits(bits as u32).into(),
        Dtype::F64 => f64::from_bits(bits),
    };
    (!value.is_nan()).then_some(value)
}
