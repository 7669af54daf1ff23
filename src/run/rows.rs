//! Runs without a store: the cells as the rows of one file.
//!
//! Beside `direct.rs`: the same granules through the same line, and the same values; nothing but the file is written.

use std::path::Path;
use std::time::Instant;

use serde_json::{Map, Value};

use crate::error::{Error, Result, Setting, phrase};
use crate::left_out::errors_path;
use crate::pipeline::{self, Tally};
use crate::place::check_file;
use crate::store::{ContentHash, RowsFormat};
use crate::watch::Note;

use super::direct::spill_folder;
use super::session::tidy_file;
use super::{Run, Source};
use super::{notes, targets};

/// What a run without a store wrote.
#[derive(Debug)]
pub struct Rows {
    pub tally: Tally,
    /// As the store of the same run would have them.
    pub hashes: Vec<ContentHash>,
    pub content: String,
    pub cells: u64,
    pub device: &'static str,
    pub device_details: Map<String, Value>,
    pub seconds: f64,
}

impl Run<'_> {
    /// Writes the cells as the rows of a file, and no store: Parquet, Arrow IPC or CSV, as the name says.
    ///
    /// # Errors
    /// As [`execute`](Run::execute); what belongs to a store, such as overviews.
    #[doc(hidden)]
    pub fn into_rows(self, path: &Path) -> Result<Rows> {
        let started = Instant::now();
        let format = RowsFormat::of(path)?;
        let store = [
            ("a store", self.store.is_some()),
            ("a second table", self.table.is_some()),
            ("overviews", !self.overviews.is_empty()),
            ("a report", self.report.is_some()),
            ("a shard map", matches!(self.source, Source::Mapped(_))),
            ("what is left out", self.settings.tolerant),
            (
                "all cells of a region",
                self.config.cells == crate::config::CellPolicy::Region,
            ),
        ];
        if let Some((what, _)) = store.iter().find(|(_, given)| *given) {
            let message = format!("{what} goes with a store, and the rows of one file are written");
            return Err(Error::argument(message).with_remedy(phrase![
                "leave it out, or write ",
                Setting::Store.to("OUT.zarr")
            ]));
        }
        let planned = self.planned()?;
        let (config, settings) = (&planned.asked.config, &planned.asked.settings);
        let inputs = targets::inputs(&config.name, planned.plan(), None);
        check_file(path, format.artefact(), planned.asked.overwrite, &inputs)?;
        tidy_file(path, settings.watch)?;
        let early = settings.open_device()?;
        let survey = planned.survey()?;
        for what in survey.drift.iter().cloned() {
            settings.watch.note(Note::Drift { what });
        }
        let (errors, spill) = (errors_path(path), spill_folder(path));
        let options = settings.options(config, &survey, (&errors, &spill));
        let chosen = settings.settle_device(early, config, &survey)?;
        let device = &chosen.device;
        let folded = pipeline::fold(config, &survey, device, &options);
        if let Some(what) = device.warning() {
            settings.watch.note(Note::Device { what });
        }
        let (whole, tally) =
            device.install(|| pipeline::write_rows(folded?, &survey, path, &options))?;
        notes::of_tally(&tally, settings.watch);
        if tally.counts.kept == 0 {
            settings.watch.note(notes::nothing_kept(&tally.counts));
        }
        let rows = Rows {
            tally,
            hashes: whole.hashes.clone(),
            content: whole.content.clone(),
            cells: whole.cells,
            device: device.name(),
            device_details: chosen.details(&survey.job),
            seconds: started.elapsed().as_secs_f64(),
        };
        whole.publish()?;
        Ok(rows)
    }
}
