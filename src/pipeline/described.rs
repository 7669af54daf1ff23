//! A plan in words, for a run that is shown and not done.
//!
//! Beside the line.

use crate::plan::Plan;

/// Granules and how many there are to read, for a plan that is shown but not run.
pub fn describe(plan: &Plan) -> String {
    let granules = plan.granules.len();
    let plural = if granules == 1 { "" } else { "s" };
    let mut text = format!("{granules} granule{plural} to read");
    if let Some(wanted) = &plan.wanted {
        let (map, range, of) = (wanted.map.display(), &wanted.range, wanted.of);
        text.push_str(&format!(
            ", shards {}..{} of {of} in {map}",
            range.start, range.end
        ));
    }
    for left_out in &plan.superseded {
        text.push_str(&format!(
            "\n  left out: {} (superseded by {})",
            left_out.granule.display(),
            left_out.by.display()
        ));
    }
    text
}
