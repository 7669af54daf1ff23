//! Bytes by address, from the file that a dataset is in or from the files that hold its raw data.
//!
//! On the line: `dataset.rs` reads from here. An address counts from the start of the one file, or through
//! all parts in their order.

use std::fs::File;
use std::sync::Arc;

/// Where addresses lead.
#[derive(Debug, Clone)]
pub enum Bytes {
    File(Arc<File>),
    Parts(Arc<[Part]>),
}

/// Bytes of a file that hold a part of a dataset.
#[derive(Debug)]
pub struct Part {
    pub file: Arc<File>,
    pub offset: u64,
    pub length: u64,
}

impl Bytes {
    /// Fills `out` with the bytes from `at` on.
    pub fn read_exact_at(&self, out: &mut [u8], at: u64) -> std::io::Result<()> {
        match self {
            Self::File(file) => read_at(file, out, at),
            Self::Parts(parts) => read_parts(parts, out, at),
        }
    }
}

fn read_parts(parts: &[Part], mut out: &mut [u8], at: u64) -> std::io::Result<()> {
    let mut skip = at;
    for part in parts {
        if out.is_empty() {
            break;
        }
        if skip >= part.length {
            skip -= part.length;
            continue;
        }
        let here = usize::try_from(part.length - skip).unwrap_or(usize::MAX);
        let (front, back) = out.split_at_mut(here.min(out.len()));
        read_at(&part.file, front, part.offset.saturating_add(skip))?;
        skip = 0;
        out = back;
    }
    if out.is_empty() {
        Ok(())
    } else {
        Err(std::io::ErrorKind::UnexpectedEof.into())
    }
}

#[cfg(unix)]
fn read_at(file: &File, out: &mut [u8], at: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, out, at)
}

#[cfg(windows)]
fn read_at(file: &File, mut out: &mut [u8], mut at: u64) -> std::io::Result<()> {
    while !out.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, out, at)? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            n => {
                out = &mut out[n..];
                at += n as u64;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_counts_through_all_parts() {
        let folder = tempfile::tempdir().unwrap();
        let part = |name: &str, bytes: &[u8], offset, length| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            let file = Arc::new(File::open(path).unwrap());
            Part {
                file,
                offset,
                length,
            }
        };
        let parts = [
            part("a", b"..abc", 2, 3),
            part("b", b"", 0, 0),
            part("c", b"defgh...", 0, 5),
        ];
        let bytes = Bytes::Parts(parts.into());
        for from in 0..8_usize {
            for to in from..=8 {
                let mut out = vec![0; to - from];
                bytes.read_exact_at(&mut out, from as u64).unwrap();
                assert_eq!(out, b"abcdefgh"[from..to]);
            }
        }
        assert!(bytes.read_exact_at(&mut [0; 2], 7).is_err());
    }
}
