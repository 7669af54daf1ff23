//! Bytes by place: what granules are read from, which a file is one kind of.
//!
//! On the line: the first thing that is opened. Storage chunks, superblocks and tables are read through [`Bytes`], and
//! by libhdf5 what is no file of this machine (`src/read/hdf5/driver.rs`).

use std::fmt::Debug;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use crate::photon::stored::Source;

/// Takes what [`Bytes::read_many`] brings: the number of a range, and what puts its bytes into memory of the
/// taker's, which is as long as the range.
pub type Sink<'a> = dyn Fn(usize, &mut dyn FnMut(&mut [u8]) -> io::Result<()>) + Sync + 'a;

/// Something with bytes that do not change while it is read.
///
/// Any number of threads may read at the same time. What is read of a place is the same whenever it is read and
/// however the reads are cut.
pub trait Bytes: Debug + Send + Sync {
    /// What it is called, in errors.
    fn name(&self) -> &str;

    /// How many bytes there are.
    fn length(&self) -> u64;

    /// Fills `out` with the bytes from `at` on.
    ///
    /// # Errors
    /// They cannot be had, or end before `out` is full: then `out` holds anything.
    fn read_at(&self, at: u64, out: &mut [u8]) -> io::Result<()>;

    /// Reads many ranges: the sink is called once for each, in any order and by several threads of the pool that
    /// the caller runs in at the same time, and returns before this does. An empty range is brought without a read.
    ///
    /// Who brings a range must not run other tasks of the pool while it waits: the sink may hold what belongs to
    /// its thread.
    ///
    /// As it stands here, each thread reads a range when it takes it, which is right where a read waits for little;
    /// where reads are slow, an implementation joins ranges and has several under way.
    fn read_many(&self, ranges: &[Range<u64>], sink: &Sink) {
        let numbered = ranges.par_iter().enumerate().with_max_len(1);
        numbered.for_each(|(number, range)| {
            sink(number, &mut |out| self.read_at(range.start, out));
        });
    }

    /// Is told what will be read soon: ranges, in blocks that are read one after the other. Nothing has to come of it.
    fn expect(&self, _blocks: &[Vec<Range<u64>>]) {}

    /// Fills `out` with the bytes from `at` on, if that takes no wait; whether it did. They are no part of what was read.
    ///
    /// # Errors
    /// As [`Bytes::read_at`].
    fn at_hand(&self, at: u64, out: &mut [u8]) -> io::Result<bool> {
        self.read_at(at, out).map(|()| true)
    }

    /// Brings what is around these places, all of it together, so that it is at hand for small reads that follow. Nothing has
    /// to come of it: what could not be had is told to who reads it.
    fn bring_around(&self, _places: &[Range<u64>]) {}

    /// Whether reads are slow to begin, so that it is worth to say what is expected.
    fn is_far(&self) -> bool {
        false
    }

    /// As [`Bytes::read_at`], by the library that asks for structure: what it asks for is what an index keeps.
    ///
    /// # Errors
    /// As [`Bytes::read_at`].
    fn structure_at(&self, at: u64, out: &mut [u8]) -> io::Result<()> {
        self.read_at(at, out)
    }

    /// The ranges that were asked for as structure and in small reads, ascending; none where that was not noted.
    fn noted(&self) -> Vec<Range<u64>> {
        Vec::new()
    }

    /// What tells this version of it from others, where somebody says that.
    fn etag(&self) -> Option<String> {
        None
    }

    /// Whether it is what an index remembers of it.
    fn is_remembered(&self) -> bool {
        false
    }

    /// Why reads failed for good, in words with the remedy; all later ones fail, too.
    fn trouble(&self) -> Option<String> {
        None
    }
}

impl Source for Arc<dyn Bytes> {
    fn bring(&self, at: u64, out: &mut [u8]) -> io::Result<()> {
        self.read_at(at, out)
    }
}

/// A regular file, of the length that it had when it was opened.
#[derive(Debug)]
pub struct FileBytes {
    file: File,
    name: String,
    length: u64,
}

impl FileBytes {
    /// Opens a file.
    ///
    /// # Errors
    /// The operating system's.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok(Self::of(file, length, path))
    }

    /// An open file, so many bytes of it.
    pub fn of(file: File, length: u64, path: &Path) -> Self {
        Self {
            file,
            name: path.display().to_string(),
            length,
        }
    }
}

impl Bytes for FileBytes {
    fn name(&self) -> &str {
        &self.name
    }

    fn length(&self) -> u64 {
        self.length
    }

    #[cfg(unix)]
    fn read_at(&self, at: u64, out: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.file, out, at)
    }

    #[cfg(windows)]
    fn read_at(&self, mut at: u64, mut out: &mut [u8]) -> io::Result<()> {
        while !out.is_empty() {
            match std::os::windows::fs::FileExt::seek_read(&self.file, out, at)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                n => {
                    out = &mut out[n..];
                    at += n as u64;
                }
            }
        }
        Ok(())
    }
}

/// Parts of others, one behind the other.
#[derive(Debug)]
pub struct Joined {
    parts: Vec<Part>,
    length: u64,
}

/// A stretch of bytes.
#[derive(Debug)]
pub struct Part {
    pub bytes: Arc<dyn Bytes>,
    pub offset: u64,
    pub length: u64,
}

impl Joined {
    pub fn new(parts: Vec<Part>) -> Self {
        let lengths = parts.iter().map(|part| part.length);
        Self {
            length: lengths.fold(0, u64::saturating_add),
            parts,
        }
    }
}

impl Bytes for Joined {
    fn name(&self) -> &str {
        self.parts.first().map_or("", |part| part.bytes.name())
    }

    fn length(&self) -> u64 {
        self.length
    }

    fn read_at(&self, at: u64, mut out: &mut [u8]) -> io::Result<()> {
        let mut skip = at;
        for part in &self.parts {
            if out.is_empty() {
                break;
            }
            if skip >= part.length {
                skip -= part.length;
                continue;
            }
            let here = usize::try_from(part.length - skip).unwrap_or(usize::MAX);
            let (front, back) = out.split_at_mut(here.min(out.len()));
            let read = part.bytes.read_at(part.offset.saturating_add(skip), front);
            read.map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", part.bytes.name())))?;
            skip = 0;
            out = back;
        }
        if out.is_empty() {
            Ok(())
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }
}

/// The bytes from `at` on, `count` of them or as many as there are.
///
/// # Errors
/// They cannot be had.
pub fn read_up_to(bytes: &dyn Bytes, at: u64, count: usize) -> io::Result<Vec<u8>> {
    let left = usize::try_from(bytes.length().saturating_sub(at)).unwrap_or(usize::MAX);
    let mut out = vec![0; count.min(left)];
    bytes.read_at(at, &mut out)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn file(folder: &Path, name: &str, bytes: &[u8]) -> FileBytes {
        let path = folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        FileBytes::open(&path).unwrap()
    }

    #[test]
    fn an_address_counts_through_all_parts() {
        let folder = tempfile::tempdir().unwrap();
        let part = |name: &str, bytes: &[u8], offset, length| Part {
            bytes: Arc::new(file(folder.path(), name, bytes)),
            offset,
            length,
        };
        let bytes = Joined::new(vec![
            part("a", b"..abc", 2, 3),
            part("b", b"", 0, 0),
            part("c", b"defgh...", 0, 5),
        ]);
        assert_eq!(bytes.length(), 8);
        for from in 0..8_usize {
            for to in from..=8 {
                let mut out = vec![0; to - from];
                bytes.read_at(from as u64, &mut out).unwrap();
                assert_eq!(out, b"abcdefgh"[from..to]);
            }
        }
        assert!(bytes.read_at(7, &mut [0; 2]).is_err());
    }

    #[test]
    fn a_part_that_is_shorter_than_it_says_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let bytes: Arc<dyn Bytes> = Arc::new(file(folder.path(), "short", b"abc"));
        let joined = Joined::new(vec![Part {
            bytes,
            offset: 1,
            length: 5,
        }]);
        let error = joined.read_at(0, &mut [0; 4]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        assert!(error.to_string().contains("short"), "{error}");
    }

    #[test]
    fn many_ranges_are_each_brought_once() {
        let folder = tempfile::tempdir().unwrap();
        let content: Vec<u8> = (0..=255).collect();
        let bytes = file(folder.path(), "all", &content);
        let ranges: Vec<Range<u64>> = (0..50).map(|i| i * 3..i * 3 + i % 7).collect();
        let taken = Mutex::new(vec![Vec::new(); ranges.len()]);
        bytes.read_many(&ranges, &|number, bring| {
            let range = &ranges[number];
            let mut out = vec![0; (range.end - range.start) as usize];
            bring(&mut out).unwrap();
            assert_eq!(out, content[range.start as usize..range.end as usize]);
            taken.lock().unwrap()[number].push(());
        });
        let taken = taken.into_inner().unwrap();
        assert!(taken.iter().all(|times| times.len() == 1));
    }

    #[test]
    fn what_is_behind_the_end_is_left_out_or_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let bytes = file(folder.path(), "all", b"abcdef");
        assert_eq!(read_up_to(&bytes, 4, 10).unwrap(), b"ef");
        assert_eq!(read_up_to(&bytes, 9, 10).unwrap(), b"");
        let error = bytes.read_at(4, &mut [0; 3]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
