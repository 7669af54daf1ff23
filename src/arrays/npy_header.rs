//! The header of a `.npy` file: a Python dictionary literal to fields, types and rows.
//!
//! Beside the line: `npy.rs` reads the bytes that this describes. Only what NumPy writes is
//! understood: literals of dictionaries, lists, tuples, strings, numbers and booleans.

use crate::photon::Values;

/// One column of the array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    /// Empty where the array is plain, and of padding.
    pub name: String,
    /// As NumPy spells it.
    pub descr: String,
    pub kind: Kind,
}

/// What a header says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub fields: Vec<Field>,
    pub rows: usize,
}

/// How a value is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    F32,
    F64,
    /// Signed, of so many bytes.
    Signed(usize),
    /// Unsigned, or a boolean.
    Unsigned(usize),
    /// So many bytes of anything else.
    Other(usize),
}

impl Kind {
    /// From NumPy's spelling: byte order, kind, bytes.
    pub fn of(descr: &str) -> Self {
        let mut letters = descr.chars();
        let (order, kind) = (letters.next(), letters.next());
        let bytes = letters.as_str().parse().unwrap_or(0);
        let whole = matches!(bytes, 1 | 2 | 4 | 8);
        match (order, kind) {
            (Some('<'), Some('f')) if bytes == 4 => Self::F32,
            (Some('<'), Some('f')) if bytes == 8 => Self::F64,
            (Some('<' | '|'), Some('i')) if whole => Self::Signed(bytes),
            (Some('<' | '|'), Some('u' | 'b')) if whole => Self::Unsigned(bytes),
            // Text is of four bytes a character.
            (_, Some('U')) => Self::Other(bytes * 4),
            _ => Self::Other(bytes),
        }
    }

    pub fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F64 => 8,
            Self::Signed(bytes) | Self::Unsigned(bytes) | Self::Other(bytes) => bytes,
        }
    }

    /// Room for so many values; `None` where they cannot be held.
    pub fn empty(self, rows: usize) -> Option<Values> {
        Some(match self {
            Self::F32 => Values::F32(Vec::with_capacity(rows).into()),
            Self::F64 => Values::F64(Vec::with_capacity(rows).into()),
            Self::Signed(_) | Self::Unsigned(_) => Values::I64(Vec::with_capacity(rows).into()),
            Self::Other(_) => return None,
        })
    }

    /// Appends values from their bytes.
    ///
    /// # Errors
    /// The place and value of an integer above the largest signed one.
    pub fn append<'a>(
        self,
        cells: impl Iterator<Item = &'a [u8]>,
        values: &mut Values,
    ) -> Result<(), (usize, u64)> {
        let word = |bytes: &[u8]| {
            let mut word = [0; 8];
            word[..bytes.len()].copy_from_slice(bytes);
            u64::from_le_bytes(word)
        };
        match values {
            Values::F32(v) => v
                .to_mut()
                .extend(cells.map(|cell| f32::from_bits(word(cell) as u32))),
            Values::F64(v) => v
                .to_mut()
                .extend(cells.map(|cell| f64::from_bits(word(cell)))),
            Values::I64(v) => {
                let v = v.to_mut();
                for (row, cell) in cells.enumerate() {
                    let bits = word(cell);
                    let unused = 64 - 8 * self.bytes() as u32;
                    v.push(match self {
                        Self::Signed(_) => (bits << unused).cast_signed() >> unused,
                        _ => i64::try_from(bits).map_err(|_| (row, bits))?,
                    });
                }
            }
        }
        Ok(())
    }
}

/// A Python literal.
#[derive(Debug, PartialEq, Eq)]
enum Literal {
    Text(String),
    /// A number, `True` or `False`.
    Word(String),
    /// A list, a tuple, or the keys and values of a dictionary in turns.
    Many(Vec<Literal>),
}

/// Reads a header.
///
/// # Errors
/// What is wrong, in words.
pub(super) fn parse(text: &str) -> Result<Header, String> {
    let malformed = || {
        format!(
            "has a header that is not NumPy's: {}; write it with numpy.save",
            text.trim()
        )
    };
    let mut rest = text.trim();
    let Some(Literal::Many(entries)) = literal(&mut rest, 0) else {
        return Err(malformed());
    };
    let mut entries = entries.into_iter();
    let (mut descr, mut shape) = (None, None);
    while let (Some(Literal::Text(key)), Some(value)) = (entries.next(), entries.next()) {
        match key.as_str() {
            "descr" => descr = Some(value),
            "shape" => shape = Some(value),
            // In one dimension both orders are the same.
            "fortran_order" => {}
            _ => return Err(malformed()),
        }
    }
    let (Some(descr), Some(Literal::Many(shape))) = (descr, shape) else {
        return Err(malformed());
    };
    let [Literal::Word(rows)] = &shape[..] else {
        return Err(format!(
            "has {} dimensions, and one is read; pass .ravel() of it to numpy.save",
            shape.len()
        ));
    };
    let rows = rows.parse().map_err(|_| malformed())?;
    Ok(Header {
        fields: fields(descr).ok_or_else(malformed)?,
        rows,
    })
}

fn fields(descr: Literal) -> Option<Vec<Field>> {
    let field = |name: &str, descr: &str| Field {
        name: name.to_owned(),
        descr: descr.to_owned(),
        kind: Kind::of(descr),
    };
    let many = match descr {
        Literal::Text(descr) => return Some(vec![field("", &descr)]),
        Literal::Many(many) => many,
        Literal::Word(_) => return None,
    };
    many.into_iter()
        .map(|entry| {
            let Literal::Many(entry) = entry else {
                return None;
            };
            match &entry[..] {
                [Literal::Text(name), Literal::Text(descr)] => Some(field(name, descr)),
                _ => None,
            }
        })
        .collect()
}

/// Takes one literal off the front; brackets nest a few deep at most.
fn literal(rest: &mut &str, depth: usize) -> Option<Literal> {
    *rest = rest.trim_start();
    let first = rest.chars().next()?;
    match first {
        '\'' | '"' => {
            let (text, after) = rest[1..].split_once(first)?;
            *rest = after;
            Some(Literal::Text(text.to_owned()))
        }
        '{' | '[' | '(' if depth < 4 => {
            *rest = &rest[1..];
            let mut many = Vec::new();
            loop {
                *rest = rest.trim_start();
                if let Some(after) = rest.strip_prefix(['}', ']', ')']) {
                    *rest = after;
                    return Some(Literal::Many(many));
                }
                if let Some(after) = rest.strip_prefix([',', ':']) {
                    *rest = after;
                    continue;
                }
                many.push(literal(rest, depth + 1)?);
            }
        }
        _ => {
            let end = rest.find(|c: char| !c.is_alphanumeric())?;
            let (word, after) = rest.split_at(end);
            *rest = after;
            (!word.is_empty()).then(|| Literal::Word(word.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::photon::ColumnType;

    #[test]
    fn headers_as_numpy_writes_them_are_understood() {
        let plain = "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }   \n";
        let field = |name: &str, descr: &str, kind| Field {
            name: name.to_owned(),
            descr: descr.to_owned(),
            kind,
        };
        let expected = Header {
            fields: vec![field("", "<f8", Kind::F64)],
            rows: 3,
        };
        assert_eq!(parse(plain), Ok(expected));
        let structured = "{'descr': [('lon', '<f8'), ('', '|V4'), ('h', '<f4'), ('q', '|u1')], \
                          'fortran_order': False, 'shape': (2,)}";
        let expected = Header {
            fields: vec![
                field("lon", "<f8", Kind::F64),
                field("", "|V4", Kind::Other(4)),
                field("h", "<f4", Kind::F32),
                field("q", "|u1", Kind::Unsigned(1)),
            ],
            rows: 2,
        };
        assert_eq!(parse(structured), Ok(expected));
    }

    #[test]
    fn what_is_not_one_row_of_values_is_refused_in_words() {
        let two = "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }";
        assert!(parse(two).unwrap_err().contains("has 2 dimensions"));
        for odd in [
            "",
            "{",
            "{'descr': 3, 'shape': (1,)}",
            "[[[[[[",
            "{'a': 'b'}",
        ] {
            assert!(parse(odd).unwrap_err().contains("not NumPy's"), "{odd}");
        }
        assert_eq!(Kind::of(">f8"), Kind::Other(8));
    }

    #[test]
    fn integers_keep_their_sign_and_their_size() {
        let appended = |kind: Kind, bytes: &[u8]| {
            let mut values = Values::empty(ColumnType::I64);
            kind.append([bytes].into_iter(), &mut values)
                .map(|()| values)
        };
        let one = |n| Ok(Values::I64(vec![n].into()));
        assert_eq!(appended(Kind::Signed(1), &[0xff]), one(-1));
        assert_eq!(appended(Kind::Unsigned(1), &[0xff]), one(255));
        assert_eq!(appended(Kind::Signed(2), &[0, 0x80]), one(-32768));
        assert_eq!(appended(Kind::Signed(8), &[0xff; 8]), one(-1));
        assert_eq!(appended(Kind::Unsigned(8), &[0xff; 8]), Err((0, u64::MAX)));
    }
}
