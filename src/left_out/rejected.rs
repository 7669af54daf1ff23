//! Photons that are rejected one by one, for their values.
//!
//! Beside reading: the line fills it, reports, checkpoints and error tables hold it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::left_out::ErrorRow;

/// Rejected rows that a report lists one by one; all are counted.
pub const LISTED_ROWS: usize = 1000;

/// One photon that was rejected for its value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RejectedRow {
    pub granule: String,
    pub ground_track: String,
    pub row: u64,
    pub column: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    pub value: RejectedValue,
    pub detail: String,
}

/// A value as its column holds it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RejectedValue {
    Integer(i64),
    Real(f64),
}

/// The rows of one granule that were rejected one by one: all counted, the first listed.
#[derive(Debug, Default)]
pub struct RejectedRows {
    pub first: Vec<RejectedRow>,
    pub count: u64,
}

impl RejectedRows {
    /// Counts a row, and lists it where there is room.
    pub fn push(&mut self, row: RejectedRow) {
        self.count += 1;
        if self.first.len() < LISTED_ROWS {
            self.first.push(row);
        }
    }
}

impl fmt::Display for RejectedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(n) => n.fmt(f),
            Self::Real(x) => x.fmt(f),
        }
    }
}

impl RejectedRow {
    /// The row as the error table has it.
    pub fn to_error(&self) -> ErrorRow {
        let ground_track = Some(self.ground_track.clone());
        ErrorRow {
            row_id: Some(self.row),
            granule: self.granule.clone(),
            ground_track: ground_track.filter(|name| !name.is_empty()),
            stage: "fold",
            error_code: "out_of_range",
            column: Some(self.column.clone()),
            detail: format!("{} is {}", self.value, self.detail),
        }
    }
}

impl fmt::Display for RejectedRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(dataset) = &self.dataset {
            write!(f, "{dataset} row {}: ", self.row)?;
        } else {
            // A table has no ground track.
            let track = &self.ground_track;
            let space = if track.is_empty() { "" } else { " " };
            write!(f, "{track}{space}row {}: {} = ", self.row, self.column)?;
        }
        write!(f, "{} is {}", self.value, self.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejected_rows_beyond_those_listed_are_counted_and_not_kept() {
        let mut rows = RejectedRows::default();
        for row in 0..LISTED_ROWS as u64 + 5 {
            rows.push(RejectedRow {
                granule: "a.h5".to_owned(),
                ground_track: "gt1l".to_owned(),
                row,
                column: "h".to_owned(),
                dataset: None,
                value: RejectedValue::Integer(i64::MAX),
                detail: String::new(),
            });
        }
        assert_eq!((rows.first.len(), rows.count), (LISTED_ROWS, 1005));
        let text = rows.first[0].to_string();
        assert!(text.contains("9223372036854775807"), "{text}");
    }
}
