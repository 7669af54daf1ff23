//! Encoding: rows of partials to bytes and back, so that they can wait on disk.
//!
//! Beside `partial.rs`. A block is a short header, then column by column one array of fixed-width
//! little-endian integers behind its length, then a checksum:
//!
//! ```text
//!   header  magic "icefpart", version u32, crc32c u32 of the version and what follows here,
//!           fingerprint 32 bytes, cells u64, bytes of the body u64
//!   body    cells, photons, and for each column of the job: count, specials, then what it needs of
//!           range, moments, remainders, terms, ends of the cells' keys and keys, bins, joints: cells and rows
//!   crc32c  u32 of the body
//! ```
//!
//! Nothing in a block says what its columns are: the fingerprint of job and grid does, and bytes of
//! another question are refused.

mod columns;
mod fingerprint;
mod pack;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{self, Read, Write};
use std::ops::Range as Rows;

use self::pack::{Packer, Unpacker};
use super::job::Job;
use super::partial::Partials;
use crate::grid::GridConfig;

const MAGIC: [u8; 8] = *b"icefpart";
const VERSION: u32 = 3;
/// Blocks of version 2 are the same but for the checksum of the header, and a cell was in one.
const OLDEST: u32 = 2;
const HEADER: usize = 64;
/// Where the header's own checksum ends, and what it is of begins.
const CHECKED: usize = 16;
const CHECKSUM: u64 = 4;

/// How partials of one job over cells of one grid are written.
#[derive(Debug, Clone, Copy)]
pub struct Encoding<'a> {
    job: &'a Job,
    /// Cells of the grid: ids are below.
    cells: u64,
    fingerprint: Fingerprint,
}

/// A hash of all that says what bytes of partials mean.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 32]);

/// Why bytes are no partials; reads after the name of what holds them and a colon.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    #[error("cannot be read: {0}")]
    Read(io::Error),
    #[error("damaged: {0}")]
    Damaged(String),
    #[error("format version {found}, and this icefold reads versions {OLDEST} to {VERSION}")]
    Version { found: u32 },
    #[error(
        "partials of another config or of other columns: their fingerprint is {found}, that of this \
         run {expected}"
    )]
    OtherJob {
        found: Fingerprint,
        expected: Fingerprint,
    },
}

impl<'a> Encoding<'a> {
    pub fn new(job: &'a Job, grid: &GridConfig) -> Self {
        Self {
            job,
            cells: grid.cells(),
            fingerprint: job.fingerprint().over(grid),
        }
    }

    pub fn fingerprint(self) -> Fingerprint {
        self.fingerprint
    }

    pub fn job(self) -> &'a Job {
        self.job
    }

    /// Bytes that these rows take as one block.
    pub fn bytes_of(&self, partials: &Partials, rows: Rows<usize>) -> u64 {
        HEADER as u64 + columns::bytes_of(partials, rows) + CHECKSUM
    }

    /// Writes rows as one block, none of which has values out of range; gives back its bytes.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn encode(
        &self,
        partials: &Partials,
        rows: Rows<usize>,
        out: &mut impl Write,
    ) -> io::Result<u64> {
        let body = columns::bytes_of(partials, rows.clone());
        let mut header = [0; HEADER];
        header[..8].copy_from_slice(&MAGIC);
        header[8..12].copy_from_slice(&VERSION.to_le_bytes());
        header[16..48].copy_from_slice(&self.fingerprint.0);
        header[48..56].copy_from_slice(&(rows.len() as u64).to_le_bytes());
        header[56..].copy_from_slice(&body.to_le_bytes());
        let checksum = checksum_of(&header);
        header[12..CHECKED].copy_from_slice(&checksum.to_le_bytes());
        out.write_all(&header)?;
        let mut packer = Packer::new(out);
        columns::pack(partials, rows, &mut packer)?;
        let (written, checksum) = packer.finish();
        assert_eq!(written, body, "the length of a body follows from its rows");
        out.write_all(&checksum.to_le_bytes())?;
        Ok(HEADER as u64 + body + CHECKSUM)
    }

    /// Reads one block, which is not longer than `limit` bytes.
    ///
    /// # Errors
    /// Bytes that are not a whole block of partials of this job, whichever of them changed.
    pub fn decode(&self, input: &mut impl Read, limit: u64) -> Result<Partials, DecodeError> {
        let mut header = [0; HEADER];
        read_whole(input, &mut header)?;
        let (cells, body) = self.header(&header)?;
        let most = limit.saturating_sub(HEADER as u64 + CHECKSUM);
        if body > most {
            return Err(DecodeError::Damaged(format!(
                "a block of {body} bytes where {most} are left"
            )));
        }
        let mut unpacker = Unpacker::new(input, body);
        let unpacked = columns::unpack(self.job, cells, &mut unpacker);
        let (partials, found) = match unpacked {
            Ok(partials) => (partials, unpacker.finish()?),
            Err(error) => return Err(error),
        };
        let mut checksum = [0; CHECKSUM as usize];
        read_whole(input, &mut checksum)?;
        let written = u32::from_le_bytes(checksum);
        if written != found {
            return Err(DecodeError::Damaged(format!(
                "a block has checksum {found:08x}, and {written:08x} was written"
            )));
        }
        self.check(partials)
    }

    /// Number of cells, and bytes of the body.
    fn header(&self, header: &[u8; HEADER]) -> Result<(u64, u64), DecodeError> {
        let four = |at: usize| u32::from_le_bytes(std::array::from_fn(|i| header[at + i]));
        let eight = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| header[at + i]));
        if header[..8] != MAGIC {
            return Err(DecodeError::Damaged("no block begins here".to_owned()));
        }
        if !(OLDEST..=VERSION).contains(&four(8)) {
            return Err(DecodeError::Version { found: four(8) });
        }
        let (found, written) = (checksum_of(header), four(12));
        if found != written {
            return Err(DecodeError::Damaged(format!(
                "a header has checksum {found:08x}, and {written:08x} was written"
            )));
        }
        let found = Fingerprint(std::array::from_fn(|i| header[16 + i]));
        if found != self.fingerprint {
            return Err(DecodeError::OtherJob {
                found,
                expected: self.fingerprint,
            });
        }
        Ok((eight(48), eight(56)))
    }

    /// What no checksum says: cells ascend and are cells of the grid, and remainders are of them.
    fn check(&self, partials: Partials) -> Result<Partials, DecodeError> {
        let cells = &partials.cells;
        let mut pairs = cells.iter().zip(cells.iter().skip(1));
        if let Some((cell, next)) = pairs.find(|(cell, next)| cell >= next) {
            return Err(DecodeError::Damaged(format!(
                "cell {next} follows cell {cell}"
            )));
        }
        if let Some(&last) = cells.last()
            && last >= self.cells
        {
            return Err(DecodeError::Damaged(format!(
                "cell {last} where the grid has {}",
                self.cells
            )));
        }
        for (column, described) in partials.columns.iter().zip(&self.job.columns) {
            let mut joints = column.joints.iter();
            let checked = column.remainders.check(cells);
            let checked = checked.and_then(|()| joints.try_for_each(|rows| rows.check(cells)));
            checked.map_err(|what| {
                DecodeError::Damaged(format!("column {}: {what}", described.name))
            })?;
        }
        Ok(partials)
    }
}

/// Of all of a header but its checksum and the magic bytes; in version 2 not of the version.
fn checksum_of(header: &[u8; HEADER]) -> u32 {
    let version = &header[8..12];
    let before = if *version == OLDEST.to_le_bytes() {
        0
    } else {
        crc32c::crc32c(version)
    };
    crc32c::crc32c_append(before, &header[CHECKED..])
}

fn read_whole(input: &mut impl Read, bytes: &mut [u8]) -> Result<(), DecodeError> {
    input.read_exact(bytes).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => DecodeError::Damaged("a block ends early".to_owned()),
        _ => DecodeError::Read(error),
    })
}

impl fmt::Display for Fingerprint {
    /// The first eight bytes in hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0[..8]
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    /// All of it in hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
