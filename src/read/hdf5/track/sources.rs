//! The datasets of a ground track, each opened once however often the config uses it.
//!
//! Used by `track.rs` while a ground track is opened.

use super::{RowsOf, Source, Track, path_in};
use crate::Result;
use crate::config::{Config, Filter, Variable};
use crate::read::hdf5::columns::SourceDataset;
use crate::read::hdf5::donor::Donor;
use crate::read::hdf5::file::GranuleFile;

impl Track {
    /// The position of a dataset in `sources`; opened, with its length checked, where it is new.
    pub(super) fn add(
        &mut self,
        granule: &GranuleFile,
        template: &str,
        column: Option<usize>,
        of: RowsOf,
    ) -> Result<usize> {
        let path = path_in(template, &self.name);
        match self.known(&path, column, of) {
            // A number is needed, which text is not.
            Some(known) if self.sources[known].data.texts.is_none() => Ok(known),
            _ => self.add_opened(granule, granule.take_dataset(&path, column)?, of),
        }
    }

    /// The same of what a filter compares, which may be text.
    pub(super) fn add_compared(
        &mut self,
        granule: &GranuleFile,
        filter: &Filter,
        config: &Config,
    ) -> Result<usize> {
        let path = path_in(&filter.dataset, &self.name);
        let of = if filter.per_segment {
            RowsOf::Segments
        } else {
            RowsOf::Photons
        };
        if let Some(known) = self.known(&path, filter.column, of) {
            return Ok(known);
        }
        let same =
            |other: &&Filter| other.dataset == filter.dataset && other.column == filter.column;
        let words = config
            .filters
            .iter()
            .filter(same)
            .flat_map(|other| other.words.clone());
        let words: Vec<String> = words.collect();
        let data = SourceDataset::open_compared(granule, &path, filter.column, Some(&words))?;
        self.add_opened(granule, data, of)
    }

    fn add_opened(
        &mut self,
        granule: &GranuleFile,
        mut data: SourceDataset,
        of: RowsOf,
    ) -> Result<usize> {
        let path = data.path.clone();
        let per_segment = of == RowsOf::Segments;
        let (rows, like) = match (&self.link, per_segment, self.sources.first()) {
            (Some(link), true, _) => (link.count.rows, link.count.path.as_str()),
            (_, _, first) => (self.rows, first.map_or("", |s| s.data.path.as_str())),
        };
        if data.rows != rows {
            let like = like.rsplit('/').next().unwrap_or(like);
            let levels = &self.levels;
            let remedy = levels.remedy(granule, &self.name, data.rows, per_segment);
            return Err(granule.error(format!(
                "{path} has {} rows, {like} has {rows}; every dataset of a level needs one row per \
                 photon or geolocation segment: {remedy}",
                data.rows
            )));
        }
        data.index(granule)?;
        Ok(self.push(data, of))
    }

    /// The same for a dataset of a joined granule.
    pub(super) fn add_joined(
        &mut self,
        donor: &Donor,
        variable: &Variable,
        join: usize,
    ) -> Result<usize> {
        let data = donor.open_rows(variable, &self.joins[join])?;
        let of = RowsOf::Join(join);
        let known = self.known(&data.path, data.column, of);
        Ok(known.unwrap_or_else(|| self.push(data, of)))
    }

    fn known(&self, path: &str, column: Option<usize>, rows: RowsOf) -> Option<usize> {
        let same = |s: &Source| s.data.path == path && s.column == column && s.rows == rows;
        self.sources.iter().position(same)
    }

    fn push(&mut self, data: SourceDataset, rows: RowsOf) -> usize {
        self.sources.push(Source {
            column: data.column,
            data,
            rows,
        });
        self.sources.len() - 1
    }
}
