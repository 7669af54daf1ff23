//! Attributes as HDF5 stores them: scalars or arrays of one element, text of fixed or variable length.

use hdf5::types::{
    FixedAscii, FixedUnicode, FloatSize, IntSize, TypeDescriptor, VarLenAscii, VarLenUnicode,
};
use hdf5::{Attribute as Stored, Dataset, Location};

use crate::read::attributes::{Attribute, Attributes, NAMES, Number};

/// Longest fixed-length text read, in bytes.
const TEXT: usize = 2048;

/// The attributes of a dataset that say what its numbers mean; the error names the one that cannot be read.
pub(super) fn of(dataset: &Dataset) -> Result<Attributes, String> {
    let there = dataset
        .attr_names()
        .map_err(|e| format!("attributes cannot be listed: {e}"))?;
    let mut attributes = Attributes::default();
    for name in NAMES {
        if there.iter().any(|n| n == name) {
            let read = dataset.attr(name);
            let read = read.and_then(|attribute| read_any(&attribute));
            let read = read.map_err(|e| format!("attribute {name} cannot be read: {e}"))?;
            attributes.found.push((name, read));
        }
    }
    if there.iter().any(|n| n == "units") {
        attributes.units = text(dataset, "units");
    }
    Ok(attributes)
}

/// The attribute of this name; `None` where the dataset has none.
fn find(dataset: &Location, name: &str) -> hdf5::Result<Option<Stored>> {
    if dataset.attr_names()?.iter().any(|n| n == name) {
        dataset.attr(name).map(Some)
    } else {
        Ok(None)
    }
}

/// A text attribute, trimmed; `None` where it is absent, empty, not one text, or unreadable: it
/// describes the data and is never needed to read it.
pub(super) fn text(dataset: &Location, name: &str) -> Option<String> {
    text_of(&find(dataset, name).ok()??)
}

fn text_of(attribute: &Stored) -> Option<String> {
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

/// An attribute of any type.
fn read_any(attribute: &Stored) -> hdf5::Result<Attribute> {
    let none = attribute.space()?.is_null();
    let dtype = attribute.dtype()?;
    let mut single = false;
    let values =
        match dtype.to_descriptor() {
            Ok(
                TypeDescriptor::Integer(_) | TypeDescriptor::Unsigned(_) | TypeDescriptor::Float(_),
            ) if none => Vec::new(),
            Ok(TypeDescriptor::Integer(_)) => {
                let values = attribute.read_raw::<i64>()?;
                values.iter().map(|&v| Number::Int(v.into())).collect()
            }
            Ok(TypeDescriptor::Unsigned(IntSize::U1 | IntSize::U2 | IntSize::U4 | IntSize::U8)) => {
                let values = attribute.read_raw::<u64>()?;
                values.iter().map(|&v| Number::Int(v.into())).collect()
            }
            Ok(TypeDescriptor::Float(size @ (FloatSize::U4 | FloatSize::U8))) => {
                single = size == FloatSize::U4;
                let values = attribute.read_raw::<f64>()?;
                values.iter().map(|&v| Number::Float(v)).collect()
            }
            _ => {
                return Ok(match text_of(attribute) {
                    Some(text) => Attribute::Text(text),
                    None => Attribute::Other(dtype.to_string()),
                });
            }
        };
    Ok(Attribute::Numbers { values, single })
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
    match read_any(&attribute).map_err(read)? {
        Attribute::Numbers { values, .. } => match values[..] {
            [] => Ok(None),
            [value] => Ok(Some(value)),
            _ => Err(format!(
                "attribute {name} has {} values, and one is expected",
                values.len()
            )),
        },
        Attribute::Text(text) => Err(format!(
            "attribute {name} is '{text}', and a number is expected"
        )),
        Attribute::Other(what) => Err(format!(
            "attribute {name} is {what}, and a number is expected"
        )),
    }
}
