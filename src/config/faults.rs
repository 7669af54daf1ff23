//! Everything that is wrong with a configuration, each with its place, shown at once.
//!
//! Used by every step of parsing. A value that cannot be read leaves a gap; what goes wrong only because of
//! the gap is no fault of its own and is not shown.

use std::collections::{BTreeMap, BTreeSet};

/// Faults shown at most; a file with more has a common cause.
const MOST_SHOWN: usize = 20;
/// Faults after which no others are looked for.
const MOST_FOUND: usize = 1000;

/// Line and column, both from 1.
pub(super) type Place = (u64, u64);
/// The place of what stands in no text, as a change said it.
pub(super) const NOWHERE: Place = (0, 0);

/// What is wrong with the value at a key's path, e.g. `output.grid.parent_order`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub path: String,
    pub message: String,
    /// Where it is known better than by the path.
    pub place: Option<Place>,
}

impl Fault {
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            message: message.into(),
            place: None,
        }
    }

    pub fn at(place: Place, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            place: Some(place),
            ..Self::new(path, message)
        }
    }
}

/// Where each key and value stands in the text.
#[derive(Debug, Default)]
pub(super) struct Places {
    by_path: BTreeMap<String, Place>,
}

impl Places {
    /// Notes a key, or a value that has no key in front.
    pub fn note(&mut self, path: &str, place: Place) {
        self.by_path.entry(path.into()).or_insert(place);
    }

    /// Notes the scalar of a key, whose place is better than the key's.
    pub fn note_scalar(&mut self, path: &str, place: Place) {
        self.by_path.insert(path.into(), place);
    }

    /// Where a key stands.
    pub fn at(&self, path: &str) -> Option<Place> {
        self.by_path.get(path).copied()
    }

    /// Of a value that a change said: nothing at this path or below it stands in the text.
    pub fn forget(&mut self, path: &str) {
        let within = |noted: &str| {
            let rest = noted.strip_prefix(path);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        for (noted, place) in &mut self.by_path {
            if within(noted) {
                *place = NOWHERE;
            }
        }
        self.by_path.insert(path.into(), NOWHERE);
    }

    /// The fault's own place, or that of the nearest enclosing key that the text has.
    fn of(&self, fault: &Fault) -> Option<Place> {
        if fault.place.is_some() {
            return fault.place;
        }
        let mut path = fault.path.as_str();
        loop {
            match self.by_path.get(path) {
                Some(place) => return Some(*place),
                None if path.is_empty() => return None,
                None => path = parent(path),
            }
        }
    }
}

/// The path of what holds the value at `path`.
fn parent(path: &str) -> &str {
    path.rfind(['.', '[']).map_or("", |end| &path[..end])
}

/// A message behind its place and the path that it is about.
pub(super) fn located(place: Option<Place>, path: &str, message: &str) -> String {
    let place = place.filter(|place| *place != NOWHERE);
    let place = place.map_or(String::new(), |(line, column)| {
        format!("line {line}, column {column}: ")
    });
    if path.is_empty() {
        format!("{place}{message}")
    } else {
        format!("{place}{path}: {message}")
    }
}

/// Everything that is wrong so far.
#[derive(Debug, Default)]
pub(super) struct Faults {
    found: Vec<Fault>,
    holes: BTreeSet<String>,
}

impl Faults {
    pub fn len(&self) -> usize {
        self.found.len()
    }

    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Adds a fault, unless it is about a value that could not be read and is known to be wrong.
    pub fn add(&mut self, fault: Fault) {
        if !self.covered(&fault.path) {
            self.found.push(fault);
        }
    }

    /// Adds a fault of a value or key as it was read, before any meaning.
    pub fn add_read(&mut self, fault: Fault) {
        self.found.push(fault);
    }

    /// The value, or `None` after its fault was added.
    pub fn keep<T>(&mut self, result: Result<T, Fault>) -> Option<T> {
        result.map_err(|fault| self.add(fault)).ok()
    }

    /// The value at this path could not be read; whether that is new.
    pub fn leave_hole(&mut self, path: impl Into<String>) -> bool {
        self.holes.insert(path.into())
    }

    /// The value at exactly this path could not be read.
    pub fn is_hole(&self, path: &str) -> bool {
        self.holes.contains(path)
    }

    /// The value at this path, or one that holds it, could not be read.
    pub fn covered(&self, path: &str) -> bool {
        let mut path = path;
        loop {
            if self.holes.contains(path) {
                return true;
            }
            if path.is_empty() {
                return false;
            }
            path = parent(path);
        }
    }

    /// Something at this path, in it or around it could not be read.
    pub fn hole_in(&self, path: &str) -> bool {
        let below = |hole: &String| {
            let rest = hole.strip_prefix(path);
            rest.is_some_and(|rest| rest.starts_with(['.', '[']))
        };
        self.covered(path) || self.holes.iter().any(below)
    }

    /// There are so many that no more are looked for.
    pub fn are_enough(&self) -> bool {
        self.found.len() > MOST_FOUND
    }

    /// All of it in the order of the text, a line each.
    pub fn message(mut self, places: &Places) -> Option<String> {
        let mut seen = BTreeSet::new();
        self.found
            .retain(|f| seen.insert((f.path.clone(), f.message.clone())));
        // What has no place stands last.
        self.found
            .sort_by_key(|fault| places.of(fault).unwrap_or((u64::MAX, 0)));
        let shown = |fault: &Fault| located(places.of(fault), &fault.path, &fault.message);
        let mut lines: Vec<String> = self.found.iter().take(MOST_SHOWN).map(shown).collect();
        if self.found.len() > MOST_SHOWN {
            lines.push(format!("and {} more", self.found.len() - MOST_SHOWN));
        }
        (!lines.is_empty()).then(|| lines.join("\n  "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_from_a_hole_is_not_added() {
        let mut faults = Faults::default();
        assert!(faults.leave_hole("a.b"));
        assert!(!faults.leave_hole("a.b"));
        for path in ["a.b", "a.b.c", "a.b[0].c"] {
            faults.add(Fault::new(path, "x"));
        }
        assert!(faults.is_empty());
        for path in ["a", "a.bc", "a.c"] {
            faults.add(Fault::new(path, "x"));
        }
        assert_eq!(faults.found.len(), 3);
        assert!(faults.hole_in("a") && faults.hole_in("a.b.c") && !faults.hole_in("a.bc"));
    }

    #[test]
    fn faults_are_shown_in_the_order_of_the_text_and_not_without_end() {
        let mut faults = Faults::default();
        for line in (1..=25).rev() {
            faults.add(Fault::at((line, 1), "", format!("fault {line}")));
        }
        faults.add(Fault::at((1, 1), "", "fault 1"));
        let text = faults.message(&Places::default()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "line 1, column 1: fault 1");
        assert_eq!(lines[19], "  line 20, column 1: fault 20");
        assert_eq!(lines[20..], ["  and 5 more"]);
    }
}
