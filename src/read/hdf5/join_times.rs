//! Whether photons that are joined have the same time in both granules.
//!
//! On the line: `open_join.rs` has some geolocation segments compared before any photon is read. A photon is told by its
//! place in its geolocation segment, and that is another where the granules were made of different photons, or one was
//! cut within a segment. So the segments at both ends of every stretch without gaps are looked at, where subsets are
//! cut, and some between.

use super::columns::SourceDataset;
use super::file::GranuleFile;
use super::join::Places;
use super::link::Runs;
use super::track::path_in;
use crate::config::{Config, Join, JoinBy};
use crate::{Error, Result};

/// Seconds that two times of a photon may differ by: half of what is between two pulses of the laser (10 kHz).
const APART: f64 = 5e-5;
/// Ends of stretches that are looked at, at most.
const ENDS: usize = 64;
/// Segments between them.
const BETWEEN: usize = 6;

/// The times of photons in both granules.
#[derive(Debug)]
pub(super) struct Times {
    photons: SourceDataset,
    joined: SourceDataset,
}

impl Times {
    /// Of a ground track; `None` where nothing is to be compared, and in words why, where one of the two has no times.
    ///
    /// # Errors
    /// As [`SourceDataset::open`].
    pub fn open(
        granule: &GranuleFile,
        sibling: &GranuleFile,
        (config, join, name): (&Config, &Join, &str),
    ) -> Result<Result<Self, Option<String>>> {
        let JoinBy::Photons { segment, .. } = &join.by else {
            return Ok(Err(None));
        };
        if !join.compare_times {
            return Ok(Err(None));
        }
        let beside = |template: &str| {
            let group = template.rsplit_once('/').map_or("", |(group, _)| group);
            path_in(&format!("{group}/delta_time"), name)
        };
        let (own, other) = (beside(&config.latitude), beside(segment));
        for (granule, path) in [(granule, &own), (sibling, &other)] {
            if !granule.has(path)? {
                return Ok(Err(Some(format!(
                    "granule {} has no {path}: that photons of {name} are joined to their own rows is not looked at",
                    granule.name()
                ))));
            }
        }
        let open = |granule: &GranuleFile, path: &str| -> Result<SourceDataset> {
            let mut data = SourceDataset::open(granule, path, None)?;
            data.index(granule)?;
            Ok(data)
        };
        let times = Self {
            photons: open(granule, &own)?,
            joined: open(sibling, &other)?,
        };
        if times.photons.meaning.units != times.joined.meaning.units {
            return Ok(Err(Some(format!(
                "granule {}: {own} and {other} of {} have other units: that photons of {name} are joined to their own \
                 rows is not looked at",
                granule.name(),
                sibling.name()
            ))));
        }
        Ok(Ok(times))
    }

    pub fn datasets(&self) -> [&SourceDataset; 2] {
        [&self.photons, &self.joined]
    }

    pub fn datasets_mut(&mut self) -> [&mut SourceDataset; 2] {
        [&mut self.photons, &mut self.joined]
    }

    /// Whether rows are as many as photons, and as those that are joined.
    ///
    /// # Errors
    /// The dataset that has others.
    pub fn check_rows(&self, photons: u64, joined: u64, names: [&str; 2]) -> Result<()> {
        let all = [
            (&self.photons, photons, names[0]),
            (&self.joined, joined, names[1]),
        ];
        match all.into_iter().find(|(data, rows, _)| data.rows != *rows) {
            None => Ok(()),
            Some((data, rows, name)) => Err(Error::granule(
                name,
                format!(
                    "{} has {} rows, and {rows} are expected; fetch the granule again",
                    data.path, data.rows
                ),
            )),
        }
    }

    /// Compares some photons with their rows; `numbers` are those of the geolocation segments.
    ///
    /// # Errors
    /// Values that cannot be read. In words, a row whose time is not that of its photon.
    pub fn compare(
        &self,
        (places, runs): (&Places, &Runs),
        numbers: &[i64],
        index: &SourceDataset,
    ) -> Result<Result<(), String>> {
        for segment in chosen(places, runs, numbers) {
            let (rows, Some(run)) = (places.rows_of(segment), runs.of_segment(segment)) else {
                continue;
            };
            if rows.is_empty() || run.is_empty() {
                continue;
            }
            let (own, other) = (
                self.photons.read(run.clone())?,
                self.joined.read(rows.clone())?,
            );
            let at = index.read(rows.clone())?;
            for row in 0..(rows.end - rows.start) as usize {
                let photon = at.values.get_f64(row) - 1.0;
                // What is no photon of the segment is refused where its values are wanted.
                if !(0.0..(run.end - run.start) as f64).contains(&photon) {
                    continue;
                }
                let photon = photon as usize;
                if own.is_null(photon) || other.is_null(row) {
                    continue;
                }
                let (mine, theirs) = (own.values.get_f64(photon), other.values.get_f64(row));
                if (mine - theirs).abs() > APART {
                    return Ok(Err(format!(
                        "{} row {} is {theirs}, and the photon that it is joined to by its place in geolocation \
                         segment {} has {mine} in row {} of {}: one of the two was cut within the segment, or made of \
                         other photons; fetch both again, or say times: ignore in the join to have them joined anyway",
                        self.joined.path,
                        rows.start + row as u64,
                        numbers[segment],
                        run.start + photon as u64,
                        self.photons.path
                    )));
                }
            }
        }
        Ok(Ok(()))
    }
}

/// The geolocation segments that are looked at: the first and the last with photons of every stretch of segments without
/// gaps, and some between; of those that have rows.
fn chosen(places: &Places, runs: &Runs, numbers: &[i64]) -> Vec<usize> {
    let has_photons = |s: &usize| runs.of_segment(*s).is_some_and(|run| !run.is_empty());
    let mut ends = Vec::new();
    let mut start = 0;
    while start < numbers.len() && ends.len() < ENDS {
        let follows = |s: usize| numbers[s].checked_add(1) == Some(numbers[s + 1]);
        let end = (start..numbers.len() - 1)
            .find(|&s| !follows(s))
            .map_or(numbers.len(), |s| s + 1);
        let mut stretch = (start..end).filter(has_photons);
        ends.extend(stretch.next());
        ends.extend(stretch.next_back());
        start = end;
    }
    let has_rows = |s: &usize| !places.rows_of(*s).is_empty();
    let with_rows: Vec<usize> = (0..numbers.len()).filter(has_rows).collect();
    let step = (with_rows.len() / (BETWEEN + 1)).max(1);
    let between = with_rows
        .iter()
        .copied()
        .skip(step)
        .step_by(step)
        .take(BETWEEN);
    let mut all: Vec<usize> = ends.into_iter().filter(has_rows).chain(between).collect();
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::hdf5::join::Matching;

    #[test]
    fn both_ends_of_every_stretch_are_looked_at_and_some_between() {
        // Two stretches; the first begins and ends without photons, and the second ends without rows.
        let numbers: Vec<i64> = (100..150).chain(200..220).collect();
        let counts: Vec<i64> = (0..70)
            .map(|s| i64::from(!matches!(s, 0 | 1 | 49)))
            .collect();
        let runs = Runs::from_counts(&counts, 67).unwrap();
        let mut matching = Matching::to(&numbers, None).unwrap();
        for (segment, number) in numbers.iter().enumerate() {
            if counts[segment] > 0 && segment != 69 {
                matching.photon(*number).unwrap();
            }
        }
        let places = matching.places();
        let found = chosen(&places, &runs, &numbers);
        for end in [2, 48, 50] {
            assert!(found.contains(&end), "{end}: {found:?}");
        }
        assert!(
            found.len() == 3 + BETWEEN && !found.contains(&69),
            "{found:?}"
        );
    }
}
