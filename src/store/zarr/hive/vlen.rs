//! Arrays of lists as zagg's specification has them: `variable_length_bytes`, one list of bytes for each cell.
//!
//! Below `leaf.rs` and `parted.rs`. Sources: zagg's store specification, sections 1.2 to 1.5, and the Zarr v3
//! `sharding_indexed` codec. A chunk is a count of cells, and of each the length of its list and the list:
//!
//! ```text
//!   u32 cells  { u32 bytes  bytes }*      little-endian, then zstd
//! ```

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde_json::Value;
use zstd::stream::read::Decoder;

use crate::config::Dtype;

/// The revision that is read and written.
pub const SPEC: &str = "zagg-ragged/1";
/// The type of the arrays, as zarr-python spells it.
pub const DATA_TYPE: &str = "variable_length_bytes";
/// Bytes of one chunk at most, decoded.
const MOST: u64 = 1 << 32;

/// An array of lists, by its document.
#[derive(Debug, Clone)]
pub struct VlenArray {
    folder: PathBuf,
    pub cells: u64,
    file_cells: u64,
    chunk_cells: u64,
    sharded: bool,
    compressed: bool,
    /// What lists are of, and how many of them a row has.
    pub element: (Dtype, u64),
}

/// Whether a document is of such an array.
pub fn is_vlen(document: &Value) -> bool {
    let data_type = document["data_type"].as_str();
    data_type.is_some_and(|name| name == DATA_TYPE || name == "bytes")
}

impl VlenArray {
    /// The array in a folder.
    ///
    /// # Errors
    /// In words, a document of another revision or with other codecs.
    pub fn new(folder: &Path, document: &Value) -> Result<Self, String> {
        let ragged = &document["attributes"]["ragged"];
        if ragged["spec"] != SPEC {
            let spec = &ragged["spec"];
            return Err(format!("its attribute ragged.spec is {spec}, not {SPEC}"));
        }
        let numbers = |value: &Value| -> Option<Vec<i64>> {
            value.as_array()?.iter().map(Value::as_i64).collect()
        };
        let one = |value: &Value| match numbers(value).as_deref() {
            Some(&[one]) if one > 0 => Ok(one as u64),
            _ => Err(format!("{value} is not one number of cells above 0")),
        };
        let element = &ragged["element"];
        let shape = numbers(&element["shape"]).filter(|shape| shape.first() == Some(&-1));
        let inner = shape.map(|shape| shape[1..].iter().product::<i64>());
        let dtype = element["dtype"].as_str().and_then(Dtype::named);
        let (Some(dtype), Some(inner @ 1..)) = (dtype, inner) else {
            return Err(format!("its lists are of {element}, which is not known"));
        };
        let cells = one(&document["shape"])?;
        let file_cells = one(&document["chunk_grid"]["configuration"]["chunk_shape"])?;
        let mut codecs = &document["codecs"];
        let (mut chunk_cells, mut sharded) = (file_cells, false);
        if codecs[0]["name"] == "sharding_indexed" {
            let cut = &codecs[0]["configuration"];
            if cut["index_location"] != "end" || names(&cut["index_codecs"]) != ["bytes", "crc32c"]
            {
                return Err("its index is not at the end of files with a checksum".to_owned());
            }
            (chunk_cells, sharded) = (one(&cut["chunk_shape"])?, true);
            codecs = &cut["codecs"];
        }
        let compressed = match names(codecs)[..] {
            ["vlen-bytes", "zstd"] => true,
            ["vlen-bytes"] => false,
            _ => return Err(format!("its codecs are {:?}", names(codecs))),
        };
        if file_cells % chunk_cells != 0 {
            return Err(format!(
                "chunks of {chunk_cells} cells do not fill files of {file_cells}"
            ));
        }
        Ok(Self {
            folder: folder.to_path_buf(),
            cells,
            file_cells,
            chunk_cells,
            sharded,
            compressed,
            element: (dtype, inner as u64),
        })
    }

    /// Cells of a chunk.
    pub fn chunk_cells(&self) -> u64 {
        self.chunk_cells
    }

    /// Bytes of a row of a list.
    pub fn row_bytes(&self) -> usize {
        self.element.0.size() * self.element.1 as usize
    }

    /// The lists of a chunk; none where it is not stored.
    ///
    /// # Errors
    /// In words, what cannot be read or is damaged.
    pub fn chunk(&self, index: u64) -> Result<Option<Vec<Vec<u8>>>, String> {
        let per_file = self.file_cells / self.chunk_cells;
        let path = self.folder.join(format!("c/{}", index / per_file));
        let failed = |e: std::io::Error| format!("{} cannot be read: {e}", path.display());
        let mut file = match File::open(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(failed)?,
        };
        let mut bytes = Vec::new();
        if self.sharded {
            let Some([start, length]) = place(&mut file, per_file, index % per_file)? else {
                return Ok(None);
            };
            file.seek(SeekFrom::Start(start)).map_err(failed)?;
            file.take(length).read_to_end(&mut bytes).map_err(failed)?;
            if bytes.len() as u64 != length {
                return Err(format!("{} ends within a chunk", path.display()));
            }
        } else {
            file.read_to_end(&mut bytes).map_err(failed)?;
        }
        if self.compressed {
            bytes = plain(&bytes).map_err(|e| format!("{}: {e}", path.display()))?;
        }
        let lists = decode(&bytes, self.chunk_cells);
        lists
            .map(Some)
            .map_err(|e| format!("{}: {e}", path.display()))
    }
}

/// Names of codecs.
fn names(codecs: &Value) -> Vec<&str> {
    let codecs = codecs.as_array().into_iter().flatten();
    codecs.filter_map(|codec| codec["name"].as_str()).collect()
}

/// A chunk of a file of several, as it is stored; `None` where it is not.
///
/// # Errors
/// In words, what cannot be read or is damaged.
pub fn in_file(file: &mut File, chunks: u64, chunk: u64) -> Result<Option<Vec<u8>>, String> {
    let Some([start, length]) = place(file, chunks, chunk)? else {
        return Ok(None);
    };
    let failed = |e: std::io::Error| format!("a chunk cannot be read: {e}");
    file.seek(SeekFrom::Start(start)).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 != length {
        return Err("the file ends within a chunk".to_owned());
    }
    Ok(Some(bytes))
}

/// Where a chunk lies in a file of several.
fn place(file: &mut File, chunks: u64, chunk: u64) -> Result<Option<[u64; 2]>, String> {
    let failed = |e: std::io::Error| format!("its index cannot be read: {e}");
    let length = file.metadata().map_err(failed)?.len();
    let index_bytes = chunks.saturating_mul(16).saturating_add(4);
    if index_bytes > length {
        return Err(format!("{length} bytes have no index of {chunks} chunks"));
    }
    file.seek(SeekFrom::Start(length - index_bytes))
        .map_err(failed)?;
    let mut index = Vec::new();
    file.take(index_bytes)
        .read_to_end(&mut index)
        .map_err(failed)?;
    let (index, checksum) = index.split_at(index.len().saturating_sub(4));
    if crc32c::crc32c(index).to_le_bytes() != checksum {
        return Err("its index is damaged: the checksum is another".to_owned());
    }
    let (words, _) = index.as_chunks::<8>();
    let word = |place: u64| {
        words
            .get(place as usize)
            .map(|word| u64::from_le_bytes(*word))
    };
    match (word(2 * chunk), word(2 * chunk + 1)) {
        (Some(u64::MAX), Some(u64::MAX)) | (None, _) | (_, None) => Ok(None),
        (Some(start), Some(bytes)) => Ok(Some([start, bytes])),
    }
}

/// The bytes of a chunk before it was compressed.
pub fn plain(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut plain = Vec::new();
    let decoder = Decoder::new(bytes).map_err(|e| format!("a chunk cannot be decoded: {e}"))?;
    let read = decoder.take(MOST + 1).read_to_end(&mut plain);
    read.map_err(|e| format!("a chunk cannot be decoded: {e}"))?;
    if plain.len() as u64 > MOST {
        return Err(format!("a chunk has more than {MOST} bytes"));
    }
    Ok(plain)
}

/// The lists of so many cells in a chunk.
pub fn decode(bytes: &[u8], cells: u64) -> Result<Vec<Vec<u8>>, String> {
    let cut = || "a chunk ends within a list".to_owned();
    let mut rest = bytes;
    let mut number = || -> Result<usize, String> {
        let (word, more) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        rest = more;
        Ok(u32::from_le_bytes(*word) as usize)
    };
    let count = number()?;
    if count as u64 != cells {
        return Err(format!(
            "a chunk has lists of {count} cells, not of {cells}"
        ));
    }
    let mut lists = Vec::new();
    for _ in 0..count {
        let (word, more) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let length = u32::from_le_bytes(*word) as usize;
        let (list, more) = more.split_at_checked(length).ok_or_else(cut)?;
        lists.push(list.to_vec());
        rest = more;
    }
    if !rest.is_empty() {
        return Err(format!("a chunk has {} bytes behind its lists", rest.len()));
    }
    Ok(lists)
}

/// A chunk of so many cells with these lists, each with its place, before it is compressed.
pub fn encode(lists: &[(u64, Vec<u8>)], cells: u64) -> Vec<u8> {
    let mut bytes = (cells as u32).to_le_bytes().to_vec();
    let mut next = 0;
    for (place, list) in lists {
        bytes.resize(bytes.len() + 4 * (place - next) as usize, 0);
        bytes.extend((list.len() as u32).to_le_bytes());
        bytes.extend(list);
        next = place + 1;
    }
    bytes.resize(bytes.len() + 4 * (cells - next) as usize, 0);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_framed_as_the_specification_says() {
        let lists = [b"ab".to_vec(), Vec::new(), b"c".to_vec()];
        let bytes = encode(&[(0, lists[0].clone()), (2, lists[2].clone())], 3);
        let framed = [
            3, 0, 0, 0, 2, 0, 0, 0, b'a', b'b', 0, 0, 0, 0, 1, 0, 0, 0, b'c',
        ];
        assert_eq!(bytes, framed);
        assert_eq!(decode(&bytes, 3).unwrap(), lists);
        assert!(decode(&bytes, 4).unwrap_err().contains("3 cells, not of 4"));
        assert!(decode(&bytes[..18], 3).unwrap_err().contains("ends within"));
        let longer = [&bytes[..], &[0]].concat();
        assert!(decode(&longer, 3).unwrap_err().contains("1 bytes behind"));
    }
}
