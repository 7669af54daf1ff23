//! One-dimensional NumPy `.npy` files, little-endian: how Rust and the Python peers read the very
//! same arrays.
//!
//! Format: the NEP 1 document of NumPy: magic, version, length of the header, a Python dictionary
//! literal, then the values.

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::Path;

use bytemuck::Pod;
use icefold::{Error, Result};

const MAGIC: &[u8; 6] = b"\x93NUMPY";
/// The header is padded with spaces so that values start at a multiple of this.
const ALIGNMENT: usize = 64;

/// A type of value that a file can hold.
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

/// All values of a file.
///
/// # Errors
/// A file that cannot be read, or that is not one row of little-endian `T`.
pub fn read<T: Element>(path: &Path) -> Result<Vec<T>> {
    let failed = |source| Error::io("read", path, source);
    let mut file = File::open(path).map_err(failed)?;
    let mut start = [0; 8];
    file.read_exact(&mut start).map_err(failed)?;
    if &start[..6] != MAGIC {
        return Err(unfit(path, "does not start with the magic bytes of .npy"));
    }
    let length = if start[6] == 1 {
        let mut length = [0; 2];
        file.read_exact(&mut length).map_err(failed)?;
        usize::from(u16::from_le_bytes(length))
    } else {
        let mut length = [0; 4];
        file.read_exact(&mut length).map_err(failed)?;
        u32::from_le_bytes(length) as usize
    };
    let mut header = vec![0; length];
    file.read_exact(&mut header).map_err(failed)?;
    let count = count_of::<T>(path, &String::from_utf8_lossy(&header))?;
    let mut values = vec![T::zeroed(); count];
    file.read_exact(bytemuck::cast_slice_mut(&mut values))
        .map_err(failed)?;
    Ok(values)
}

/// The number of values that a header declares.
fn count_of<T: Element>(path: &Path, header: &str) -> Result<usize> {
    if !header.contains(&format!("'descr': '{}'", T::DESCR)) {
        return Err(unfit(path, &format!("is not of type {}", T::DESCR)));
    }
    let shape = header.split("'shape': (").nth(1).unwrap_or_default();
    let shape = shape.split(')').next().unwrap_or_default();
    let count = shape.trim_end_matches(',').trim().parse();
    count.map_err(|_| unfit(path, &format!("has shape ({shape}), not one dimension")))
}

fn unfit(path: &Path, message: &str) -> Error {
    Error::Usage(format!(
        "{}: {message}; make the workloads again with benches/peers/workloads.py",
        path.display()
    ))
}

/// Writes one row of values.
pub fn write<T: Element>(path: &Path, values: &[T]) -> Result<()> {
    let failed = |source| Error::io("write", path, source);
    let dictionary = format!(
        "{{'descr': '{}', 'fortran_order': False, 'shape': ({},), }}",
        T::DESCR,
        values.len()
    );
    let unpadded = MAGIC.len() + 4 + dictionary.len() + 1;
    let header = dictionary + &" ".repeat(unpadded.next_multiple_of(ALIGNMENT) - unpadded) + "\n";
    let mut file = BufWriter::new(File::create(path).map_err(failed)?);
    let parts: [&[u8]; 5] = [
        MAGIC,
        &[1, 0],
        &(header.len() as u16).to_le_bytes(),
        header.as_bytes(),
        bytemuck::cast_slice(values),
    ];
    for part in parts {
        file.write_all(part).map_err(failed)?;
    }
    file.flush().map_err(failed)
}
