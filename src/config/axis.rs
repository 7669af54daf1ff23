//! The axis of time that a store has: the keys `time.every` and `time.edges`, as steps between edges.
//!
//! Beside `time.rs`, which knows dates. A step holds the photons from its edge up to, not including, the next one, so
//! every photon between the first edge and the last is in exactly one; `time.rs` makes filters of those two. Other steps
//! are numbers that granules say of themselves (`numbered.rs`).

use chrono::{Datelike, Days, Months, NaiveDate, NaiveDateTime, TimeDelta};

use super::faults::{Fault, Faults};
use super::raw::RawTime;
use super::time::{YEARS, moment_of, period, said, seconds, start_of};

pub use super::numbered::Numbered;

/// Steps at most: with more, the numbers of a photon's cell and step need more bits than there are.
const MOST: usize = 1 << 16;

/// The steps of time that a store's arrays have.
#[derive(Debug, Clone, PartialEq)]
pub struct TimeAxis {
    pub steps: Steps,
    /// Whether the first and the last steps belong to the store though no photon is in them.
    pub whole: [bool; 2],
    /// What the config says, for people.
    pub every: String,
}

/// What a step is.
#[derive(Debug, Clone, PartialEq)]
pub enum Steps {
    /// From each edge to the next: seconds since 2018-01-01, ascending.
    Periods {
        /// Path template of the photons' times, or the name of a column.
        dataset: String,
        edges: Vec<f64>,
    },
    /// The cycle of the granule, as its number.
    Cycles,
    /// Its reference ground track.
    Rgts,
    /// Its region.
    Regions,
}

impl Steps {
    /// The number of granules that steps are, if they are one.
    pub fn numbered(&self) -> Option<Numbered> {
        match self {
            Self::Periods { .. } => None,
            Self::Cycles => Some(Numbered::Cycle),
            Self::Rgts => Some(Numbered::Rgt),
            Self::Regions => Some(Numbered::Region),
        }
    }
}

impl TimeAxis {
    /// Steps that there may be, with photons or without.
    pub fn count(&self) -> u32 {
        match &self.steps {
            Steps::Periods { edges, .. } => edges.len().saturating_sub(1) as u32,
            _ => self.numbered().map_or(0, |number| number.range().end() + 1),
        }
    }

    /// The name of the dimension, and of its coordinate.
    pub fn name(&self) -> &'static str {
        self.numbered().map_or("time", Numbered::name)
    }

    /// The number of granules that steps are, if they are one.
    pub fn numbered(&self) -> Option<Numbered> {
        self.steps.numbered()
    }

    /// Where the times of photons are, where each has its own.
    pub fn dataset(&self) -> Option<&str> {
        match &self.steps {
            Steps::Periods { dataset, .. } => Some(dataset),
            _ => None,
        }
    }

    /// Names that outputs cannot have beside it.
    pub fn names(&self) -> &'static [&'static str] {
        self.numbered()
            .map_or(&["time", "time_bnds", "bnds"], Numbered::names)
    }

    /// A step for people: from when to when, or its number.
    pub fn said(&self, step: u32) -> String {
        match &self.steps {
            Steps::Periods { edges, .. } => {
                let edge = |place: u32| edges.get(place as usize).map_or_else(String::new, shown);
                format!("{} to {}", edge(step), edge(step + 1))
            }
            _ => format!("{} {step}", self.name()),
        }
    }
}

/// Seconds since 2018-01-01 as a date, or as a moment in UTC.
pub fn shown(seconds: &f64) -> String {
    match moment_of(*seconds) {
        Some(moment) if moment.time() == chrono::NaiveTime::MIN => {
            moment.date().format("%Y-%m-%d").to_string()
        }
        Some(moment) => said(moment),
        None => format!("{seconds} s"),
    }
}

/// The axis, if the section asks for one; `within` is from when to when.
pub(super) fn axis(
    raw: &RawTime,
    dataset: Option<&str>,
    within: [Option<NaiveDateTime>; 2],
    faults: &mut Faults,
) -> Option<TimeAxis> {
    let bounded = raw.from.is_some() || raw.to.is_some();
    let (edges, whole, every) = match (&raw.every, &raw.edges) {
        (None, None) => return None,
        (Some(_), Some(_)) => {
            faults.add(Fault::new("time", "has both every and edges; keep one"));
            return None;
        }
        (None, Some(_)) if bounded => {
            let message =
                "stands beside from or to, which the first and the last edge are; keep edges alone";
            faults.add(Fault::new("time.edges", message));
            return None;
        }
        (None, Some(_)) => (given(raw, faults)?, [true, true], "edges".to_owned()),
        (Some(every), None) if Numbered::named(every).is_some() => {
            if raw.dataset.is_some() && !bounded {
                let message = format!(
                    "names times of photons, and {every}s are of granules; remove it, or give from or to"
                );
                faults.add(Fault::new("time.dataset", message));
            }
            return Some(TimeAxis {
                steps: Numbered::named(every)?.steps(),
                whole: [false, false],
                every: every.clone(),
            });
        }
        (Some(every), None) => {
            let edges = regular(every, within).map_err(|m| Fault::new("time.every", m));
            let whole = [raw.from.is_some(), raw.to.is_some()];
            (faults.keep(edges)?, whole, every.clone())
        }
    };
    Some(TimeAxis {
        steps: Steps::Periods {
            dataset: dataset?.to_owned(),
            edges: edges.into_iter().map(seconds).collect(),
        },
        whole,
        every,
    })
}

/// Edges as they are written: each is the start of what it names.
fn given(raw: &RawTime, faults: &mut Faults) -> Option<Vec<NaiveDateTime>> {
    let written = raw.edges.as_deref().unwrap_or_default();
    let mut edges: Vec<NaiveDateTime> = Vec::new();
    let before = faults.len();
    for (place, scalar) in written.iter().enumerate() {
        let key = format!("time.edges[{place}]");
        let edge = period(scalar).map_err(|message| Fault::new(&*key, message));
        let Some((edge, _)) = faults.keep(edge) else {
            continue;
        };
        if let Some(last) = edges.last().filter(|last| **last >= edge) {
            let message = format!("is {}, not after {}", said(edge), said(*last));
            faults.add(Fault::new(key, message));
        }
        edges.push(edge);
    }
    if written.len() < 2 || written.len() > MOST {
        let message = format!("has {} edges; give 2 to {MOST}", written.len());
        faults.add(Fault::new("time.edges", message));
    }
    (faults.len() == before).then_some(edges)
}

/// Edges from one moment to another: at both, and where a period ends between them.
fn regular(
    every: &str,
    [from, to]: [Option<NaiveDateTime>; 2],
) -> Result<Vec<NaiveDateTime>, String> {
    let from = from.unwrap_or_else(|| start_of(*YEARS.start()));
    let to = to.unwrap_or_else(|| start_of(*YEARS.end() + 1));
    let stride = Stride::of(every)?;
    let mut edges = vec![from];
    for number in 1.. {
        let Some(edge) = stride.edge(from, number).filter(|edge| *edge < to) else {
            break;
        };
        edges.push(edge);
        if edges.len() > MOST {
            return Err(format!(
                "'{every}' makes more than {MOST} steps from {} to {}; give from and to that are nearer, or \
                 longer steps",
                said(from),
                said(to)
            ));
        }
    }
    edges.push(to);
    Ok(edges)
}

/// How far it is from an edge to the next.
#[derive(Debug, PartialEq)]
enum Stride {
    /// Calendar periods of so many months, the first of which begins in this month of the year, counted from 0.
    Calendar { months: u32, first: u32 },
    /// Months, then seconds, from the first edge on.
    Duration { months: u32, seconds: i64 },
}

impl Stride {
    fn of(every: &str) -> Result<Self, String> {
        let calendar = |months, first| Ok(Self::Calendar { months, first });
        match every {
            "year" => calendar(12, 0),
            // Three months each from December on: winter has the year of its January.
            "season" => calendar(3, 11),
            "month" => calendar(1, 0),
            duration => {
                let (months, seconds) = iso_duration(duration).ok_or_else(|| {
                    format!(
                        "'{duration}' is none of year, season, month, cycle, rgt, region, or a duration of ISO \
                         8601 such as P7D, P1M or PT6H"
                    )
                })?;
                Ok(Self::Duration { months, seconds })
            }
        }
    }

    /// The edge of this number after the first, counted from 1.
    fn edge(&self, from: NaiveDateTime, number: u32) -> Option<NaiveDateTime> {
        match *self {
            Self::Calendar { months, first } => {
                let month = from.month0() + 12 - first;
                let into = month % months;
                let start = NaiveDate::from_ymd_opt(from.year(), from.month(), 1)?;
                let next = (months - into).checked_add(months.checked_mul(number - 1)?)?;
                let edge = start.checked_add_months(Months::new(next))?;
                Some(edge.and_time(chrono::NaiveTime::MIN))
            }
            Self::Duration { months, seconds } => {
                let months = Months::new(months.checked_mul(number)?);
                let seconds = seconds.checked_mul(i64::from(number))?;
                let days = Days::new((seconds / 86_400).cast_unsigned());
                from.checked_add_months(months)?
                    .checked_add_days(days)?
                    .checked_add_signed(TimeDelta::try_seconds(seconds % 86_400)?)
            }
        }
    }
}

/// Months and seconds of a duration, one of them at least; whole numbers only.
fn iso_duration(text: &str) -> Option<(u32, i64)> {
    let rest = text.strip_prefix('P')?;
    let (dates, times) = match rest.split_once('T') {
        Some((dates, times)) if !times.is_empty() => (dates, times),
        Some(_) => return None,
        None => (rest, ""),
    };
    let (mut months, mut seconds): (u32, i64) = (0, 0);
    for (mut rest, mut units, in_time) in [(dates, "YMWD", false), (times, "HMS", true)] {
        while !rest.is_empty() {
            let end = rest.find(|c: char| !c.is_ascii_digit())?;
            let number: u32 = rest[..end].parse().ok()?;
            let unit = rest[end..].chars().next()?;
            // Each once, and in this order.
            units = &units[units.find(unit)? + 1..];
            match (unit, in_time) {
                ('Y', _) => months = months.checked_add(number.checked_mul(12)?)?,
                ('M', false) => months = months.checked_add(number)?,
                (unit, _) => {
                    let of_unit = match unit {
                        'W' => 7 * 86_400,
                        'D' => 86_400,
                        'H' => 3_600,
                        'M' => 60,
                        _ => 1,
                    };
                    let more = i64::from(number).checked_mul(of_unit)?;
                    seconds = seconds.checked_add(more)?;
                }
            }
            rest = &rest[end + unit.len_utf8()..];
        }
    }
    (months > 0 || seconds > 0).then_some((months, seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::shapes::RawScalar;

    fn moment(text: &str) -> NaiveDateTime {
        period(&RawScalar::Text(text.to_owned())).unwrap().0
    }

    fn edges(every: &str, from: &str, to: &str) -> Vec<String> {
        let edges = regular(every, [Some(moment(from)), Some(moment(to))]).unwrap();
        edges.iter().map(|edge| shown(&seconds(*edge))).collect()
    }

    #[test]
    fn edges_are_where_calendars_have_them_and_at_both_ends() {
        assert_eq!(
            edges("month", "2019-11-10", "2020-02-01"),
            ["2019-11-10", "2019-12-01", "2020-01-01", "2020-02-01"]
        );
        assert_eq!(
            edges("year", "2019-07", "2021-07"),
            ["2019-07-01", "2020-01-01", "2021-01-01", "2021-07-01"]
        );
        // December begins a season, whatever its year.
        assert_eq!(
            edges("season", "2018-12", "2020-01"),
            [
                "2018-12-01",
                "2019-03-01",
                "2019-06-01",
                "2019-09-01",
                "2019-12-01",
                "2020-01-01"
            ]
        );
        assert_eq!(
            edges("season", "2019-01-15", "2019-04"),
            ["2019-01-15", "2019-03-01", "2019-04-01"]
        );
    }

    #[test]
    fn durations_count_from_the_first_edge() {
        assert_eq!(
            edges("P7D", "2019-02-20", "2019-03-10"),
            ["2019-02-20", "2019-02-27", "2019-03-06", "2019-03-10"]
        );
        // The end of a month that is shorter, and no drift from there on.
        assert_eq!(
            edges("P1M", "2019-01-31", "2019-05-01"),
            [
                "2019-01-31",
                "2019-02-28",
                "2019-03-31",
                "2019-04-30",
                "2019-05-01"
            ]
        );
        assert_eq!(
            edges("PT12H", "2019-01-01", "2019-01-02"),
            ["2019-01-01", "2019-01-01T12:00:00Z", "2019-01-02"]
        );
        let all = regular("year", [None, None]).unwrap();
        assert_eq!((all.len(), seconds(all[0])), (84, 0.0));
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in [
            "P", "PT", "P0D", "P1H", "7D", "P1DT", "P1D2M", "PT1D", "P-1D", "P1.5D", "day", "Month",
        ] {
            assert!(Stride::of(text).is_err(), "{text}");
        }
        assert_eq!(
            iso_duration("P1Y2M3W4DT5H6M7S"),
            Some((14, (21 + 4) * 86_400 + 18_367))
        );
        let error = regular("PT1S", [None, None]).unwrap_err();
        assert!(error.contains("more than 65536 steps"), "{error}");
    }
}
