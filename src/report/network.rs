//! What reading objects took, in a run's report.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::source::Took;

/// What reading objects took, from the first request of the plan on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NetworkReport {
    pub objects: u64,
    /// Those of logging in and of being led elsewhere among them.
    pub requests: u64,
    /// Requests that were made again as an answer was lost, cut short, or asked for patience.
    pub retries: u64,
    pub bytes_received: u64,
    /// Bytes of granules that were asked for, each once.
    pub bytes_needed: u64,
}

impl NetworkReport {
    /// Nothing where no object was opened.
    pub(super) fn of(took: &Took) -> Option<Self> {
        (took.objects > 0).then_some(Self {
            objects: took.objects,
            requests: took.requests,
            retries: took.retries,
            bytes_received: took.received,
            bytes_needed: took.needed,
        })
    }
}
