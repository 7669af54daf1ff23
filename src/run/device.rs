//! On which device a run goes: the one that was asked for, or the one that its granules suggest.

use crate::backend::choose::{Chosen, Question};
use crate::backend::{Device, DeviceChoice};
use crate::config::Config;
use crate::error::Result;
use crate::pipeline::{self, Survey};
use crate::watch::Note;

use super::settings::Settings;

/// The device that was asked for, open before any granule is, so that one that cannot be used is told at once; none
/// where nobody asked.
pub(super) struct Early(Option<Device>);

impl Settings<'_> {
    /// Opens the device that is asked for, if one is.
    ///
    /// # Errors
    /// It cannot be used.
    pub fn open_device(&self) -> Result<Early> {
        match &self.device {
            DeviceChoice::Auto => Ok(Early(None)),
            asked => Device::open(asked, self.threads).map(|device| Early(Some(device))),
        }
    }

    /// The device of a run: that which is open, or the one that suits what the granules hold.
    ///
    /// # Errors
    /// The CPU's threads do not start.
    pub fn settle_device(&self, early: Early, config: &Config, survey: &Survey) -> Result<Chosen> {
        if let Some(device) = early.0 {
            return Ok(Chosen::asked_for(device));
        }
        let load = survey.load_at_hand();
        let question = Question {
            job: &survey.job,
            grid: &config.grid,
            load: &load,
            why_host: pipeline::why_host(config),
            threads: self.threads,
        };
        let chosen = Chosen::of(&question, &self.guide)?;
        if chosen.is_news {
            let what = chosen.reason.clone();
            self.watch.note(Note::DeviceTaken { what });
        }
        Ok(chosen)
    }
}
