//! Runs that kept no photon, which warn of the reason and have an exit code of their own.

use crate::photon::Counts;
use crate::read::OUTSIDE_SHARDS;

use super::out::note;

/// Says that no photon was kept, and the reason that took most; whether the exit code is to say so too.
pub fn nothing_kept(counts: &Counts, allowed: bool) -> bool {
    note(format_args!("warning: {}", why(counts)));
    !allowed
}

/// Says that a store of pieces has no photon; as [`nothing_kept`].
pub fn no_photon_in_pieces(pieces: usize, allowed: bool) -> bool {
    note(format_args!(
        "warning: no photon was kept in any of {pieces} pieces, and the store has no cell; the run reports \
         of the pieces say why; pass --allow-empty where that is expected"
    ));
    !allowed
}

fn why(counts: &Counts) -> String {
    let expected = "pass --allow-empty where that is expected";
    // Photons elsewhere are those of other shards; what took those inside is the reason.
    let inside = counts
        .rejected
        .iter()
        .filter(|(why, _)| *why != OUTSIDE_SHARDS);
    let most = inside.max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
    let most = most.or_else(|| counts.rejected.iter().next());
    match most {
        None => format!(
            "no photon was kept, as no granule that was read has any; check that the config fits the \
             granules, or {expected}"
        ),
        Some((reason, photons)) => format!(
            "no photon was kept of {}: {photons} were rejected as {reason}; check the config, or {expected}",
            counts.read
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_that_took_most_is_named_and_photons_elsewhere_are_none() {
        let mut counts = Counts {
            read: 100,
            ..Counts::default()
        };
        counts.reject(OUTSIDE_SHARDS, 90);
        assert!(why(&counts).contains("90 were rejected as outside_shards"));
        counts.reject("bad_coordinate", 3);
        counts.reject("filter: q eq 0", 7);
        let text = why(&counts);
        assert!(
            text.contains("of 100: 7 were rejected as filter: q eq 0"),
            "{text}"
        );
        assert!(why(&Counts::default()).contains("no granule that was read has any"));
    }
}
