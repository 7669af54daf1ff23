//! Attributes of datasets: text and single numbers, however they are stored.
//!
//! On the line: `columns.rs` reads `_FillValue`, `file.rs` and `inspect.rs` read units and names.
//! Products store attributes as scalars or as arrays of one element, and text with fixed or
//! variable length.

use hdf5::types::{
    FixedAscii, FixedUnicode, FloatSize, IntSize, TypeDescriptor, VarLenAscii, VarLenUnicode,
};
use hdf5::{Attribute, Dataset, Location};

/// Longest fixed-length text read, in bytes.
const TEXT: usize = 2048;

/// A number of any HDF5 type, without loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Int(i128),
    Float(f64),
}

/// The attribute of this name; `None` where the dataset has none.
fn find(dataset: &Location, name: &str) -> hdf5::Result<Option<Attribute>> {
    if dataset.attr_names()?.iter().any(|n| n == name) {
        dataset.attr(name).map(Some)
    } else {
        Ok(None)
    }
}

/// A text attribute, trimmed; `None` where it is absent, empty, not one text, or unreadable: it
/// describes the data and is never needed to read it.
pub(super) fn text(dataset: &Location, name: &str) -> Option<String> {
    let attribute = find(dataset, name).ok()??;
    if attribute.space().ok()?.size() != 1 {
        return None;
    }
    let bytes = match attribute.dtype().ok()?.to_descriptor().ok()? {
        TypeDescriptor::FixedAscii(n) if n <= TEXT => {
            let read = attribute.read_raw::<FixedAscii<TEXT>>().ok()?;
            read.first()?.as_bytes().to_vec()
        }
        TypeDescriptor::FixedUnicode(n) if n <= TEXT => {
            let read = attribute.read_raw::<FixedUnicode<TEXT>>().ok()?;
            read.first()?.as_bytes().to_vec()
        }
        TypeDescriptor::VarLenAscii => {
            let read = attribute.read_raw::<VarLenAscii>().ok()?;
            read.first()?.as_bytes().to_vec()
        }
        TypeDescriptor::VarLenUnicode => {
            let read = attribute.read_raw::<VarLenUnicode>().ok()?;
            read.first()?.as_bytes().to_vec()
        }
        _ => return None,
    };
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    (!text.is_empty()).then(|| text.to_owned())
}

/// A numeric attribute that is a scalar or an array of one element; `None` where it is absent or
/// has no value.
///
/// The error says why the attribute is not one number.
pub(super) fn number(dataset: &Dataset, name: &str) -> Result<Option<Number>, String> {
    let read = |e: hdf5::Error| format!("attribute {name} cannot be read: {e}");
    let Some(attribute) = find(dataset, name).map_err(read)? else {
        return Ok(None);
    };
    let space = attribute.space().map_err(read)?;
    if space.is_null() {
        return Ok(None);
    }
    if space.size() != 1 {
        return Err(format!(
            "attribute {name} has {} values, and one is expected",
            space.size()
        ));
    }
    let dtype = attribute.dtype().map_err(read)?;
    let number = match dtype.to_descriptor() {
        Ok(TypeDescriptor::Integer(_)) => {
            let value = attribute.read_raw::<i64>().map_err(read)?;
            value.first().map(|&v| Number::Int(v.into()))
        }
        Ok(TypeDescriptor::Unsigned(IntSize::U1 | IntSize::U2 | IntSize::U4 | IntSize::U8)) => {
            let value = attribute.read_raw::<u64>().map_err(read)?;
            value.first().map(|&v| Number::Int(v.into()))
        }
        Ok(TypeDescriptor::Float(FloatSize::U4 | FloatSize::U8)) => {
            let value = attribute.read_raw::<f64>().map_err(read)?;
            value.first().map(|&v| Number::Float(v))
        }
        _ => {
            return Err(format!(
                "attribute {name} is {dtype}, and a number is expected"
            ));
        }
    };
    Ok(number)
}
