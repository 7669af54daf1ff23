//! What an index says of one granule.
//!
//! Beside the line: `look.rs` makes it, `judge.rs` asks it, `arrays.rs` is how it is stored.

/// A granule, as it was when it was looked at.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Entry {
    /// The file's name.
    pub name: String,
    /// A URL without what is secret, or the path from the folder of the index.
    pub address: String,
    pub bytes: u64,
    /// Nanoseconds from 1970 to its last change; 0 where that is not known.
    pub modified: u64,
    pub etag: Option<String>,
    /// `ATL06`, by the granule's own word or its name.
    pub product: Option<String>,
    /// `006` and `01`, by its name.
    pub release: Option<String>,
    pub version: Option<String>,
    /// From when to when photons are by its own word, in seconds since 2018-01-01, with a minute at both ends.
    pub span: Option<[f64; 2]>,
    /// The same two moments in its own words, in UTC as ISO 8601 has them: as a shard map says them.
    pub utc: Option<[String; 2]>,
    /// Path template of the times whose first and last value in each ground track lie within that.
    pub times: Option<String>,
    /// Path templates of the positions that the footprint is of.
    pub latitude: String,
    pub longitude: String,
    /// Ground tracks that were looked for.
    pub tracks: Vec<IndexedTrack>,
    /// Cells with a photon whose coordinates are valid, ascending.
    pub cells: Vec<CellRun>,
    /// Bytes of its structure that are kept, before they are compressed; 0 where none are.
    pub kept_bytes: u64,
    /// CRC-32C of what is kept, as it is stored.
    pub kept_crc32c: u32,
}

/// A ground track of a granule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedTrack {
    pub name: String,
    /// Rows of positions; `None` where the granule has no such ground track.
    pub rows: Option<u64>,
}

/// Cells that follow one another and have photons of the same ground tracks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CellRun {
    /// NESTED id.
    pub first: u64,
    pub count: u32,
    /// Bit k stands for ground track k.
    pub tracks: u32,
}

impl Entry {
    /// Rows of all ground tracks.
    pub fn rows(&self) -> u64 {
        let rows = self.tracks.iter().filter_map(|track| track.rows);
        rows.fold(0, u64::saturating_add)
    }

    /// CRC-32C over all of it.
    pub fn checksum(&self) -> u32 {
        let mut bytes = Vec::with_capacity(256 + 16 * self.cells.len());
        let text = |bytes: &mut Vec<u8>, text: Option<&str>| {
            // No text is as long as that.
            let length = text.map_or(u64::MAX, |text| text.len() as u64);
            bytes.extend(length.to_le_bytes());
            bytes.extend_from_slice(text.unwrap_or_default().as_bytes());
        };
        for said in [&self.name, &self.address, &self.latitude, &self.longitude] {
            text(&mut bytes, Some(said));
        }
        for said in [
            &self.etag,
            &self.product,
            &self.release,
            &self.version,
            &self.times,
        ] {
            text(&mut bytes, said.as_deref());
        }
        for place in 0..2 {
            let said = self.utc.as_ref().map(|utc| &*utc[place]);
            text(&mut bytes, said);
        }
        for track in &self.tracks {
            text(&mut bytes, Some(&track.name));
            bytes.extend(track.rows.unwrap_or(u64::MAX).to_le_bytes());
        }
        let [from, to] = self
            .span
            .map_or([u64::MAX; 2], |span| span.map(f64::to_bits));
        let counts = [self.tracks.len() as u64, self.cells.len() as u64];
        for number in [self.bytes, self.modified, from, to, self.kept_bytes] {
            bytes.extend(number.to_le_bytes());
        }
        for number in counts {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(self.kept_crc32c.to_le_bytes());
        for run in &self.cells {
            bytes.extend(run.first.to_le_bytes());
            bytes.extend(run.count.to_le_bytes());
            bytes.extend(run.tracks.to_le_bytes());
        }
        crc32c::crc32c(&bytes)
    }
}

/// Runs of cells, each of which is given with its ground tracks, ascending.
pub(super) fn runs(cells: impl IntoIterator<Item = (u64, u32)>) -> Vec<CellRun> {
    let mut runs: Vec<CellRun> = Vec::new();
    for (cell, tracks) in cells {
        match runs.last_mut() {
            Some(last)
                if last.tracks == tracks
                    && last.first + u64::from(last.count) == cell
                    && last.count < u32::MAX =>
            {
                last.count += 1;
            }
            _ => runs.push(CellRun {
                first: cell,
                count: 1,
                tracks,
            }),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_the_same_ground_tracks_are_one_run() {
        let found = runs([(3, 1), (4, 1), (5, 3), (6, 3), (8, 3)]);
        let run = |first, count, tracks| CellRun {
            first,
            count,
            tracks,
        };
        assert_eq!(found, [run(3, 2, 1), run(5, 2, 3), run(8, 1, 3)]);
        assert!(runs([]).is_empty());
    }

    #[test]
    fn every_part_of_an_entry_changes_its_checksum() {
        let plain = Entry {
            name: "a.h5".to_owned(),
            address: "a.h5".to_owned(),
            bytes: 7,
            tracks: vec![IndexedTrack {
                name: "gt1l".to_owned(),
                rows: Some(3),
            }],
            cells: runs([(5, 1)]),
            ..Entry::default()
        };
        let changes: [fn(&mut Entry); 15] = [
            |e| e.name.push('x'),
            |e| e.address.push('x'),
            |e| e.bytes += 1,
            |e| e.modified += 1,
            |e| e.etag = Some(String::new()),
            |e| e.product = Some("ATL06".to_owned()),
            |e| e.release = Some("006".to_owned()),
            |e| e.span = Some([0.0, 1.0]),
            |e| e.utc = Some([String::new(), String::new()]),
            |e| e.times = Some("t".to_owned()),
            |e| e.latitude.push('x'),
            |e| e.tracks[0].rows = None,
            |e| e.cells[0].count += 1,
            |e| e.kept_bytes += 1,
            |e| e.kept_crc32c += 1,
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let mut changed = plain.clone();
            change(&mut changed);
            assert_ne!(changed.checksum(), plain.checksum(), "{number}");
        }
    }
}
