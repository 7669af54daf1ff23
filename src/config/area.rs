//! The area that a config asks about: the section `region`.
//!
//! Beside `parse.rs`. A file is read where the config is, so a config is whole from then on.

use super::faults::Fault;
use super::raw::RawRegion;
use crate::region::Region;

/// What area a config is about.
pub(super) enum Area {
    /// The one that its text says.
    AsWritten,
    /// One that is known, or that none is, whatever the text says.
    Known(Option<Region>),
}

/// The area, if any.
pub(super) fn region(raw: Option<&RawRegion>, area: Area) -> Result<Option<Region>, Fault> {
    let raw = match area {
        Area::Known(region) => return Ok(region),
        Area::AsWritten => raw,
    };
    let Some(raw) = raw else {
        return Ok(None);
    };
    let fault = |key: &str, why: String| Fault::new(format!("region.{key}"), why);
    let region = match (&raw.bbox, &raw.file, &raw.geojson) {
        (Some(numbers), None, None) => {
            Region::of_numbers(numbers).map_err(|why| fault("bbox", why))
        }
        (None, Some(path), None) => {
            Region::read(path).map_err(|error| fault("file", error.to_string()))
        }
        (None, None, Some(value)) => Region::of_value(value).map_err(|why| fault("geojson", why)),
        (bbox, file, geojson) => {
            let given = [bbox.is_some(), file.is_some(), geojson.is_some()];
            let given = given.into_iter().filter(|given| *given).count();
            let message = format!("has {given} of bbox, file and geojson; give one of them");
            Err(Fault::new("region", message))
        }
    };
    region.map(Some)
}
