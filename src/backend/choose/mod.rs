//! Which device does a job where nobody says: the host, or a CUDA device where the job will be done sooner there.
//!
//! `model.rs` tells the seconds of a job on either side from what the survey counted and from rates, `rates.rs` has the
//! rates of the machine that was measured, `measured.rs` those that were measured on this one;
//! `explained.rs` says all that without a job. No choice changes a bit, none
//! fails a job that the CPU can do, and a job that takes less than a device takes to begin does without a driver.
//!
//! Adapters of wgpu are not asked: photons are located on the host for them, so none has been faster from end to end.

mod explained;
mod measured;
mod model;
mod rates;

use explained::rates_of;
pub use explained::{expected, explained, measured};
pub use measured::{Known, Measured, remember};
pub use model::{Asked, OnDevice, OnHost, WORTH, pays};
pub use rates::Rates;

use std::path::PathBuf;
use std::time::Instant;

use serde_json::{Map, Value, json};

use crate::config::GridConfig;
use crate::error::{Phrase, Result, phrase};
use crate::photon::Load;
use crate::stat::Job;

use super::cuda::{self, Cuda, CudaChoice, DeviceReport};
use super::{Device, DeviceChoice};

/// What whoever runs a job says of devices that it did not name.
#[derive(Debug, Clone, Default)]
pub struct Guide {
    /// The folder of what was measured on this machine.
    pub folder: Option<PathBuf>,
    /// Bytes of a device's memory that may be taken.
    pub memory: Option<u64>,
}

/// A job, as far as choosing goes.
#[derive(Debug)]
pub struct Question<'a> {
    pub job: &'a Job,
    pub grid: &'a GridConfig,
    pub load: &'a Load,
    /// Why no device takes its photons as they are stored, whatever the granules, if none does.
    pub why_host: Option<String>,
    pub threads: usize,
}

/// The device that does a job, and why.
#[derive(Debug)]
pub struct Chosen {
    pub device: Device,
    pub reason: Phrase,
    /// What it was chosen by, for the report: empty where the device was asked for.
    pub facts: Map<String, Value>,
    /// Whether a person should be told: where there is a device that might have been taken.
    pub is_news: bool,
}

/// Seconds of a job on both sides, and what they are reckoned with.
struct Reckoned {
    host: OnHost,
    device: OnDevice,
    rates: Rates,
    from: String,
}

impl Chosen {
    /// What a report says of the device, and of how it was chosen.
    pub fn details(&self, job: &Job) -> Map<String, Value> {
        let mut details = self.device.details(job);
        if !self.facts.is_empty() {
            details.insert("auto".to_owned(), Value::Object(self.facts.clone()));
        }
        details
    }

    /// A device that was asked for.
    pub fn asked_for(device: Device) -> Self {
        Self {
            device,
            reason: "asked for".into(),
            facts: Map::new(),
            is_news: false,
        }
    }

    /// The device for a job.
    ///
    /// # Errors
    /// The CPU's threads do not start; nothing else keeps a job from being done.
    pub fn of(question: &Question, guide: &Guide) -> Result<Self> {
        let (load, threads) = (question.load, question.threads);
        let asked = Asked::of(load, ordered(question.job));
        let known = Known::read(guide.folder.as_deref());
        let mut facts = counted(load, &asked, &known);
        let on_cpu = |reason: Phrase, facts, is_news| -> Result<Self> {
            let device = Device::open(&DeviceChoice::Cpu, threads)?;
            Ok(Self {
                device,
                reason: phrase!["auto took the CPU: ", reason],
                facts,
                is_news,
            })
        };
        if let Some(why) = why_host(question) {
            let reason = format!("no device decodes these photons by itself ({why})");
            return on_cpu(reason.into(), facts, false);
        }
        if let Some((host, least)) = too_small(&asked, threads, &known) {
            facts.insert("cpu_seconds".to_owned(), json!({"total": host}));
            facts.insert("least_cpu_seconds".to_owned(), json!(least));
            let reason = format!(
                "the job takes it about {host:.2} s, and a device is worth it from {least:.2} s on, so none was looked for"
            );
            return on_cpu(reason.into(), facts, false);
        }
        let found = cuda::find();
        if let Some(why) = &found.why_not {
            return on_cpu(
                phrase!["CUDA is not available (", why.clone(), ")"],
                facts,
                false,
            );
        }
        let driver = found.driver.as_deref().unwrap_or_default();
        let Some(report) = found
            .devices
            .iter()
            .find(|device| device.unusable.is_none())
        else {
            return on_cpu("CUDA has no device that can be used".into(), facts, false);
        };
        let reckoned = Reckoned::of(&asked, (report, driver), threads, &known);
        let (name, model) = (format!("cuda:{}", report.index), &report.name);
        facts.extend(reckoned.facts(&name));
        let said = reckoned.said(&format!("{name} ({model})"));
        if !pays(&reckoned.host, &reckoned.device) {
            return on_cpu(said.into(), facts, true);
        }
        let choice = CudaChoice {
            devices: Some(vec![report.index]),
            memory: guide.memory,
        };
        match open((&choice, threads), question.job, load) {
            Ok((device, seconds)) => {
                facts.insert("opened_in_seconds".to_owned(), json!(seconds));
                Ok(Self {
                    device,
                    reason: phrase![format!("auto took {name}: "), said],
                    facts,
                    is_news: true,
                })
            }
            Err(why) => on_cpu(phrase![format!("{said}, and "), why], facts, true),
        }
    }
}

/// Opens a device for which the CPU does the rest if it fails, and in how many seconds; or why it is of no use.
fn open(
    (choice, threads): (&CudaChoice, usize),
    job: &Job,
    load: &Load,
) -> Result<(Device, f64), Phrase> {
    let started = Instant::now();
    let mut cuda = Cuda::open(choice, threads).map_err(|error| error.in_short())?;
    cuda.forgive();
    let room = cuda.stretch_room(job).map_err(Phrase::from)?;
    // Where there is too little room for some ground tracks the reader tells which; without room for any, there is nothing
    // that the device would do.
    if !room.holds_some(load.stretches.longest_chunk) {
        let bytes = room.bytes;
        return Err(
            format!("a stretch may take {bytes} bytes of {choice}, which hold few rows").into(),
        );
    }
    Ok((
        Device::Cuda(Box::new(cuda)),
        started.elapsed().as_secs_f64(),
    ))
}

/// Columns all of whose values are kept.
fn ordered(job: &Job) -> u64 {
    job.columns
        .iter()
        .filter(|column| column.needs.ordered)
        .count() as u64
}

/// Why no device takes the photons of a job as they are stored.
fn why_host(question: &Question) -> Option<String> {
    let of_job = question.why_host.clone();
    let of_job = of_job.or_else(|| cuda::why_no_stretches(question.job));
    let of_job = of_job.or_else(|| cuda::why_not_located(question.grid));
    let load = question.load;
    let of_granules = || {
        // Of a map that does not say what its granules hold, and of tables, nothing is counted.
        let none = load.stretches.photons == 0;
        none.then(|| {
            load.why_host()
                .unwrap_or("nothing was counted of them")
                .to_owned()
        })
    };
    of_job.or_else(of_granules)
}

/// What the host takes for a job, and from how many seconds on a device is worth it, where the job takes less than that.
fn too_small(asked: &Asked, threads: usize, known: &Known) -> Option<(f64, f64)> {
    let of = |rates: &Rates| (OnHost::of(asked, rates), rates.least());
    let all: Vec<_> = at_hand(threads, known).iter().map(of).collect();
    let pays = |(host, least): &(OnHost, f64)| host.total() > *least;
    let first = all.first().map(|(host, least)| (host.total(), *least));
    first.filter(|_| !all.iter().any(pays))
}

/// Rates of the devices of this machine as far as they are known before any is looked for: what was measured, or else what
/// was recorded.
fn at_hand(threads: usize, known: &Known) -> Vec<Rates> {
    let recorded = Rates::recorded(threads);
    let measured = known.with(threads).map(|m| recorded.clone().measured(m));
    let measured: Vec<Rates> = measured.collect();
    if measured.is_empty() {
        return vec![recorded];
    }
    measured
}

/// What was counted, as the report has it.
fn counted(load: &Load, asked: &Asked, known: &Known) -> Map<String, Value> {
    let mut facts = Map::new();
    let job = json!({
        "photons": load.photons,
        "decoded_bytes": load.decoded_bytes,
        "values_kept": asked.values,
        "device_may_take": load.stretches,
        "host_reads": load.host,
    });
    facts.insert("job".to_owned(), job);
    if let Some(why) = &known.why_not {
        facts.insert("rates_not_used".to_owned(), json!(why));
    }
    facts
}

impl Reckoned {
    fn of(
        asked: &Asked,
        (report, driver): (&DeviceReport, &str),
        threads: usize,
        known: &Known,
    ) -> Self {
        let (rates, from) = rates_of((report, driver), threads, known);
        Self {
            host: OnHost::of(asked, &rates),
            device: OnDevice::of(asked, &rates),
            rates,
            from,
        }
    }

    /// Both seconds in words.
    fn said(&self, device: &str) -> String {
        format!(
            "the job takes about {:.2} s on {device} and {:.2} s on the CPU, and a device is taken from {:.2} s on (rates: {})",
            self.device.total(),
            self.host.total(),
            self.device.total() / WORTH,
            self.from
        )
    }

    fn facts(&self, device: &str) -> Map<String, Value> {
        let with_total = |parts: Value, total: f64| {
            let mut parts = parts;
            parts["total"] = json!(total);
            parts
        };
        let facts = json!({
            "device": device,
            "cpu_seconds": with_total(json!(self.host), self.host.total()),
            "device_seconds": with_total(json!(self.device), self.device.total()),
            "taken_below": WORTH,
            "rates": self.rates,
            "rates_from": self.from,
        });
        match facts {
            Value::Object(facts) => facts,
            _ => Map::new(),
        }
    }
}
