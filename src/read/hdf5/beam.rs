//! Which beam of the laser made a ground track, by what the granule says of it.
//!
//! On the line: `track.rs` asks, where a config chooses beams. ATLAS has six beams, named by their spots: odd ones are
//! strong. Granules say the beam of a ground track in attributes (`atlas_beam_type`, `atlas_spot_number`); of others it
//! follows from the orientation of the spacecraft, which turns about twice a year (ATL03 data dictionary, release 006,
//! `gtx` and `orbit_info/sc_orient`; ATBD of ATL03, section 7.5).

use super::attributes::text;
use super::file::GranuleFile;
use super::ground_track::{Beam, GroundTrackStatus};
use super::identity::numbers;
use crate::Result;
use crate::config::{BeamChoice, Beams};

/// Where the orientation is: 0 backward, 1 forward, 2 in transition.
const ORIENTATION: &str = "/orbit_info/sc_orient";

/// The beam of a ground track, whose group is at `group`, and whether it is read: why not, where it is not.
///
/// # Errors
/// Nothing tells the beam; what tells it contradicts itself; a spacecraft that turns, unless that is to be left out.
pub(super) fn chosen(
    granule: &GranuleFile,
    beams: &Beams,
    (name, group): (&str, &str),
) -> Result<(Option<Beam>, Option<GroundTrackStatus>)> {
    if let BeamChoice::Tracks(tracks) = &beams.choice {
        // Chosen by name; what beam it is of is said where that is known.
        let by_attributes = of_attributes(granule, name, group).ok().flatten();
        let beam = by_attributes.or_else(|| of_orientation(granule, beams, name).ok().flatten());
        let is_chosen = tracks.iter().any(|track| track == name);
        return Ok((beam, (!is_chosen).then_some(GroundTrackStatus::OtherBeam)));
    }
    let found = match of_attributes(granule, name, group)? {
        // Spots are more than strong or weak.
        Some(beam) if beam.spot.is_none() && matches!(beams.choice, BeamChoice::Spots(_)) => {
            of_orientation(granule, beams, name)?.map(|by_turn| (beam, by_turn)).map(|(own, turn)| {
                if own.strong == turn.strong {
                    Ok(turn)
                } else {
                    Err(granule.error(format!(
                        "{name} is {} by its atlas_beam_type and {} by {ORIENTATION}; leave the granule out, or \
                         choose ground tracks with groups in place of beams",
                        own.kind(),
                        turn.kind()
                    )))
                }
            })
        }
        Some(beam) => Some(Ok(beam)),
        None => of_orientation(granule, beams, name)?.map(Ok),
    };
    let Some(beam) = found.transpose()? else {
        return Ok((None, Some(GroundTrackStatus::InTransition)));
    };
    let is_chosen = match &beams.choice {
        BeamChoice::Strong => beam.strong,
        BeamChoice::Weak => !beam.strong,
        BeamChoice::Tracks(_) => true,
        BeamChoice::Spots(spots) => beam.spot.is_some_and(|spot| spots.contains(&spot)),
    };
    let why_not = (!is_chosen).then_some(GroundTrackStatus::OtherBeam);
    Ok((Some(beam), why_not))
}

/// By attributes of the ground track.
fn of_attributes(granule: &GranuleFile, name: &str, group: &str) -> Result<Option<Beam>> {
    let Some(track) = granule.find_group(group)? else {
        return Ok(None);
    };
    let refused = |attribute: &str, value: &str, wanted: &str| {
        granule.error(format!(
            "attribute {attribute} of {name} is '{value}', and {wanted} is expected; choose ground tracks with \
             groups in place of beams"
        ))
    };
    let strong = match text(&track, "atlas_beam_type") {
        None => None,
        Some(kind) if kind.eq_ignore_ascii_case("strong") => Some(true),
        Some(kind) if kind.eq_ignore_ascii_case("weak") => Some(false),
        Some(kind) => return Err(refused("atlas_beam_type", &kind, "strong or weak")),
    };
    let spot = match text(&track, "atlas_spot_number") {
        None => None,
        Some(number) => {
            let spot = number.parse().ok().filter(|spot| (1..=6).contains(spot));
            Some(spot.ok_or_else(|| refused("atlas_spot_number", &number, "1 to 6"))?)
        }
    };
    let of_spot = spot.map(is_strong);
    if let (Some(one), Some(other), Some(spot)) = (strong, of_spot, spot)
        && one != other
    {
        let kind = if one { "strong" } else { "weak" };
        return Err(granule.error(format!(
            "{name} is {kind} by its atlas_beam_type and of spot {spot} by its atlas_spot_number, which is not; \
             leave the granule out, or choose ground tracks with groups in place of beams"
        )));
    }
    let by = match strong {
        Some(_) => "atlas_beam_type",
        None => "atlas_spot_number",
    };
    Ok(strong.or(of_spot).map(|strong| Beam { strong, spot, by }))
}

/// By the orientation; `None` where the spacecraft turns, and that is to be left out.
fn of_orientation(granule: &GranuleFile, beams: &Beams, name: &str) -> Result<Option<Beam>> {
    let remedy = "choose ground tracks with groups in place of beams";
    let orientation = numbers(granule, ORIENTATION).unwrap_or_default();
    let forward = match orientation[..] {
        [0] => false,
        [1] => true,
        [] => {
            return Err(granule.error(format!(
                "nothing tells which beam {name} is of: it has neither atlas_beam_type nor atlas_spot_number, and \
                 the granule no {ORIENTATION}; {remedy}"
            )));
        }
        _ if beams.exclude_transition => return Ok(None),
        _ => {
            return Err(granule.error(format!(
                "{ORIENTATION} is {orientation:?}: the spacecraft turns (2) or does so within the granule, and {name} \
                 changes its beam; leave such ground tracks out with transition: exclude, or {remedy}"
            )));
        }
    };
    spot(name, forward).map_or_else(
        || {
            Err(granule.error(format!(
                "nothing tells which beam {name} is of: it has neither atlas_beam_type nor atlas_spot_number, and \
                 is none of gt1l to gt3r; {remedy}"
            )))
        },
        |spot| {
            Ok(Some(Beam {
                strong: is_strong(spot),
                spot: Some(spot),
                by: "sc_orient",
            }))
        },
    )
}

/// The spot of a ground track: flying forward, they are counted from the right.
fn spot(name: &str, forward: bool) -> Option<u8> {
    let tracks = ["gt1l", "gt1r", "gt2l", "gt2r", "gt3l", "gt3r"];
    let place = tracks.iter().position(|track| *track == name)? as u8;
    Some(if forward { 6 - place } else { place + 1 })
}

fn is_strong(spot: u8) -> bool {
    spot % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strong_beams_are_on_the_right_flying_forward_and_on_the_left_backward() {
        for (name, forward, expected) in [
            ("gt1l", true, 6),
            ("gt1r", true, 5),
            ("gt2r", true, 3),
            ("gt3r", true, 1),
            ("gt1l", false, 1),
            ("gt1r", false, 2),
            ("gt2l", false, 3),
            ("gt3r", false, 6),
        ] {
            assert_eq!(spot(name, forward), Some(expected), "{name} {forward}");
            assert_eq!(
                is_strong(expected),
                name.ends_with('r') == forward,
                "{name}"
            );
        }
        assert_eq!(spot("profile_1", true), None);
    }
}
