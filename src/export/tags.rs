//! What a GeoTIFF says of itself: the tags of its levels.
//!
//! Beside `tiff.rs`, which puts them into a file. Sources: TIFF 6.0, and supplement 2 for deflate; OGC 19-008r4 (GeoTIFF
//! 1.1) for places and systems; GDAL's documentation of its `GTiff` driver for `GDAL_METADATA` and `GDAL_NODATA`.

use super::mark::software;
use super::pyramid::{Level, SIDE};
use crate::config::Dtype;
use crate::grid::Crs;

/// What all levels of a picture have in common.
#[derive(Debug, Clone)]
pub struct Picture {
    pub dtype: Dtype,
    /// Of each band what it is, if anything is to be said.
    pub bands: Vec<Option<String>>,
    /// The value of cells that have none, where that is to be said.
    pub nodata: Option<String>,
    pub crs: Crs,
    /// The north-western corner, and width and height of a cell of the finest level.
    pub corner: [f64; 2],
    pub cell: [f64; 2],
    /// Names and texts about the array.
    pub about: Vec<(&'static str, String)>,
}

/// A value of a tag, or several.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    Text(Vec<u8>),
    Shorts(Vec<u16>),
    Longs(Vec<u32>),
    Doubles(Vec<f64>),
    /// The text behind the header of the file.
    Mark,
    /// Where the tiles of the level begin, and how long they are: known when all is put together.
    Places,
    Lengths,
}

/// A tag by its number.
pub type Tag = (u16, Values);

/// The tags of a level, ascending.
pub fn tags(picture: &Picture, level: &Level, is_finest: bool) -> Vec<Tag> {
    use Values::{Doubles, Lengths, Longs, Mark, Places, Shorts, Text};
    let bands = picture.bands.len();
    let text = |text: &str| Text([text.as_bytes(), b"\0"].concat());
    let [rows, columns] = level.shape;
    let each = |value: u16| Shorts(vec![value; bands]);
    let format = match picture.dtype {
        Dtype::F32 | Dtype::F64 => 3,
        Dtype::I8 | Dtype::I16 | Dtype::I32 | Dtype::I64 => 2,
        _ => 1,
    };
    let mut tags = vec![
        // A level of another size of the same picture.
        (254, Longs(vec![u32::from(!is_finest)])),
        (256, Longs(vec![columns])),
        (257, Longs(vec![rows])),
        (258, each(8 * picture.dtype.size() as u16)),
        // Deflate.
        (259, Shorts(vec![8])),
        // 0 is black.
        (262, Shorts(vec![1])),
        (277, Shorts(vec![bands as u16])),
        // Bands apart from each other, where there are several.
        (284, Shorts(vec![if bands > 1 { 2 } else { 1 }])),
        (322, Longs(vec![SIDE])),
        (323, Longs(vec![SIDE])),
        (324, Places),
        (325, Lengths),
        (339, each(format)),
    ];
    if bands > 1 {
        tags.push((338, Shorts(vec![0; bands - 1])));
    }
    if is_finest {
        let [width, height] = picture.cell;
        let [west, north] = picture.corner;
        tags.push((305, Mark));
        tags.push((33_550, Doubles(vec![width, height, 0.0])));
        tags.push((33_922, Doubles(vec![0.0, 0.0, 0.0, west, north, 0.0])));
        tags.push((34_735, Shorts(geo_keys(picture.crs))));
        tags.extend(metadata(picture).map(|xml| (42_112, text(&xml))));
    }
    tags.extend(picture.nodata.as_ref().map(|nodata| (42_113, text(nodata))));
    tags.sort_by_key(|(number, _)| *number);
    tags
}

/// The keys of a coordinate system by its EPSG code: whether it is projected, that a place is a cell's corner, the code.
fn geo_keys(crs: Crs) -> Vec<u16> {
    let (kind, of_code) = if crs.is_geographic() {
        (2, 2048)
    } else {
        (1, 3072)
    };
    // All codes that are known have 16 bits.
    let code = u16::try_from(crs.code()).unwrap_or(u16::MAX);
    let keys = [[1024, 0, 1, kind], [1025, 0, 1, 1], [of_code, 0, 1, code]];
    let directory = [1, 1, 0, keys.len() as u16];
    directory
        .into_iter()
        .chain(keys.into_iter().flatten())
        .collect()
}

/// Texts as GDAL's readers find them.
fn metadata(picture: &Picture) -> Option<String> {
    let mut items = String::new();
    for (name, text) in &picture.about {
        if *name != "units" {
            items += &format!("<Item name=\"{name}\">{}</Item>", escaped(text));
            continue;
        }
        for band in 0..picture.bands.len() {
            items += &format!(
                "<Item name=\"UNITTYPE\" sample=\"{band}\" role=\"unittype\">{}</Item>",
                escaped(text)
            );
        }
    }
    for (band, said) in picture.bands.iter().enumerate() {
        if let Some(said) = said {
            items += &format!(
                "<Item name=\"DESCRIPTION\" sample=\"{band}\" role=\"description\">{}</Item>",
                escaped(said)
            );
        }
    }
    (!items.is_empty()).then(|| format!("<GDALMetadata>{items}</GDALMetadata>"))
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('\0', "")
}

impl Values {
    /// How many there are, of a level with so many tiles.
    pub fn count(&self, tiles: usize) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Mark => software().len(),
            Self::Shorts(values) => values.len(),
            Self::Longs(values) => values.len(),
            Self::Doubles(values) => values.len(),
            Self::Places | Self::Lengths => tiles,
        }
    }
}
