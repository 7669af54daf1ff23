//! The filters of a dataset, undone in reverse order.
//!
//! On the line: between the stored bytes of a chunk and `convert.rs`. A chunk's filter mask has bit
//! i set where filter i was left out of that chunk. HDF5 File Format Specification, IV.A.2.l.

use std::ops::RangeInclusive;

use super::blosc::blosc;
use super::checksum;
use super::codecs;
use super::inflate::{Defect, Inflater, Workspace, sized};
use super::unshuffle::unshuffle;
use crate::photon::stored::{MOST_STEPS, Pipeline, Step};

/// Deflate makes at most 258 bytes of 2 bits.
const DEFLATE_RATIO: usize = 1032;

/// One filter of one chunk.
#[derive(Debug, Clone, Copy)]
struct Stage {
    step: Step,
    /// Bytes before the filter was applied; at most so many where that is not `exact`.
    length: usize,
    exact: bool,
}

/// The filters of one chunk, without an allocation.
struct Stages {
    stages: [Stage; MOST_STEPS],
    count: usize,
}

/// What is wrong with a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// A compressed stream that is damaged.
    Stream,
    /// Filters undone, the chunk has another length than its dataset says.
    Length,
    Checksum,
    /// Packed with a compressor that is not built in, which only the chunk itself tells.
    Snappy,
}

/// Where the bytes are that the next filter takes.
#[derive(Clone, Copy)]
enum At {
    Stored,
    A,
    B,
}

impl Pipeline {
    /// How many bytes a chunk of `length` decoded bytes can take in a file. No stream of fewer
    /// inflates to that length, and no writer makes more: libhdf5 leaves a filter out rather than
    /// let a chunk grow, and other compressors add less than allowed here.
    pub fn stored_lengths(&self, length: usize, mask: u32) -> RangeInclusive<usize> {
        let (mut least, mut most) = (length, length);
        for step in self.active(mask) {
            match step {
                Step::Shuffle { .. } => {}
                Step::Deflate => {
                    least /= DEFLATE_RATIO;
                    most = grown(most);
                }
                Step::Fletcher32 => {
                    least += checksum::LENGTH;
                    most += checksum::LENGTH;
                }
                Step::Lzf | Step::Lz4 | Step::Zstd | Step::Blosc => {
                    least = 1;
                    most = grown(most);
                }
            }
        }
        least.max(1)..=most
    }

    /// Undoes the filters of a chunk; `out` takes exactly its decoded bytes. The buffers of `work`
    /// grow to a little more than `out`, never by what the chunk says.
    pub(crate) fn decode(
        &self,
        mask: u32,
        stored: &[u8],
        work: &mut Workspace,
        out: &mut [u8],
    ) -> Result<(), Damage> {
        let (mut at, mut length) = (At::Stored, stored.len());
        let Workspace {
            inflater,
            a,
            b,
            block,
        } = work;
        let mut in_place = false;
        for (i, stage) in self.stages(mask, out.len()).iter().enumerate().rev() {
            let (input, free, next) = match at {
                At::Stored => (&stored[..length], &mut *a, At::A),
                At::A => (&a[..length], &mut *b, At::B),
                At::B => (&b[..length], &mut *a, At::A),
            };
            // The filter that was applied first gives the decoded bytes.
            in_place = i == 0 && stage.step != Step::Fletcher32;
            let room = match stage.step {
                Step::Shuffle { .. } => input.len(),
                _ => stage.length,
            };
            if in_place && room != out.len() {
                return Err(Damage::Length);
            }
            length = match stage.step {
                Step::Fletcher32 => checksum::verified(input).ok_or(Damage::Checksum)?.len(),
                step => {
                    let target = if in_place {
                        &mut *out
                    } else {
                        sized(free, room)
                    };
                    at = next;
                    undo(step, (&mut *inflater, &mut *block), input, target)?
                }
            };
            if length > stage.length || (stage.exact && length != stage.length) {
                return Err(Damage::Length);
            }
        }
        if !in_place {
            let decoded = match at {
                At::Stored => &stored[..length],
                At::A => &a[..length],
                At::B => &b[..length],
            };
            if decoded.len() != out.len() {
                return Err(Damage::Length);
            }
            out.copy_from_slice(decoded);
        }
        Ok(())
    }

    /// The filters of a chunk of `length` decoded bytes in the order in which they are undone, each with the bytes that
    /// it may leave at most.
    pub(crate) fn undone(&self, mask: u32, length: usize) -> Vec<(Step, usize)> {
        let stages = self.stages(mask, length);
        let undone = stages.iter().rev();
        undone.map(|stage| (stage.step, stage.length)).collect()
    }

    /// Filters of a chunk of `length` decoded bytes, in the order of writing.
    fn stages(&self, mask: u32, length: usize) -> Stages {
        let (mut length, mut exact) = (length, true);
        let mut stages = Stages {
            stages: [Stage {
                step: Step::Fletcher32,
                length: 0,
                exact,
            }; MOST_STEPS],
            count: 0,
        };
        for (step, stage) in self.active(mask).zip(&mut stages.stages) {
            *stage = Stage {
                step,
                length,
                exact,
            };
            match step {
                Step::Shuffle { .. } => {}
                Step::Deflate | Step::Lzf | Step::Lz4 | Step::Zstd | Step::Blosc => {
                    (length, exact) = (grown(length), false);
                }
                Step::Fletcher32 => length = length.saturating_add(checksum::LENGTH),
            }
            stages.count += 1;
        }
        stages
    }
}

impl std::ops::Deref for Stages {
    type Target = [Stage];

    fn deref(&self) -> &[Stage] {
        &self.stages[..self.count]
    }
}

impl Damage {
    /// What is wrong, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Stream => "its compressed stream is damaged",
            Self::Length => "it does not inflate to the length of a storage chunk",
            Self::Checksum => "its Fletcher-32 checksum does not fit its bytes",
            Self::Snappy => {
                "blosc packed it with snappy, which is not built in; rewrite the file with another \
                 filter (h5repack -f GZIP=6)"
            }
        }
    }
}

/// Undoes one filter that moves bytes; returns how many bytes of `target` it filled.
fn undo(
    step: Step,
    (inflater, block): (&mut Inflater, &mut Vec<u8>),
    input: &[u8],
    target: &mut [u8],
) -> Result<usize, Damage> {
    let undone = match step {
        Step::Shuffle { element } => {
            unshuffle(input, element, target);
            Ok(input.len())
        }
        Step::Lzf => codecs::lzf(input, target),
        Step::Lz4 => codecs::lz4(input, target),
        Step::Zstd => codecs::zstd(input, target),
        Step::Blosc => blosc(input, inflater, block, target),
        Step::Deflate | Step::Fletcher32 => inflater.inflate(input, target),
    };
    undone.map_err(|defect| match defect {
        Defect::Damaged => Damage::Stream,
        Defect::Long => Damage::Length,
        Defect::Snappy => Damage::Snappy,
    })
}

/// The most bytes that compressing `length` bytes can leave.
fn grown(length: usize) -> usize {
    length.saturating_add(length / 8).saturating_add(1024)
}

#[cfg(test)]
mod tests {
    use super::super::encode;
    use super::*;
    use libdeflater::{CompressionLvl, Compressor};
    use proptest::prelude::*;

    fn deflated(bytes: &[u8]) -> Vec<u8> {
        let mut compressor = Compressor::new(CompressionLvl::default());
        let mut out = vec![0; compressor.zlib_compress_bound(bytes.len())];
        let length = compressor.zlib_compress(bytes, &mut out).unwrap();
        out.truncate(length);
        out
    }

    fn applied(step: Step, bytes: &[u8]) -> Vec<u8> {
        match step {
            Step::Deflate => deflated(bytes),
            Step::Lzf => encode::lzf(bytes),
            Step::Lz4 => encode::lz4(bytes),
            Step::Zstd => encode::zstd(bytes),
            Step::Blosc => encode::blosc(bytes),
            Step::Fletcher32 => {
                let sum = checksum::fletcher32(bytes).to_le_bytes();
                [bytes, &sum].concat()
            }
            Step::Shuffle { element } => {
                let count = bytes.len() / element;
                let shuffled = |k: usize| (0..count).map(move |i| bytes[i * element + k]);
                let mut out: Vec<u8> = (0..element).flat_map(shuffled).collect();
                out.extend(&bytes[count * element..]);
                out
            }
        }
    }

    fn stored(steps: &[Step], mask: u32, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for (i, &step) in steps.iter().enumerate() {
            if mask >> i & 1 == 0 {
                bytes = applied(step, &bytes);
            }
        }
        bytes
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (1_usize..10).prop_map(|element| Step::Shuffle { element }),
            Just(Step::Deflate),
            Just(Step::Fletcher32),
            Just(Step::Lzf),
            Just(Step::Lz4),
            Just(Step::Zstd),
            Just(Step::Blosc),
        ]
    }

    proptest! {
        #[test]
        fn filters_in_any_order_and_number_are_undone(
            steps in prop::collection::vec(step(), 0..6),
            mask in any::<u32>(),
            bytes in prop::collection::vec(0_u8..4, 1..3000),
        ) {
            let pipeline = Pipeline::new(steps.clone()).unwrap();
            let stored = stored(&steps, mask, &bytes);
            prop_assert!(pipeline.stored_lengths(bytes.len(), mask).contains(&stored.len()));
            let mut out = vec![0; bytes.len()];
            let mut work = Workspace::new();
            prop_assert_eq!(pipeline.decode(mask, &stored, &mut work, &mut out), Ok(()));
            prop_assert_eq!(&out, &bytes);
            // A chunk of any other length is refused.
            let mut long = vec![0; bytes.len() + 1];
            prop_assert!(pipeline.decode(mask, &stored, &mut work, &mut long).is_err());
            let short = &mut out[..bytes.len() - 1];
            prop_assert!(pipeline.decode(mask, &stored, &mut work, short).is_err());
        }

        #[test]
        fn any_bytes_through_any_filters_end(
            steps in prop::collection::vec(step(), 0..6),
            stored in prop::collection::vec(any::<u8>(), 0..300),
            length in 0_usize..600,
        ) {
            let pipeline = Pipeline::new(steps).unwrap();
            let _ = pipeline.decode(0, &stored, &mut Workspace::new(), &mut vec![0; length]);
        }
    }

    #[test]
    fn a_checksum_guards_what_was_written_before_it() {
        let steps = [Step::Deflate, Step::Fletcher32];
        let mut stored = stored(&steps, 0, &[7; 100]);
        stored[3] ^= 1;
        let pipeline = Pipeline::new(steps.to_vec()).unwrap();
        let decoded = pipeline.decode(0, &stored, &mut Workspace::new(), &mut [0; 100]);
        assert_eq!(decoded, Err(Damage::Checksum));
    }

    #[test]
    fn a_stream_that_never_ends_takes_no_more_than_a_chunk() {
        let bomb = deflated(&deflated(&vec![0; 1 << 24]));
        let pipeline = Pipeline::new(vec![Step::Deflate, Step::Deflate]).unwrap();
        let mut work = Workspace::new();
        let decoded = pipeline.decode(0, &bomb, &mut work, &mut [0; 64]);
        assert_eq!(decoded, Err(Damage::Length));
        assert!(work.a.len() + work.b.len() < 4096);
    }
}
