//! `icefold devices --measure`: one job on the CPU and on the CUDA device in turns, and what that says of this machine,
//! kept for runs that name no device.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use serde_json::{Value, json};

use crate::backend::choose::{Measured, measured, remember};
use crate::backend::{DeviceChoice, cuda};
use crate::config;
use crate::error::{Error, Result};
use crate::run::{Answer, Granules, Verify};

use super::args::ProgressArg;
use super::machine::{cache, threads};
use super::out::{note, print, print_json};
use super::progress::Progress;

/// Turns of each; the faster one counts.
const TURNS: usize = 2;
/// Seconds on the CPU below which a job says little.
const LITTLE: f64 = 1.0;

/// What is measured.
pub struct Measure<'a> {
    pub config: &'a str,
    pub granules: &'a [PathBuf],
    pub threads: Option<u16>,
    pub json: bool,
}

impl Measure<'_> {
    pub fn execute(&self, interrupted: Arc<AtomicBool>) -> Result<u8> {
        let folder = cache().ok_or_else(|| {
            Error::argument(
                "there is no folder for what is measured; name one in XDG_CACHE_HOME, or a home in HOME",
            )
        })?;
        let started = Instant::now();
        let index = usable()?;
        let looked = started.elapsed().as_secs_f64();
        let answers = self.answers(index, interrupted)?;
        let (measured, shares) = self.measured((index, looked), &answers)?;
        let file = remember(&folder, measured.clone())?;
        if measured.host_seconds < LITTLE {
            note(format_args!(
                "note: the CPU took {:.2} s, which says little; granules that take seconds say more",
                measured.host_seconds
            ));
        }
        if self.json {
            print_json(&json!({"measured": measured, "photons_there": shares, "file": file}))?;
            return Ok(0);
        }
        print(&format!(
            "{}, {} threads, {} photons\nthe CPU took {:.2} s, {:.2} times what was recorded of another machine\nthe device \
             took {:.2} s, {:.2} times, and {:.2} s to open\nkept in {}",
            measured.device,
            measured.threads,
            measured.photons,
            measured.host_seconds,
            measured.host_factor,
            measured.device_seconds,
            measured.device_factor,
            measured.open_seconds,
            file.display()
        ))?;
        Ok(0)
    }

    /// The CPU and the device in turns, the same bits.
    fn answers(&self, index: usize, interrupted: Arc<AtomicBool>) -> Result<Vec<Answer>> {
        let progress = Progress::new(ProgressArg::Auto, interrupted);
        let name = format!("cuda:{index}");
        let choice = name
            .parse::<DeviceChoice>()
            .map_err(|message| Error::device(name.clone(), message))?;
        let granules = Granules::named(self.granules);
        let mut verify = Verify::new(config::load(self.config)?, granules)
            .threads(threads(self.threads))
            .watch(&progress);
        for _ in 0..TURNS {
            verify = verify
                .on("cpu", DeviceChoice::Cpu)
                .on(name.clone(), choice.clone());
        }
        let verified = verify.execute()?;
        if let Some(first) = verified.differences.first() {
            return Err(Error::mismatch(format!(
                "nothing is kept, as {first}; this is a defect of icefold or of the device, please report it"
            )));
        }
        Ok(verified.answers)
    }

    fn measured(
        &self,
        (index, looked): (usize, f64),
        answers: &[Answer],
    ) -> Result<(Measured, u64)> {
        let least = |answers: &mut dyn Iterator<Item = &Answer>| {
            let seconds = answers.map(|answer| answer.seconds);
            seconds.fold(f64::INFINITY, f64::min)
        };
        let (host, device) = (&answers[0], &answers[1]);
        let number = |answer: &Answer, key: &str| answer.details.get(key).and_then(Value::as_f64);
        let stretches = device.details.get("stretches").unwrap_or(&Value::Null);
        let there = stretches["photons"].as_u64().unwrap_or(0);
        let (Some(host_said), Some(device_said)) = (
            number(host, "expected_seconds"),
            number(device, "expected_seconds").filter(|_| there > 0),
        ) else {
            let reasons = stretches["host"].as_object();
            let why = reasons.and_then(|reasons| reasons.keys().next());
            return Err(Error::argument(format!(
                "nothing was measured: the device decodes no photon of this job by itself ({}); measure with a config whose \
                 columns are datasets, such as atl03",
                why.map_or("nothing was read", |why| why)
            )));
        };
        let open = looked + number(device, "open_seconds").unwrap_or(0.0);
        let took = (
            [least(&mut answers.iter().step_by(2)), host_said],
            [least(&mut answers.iter().skip(1).step_by(2)), device_said],
        );
        let read = stretches["host"].as_object().into_iter().flatten();
        let read: u64 = read.filter_map(|(_, photons)| photons.as_u64()).sum();
        let measured = measured(index, (threads(self.threads), there + read), open, took)?;
        Ok((measured, there))
    }
}

/// The first device that can be used.
fn usable() -> Result<usize> {
    let found = cuda::find();
    if let Some(why) = &found.why_not {
        return Err(Error::device("cuda", why.clone()));
    }
    let mut devices = found.devices.iter();
    let usable = devices.find(|device| device.unusable.is_none());
    let usable = usable.ok_or_else(|| Error::device("cuda", "no device can be used"))?;
    Ok(usable.index)
}
