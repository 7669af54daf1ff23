//! From when and until when a config asks: what tells a granule that lies outside as a whole, and whether a shard map
//! that was made for one time serves another.
//!
//! Beside `time.rs`, whose filters it is made of.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Config, FilterOp, GranuleKind, seconds_of};

/// The time that a config bounds; of a side without a bound there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimeWindow {
    /// Path template of the times.
    dataset: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<Moment>,
}

/// A moment in UTC, and its seconds since 2018-01-01.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Moment(String, f64);

impl TimeWindow {
    /// Of a config for HDF5 granules that bounds its time. Steps of a period that goes on to where times end have no
    /// bound there.
    pub fn of(config: &Config) -> Option<Self> {
        let axis = config.axis.as_ref();
        let [first, last] = axis
            .filter(|axis| axis.numbered().is_none())
            .map_or([true, true], |axis| axis.whole);
        let compared = |op: FilterOp| {
            let of_time = config.filters.iter().filter(|f| f.moment.is_some());
            of_time.clone().find(|filter| filter.op == op)
        };
        let moment = |op: FilterOp| {
            let filter = compared(op)?;
            Some(Moment(filter.moment.clone()?, *filter.values.first()?))
        };
        let (from, to) = (
            moment(FilterOp::Ge).filter(|_| first),
            moment(FilterOp::Lt).filter(|_| last),
        );
        let is_bounded = config.granules == GranuleKind::Hdf5 && (from.is_some() || to.is_some());
        is_bounded.then(|| Self {
            dataset: (compared(FilterOp::Ge).or(compared(FilterOp::Lt)))
                .map_or_else(String::new, |filter| filter.dataset.clone()),
            from,
            to,
        })
    }

    /// Whether nothing from one moment to another, in seconds since 2018-01-01, lies within.
    pub fn lacks(&self, first: f64, last: f64) -> bool {
        let before = self.from.as_ref().is_some_and(|from| last < from.1);
        before || self.to.as_ref().is_some_and(|to| first >= to.1)
    }

    /// One that lies before all photons, by the same times.
    pub(crate) fn before_all(&self) -> Self {
        Self {
            dataset: self.dataset.clone(),
            from: None,
            to: Some(Moment(String::new(), f64::NEG_INFINITY)),
        }
    }

    /// Path template of the times.
    pub(crate) fn dataset(&self) -> &str {
        &self.dataset
    }

    /// Whether all of another lies within, by the same times.
    pub fn holds(&self, other: &Self) -> bool {
        let of = |moment: &Option<Moment>, open: f64| moment.as_ref().map_or(open, |m| m.1);
        let from = |window: &Self| of(&window.from, f64::NEG_INFINITY);
        let to = |window: &Self| of(&window.to, f64::INFINITY);
        self.dataset == other.dataset && from(self) <= from(other) && to(other) <= to(self)
    }
}

impl fmt::Display for TimeWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sides = Vec::new();
        if let Some(Moment(from, _)) = &self.from {
            sides.push(format!("from {from}"));
        }
        if let Some(Moment(to, _)) = &self.to {
            sides.push(format!("to {to}"));
        }
        write!(f, "{} by {}", sides.join(" "), self.dataset)
    }
}

impl TryFrom<String> for Moment {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        seconds_of(&text).map(|seconds| Self(text, seconds))
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> Self {
        moment.0
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::{load_with, parse_yaml};

    fn window(time: &str) -> Option<TimeWindow> {
        let config = load_with("atl03", &[]).unwrap();
        let text = format!("{}\n{time}\n", config.text);
        TimeWindow::of(&parse_yaml("a.yaml", &text).unwrap())
    }

    #[test]
    fn a_window_has_the_sides_that_a_config_bounds() {
        assert_eq!(window(""), None);
        assert_eq!(window("time: {every: month}"), None);
        assert_eq!(window("time: {every: cycle}"), None);
        let day = 86_400.0;
        let from = window("time: {from: 2018-01-11}").unwrap();
        assert!(from.lacks(0.0, 10.0 * day - 1.0) && !from.lacks(0.0, 10.0 * day));
        assert_eq!(
            window("time: {every: P7D, from: 2018-01-11}").unwrap(),
            from
        );
        assert_eq!(
            window("time: {every: rgt, from: 2018-01-11}").unwrap(),
            from
        );
        let to = window("time: {to: 2018-01-10}").unwrap();
        assert!(to.lacks(10.0 * day, 11.0 * day) && !to.lacks(9.9 * day, 11.0 * day));
        let both = window("time: {edges: [2018-01-11, 2018-01-12, 2018-01-13]}").unwrap();
        assert!(from.holds(&both) && !to.holds(&both) && !both.holds(&from));
        assert!(both.holds(&both));
        assert!(!both.lacks(0.0, 100.0 * day));
        let other = window("time: {from: 2018-01-11, dataset: '/{group}/heights/t'}").unwrap();
        assert!(!from.holds(&other));
        assert_eq!(
            both.to_string(),
            "from 2018-01-11T00:00:00Z to 2018-01-13T00:00:00Z by /{group}/heights/delta_time"
        );
    }

    #[test]
    fn a_window_is_read_as_it_is_written() {
        let window = window("time: {from: 2019.123, to: '2019-06-01T12:00:00.000001Z'}").unwrap();
        let value = json!(window);
        assert_eq!(value["to"], "2019-06-01T12:00:00.000001Z");
        assert_eq!(serde_json::from_value::<TimeWindow>(value).unwrap(), window);
        let damaged = json!({"dataset": "a", "from": "soon"});
        assert!(serde_json::from_value::<TimeWindow>(damaged).is_err());
    }
}
