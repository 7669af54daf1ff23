//! The `time` section to two filters: from when, and until when; and to steps between them (`axis.rs`).
//!
//! `delta_time` of ICESat-2 counts seconds since 2018-01-01T00:00:00 UTC, on the clock of GPS (ATL03 data
//! dictionary, `delta_time` and `ancillary_data/atlas_sdp_gps_epoch`). The last leap second was at the end of
//! 2016, so both clocks have run alike since then, and a moment in UTC is as many seconds from there as its days
//! of 86,400 seconds say.

use chrono::{DateTime, Days, Months, NaiveDate, NaiveDateTime, TimeDelta};

use super::axis::{Steps, TimeAxis, axis};
use super::doubles::largest_not_above;
use super::faults::{Fault, Faults};
use super::numbered::Numbered;
use super::raw::RawTime;
use super::shapes::RawScalar;
use super::{Filter, FilterOp};

pub use super::window::TimeWindow;

/// What is known of leap seconds begins to hold after the last one; ICESat-2 was launched in 2018.
pub(super) const YEARS: std::ops::RangeInclusive<i32> = 2018..=2100;

/// Of a second.
const NANOSECONDS: i128 = 1_000_000_000;

const FORMS: &str = "write a year (2019), a month (2019-06), a day (2019-06-01), a moment in UTC \
                     (2019-06-01T12:00:00Z) or a decimal year (2019.5), from 2018 to 2100";

/// The filters on the dataset of times, each with its key, and the steps of time; `default` is the dataset where
/// none is named.
pub(super) fn filters(
    raw: &RawTime,
    default: Option<String>,
    faults: &mut Faults,
) -> (Vec<(String, Filter)>, Option<TimeAxis>) {
    let bounded = raw.from.is_some() || raw.to.is_some();
    if !bounded && raw.every.is_none() && raw.edges.is_none() {
        let message = "has neither from nor to, and neither every nor edges; give one";
        faults.add(Fault::new("time", message));
    }
    let dataset = raw.dataset.clone().or(default);
    let number = raw.every.as_deref().and_then(Numbered::named);
    let of_granules = number.is_some() && !bounded;
    if dataset.is_none() && !of_granules {
        let message = "key 'dataset' is missing; it names the column of seconds since 2018-01-01";
        faults.add(Fault::new("time", message));
        return (Vec::new(), None);
    }
    let mut bound = |key: &str, scalar: &Option<RawScalar>| {
        let scalar = scalar.as_ref()?;
        let period = period(scalar).map_err(|message| Fault::new(format!("time.{key}"), message));
        faults.keep(period)
    };
    let (from, to) = (bound("from", &raw.from), bound("to", &raw.to));
    if let (Some(from), Some(to)) = (from, to)
        && from.0 >= to.1
    {
        let message = format!(
            "ends at {}, before it begins at {}",
            said(to.1),
            said(from.0)
        );
        faults.add(Fault::new("time", message));
    }
    let (mut from, mut to) = (from.map(|(start, _)| start), to.map(|(_, end)| end));
    let axis = axis(raw, dataset.as_deref(), [from, to], faults);
    if let Some(Steps::Periods { edges, .. }) = axis.as_ref().map(|axis| &axis.steps) {
        (from, to) = (
            edges.first().copied().and_then(moment_of),
            edges.last().copied().and_then(moment_of),
        );
    }
    let filter = |op, moment: NaiveDateTime| {
        let filter = Filter {
            dataset: dataset.clone().unwrap_or_default(),
            column: None,
            op,
            values: vec![seconds(moment)],
            words: Vec::new(),
            keep: true,
            per_segment: false,
            moment: Some(said(moment)),
        };
        ("time".to_owned(), filter)
    };
    let from = from.map(|start| filter(FilterOp::Ge, start));
    let to = to.map(|end| filter(FilterOp::Lt, end));
    (from.into_iter().chain(to).collect(), axis)
}

/// The moment that a text names, or the start of the period: seconds since 2018-01-01.
///
/// # Errors
/// In words, a text that names none.
pub fn seconds_of(text: &str) -> Result<f64, String> {
    let scalar = match text.parse::<f64>() {
        Ok(year) if text.contains('.') => RawScalar::Float(year),
        _ => RawScalar::Text(text.to_owned()),
    };
    period(&scalar).map(|(start, _)| seconds(start))
}

/// Where times stand beside these positions.
pub(super) fn beside(latitude: &str) -> Option<String> {
    let (group, _) = latitude.rsplit_once('/')?;
    Some(format!("{group}/delta_time"))
}

/// The period that is named, its end not included; a moment has no length.
pub(super) fn period(scalar: &RawScalar) -> Result<(NaiveDateTime, NaiveDateTime), String> {
    let found = match scalar {
        RawScalar::Integer(year) => i32::try_from(*year).ok().and_then(whole_year),
        RawScalar::Float(year) => decimal_year(*year).map(|moment| (moment, moment)),
        RawScalar::Text(text) => of_text(text.trim()),
    };
    let known = |moment: NaiveDateTime| {
        YEARS.contains(&chrono::Datelike::year(&moment)) || moment == start_of(*YEARS.end() + 1)
    };
    found
        .filter(|(start, end)| known(*start) && known(*end))
        .ok_or_else(|| format!("'{}' is no time; {FORMS}", scalar.shown()))
}

/// Nanoseconds from 1970 to a moment in UTC of any year, in days of 86,400 seconds, and its year and month.
pub(super) fn moment(text: &str) -> Option<(i64, (i32, u32))> {
    use chrono::Datelike;
    let (moment, _) = of_text(text.trim())?;
    let since_1970 = moment.and_utc().timestamp_nanos_opt()?;
    Some((since_1970, (moment.year(), moment.month())))
}

pub(super) fn start_of(year: i32) -> NaiveDateTime {
    let day = NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or(NaiveDate::MIN);
    day.and_time(chrono::NaiveTime::MIN)
}

fn whole_year(year: i32) -> Option<(NaiveDateTime, NaiveDateTime)> {
    YEARS
        .contains(&year)
        .then(|| (start_of(year), start_of(year + 1)))
}

/// `2019.5` is half of the way from the start of 2019 to that of 2020, to the microsecond.
fn decimal_year(year: f64) -> Option<NaiveDateTime> {
    let whole = year.floor();
    if !(f64::from(*YEARS.start())..=f64::from(*YEARS.end())).contains(&whole) {
        return None;
    }
    let (start, end) = whole_year(whole as i32)?;
    let microseconds = (end - start).num_seconds() as f64 * (year - whole) * 1e6;
    start.checked_add_signed(TimeDelta::microseconds(microseconds.round() as i64))
}

fn of_text(text: &str) -> Option<(NaiveDateTime, NaiveDateTime)> {
    let midnight = |day: NaiveDate| day.and_time(chrono::NaiveTime::MIN);
    if let Ok(year) = text.parse::<i32>() {
        return whole_year(year);
    }
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Some((midnight(day), midnight(day.checked_add_days(Days::new(1))?)));
    }
    if let Ok(day) = NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d") {
        let next = day.checked_add_months(Months::new(1))?;
        return Some((midnight(day), midnight(next)));
    }
    // A leap second, 23:59:60, is one that has not been.
    if text.contains(":60") {
        return None;
    }
    let joined = text.replacen(' ', "T", 1);
    let zoned = DateTime::parse_from_rfc3339(&joined);
    let zoned = zoned.or_else(|_| DateTime::parse_from_str(&joined, "%Y-%m-%dT%H:%M%:z"));
    let moment = if let Ok(zoned) = zoned {
        zoned.naive_utc()
    } else {
        let forms = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"];
        let bare = text.trim_end_matches('Z').replacen(' ', "T", 1);
        let mut found = forms
            .iter()
            .filter_map(|form| NaiveDateTime::parse_from_str(&bare, form).ok());
        found.next()?
    };
    Some((moment, moment))
}

/// Seconds since the epoch of `delta_time`: the largest double that is not after the moment.
pub(super) fn seconds(moment: NaiveDateTime) -> f64 {
    let since = moment - start_of(2018);
    let whole = i128::from(since.num_seconds()) * NANOSECONDS;
    largest_not_above(whole + i128::from(since.subsec_nanos()), NANOSECONDS)
}

/// The moment so many seconds after 2018-01-01: of those that are this double, the one with the fewest digits.
pub(super) fn moment_of(double: f64) -> Option<NaiveDateTime> {
    // Without a sign of 0.
    let double = double + 0.0;
    let whole = double.floor();
    let start = start_of(2018).checked_add_signed(TimeDelta::try_seconds(whole as i64)?)?;
    // Of the product the last digit may be another.
    let least = ((double - whole) * 1e9).ceil() as i64 - 1;
    let moments = (0..10).flat_map(|digits| {
        let unit = 10_i64.pow(9 - digits);
        let up = move |rest: i64| (rest + unit - 1).div_euclid(unit) * unit;
        [least, least + 1, least + 2].map(|rest| TimeDelta::nanoseconds(up(rest)))
    });
    let mut moments = moments.filter_map(|rest| start.checked_add_signed(rest));
    moments.find(|moment| seconds(*moment).to_bits() == double.to_bits())
}

/// The moment as text.
pub(super) fn said(moment: NaiveDateTime) -> String {
    moment.format("%Y-%m-%dT%H:%M:%S%.fZ").to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seconds_of(text: &str) -> (f64, f64) {
        let scalar = match (text.parse::<i128>(), text.parse::<f64>()) {
            (Ok(whole), _) => RawScalar::Integer(whole),
            (_, Ok(float)) => RawScalar::Float(float),
            _ => RawScalar::Text(text.to_owned()),
        };
        let (start, end) = period(&scalar).unwrap();
        (seconds(start), seconds(end))
    }

    #[test]
    fn periods_begin_and_end_where_calendars_say() {
        const DAY: f64 = 86_400.0;
        assert_eq!(seconds_of("2018"), (0.0, 365.0 * DAY));
        assert_eq!(seconds_of("2018-01"), (0.0, 31.0 * DAY));
        assert_eq!(seconds_of("2020-02"), (761.0 * DAY, 790.0 * DAY));
        assert_eq!(seconds_of("2020-12-31"), (1095.0 * DAY, 1096.0 * DAY));
        let noon = 365.0 * DAY + 43_200.0;
        for text in [
            "2019-01-01T12:00:00Z",
            "2019-01-01T12:00",
            "2019-01-01 12:00:00",
            "2019-01-01T14:30:00+02:30",
            "2019-01-01T14:30+02:30",
            "2019-01-01T12:00Z",
        ] {
            assert_eq!(seconds_of(text), (noon, noon), "{text}");
        }
        assert_eq!(seconds_of("2019-01-01T12:00:00.25Z").0, noon + 0.25);
        assert_eq!(seconds_of("2020.5").0, 730.0 * DAY + 183.0 * DAY);
        assert_eq!(seconds_of("2018.0"), (0.0, 0.0));
    }

    proptest! {
        /// So a bound is what a time of a table with these digits is, and steps end where the next ones begin.
        #[test]
        fn moments_are_the_doubles_below_them_and_come_back(
            whole in prop_oneof![-100_i64..100, 0_i64..2_600_000_000], nanos in 0_u32..1_000_000_000, digits in 0_u32..10,
        ) {
            let nanos = nanos - nanos % 10_u32.pow(9 - digits);
            let moment = start_of(2018) + TimeDelta::seconds(whole) + TimeDelta::nanoseconds(i64::from(nanos));
            let double = seconds(moment);
            let exact = |x: f64| num_rational::BigRational::from_float(x).unwrap();
            let count = i128::from(whole) * NANOSECONDS + i128::from(nanos);
            let time = num_rational::BigRational::new(count.into(), NANOSECONDS.into());
            prop_assert!(exact(double) <= time && time < exact(double.next_up()));
            let back = moment_of(double).unwrap();
            prop_assert_eq!(seconds(back).to_bits(), double.to_bits());
            prop_assert!(said(back).len() <= said(moment).len(), "{} of {}", said(back), said(moment));
        }
    }

    #[test]
    fn the_epoch_is_that_of_the_satellite() {
        // GPS seconds of the epoch, `atlas_sdp_gps_epoch`, and of a moment: their difference is its delta_time.
        let gps_epoch = 1_198_800_018.0;
        // 2019-06-15T00:00:00 UTC: days since 1980-01-06, and the 18 leap seconds until then.
        let gps = 14_405.0 * 86_400.0 + 18.0;
        assert_eq!(seconds_of("2019-06-15").0, gps - gps_epoch);
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "2017",
            "2017-12-31",
            "2019-13",
            "2019-02-29",
            "2016-12-31T23:59:60Z",
            "2020-06-30T23:59:60Z",
            "yesterday",
            "06/01/2019",
            "",
            "2101.5",
        ] {
            let scalar = match text.parse::<f64>() {
                Ok(float) => RawScalar::Float(float),
                Err(_) => RawScalar::Text(text.to_owned()),
            };
            let message = period(&scalar).unwrap_err();
            assert!(message.contains("write a year (2019)"), "{message}");
        }
    }
}
