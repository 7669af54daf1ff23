//! NumPy `.npy` files, little-endian: plain arrays of one dimension, and structured ones whose
//! fields are columns.
//!
//! Beside the line: how `input.rs` reads photons, `answer.rs` writes cells, and Rust and the Python
//! programs of `benches/head_to_head/` see the very same arrays. Format: the NEP 1 document of
//! NumPy: magic, version, length of the header, a Python dictionary literal, then the values. The
//! literal is read by `npy_header.rs`.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use bytemuck::Pod;

use super::npy_header::{Field, Kind, parse};
use crate::error::{Error, Object, Phrase, Result, Setting, phrase};
use crate::photon::Values;
use crate::place::{Artefact, FilePlace, Folder, writes_through};

const MAGIC: &[u8; 6] = b"\x93NUMPY";
/// The header is padded with spaces so that values start at a multiple of this.
const ALIGNMENT: usize = 64;
/// Bytes read at a time, rounded down to whole rows.
const BLOCK: usize = 1 << 20;
/// No header is longer: NumPy itself refuses them.
const LONGEST_HEADER: usize = 10_000;

/// A type of value that a plain file can hold.
///
/// ```
/// use icefold::arrays::npy::Element;
///
/// assert_eq!(f32::DESCR, "<f4");
/// ```
pub trait Element: Pod {
    /// As NumPy spells it in a header.
    const DESCR: &str;
}

impl Element for f64 {
    const DESCR: &str = "<f8";
}

impl Element for f32 {
    const DESCR: &str = "<f4";
}

impl Element for u64 {
    const DESCR: &str = "<u8";
}

/// A file whose header has been read.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::arrays::npy::{Npy, write};
///
/// # let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("h.npy");
/// write(&path, &[1.5f32, -2.0])?;
/// let mut array = Npy::open(&path)?;
/// assert_eq!((array.rows(), array.is_structured()), (2, false));
/// assert_eq!(array.column(None)?.len(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Npy {
    path: PathBuf,
    file: File,
    /// One without a name where the array is plain.
    fields: Vec<Field>,
    /// Bytes of one row.
    width: usize,
    rows: usize,
    /// Where the values start.
    start: u64,
}

impl Npy {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// A file that cannot be read, is not `.npy`, has other than one dimension, or holds fewer bytes
    /// than its header says.
    pub fn open(path: &Path) -> Result<Self> {
        let failed = |source| Error::io("read", path, source);
        let mut file = File::open(path).map_err(|e| Error::io("open", path, e))?;
        let bytes = file.metadata().map_err(failed)?.len();
        let mut start = [0; 8];
        if bytes < 10 || file.read_exact(&mut start).is_err() || &start[..6] != MAGIC {
            return Err(unfit(
                path,
                "does not start with the magic bytes of .npy; write it with numpy.save",
            ));
        }
        let (length, skipped) = if start[6] == 1 {
            let mut length = [0; 2];
            file.read_exact(&mut length).map_err(failed)?;
            (usize::from(u16::from_le_bytes(length)), 10)
        } else {
            let mut length = [0; 4];
            file.read_exact(&mut length).map_err(failed)?;
            (u32::from_le_bytes(length) as usize, 12)
        };
        if length > LONGEST_HEADER {
            let message = format!(
                "has a header of {length} bytes, at most {LONGEST_HEADER} are read; write it again \
                 with numpy.save"
            );
            return Err(unfit(path, &message));
        }
        let mut header = vec![0; length];
        file.read_exact(&mut header).map_err(failed)?;
        let header = parse(&String::from_utf8_lossy(&header)).map_err(|m| unfit(path, &m))?;
        let width = header.fields.iter().map(|f| f.kind.bytes()).sum::<usize>();
        let start = (skipped + length) as u64;
        let needed = (header.rows as u64).checked_mul(width as u64);
        let held = bytes.saturating_sub(start);
        if needed.is_none_or(|needed| needed > held) {
            let message = format!(
                "says {} rows of {width} bytes and holds {held} bytes of them; copy or write it again",
                header.rows
            );
            return Err(unfit(path, &message));
        }
        Ok(Self {
            path: path.to_path_buf(),
            file,
            fields: header.fields,
            width,
            rows: header.rows,
            start,
        })
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Whether the array has fields.
    pub fn is_structured(&self) -> bool {
        self.fields.iter().any(|field| !field.name.is_empty())
    }

    /// The values of a field, or those of a plain array where `name` is `None`.
    ///
    /// # Errors
    /// No such field; a type that is not held; an unsigned integer above the largest signed one.
    pub fn column(&mut self, name: Option<&str>) -> Result<Values> {
        let wanted = name.unwrap_or_default();
        let mut offset = 0;
        let mut found = None;
        for field in &self.fields {
            if field.name == wanted {
                found = Some((offset, field.kind, field.descr.clone()));
            }
            offset += field.kind.bytes();
        }
        let Some((offset, kind, descr)) = found else {
            let names: Vec<&str> = self.fields.iter().map(|f| f.name.as_str()).collect();
            let message: Phrase = match name {
                Some(name) if self.is_structured() => format!(
                    "has no field {name}, only {}; correct the name",
                    names.join(", ")
                )
                .into(),
                Some(name) => format!(
                    "is a plain array, and field {name} is asked for; write one structured array \
                     with a field for each column, or name a folder of plain arrays"
                )
                .into(),
                None => phrase![
                    format!(
                        "has fields ({}), and a plain array is wanted; ",
                        names.join(", ")
                    ),
                    "name the file itself with ",
                    Setting::Input
                ],
            };
            return Err(unfit(&self.path, message));
        };
        let mut values = kind.empty(self.rows).ok_or_else(|| {
            let message = format!(
                "field '{wanted}' is of type {descr}, which is not held; little-endian integers of up to \
                 64 bits, booleans, float32 and float64 are: convert it"
            );
            unfit(&self.path, &message)
        })?;
        self.each_block(|rows, first| {
            let cells = rows.iter().map(|row| &row[offset..offset + kind.bytes()]);
            kind.append(cells, &mut values).map_err(|(row, value)| {
                format!(
                    "field '{wanted}' row {} is {value}, above the largest integer held, {}; leave \
                     the column out",
                    first + row,
                    i64::MAX
                )
            })
        })?;
        Ok(values)
    }

    /// Reads all rows in blocks; `take` gets the rows of a block and the number of its first.
    fn each_block(
        &mut self,
        mut take: impl FnMut(&[&[u8]], usize) -> Result<(), String>,
    ) -> Result<()> {
        let failed = |source| Error::io("read", &self.path, source);
        let mut reader = BufReader::new(&mut self.file);
        reader.seek(SeekFrom::Start(self.start)).map_err(failed)?;
        let block = (BLOCK / self.width.max(1)).max(1);
        let mut bytes = vec![0; block * self.width];
        for first in (0..self.rows).step_by(block) {
            let rows = block.min(self.rows - first);
            let bytes = &mut bytes[..rows * self.width];
            reader.read_exact(bytes).map_err(failed)?;
            let rows: Vec<&[u8]> = bytes.chunks_exact(self.width.max(1)).collect();
            take(&rows, first).map_err(|message| unfit(&self.path, &message))?;
        }
        Ok(())
    }
}

fn unfit(path: &Path, message: impl Into<Phrase>) -> Error {
    let message = phrase![format!("array {}: ", path.display()), message];
    Error::argument(message).about(Object::File(path.into()))
}

/// All values of a plain file of exactly this type.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::arrays::npy;
///
/// # let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("h.npy");
/// npy::write(&path, &[1.5f32, -2.0])?;
/// assert_eq!(npy::read::<f32>(&path)?, [1.5, -2.0]);
/// assert!(npy::read::<f64>(&path).is_err());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`Npy::open`], and a file of another type.
pub fn read<T: Element>(path: &Path) -> Result<Vec<T>> {
    let mut npy = Npy::open(path)?;
    let [field] = &npy.fields[..] else {
        return Err(unfit(path, "has fields, and a plain array is wanted"));
    };
    if field.kind != Kind::of(T::DESCR) {
        let message = format!("is of type {}, not {}", field.descr, T::DESCR);
        return Err(unfit(path, &message));
    }
    let mut values = vec![T::zeroed(); npy.rows];
    let read = npy.file.seek(SeekFrom::Start(npy.start));
    read.and_then(|_| npy.file.read_exact(bytemuck::cast_slice_mut(&mut values)))
        .map_err(|e| Error::io("read", path, e))?;
    Ok(values)
}

/// Writes one row of values.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// # let folder = tempfile::tempdir().unwrap();
/// icefold::arrays::npy::write(&folder.path().join("cells.npy"), &[7u64, 9])?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// The operating system's.
pub fn write<T: Element>(path: &Path, values: &[T]) -> Result<()> {
    let descr = format!("'{}'", T::DESCR);
    write_bytes(path, &descr, values.len(), bytemuck::cast_slice(values))
}

/// Writes rows of a structured array; `fields` are NumPy's pairs of name and type.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::arrays::npy::{Npy, write_fields};
///
/// # let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("photons.npy");
/// let fields = ["('lon', '<f8')".to_owned(), "('h', '<f4')".to_owned()];
/// let row = [10.0f64.to_le_bytes().to_vec(), 101.5f32.to_le_bytes().to_vec()].concat();
/// write_fields(&path, &fields, 1, &row)?;
/// assert!(Npy::open(&path)?.is_structured());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// The operating system's.
pub fn write_fields(path: &Path, fields: &[String], rows: usize, values: &[u8]) -> Result<()> {
    write_bytes(path, &format!("[{}]", fields.join(", ")), rows, values)
}

/// Writes values that are bytes already, little-endian, of the type that `descr` describes.
fn write_bytes(path: &Path, descr: &str, rows: usize, values: &[u8]) -> Result<()> {
    let failed = |source| Error::io("write", path, source);
    let dictionary = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': ({rows},), }}");
    let unpadded = MAGIC.len() + 4 + dictionary.len() + 1;
    let header = dictionary + &" ".repeat(unpadded.next_multiple_of(ALIGNMENT) - unpadded) + "\n";
    let (place, file) = FilePlace::create(path, ARRAY)?;
    let mut file = BufWriter::new(file);
    let parts: [&[u8]; 5] = [
        MAGIC,
        &[1, 0],
        &(header.len() as u16).to_le_bytes(),
        header.as_bytes(),
        values,
    ];
    for part in parts {
        file.write_all(part).map_err(failed)?;
    }
    let file = file.into_inner().map_err(|e| failed(e.into_error()))?;
    if !writes_through(path) {
        file.sync_all().map_err(failed)?;
    }
    place.publish()
}

/// Answers of `aggregate` as NumPy arrays. The format has no place to say who wrote a file.
#[doc(hidden)]
pub const ARRAY: Artefact = Artefact {
    noun: "array",
    needs_flag: true,
    folder: Folder::Made,
    wrote: is_npy,
};

/// Whether a file starts as NumPy's do.
fn is_npy(path: &Path) -> bool {
    let mut start = Vec::new();
    let read =
        File::open(path).and_then(|file| file.take(MAGIC.len() as u64).read_to_end(&mut start));
    read.is_ok() && start == MAGIC
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("h.npy");
        let values = [1.5f32, -0.0, f32::NAN, 7e30];
        write(&path, &values).unwrap();
        let back: Vec<f32> = read(&path).unwrap();
        assert_eq!(back.map_bits(), values.to_vec().map_bits());
        let Values::F32(column) = Npy::open(&path).unwrap().column(None).unwrap() else {
            unreachable!("the file is of f32");
        };
        assert_eq!(column.into_vec().map_bits(), values.to_vec().map_bits());
        let wrong = read::<f64>(&path).unwrap_err().to_string();
        assert!(wrong.contains("is of type <f4, not <f8"), "{wrong}");
    }

    trait MapBits {
        fn map_bits(&self) -> Vec<u32>;
    }

    impl MapBits for Vec<f32> {
        fn map_bits(&self) -> Vec<u32> {
            self.iter().map(|x| x.to_bits()).collect()
        }
    }

    #[test]
    fn a_file_shorter_than_its_header_says_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("h.npy");
        write_bytes(&path, "'<f8'", usize::MAX, &[0; 24]).unwrap();
        let refused = Npy::open(&path).unwrap_err().to_string();
        assert!(refused.contains("holds 24 bytes of them"), "{refused}");
        std::fs::write(&path, "lon,lat\n1,2\n").unwrap();
        let refused = Npy::open(&path).unwrap_err().to_string();
        assert!(refused.contains("magic bytes"), "{refused}");
    }
}
