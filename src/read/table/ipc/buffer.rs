//! The bytes of a buffer, little by little: read from the file and decompressed as they are needed.
//!
//! Below `column.rs`. A compressed buffer says how long it is when decompressed; that is checked against what
//! its codec can do, and is never a reason to set memory aside. Formats: Apache Arrow, "Compression"; LZ4
//! Frame Format 1.6.3; RFC 8878, "Zstandard Compression".

use std::fmt;
use std::io::{self, BufReader, Read};
use std::sync::Arc;

use arrow::buffer::{Buffer, MutableBuffer};
use lz4_flex::frame::FrameDecoder;
use zstd::stream::read::Decoder;

use super::layout::Codec;
use crate::read::table::metered::Metered;

/// Bytes that are read ahead of a decoder.
const AHEAD: u64 = 64 << 10;
/// Bytes of a decoder of Zstandard beside its window and blocks: tables of codes.
const CONTEXT: u64 = 128 << 10;
/// Bytes before a compressed buffer, which say its length; this one says that it is not compressed.
const PREFIX: u64 = 8;
const PLAIN: i64 = -1;
/// Longest window of Zstandard that its decoders take by default, as a power of two.
const WINDOW_LOG: u32 = 27;
/// Bytes that are thrown away at a time.
const STEP: u64 = 4096;

/// A part of the file.
pub(super) struct Part {
    file: Arc<Metered>,
    at: u64,
    left: u64,
}

impl Read for Part {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let most = out
            .len()
            .min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if most == 0 {
            return Ok(0);
        }
        self.file.read_at(self.at, &mut out[..most])?;
        self.at += most as u64;
        self.left -= most as u64;
        Ok(most)
    }
}

/// The rest of a buffer.
pub(super) struct Bytes {
    source: Source,
    /// Bytes not yet taken, decompressed.
    left: u64,
}

enum Source {
    Stored(Part),
    Lz4(Box<FrameDecoder<BufReader<Part>>>),
    Zstd(Box<Decoder<'static, BufReader<Part>>>),
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bytes")
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

/// How a buffer is stored, and what it takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    at: u64,
    stored: u64,
    codec: Codec,
    /// Bytes, decompressed.
    pub plain: u64,
    /// Memory of its decoder.
    pub working: u64,
}

impl Found {
    /// Looks at the front of a buffer.
    ///
    /// # Errors
    /// In words, what it says that cannot be.
    pub fn at(file: &Metered, part: (u64, u64), codec: Codec) -> Result<Self, String> {
        let (at, stored) = part;
        let as_stored = |at: u64, bytes: u64| Self {
            at,
            stored: bytes,
            codec: Codec::None,
            plain: bytes,
            working: 0,
        };
        if stored == 0 || codec == Codec::None {
            return Ok(as_stored(at, stored));
        }
        let mut front = [0; 32];
        let front = &mut front[..stored.min(32) as usize];
        file.read_at(at, front).map_err(|e| e.to_string())?;
        let (length, front) = front
            .split_first_chunk::<8>()
            .ok_or("is too short to say how long it is")?;
        let (at, stored) = (at + PREFIX, stored - PREFIX);
        let plain = match i64::from_le_bytes(*length) {
            PLAIN => return Ok(as_stored(at, stored)),
            plain => u64::try_from(plain).map_err(|_| format!("says that it has {plain} bytes"))?,
        };
        if plain == 0 {
            return Ok(as_stored(at, 0));
        }
        let ahead = AHEAD.min(stored);
        let (most, working, beside) = if codec == Codec::Lz4 {
            (stored.saturating_mul(255), lz4_bytes(front)?, ahead)
        } else {
            let working = zstd_bytes(front, plain)?;
            (stored.saturating_mul(1 << 15), working, ahead + CONTEXT)
        };
        if plain > most {
            return Err(format!(
                "says that its {stored} bytes stand for {plain}, which they cannot"
            ));
        }
        Ok(Self {
            at,
            stored,
            codec,
            plain,
            working: working.min(plain.saturating_mul(2)) + beside,
        })
    }

    /// Begins to read it.
    ///
    /// # Errors
    /// No decoder can be made.
    pub fn open(&self, file: &Arc<Metered>) -> Result<Bytes, String> {
        let part = Part {
            file: Arc::clone(file),
            at: self.at,
            left: self.stored,
        };
        let ahead = |part: Part| BufReader::with_capacity(AHEAD.min(part.left) as usize, part);
        let source = match self.codec {
            Codec::None => Source::Stored(part),
            Codec::Lz4 => Source::Lz4(Box::new(FrameDecoder::new(ahead(part)))),
            Codec::Zstd => {
                let decoder = Decoder::with_buffer(ahead(part));
                let mut decoder = decoder.map_err(|e| e.to_string())?.single_frame();
                let limited = decoder.window_log_max(WINDOW_LOG);
                limited.map_err(|e| e.to_string())?;
                Source::Zstd(Box::new(decoder))
            }
        };
        Ok(Bytes {
            source,
            left: self.plain,
        })
    }
}

/// Memory of a decoder of this frame.
fn lz4_bytes(front: &[u8]) -> Result<u64, String> {
    let [4, 0x22, 0x4d, 0x18, flags, sizes, ..] = *front else {
        return Err("is no frame of LZ4".to_owned());
    };
    let block: u64 = match sizes >> 4 & 7 {
        4 => 64 << 10,
        5 => 256 << 10,
        6 => 1 << 20,
        7 => 4 << 20,
        other => return Err(format!("has blocks of size {other}, which LZ4 has not")),
    };
    let is_linked = flags >> 5 & 1 == 0;
    // Stored bytes, and decompressed ones that others may refer to.
    Ok(if is_linked {
        3 * block + (64 << 10)
    } else {
        2 * block
    })
}

/// Memory of a decoder of this frame.
fn zstd_bytes(front: &[u8], plain: u64) -> Result<u64, String> {
    let none = "is no frame of Zstandard";
    let [0x28, 0xb5, 0x2f, 0xfd, head, window, ..] = *front else {
        return Err(none.to_owned());
    };
    let is_single = head >> 5 & 1 == 1;
    let bytes = if is_single {
        // All of it is the window; its length stands behind the number of a dictionary.
        let from = 5 + [0, 1, 2, 4][usize::from(head & 3)];
        let length = [1, 2, 4, 8][usize::from(head >> 6)];
        let field = front.get(from..from + length).ok_or(none)?;
        let content = field
            .iter()
            .rev()
            .fold(0_u64, |sum, &byte| sum << 8 | u64::from(byte));
        let content = if length == 2 { content + 256 } else { content };
        if content != plain {
            return Err(format!(
                "says {plain} of its length, and its frame {content}"
            ));
        }
        content
    } else {
        let base = 1_u64 << (10 + (window >> 3));
        base + base / 8 * u64::from(window & 7)
    };
    // Blocks of up to 128 KiB, as they are stored and behind the window.
    Ok(bytes.saturating_add(256 << 10))
}

impl Read for Bytes {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match &mut self.source {
            Source::Stored(part) => part.read(out),
            Source::Lz4(decoder) => decoder.read(out),
            Source::Zstd(decoder) => decoder.read(out),
        }
    }
}

impl Bytes {
    /// Bytes not yet taken.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// The next bytes, of which so many must be there.
    ///
    /// # Errors
    /// In words, that they are not, or cannot be decompressed.
    pub fn take(&mut self, count: u64) -> Result<Buffer, String> {
        if count > self.left {
            return Err(format!("has {} bytes where {count} are needed", self.left));
        }
        let length = usize::try_from(count).map_err(|e| e.to_string())?;
        let mut bytes = MutableBuffer::try_from_len_zeroed(length).map_err(|e| e.to_string())?;
        self.read_exact(&mut bytes).map_err(|e| e.to_string())?;
        self.left -= count;
        Ok(bytes.into())
    }

    /// Passes over bytes.
    ///
    /// # Errors
    /// As [`Self::take`].
    pub fn skip(&mut self, mut count: u64) -> Result<(), String> {
        if count > self.left {
            return Err(format!("has {} bytes where {count} are needed", self.left));
        }
        if let Source::Stored(part) = &mut self.source {
            part.at += count;
            part.left -= count;
            self.left -= count;
            return Ok(());
        }
        while count > 0 {
            let step = count.min(STEP);
            self.take(step)?;
            count -= step;
        }
        Ok(())
    }

    /// Reads what no row needs: all of it must be as long as it said, and fit its checksum.
    ///
    /// # Errors
    /// It is longer or shorter, or does not.
    pub fn finish(mut self) -> Result<(), String> {
        self.skip(self.left)?;
        let is_stored = matches!(self.source, Source::Stored(_));
        let more = if is_stored {
            Ok(0)
        } else {
            self.read(&mut [0])
        };
        match more {
            Ok(0) => Ok(()),
            Ok(_) => Err("decompresses to more bytes than it says".to_owned()),
            Err(e) => Err(e.to_string()),
        }
    }
}
