//! What is told of a plan and of a run that has ended.

use std::collections::BTreeMap;
use std::path::Path;

use crate::config::Config;
use crate::photon::Counts;
use crate::pipeline::Tally;
use crate::plan::{Indexed, Plan};
use crate::read::{
    GranuleReport, GroundTrackReport, OUTSIDE_GRID, OUTSIDE_REGION, OUTSIDE_SHARDS, UNLISTED_SHARD,
};
use crate::watch::{Note, Watch};

/// Rows that were left out, of which so many are told one by one.
const ROWS: usize = 10;

/// Keys of a config that change nothing.
pub fn of_config(config: &Config, watch: &dyn Watch) {
    if !config.idle.is_empty() {
        watch.note(Note::WithoutEffect {
            config: config.name.clone(),
            keys: config.idle.clone(),
        });
    }
}

/// What becomes of files that are not read, or read beside others of their granule.
pub fn of_plan(plan: &Plan, watch: &dyn Watch) {
    for left_out in &plan.superseded {
        watch.note(Note::Superseded {
            granule: left_out.granule.clone(),
            by: left_out.by.clone(),
            why: left_out.why,
        });
    }
    for paths in plan.parts.iter().cloned() {
        watch.note(Note::Parts { paths });
    }
    let mut by_reason: BTreeMap<&str, Vec<&Path>> = BTreeMap::new();
    for skipped in &plan.skipped {
        let paths = by_reason.entry(&skipped.reason).or_default();
        paths.push(&skipped.path);
    }
    for (reason, paths) in by_reason {
        watch.note(Note::NotRead {
            first: paths[0].to_path_buf(),
            more: paths.len() - 1,
            reason: reason.to_owned(),
        });
    }
    if plan.not_data > 0 {
        watch.note(Note::NotData {
            files: plan.not_data,
        });
    }
}

/// What an index spared, and what of it is no longer so.
pub fn of_index(indexed: &Indexed, watch: &dyn Watch) {
    if indexed.changed > 0 {
        watch.note(Note::IndexedBefore {
            index: indexed.index.clone(),
            changed: indexed.changed,
        });
    }
    if indexed.outside_region + indexed.outside_time > 0 {
        watch.note(Note::Spared {
            index: indexed.index.clone(),
            outside_region: indexed.outside_region,
            outside_time: indexed.outside_time,
        });
    }
}

/// What was odd, or left out.
pub fn of_tally(tally: &Tally, watch: &dyn Watch) {
    for what in tally.notes.iter().cloned() {
        watch.note(Note::Odd { what });
    }
    for failed in &tally.failed {
        watch.note(Note::LeftOut {
            reason: failed.reason.clone(),
        });
    }
    let not_read = |granule: &&GranuleReport| {
        let mut tracks = granule.ground_tracks.iter();
        tracks.any(GroundTrackReport::is_left_out)
    };
    let empty = tally.granules.iter().filter(|g| g.counts.read == 0);
    for empty in empty.filter(|granule| !not_read(granule)) {
        watch.note(Note::NoPhotons {
            granule: empty.name.clone(),
        });
    }
    for granule in &tally.granules {
        for what in granule.warnings.iter().cloned() {
            watch.note(Note::OddGranule { what });
        }
        if let Some(&photons) = granule.counts.rejected.get(UNLISTED_SHARD) {
            watch.note(Note::Unlisted {
                granule: granule.name.clone(),
                photons,
            });
        }
    }
    for row in tally.rows.iter().take(ROWS) {
        watch.note(Note::RowLeftOut {
            granule: row.granule.clone(),
            row: row.to_string(),
        });
    }
    if tally.rejected_rows > ROWS as u64 {
        watch.note(Note::MoreRowsLeftOut {
            rows: tally.rejected_rows - ROWS as u64,
        });
    }
}

/// That no photon was kept, and the reason that took most.
pub fn nothing_kept(counts: &Counts) -> Note {
    // Photons elsewhere are meant to be left out; what took those inside is the reason, and where none is inside, the
    // region.
    let rejected = &counts.rejected;
    let elsewhere = |why: &str| [OUTSIDE_SHARDS, OUTSIDE_REGION, OUTSIDE_GRID].contains(&why);
    let some_inside = rejected
        .keys()
        .any(|why| !elsewhere(why) && why != "bad_coordinate");
    let inside = rejected
        .iter()
        .filter(|(why, _)| *why != OUTSIDE_SHARDS && !(some_inside && elsewhere(why)));
    let most = inside.max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
    let most = most.or_else(|| counts.rejected.iter().next());
    Note::NothingKept {
        read: counts.read,
        most: most.map(|(reason, &photons)| (reason.clone(), photons)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_that_took_most_is_named_and_photons_elsewhere_are_none() {
        let mut counts = Counts {
            read: 150,
            ..Counts::default()
        };
        let why = |counts: &Counts| nothing_kept(counts).to_string();
        counts.reject(OUTSIDE_SHARDS, 90);
        assert!(why(&counts).contains("90 were rejected as outside_shards"));
        counts.reject("bad_coordinate", 3);
        counts.reject(OUTSIDE_REGION, 50);
        assert!(why(&counts).contains("50 were rejected as outside_region"));
        counts.reject("filter: q eq 0", 7);
        let text = why(&counts);
        assert!(
            text.contains("of 150: 7 were rejected as filter: q eq 0"),
            "{text}"
        );
        assert!(why(&Counts::default()).contains("no granule that was read has any"));
    }
}
