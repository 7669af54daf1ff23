//! What a field of comma-separated values is: a number, a truth, a time, nothing, or text.
//!
//! Below `mod.rs`.

use chrono::{DateTime, NaiveDate, NaiveDateTime};

/// What all values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// All are null.
    Nothing,
    Truth,
    /// Whole numbers of 64 bits.
    Whole,
    Float,
    Time,
    Text,
}

impl Kind {
    /// With one value more.
    pub fn with(self, field: &[u8]) -> Self {
        // What fits is seen at once.
        match self {
            Self::Text => return self,
            Self::Float if float(field).is_some() => return self,
            Self::Whole if whole(field).is_some() => return self,
            _ => {}
        }
        if is_null(field) {
            return self;
        }
        let own = if whole(field).is_some() {
            Self::Whole
        } else if float(field).is_some() {
            Self::Float
        } else if truth(field).is_some() {
            Self::Truth
        } else if nanoseconds(field).is_some() {
            Self::Time
        } else {
            Self::Text
        };
        match (self, own) {
            (Self::Nothing, own) => own,
            (a, b) if a == b => a,
            (Self::Whole | Self::Float, Self::Whole | Self::Float) => Self::Float,
            _ => Self::Text,
        }
    }
}

/// Empty, or one of the words that programs write for it. NaN is a number.
pub(super) fn is_null(field: &[u8]) -> bool {
    field.is_empty() || field.eq_ignore_ascii_case(b"na") || field.eq_ignore_ascii_case(b"null")
}

fn text(field: &[u8]) -> Option<&str> {
    std::str::from_utf8(field).ok()
}

pub(super) fn whole(field: &[u8]) -> Option<i64> {
    text(field)?.parse().ok()
}

/// To the nearest double; NaN and infinities by their names, too.
pub(super) fn float(field: &[u8]) -> Option<f64> {
    text(field)?.parse().ok()
}

pub(super) fn truth(field: &[u8]) -> Option<bool> {
    if field.eq_ignore_ascii_case(b"true") {
        Some(true)
    } else {
        field.eq_ignore_ascii_case(b"false").then_some(false)
    }
}

/// Nanoseconds since 1970 of a date, or of a moment in UTC where it names no offset.
pub(super) fn nanoseconds(field: &[u8]) -> Option<i64> {
    let text = text(field)?;
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_nanos_opt();
    }
    // A leap second is one that has not been since 2018.
    if !text.starts_with(|c: char| c.is_ascii_digit()) || text.contains(":60") {
        return None;
    }
    let text = text.replacen(' ', "T", 1);
    if let Ok(zoned) = DateTime::parse_from_rfc3339(&text) {
        return zoned.timestamp_nanos_opt();
    }
    let bare = NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
    bare.and_utc().timestamp_nanos_opt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(fields: &[&str]) -> Kind {
        let fields = fields.iter().map(|field| field.as_bytes());
        fields.fold(Kind::Nothing, Kind::with)
    }

    #[test]
    fn a_column_is_of_the_type_that_holds_all_its_values() {
        for (fields, expected) in [
            (&["", "NA", "null"][..], Kind::Nothing),
            (&["1", "-2", "", "9223372036854775807"], Kind::Whole),
            (&["1", "9223372036854775808"], Kind::Float),
            (&["1", "2.5", "NaN", "-inf", "1e300"], Kind::Float),
            (&["true", "False", ""], Kind::Truth),
            (
                &[
                    "2019-06-01",
                    "2019-06-01T12:00:00.5Z",
                    "2019-06-01 12:00:00",
                ],
                Kind::Time,
            ),
            (&["1", "true"], Kind::Text),
            (&["1", "2019-06-01"], Kind::Text),
            (&["1.5", "x"], Kind::Text),
            (&["x", "1"], Kind::Text),
            (&["2016-12-31T23:59:60Z"], Kind::Text),
        ] {
            assert_eq!(kind(fields), expected, "{fields:?}");
        }
        assert_eq!(nanoseconds(b"1970-01-01T01:00:00+01:00"), Some(0));
        assert_eq!(nanoseconds(b"1970-01-02"), Some(86_400_000_000_000));
    }
}
