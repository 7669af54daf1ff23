//! When and where the rows of a granule are: its span of time and its box of longitudes and
//! latitudes.
//!
//! Beside the line, for `inspect.rs`. Reads the positions and times of one group in each ground
//! track: of ATL03 those of the geolocation segments, which lie at photons.

use serde_json::{Value, json};

use super::attributes;
use super::file::GranuleFile;
use super::identity::{dataset, word};
use crate::photon::{Column, Values};

/// Names of positions in products, latitude first; the first pair that is found is read.
const POSITIONS: [(&str, &str); 5] = [
    ("reference_photon_lat", "reference_photon_lon"),
    ("latitude", "longitude"),
    ("lat_ph", "lon_ph"),
    ("segment_lat", "segment_lon"),
    ("lat", "lon"),
];

/// Rows of a ground track read at most.
const MOST_ROWS: u64 = 1 << 24;

/// Days from 1970-01-01 to 2018-01-01, from which the products count seconds. There has been no leap
/// second since.
const EPOCH_DAYS: i64 = 17_532;

/// The smallest and largest of what was seen.
#[derive(Debug, Clone, Copy)]
struct Span {
    low: f64,
    high: f64,
}

impl Span {
    const NONE: Self = Self {
        low: f64::INFINITY,
        high: f64::NEG_INFINITY,
    };

    fn add(&mut self, value: f64) {
        self.low = self.low.min(value);
        self.high = self.high.max(value);
    }

    fn found(self) -> Option<Self> {
        (self.low <= self.high).then_some(self)
    }
}

/// `time_span` and `bounding_box`, each with `from`, the group that it was read from; null where
/// nothing says it. `tracks` is what `inspect.rs` found.
pub(super) fn extent(granule: &GranuleFile, tracks: &[Value]) -> (Value, Value) {
    let mut latitude = Span::NONE;
    // Longitudes from -180 on, and from 0 on: the narrower span is the box.
    let (mut west, mut east) = (Span::NONE, Span::NONE);
    let mut time = Span::NONE;
    let mut from = None;
    for track in tracks {
        let Some((group, lat_name, lon_name)) = positions(track) else {
            continue;
        };
        let name = track["name"].as_str().unwrap_or_default();
        let path = |dataset: &str| match group {
            "" => format!("/{name}/{dataset}"),
            group => format!("/{name}/{group}/{dataset}"),
        };
        let (Some(lat), Some(lon)) = (
            floats(granule, &path(lat_name)),
            floats(granule, &path(lon_name)),
        ) else {
            continue;
        };
        for (lat, lon) in lat.into_iter().zip(lon) {
            if lat.is_finite() && lon.is_finite() && lat.abs() <= 90.0 && lon.abs() <= 540.0 {
                latitude.add(lat);
                let lon = lon.rem_euclid(360.0);
                east.add(lon);
                west.add(if lon >= 180.0 { lon - 360.0 } else { lon });
            }
        }
        let times = seconds(granule, &path("delta_time"));
        let times = times.into_iter().flatten();
        times.filter(|t| t.is_finite()).for_each(|t| time.add(t));
        from.get_or_insert_with(|| match group {
            "" => "ground tracks".to_owned(),
            group => group.to_owned(),
        });
    }
    (
        time_span(granule, time, from.as_deref()),
        bounding_box(latitude, west, east, from.as_deref()),
    )
}

fn time_span(granule: &GranuleFile, time: Span, from: Option<&str>) -> Value {
    if let Some(time) = time.found() {
        return json!({
            "start": utc(time.low),
            "end": utc(time.high),
            "from": from.map(|group| format!("{group}/delta_time")),
        });
    }
    let text = |which: &str| word(granule, &format!("/ancillary_data/data_{which}_utc"));
    match (text("start"), text("end")) {
        (None, None) => Value::Null,
        (start, end) => json!({"start": start, "end": end, "from": "ancillary_data"}),
    }
}

fn bounding_box(latitude: Span, west: Span, east: Span, from: Option<&str>) -> Value {
    let (Some(latitude), Some(west), Some(east)) = (latitude.found(), west.found(), east.found())
    else {
        return Value::Null;
    };
    let crosses = east.high - east.low < west.high - west.low;
    let (left, right) = if crosses {
        let wrapped = |lon: f64| if lon >= 180.0 { lon - 360.0 } else { lon };
        (wrapped(east.low), wrapped(east.high))
    } else {
        (west.low, west.high)
    };
    // West is greater than east where the box crosses the antimeridian, as in GeoJSON.
    json!({
        "west": left,
        "south": latitude.low,
        "east": right,
        "north": latitude.high,
        "from": from,
    })
}

/// Group of a ground track with positions, and their names.
fn positions(track: &Value) -> Option<(&str, &'static str, &'static str)> {
    let groups = track["groups"].as_array()?;
    POSITIONS.into_iter().find_map(|(lat, lon)| {
        let has = |group: &&Value, name: &str| {
            let datasets = group["datasets"].as_array().map_or(&[][..], Vec::as_slice);
            datasets.iter().any(|dataset| dataset["name"] == name)
        };
        let group = groups.iter().find(|g| has(g, lat) && has(g, lon))?;
        Some((group["path"].as_str()?, lat, lon))
    })
}

/// Values of a dataset, NaN where null.
fn floats(granule: &GranuleFile, path: &str) -> Option<Vec<f64>> {
    let Column { values, nulls } = granule.read_dataset(path, None, MOST_ROWS).ok()?.column;
    let mut values: Vec<f64> = match values {
        Values::F32(values) => values.iter().copied().map(f64::from).collect(),
        Values::F64(values) => values.into_vec(),
        Values::I64(_) => return None,
    };
    for (i, value) in values.iter_mut().enumerate() {
        if nulls.as_ref().is_some_and(|nulls| nulls.is_null(i)) {
            *value = f64::NAN;
        }
    }
    Some(values)
}

/// Seconds since 1970 of a dataset of times; `None` where its units are of another kind.
fn seconds(granule: &GranuleFile, path: &str) -> Option<Vec<f64>> {
    let units = {
        let dataset = dataset(granule, path)?;
        attributes::text(&dataset, "units")
    };
    let since = match &units {
        Some(units) => days(units.strip_prefix("seconds since ")?)?,
        None => EPOCH_DAYS,
    };
    let values = floats(granule, path)?;
    let start = since as f64 * 86_400.0;
    Some(values.into_iter().map(|value| value + start).collect())
}

/// Days from 1970-01-01 to the date that the text starts with, `2018-01-01`.
fn days(text: &str) -> Option<i64> {
    let date = text.get(..10)?;
    let mut parts = date.split('-').map(str::parse::<i64>);
    let (year, month, day) = (
        parts.next()?.ok()?,
        parts.next()?.ok()?,
        parts.next()?.ok()?,
    );
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // The year starts in March, so that the leap day is its last.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// A time as `2018-10-15T10:10:18.656Z`.
fn utc(seconds: f64) -> String {
    let milliseconds = (seconds * 1e3).round() as i64;
    let (day, of_day) = (
        milliseconds.div_euclid(86_400_000),
        milliseconds.rem_euclid(86_400_000),
    );
    let shifted = day.saturating_add(719_468);
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    let year = year + era * 400 + next;
    format!(
        "{year:04}-{month:02}-{date:02}T{:02}:{:02}:{:02}.{:03}Z",
        of_day / 3_600_000,
        of_day / 60_000 % 60,
        of_day / 1000 % 60,
        of_day % 1000
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_in_utc() {
        assert_eq!(days("2018-01-01"), Some(EPOCH_DAYS));
        for (date, text) in [
            ("1970-01-01", "1970-01-01T00:00:00.000Z"),
            ("2000-02-29", "2000-02-29T00:00:00.000Z"),
            ("2023-12-31", "2023-12-31T00:00:00.000Z"),
            ("2024-03-01", "2024-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(utc(days(date).unwrap() as f64 * 86_400.0), text);
        }
        // The start of a granule by its delta_time and by its data_start_utc.
        let start = EPOCH_DAYS as f64 * 86_400.0 + 24_833_418.655_714_75;
        assert_eq!(utc(start), "2018-10-15T10:10:18.656Z");
        assert_eq!(days("2018-13-01"), None);
        assert_eq!(days("yesterday!"), None);
        for extreme in [f64::MAX, f64::MIN, f64::NAN] {
            let _ = utc(extreme);
        }
    }

    #[test]
    fn a_box_across_the_antimeridian_is_the_narrow_one() {
        let span = |low, high| Span { low, high };
        let across = bounding_box(
            span(1.0, 2.0),
            span(-179.0, 179.0),
            span(179.0, 181.0),
            None,
        );
        assert_eq!(
            (&across["west"], &across["east"]),
            (&json!(179.0), &json!(-179.0))
        );
        let at_zero = bounding_box(span(1.0, 2.0), span(-1.0, 2.0), span(2.0, 359.0), None);
        assert_eq!(
            (&at_zero["west"], &at_zero["east"]),
            (&json!(-1.0), &json!(2.0))
        );
        assert!(bounding_box(Span::NONE, Span::NONE, Span::NONE, None).is_null());
    }
}
