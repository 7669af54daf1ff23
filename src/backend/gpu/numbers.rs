//! Numbers that the host and the kernels and shaders that decode chunks have in common: where bytes are, what became of
//! a chunk, and how an element is stored. Defined once, and emitted as `kernels/numbers.cu` and the first lines of
//! shaders that need them.

use std::fmt::Write as _;

use crate::photon::stored::{Element, Kind, Order};

/// Bytes in which places of chunks are counted: 32 bits of them reach 64 GiB, and 16 bytes are what one load takes.
pub const UNIT: u32 = 16;
/// Quads of 32-bit words of a task.
pub const TASK_QUADS: u32 = 2;
/// Words of a task, and of a state.
pub const TASK_WORDS: usize = 4 * TASK_QUADS as usize;
pub const STATE_WORDS: usize = 4;
/// Bytes of a chunk at most, stored or decoded, so that places in it fit 32 bits with some to spare.
pub const LONGEST_CHUNK: u32 = 0xffff_ff00;

/// Bytes of an element, and flags of how it is stored.
const ELEMENT_SIZE: u32 = 15;
const ELEMENT_BIG: u32 = 16;
const ELEMENT_SIGNED: u32 = 32;
/// Its value takes two words.
pub const ELEMENT_WIDE: u32 = 64;

/// What became of a chunk on a device. All but the first go to the host, which has the bytes or the words for what is
/// wrong; here they are for whoever looks for why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    Good,
    /// It is no zlib stream.
    Header,
    /// A block is of no kind, or stored with a length that does not fit.
    Block,
    /// A code that is none.
    Code,
    /// A match begins before the first byte.
    Distance,
    /// The stream is cut off.
    Short,
    /// It goes on beyond the room given.
    Long,
    /// A checksum does not fit.
    Checksum,
    /// It has another length than its dataset says.
    Length,
    /// The host named bytes that are not in memory: a defect.
    Place,
    /// It is more work than an adapter does for a chunk at once; of shaders alone.
    Work,
}

pub const STATUSES: [(&str, Status); 11] = [
    ("STATUS_GOOD", Status::Good),
    ("STATUS_HEADER", Status::Header),
    ("STATUS_BLOCK", Status::Block),
    ("STATUS_CODE", Status::Code),
    ("STATUS_DISTANCE", Status::Distance),
    ("STATUS_SHORT", Status::Short),
    ("STATUS_LONG", Status::Long),
    ("STATUS_CHECKSUM", Status::Checksum),
    ("STATUS_LENGTH", Status::Length),
    ("STATUS_PLACE", Status::Place),
    ("STATUS_WORK", Status::Work),
];

impl Status {
    /// What a device wrote; `None` where it wrote something else.
    pub fn of(word: u32) -> Option<Self> {
        STATUSES.get(word as usize).map(|&(_, status)| status)
    }
}

/// All of them by name.
fn numbers() -> impl Iterator<Item = (&'static str, u32)> {
    let statuses = STATUSES.map(|(name, status)| (name, status as u32));
    [
        ("UNIT", UNIT),
        ("TASK_QUADS", TASK_QUADS),
        ("LONGEST_CHUNK", LONGEST_CHUNK),
        ("ELEMENT_SIZE", ELEMENT_SIZE),
        ("ELEMENT_BIG", ELEMENT_BIG),
        ("ELEMENT_SIGNED", ELEMENT_SIGNED),
        ("ELEMENT_WIDE", ELEMENT_WIDE),
    ]
    .into_iter()
    .chain(statuses)
}

/// What `kernels/numbers.cu` holds.
pub fn cuda() -> String {
    let mut text = "// numbers: emitted from `src/backend/gpu/numbers.rs`; a test compares, and writes this file \
                    where\n// ICEFOLD_WRITE_CONSTANTS is set.\n\n"
        .to_owned();
    for (name, value) in numbers() {
        let _ = writeln!(text, "static constexpr u32 {name} = {value}u;");
    }
    text
}

/// The numbers in WGSL.
pub fn wgsl() -> String {
    let mut text = String::new();
    for (name, value) in numbers() {
        let _ = writeln!(text, "const {name}: u32 = {value}u;");
    }
    text
}

/// How an element is stored, as kernels are told.
pub fn element_word(element: Element) -> u32 {
    let of = |flag: u32, is: bool| if is { flag } else { 0 };
    let signed = matches!(element.kind, Kind::I8 | Kind::I16 | Kind::I32 | Kind::I64);
    element.size() as u32
        | of(ELEMENT_BIG, element.order == Order::Big)
        | of(ELEMENT_SIGNED, signed)
        | of(ELEMENT_WIDE, element.kind != Kind::F32)
}

/// Units that hold so many bytes.
pub fn units(bytes: u64) -> u64 {
    bytes.div_ceil(UNIT.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_the_number_of_its_place() {
        for (place, (_, status)) in STATUSES.into_iter().enumerate() {
            assert_eq!(Status::of(place as u32), Some(status));
            assert_eq!(status as usize, place);
        }
        assert_eq!(Status::of(STATUSES.len() as u32), None);
    }

    /// `kernels/numbers.cu` is what the PTX and the emulation are built from.
    #[test]
    fn the_numbers_of_the_kernels_are_these() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/kernels/numbers.cu");
        if std::env::var_os("ICEFOLD_WRITE_CONSTANTS").is_some() {
            std::fs::write(path, cuda()).unwrap();
        }
        let found = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            found == cuda(),
            "kernels/numbers.cu is not what the crate defines: set ICEFOLD_WRITE_CONSTANTS=1 and run \
             this test, then scripts/ptx"
        );
    }
}
