//! Headers of Parquet pages: what a page takes, before any of it is decoded.
//!
//! Below `pages.rs`; `footer.rs` reads the same protocol. Formats: Apache Parquet ("Data Pages",
//! `PageHeader` of `parquet.thrift`), and the compact protocol of Apache Thrift, of which a header is one
//! struct. A field of another type than the format gives it is refused: a reader that took it for its type
//! would see another header.

/// What a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Data,
    /// Of the second version, whose levels stand uncompressed before its values.
    DataV2,
    Dictionary,
    /// Of no interest to readers.
    Index,
}

/// What a header says of its page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PageHeader {
    pub kind: Kind,
    /// Bytes behind the header, and those that they decompress to.
    pub stored: u64,
    pub plain: u64,
    pub has_checksum: bool,
    /// Values, nulls among them, or entries of a dictionary.
    pub values: u64,
    /// By its number in `parquet.thrift`.
    pub encoding: u8,
    /// Of the second version: nulls, rows, and bytes of levels.
    pub nulls: u64,
    pub rows: u64,
    pub levels: u64,
    pub is_compressed: bool,
}

/// Why there is no header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bad {
    /// It goes on beyond these bytes.
    Short,
    /// It is none.
    Wrong,
}

/// Types of the compact protocol.
const TRUE: u8 = 1;
const FALSE: u8 = 2;
pub(super) const I32: u8 = 5;
pub(super) const LIST: u8 = 9;
pub(super) const STRUCT: u8 = 12;
/// Structs within each other: a header has two, statistics a few more.
const DEEPEST: u8 = 8;

/// Fields of a header, by the number of the struct that they are in (0: the header) and their own.
#[derive(Debug, Default)]
struct Fields(Vec<(u16, u16, i64)>);

/// The header at the front of these bytes, and its length.
pub(super) fn page_header(bytes: &[u8]) -> Result<(PageHeader, usize), Bad> {
    let mut input = Input::new(bytes);
    let mut fields = Fields::default();
    input.structure(Some(0), &mut fields, 0)?;
    let size = |place| fields.size(0, place);
    let kind = match fields.of(0, 1) {
        Some(0) => Kind::Data,
        Some(1) => Kind::Index,
        Some(2) => Kind::Dictionary,
        Some(3) => Kind::DataV2,
        _ => return Err(Bad::Wrong),
    };
    // The struct that describes it.
    let own = match kind {
        Kind::Data => 5,
        Kind::Index => 6,
        Kind::Dictionary => 7,
        Kind::DataV2 => 8,
    };
    let is_index = kind == Kind::Index;
    let or_none = |found: Result<u64, Bad>| if is_index { Ok(0) } else { found };
    let encoding = if kind == Kind::DataV2 { 4 } else { 2 };
    let encoding = or_none(fields.size(own, encoding))?;
    let is_v2 = kind == Kind::DataV2;
    let of_v2 = |place| {
        if is_v2 {
            fields.size(own, place)
        } else {
            Ok(0)
        }
    };
    let header = PageHeader {
        kind,
        stored: size(3)?,
        plain: size(2)?,
        has_checksum: fields.of(0, 4).is_some(),
        values: or_none(fields.size(own, 1))?,
        encoding: u8::try_from(encoding).map_err(|_| Bad::Wrong)?,
        nulls: of_v2(2)?,
        rows: of_v2(3)?,
        levels: of_v2(5)? + of_v2(6)?,
        is_compressed: !is_v2 || fields.of(own, 7) != Some(0),
    };
    Ok((header, input.at))
}

impl Fields {
    fn of(&self, within: u16, place: u16) -> Option<i64> {
        let mut found = self.0.iter();
        found
            .find(|(w, p, _)| (*w, *p) == (within, place))
            .map(|(_, _, value)| *value)
    }

    /// A number that is there and not negative.
    fn size(&self, within: u16, place: u16) -> Result<u64, Bad> {
        let value = self.of(within, place).ok_or(Bad::Wrong)?;
        u64::try_from(value).map_err(|_| Bad::Wrong)
    }

    fn add(&mut self, within: u16, place: u16, value: i64) -> Result<(), Bad> {
        if self.of(within, place).is_some() {
            return Err(Bad::Wrong);
        }
        self.0.push((within, place, value));
        Ok(())
    }
}

/// The type that a field of a header has; `None` where it is of no interest.
fn type_of(within: u16, place: u16) -> Option<u8> {
    Some(match (within, place) {
        (0, 5..=8) => STRUCT,
        (0 | 5, 1..=4) | (7, 1..=2) | (8, 1..=6) => I32,
        // Whether a dictionary is sorted, and whether a page is compressed.
        (7, 3) | (8, 7) => TRUE,
        _ => return None,
    })
}

/// The rest of some bytes in the compact protocol.
pub(super) struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Input<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn byte(&mut self) -> Result<u8, Bad> {
        let byte = self.bytes.get(self.at).copied().ok_or(Bad::Short)?;
        self.at += 1;
        Ok(byte)
    }

    fn skip(&mut self, count: u64) -> Result<(), Bad> {
        let left = (self.bytes.len() - self.at) as u64;
        if count > left {
            return Err(Bad::Short);
        }
        self.at += count as usize;
        Ok(())
    }

    fn varint(&mut self) -> Result<u64, Bad> {
        let mut value = 0;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Bad::Wrong)
    }

    /// Signs are in the lowest bit.
    pub fn signed(&mut self) -> Result<i64, Bad> {
        let value = self.varint()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// Takes the fields of a struct; where `within` is none, they are only passed over.
    fn structure(
        &mut self,
        within: Option<u16>,
        fields: &mut Fields,
        depth: u8,
    ) -> Result<(), Bad> {
        if depth > DEEPEST {
            return Err(Bad::Wrong);
        }
        let mut place = 0_u16;
        while let Some(kind) = self.field(&mut place)? {
            let known = within.and_then(|within| Some((within, type_of(within, place)?)));
            match known {
                None => self.pass(kind, depth)?,
                Some((within, TRUE)) if kind == TRUE || kind == FALSE => {
                    fields.add(within, place, i64::from(kind == TRUE))?;
                }
                Some((within, I32)) if kind == I32 => {
                    let value = self.signed()?;
                    i32::try_from(value).map_err(|_| Bad::Wrong)?;
                    fields.add(within, place, value)?;
                }
                Some((_, STRUCT)) if kind == STRUCT => {
                    self.structure(Some(place), fields, depth + 1)?;
                }
                Some(_) => return Err(Bad::Wrong),
            }
        }
        Ok(())
    }

    /// The type of the next field of a struct, whose number goes to `place`; `None` at its end.
    pub fn field(&mut self, place: &mut u16) -> Result<Option<u8>, Bad> {
        let head = self.byte()?;
        let kind = head & 15;
        if kind == 0 {
            return Ok(None);
        }
        *place = match head >> 4 {
            0 => u16::try_from(self.signed()?).map_err(|_| Bad::Wrong)?,
            step => place.checked_add(step.into()).ok_or(Bad::Wrong)?,
        };
        Ok(Some(kind))
    }

    /// How many elements a list has, and their type.
    pub fn list(&mut self) -> Result<(u64, u8), Bad> {
        let head = self.byte()?;
        let count = match head >> 4 {
            15 => self.varint()?,
            few => few.into(),
        };
        Ok((count, head & 15))
    }

    /// Passes over a value.
    pub fn pass(&mut self, kind: u8, depth: u8) -> Result<(), Bad> {
        match kind {
            TRUE | FALSE => Ok(()),
            3 => self.skip(1),
            4..=6 => self.varint().map(drop),
            7 => self.skip(8),
            8 => {
                let length = self.varint()?;
                self.skip(length)
            }
            STRUCT => self.structure(None, &mut Fields::default(), depth + 1),
            LIST => {
                let (count, kind) = self.list()?;
                (0..count).try_for_each(|_| match kind {
                    // In lists they take a byte.
                    TRUE | FALSE => self.skip(1),
                    kind if depth < DEEPEST => self.pass(kind, depth + 1),
                    _ => Err(Bad::Wrong),
                })
            }
            // Sets and maps are in no header and no footer.
            _ => Err(Bad::Wrong),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A data page: 100 bytes from 40, a checksum, 7 values, plain.
    const DATA: [u8; 21] = [
        0x15, 0, 0x15, 200, 1, 0x15, 80, 0x15, 9, 0x1c, 0x15, 14, 0x15, 0, 0x15, 6, 0x15, 6, 0, 0,
        99,
    ];

    #[test]
    fn a_header_says_what_its_page_takes() {
        let (header, length) = page_header(&DATA).unwrap();
        assert_eq!(length, DATA.len() - 1);
        assert_eq!(
            (header.kind, header.plain, header.stored),
            (Kind::Data, 100, 40)
        );
        assert_eq!((header.values, header.encoding), (7, 0));
        assert!(header.has_checksum && header.is_compressed);
    }

    #[test]
    fn a_header_that_ends_early_is_short_and_other_types_are_wrong() {
        for length in 0..DATA.len() - 1 {
            assert_eq!(page_header(&DATA[..length]), Err(Bad::Short), "{length}");
        }
        for (place, byte) in [(0, 0x16), (2, 0x1c), (9, 0x15), (12, 0x13), (1, 9)] {
            let mut bytes = DATA;
            bytes[place] = byte;
            assert_eq!(page_header(&bytes), Err(Bad::Wrong), "{place}");
        }
        // Size 2 twice.
        let twice = [0x25, 2, 0x05, 4, 2, 0];
        assert_eq!(page_header(&twice), Err(Bad::Wrong));
    }
}
