//! Units: which spellings mean the same, and in which units coordinates may be.
//!
//! Beside the line: `union.rs` compares the units of a column, the readers check those of coordinates.
//! Spellings are those of UDUNITS that products use, in upper or lower case unless that is another unit.

/// Units and their spellings in lower case, the first of them the one that comparisons use.
const SPELLINGS: [&[&str]; 19] = [
    &["m", "meter", "meters", "metre", "metres"],
    &["km", "kilometer", "kilometers", "kilometre", "kilometres"],
    &[
        "cm",
        "centimeter",
        "centimeters",
        "centimetre",
        "centimetres",
    ],
    &[
        "mm",
        "millimeter",
        "millimeters",
        "millimetre",
        "millimetres",
    ],
    &["ft", "foot", "feet"],
    &[
        "m^2",
        "m2",
        "m**2",
        "meters^2",
        "meter^2",
        "meters2",
        "meters**2",
    ],
    &["s", "sec", "secs", "second", "seconds"],
    &["ms", "msec", "millisecond", "milliseconds"],
    &["us", "microsecond", "microseconds"],
    &["ns", "nsec", "nanosecond", "nanoseconds"],
    &["min", "minute", "minutes"],
    &["h", "hr", "hour", "hours"],
    &["d", "day", "days"],
    &[
        "degrees",
        "degree",
        "deg",
        "degs",
        "degrees_north",
        "degree_north",
        "degrees_n",
        "degree_n",
        "degreesn",
        "degreen",
        "degrees_east",
        "degree_east",
        "degrees_e",
        "degree_e",
        "degreese",
        "degreee",
        "decimal degrees",
        "decimal_degrees",
        "arc_degree",
        "arc_degrees",
        "\u{b0}",
    ],
    &["radians", "radian", "rad"],
    &["hz", "hertz"],
    &[
        "m/s",
        "m s-1",
        "m s^-1",
        "meters/second",
        "meters/sec",
        "meter/second",
        "meters per second",
    ],
    &["K", "kelvin", "degrees_kelvin"],
    &[
        "1",
        "none",
        "unitless",
        "dimensionless",
        "n/a",
        "-",
        "counts",
        "count",
        "m/m",
        "meters/meters",
        "meter/meter",
    ],
];

/// What coordinates say that do not say a unit.
const SILENT: [&str; 6] = ["1", "none", "unitless", "dimensionless", "n/a", "-"];

/// Units of one latitude or longitude only.
const NORTHWARD: [&str; 6] = [
    "degrees_north",
    "degree_north",
    "degrees_n",
    "degree_n",
    "degreesn",
    "degreen",
];
const EASTWARD: [&str; 6] = [
    "degrees_east",
    "degree_east",
    "degrees_e",
    "degree_e",
    "degreese",
    "degreee",
];

/// Which coordinate a dataset is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Axis {
    Latitude,
    Longitude,
}

/// A text that is equal for units that are the same.
pub(super) fn canonical(units: &str) -> String {
    let words: Vec<&str> = units.split_whitespace().collect();
    let text = words.join(" ");
    if let Some((unit, epoch)) = text.split_once(" since ") {
        return format!("{} since {}", known(unit), instant(epoch));
    }
    known(&text)
}

fn known(text: &str) -> String {
    // The case of a word says nothing, that of a symbol may: mW is not MW.
    let symbol = text.chars().count() < 3 && !text.eq_ignore_ascii_case("hz");
    let folded = if symbol {
        text.to_owned()
    } else {
        text.to_lowercase()
    };
    let known = SPELLINGS
        .iter()
        .find(|same| same.contains(&folded.as_str()));
    known.map_or_else(|| text.to_owned(), |same| same[0].to_owned())
}

/// An epoch without what says nothing: midnight, a zone that is UTC.
fn instant(epoch: &str) -> String {
    let mut text = epoch.replace('T', " ").to_uppercase();
    for zone in ["Z", "UTC", "+00:00", "+0:00", "+0000"] {
        if let Some(rest) = text.strip_suffix(zone) {
            text = rest.trim_end().to_owned();
        }
    }
    if text.contains('.') {
        text = text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    for midnight in [" 00:00:00", " 0:0:0", " 00:00"] {
        if let Some(date) = text.strip_suffix(midnight) {
            text = date.to_owned();
        }
    }
    text
}

/// Whether the units of a coordinate are degrees, as far as they say; a warning where they are those of
/// the other one.
///
/// The error says what they are in place of degrees.
pub(crate) fn check_degrees(units: Option<&str>, axis: Axis) -> Result<Option<String>, String> {
    let Some(units) = units else {
        return Ok(None);
    };
    let lower = units.to_lowercase();
    let (others, what) = match axis {
        Axis::Latitude => (&EASTWARD, "a longitude"),
        Axis::Longitude => (&NORTHWARD, "a latitude"),
    };
    if others.contains(&lower.as_str()) {
        return Ok(Some(format!(
            "attribute units is '{units}', that of {what}; check which columns are the coordinates"
        )));
    }
    if canonical(units) == "degrees" || SILENT.contains(&lower.as_str()) {
        return Ok(None);
    }
    Err(format!(
        "attribute units is '{units}', and coordinates are in degrees; convert them, or correct the \
         attribute"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_unit_are_the_same_and_other_units_are_not() {
        let same = [
            ("meters", "m"),
            ("Metre", "meters"),
            ("degrees_north", "degree"),
            ("hz", "Hertz"),
            (
                "seconds  since 2018-01-01",
                "s since 2018-01-01T00:00:00.000000Z",
            ),
            ("unitless", "1"),
            ("meters/meters", "counts"),
        ];
        for (a, b) in same {
            assert_eq!(canonical(a), canonical(b), "{a} {b}");
        }
        let others = [
            ("meters", "feet"),
            ("meters", "centimeters"),
            ("mW", "MW"),
            ("m", "M"),
            ("seconds since 2018-01-01", "seconds since 1980-01-06"),
            ("seconds since 2018-01-01", "seconds"),
            ("degrees", "radians"),
        ];
        for (a, b) in others {
            assert_ne!(canonical(a), canonical(b), "{a} {b}");
        }
    }

    #[test]
    fn coordinates_are_in_degrees_or_do_not_say() {
        let axis = Axis::Latitude;
        for units in [
            None,
            Some("degrees_north"),
            Some("degreeN"),
            Some("degrees"),
            Some("1"),
        ] {
            assert_eq!(check_degrees(units, axis), Ok(None), "{units:?}");
        }
        for units in [
            "radians",
            "m",
            "degrees_south",
            "arcminutes",
            "degrees_west",
        ] {
            let why = check_degrees(Some(units), axis).unwrap_err();
            assert!(why.contains(units) && why.contains("degrees"), "{why}");
        }
        let swapped = check_degrees(Some("degrees_east"), axis).unwrap();
        assert!(swapped.is_some_and(|text| text.contains("a longitude")));
        assert_eq!(check_degrees(Some("degrees_E"), Axis::Longitude), Ok(None));
    }
}
