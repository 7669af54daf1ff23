//! What is said of choosing without a job: which rates hold on this machine, and how those of a job that was timed
//! compare with them.

use serde_json::{Value, json};

use super::measured::{Known, Measured};
use super::model::{Asked, OnDevice, OnHost};
use super::rates::Rates;
use super::{Guide, Question, at_hand, ordered, why_host};
use crate::backend::Device;
use crate::backend::cuda::{self, DeviceReport};
use crate::error::{Error, Phrase, Result, phrase};
use crate::photon::StretchLoad;
use crate::place::now;

/// Where rates are from that nobody has measured here.
pub const NOT_MEASURED: &str = "those of an H100 with 16 cores; this machine has not been measured";

/// What becomes of jobs on this machine, in words and as facts.
pub fn explained(threads: usize, guide: &Guide) -> (Phrase, Value) {
    let known = Known::read(guide.folder.as_deref());
    let found = cuda::find();
    let usable = found
        .devices
        .iter()
        .find(|device| device.unusable.is_none());
    let file = known.file.as_ref().map(|file| file.display().to_string());
    let mut facts = json!({
        "device": "cpu",
        "reason": null,
        "rates_file": file,
        "rates_not_used": known.why_not,
    });
    if let Some(why) = &found.why_not {
        let words = phrase!["auto is the CPU: CUDA is not available (", why.clone(), ")"];
        return (words, facts);
    }
    let Some(report) = usable else {
        return ("auto is the CPU: no CUDA device can be used".into(), facts);
    };
    let driver = found.driver.as_deref().unwrap_or_default();
    let (rates, from) = rates_of((report, driver), threads, &known);
    let least = at_hand(threads, &known).first().map_or(0.0, Rates::least);
    let name = format!("cuda:{}", report.index);
    facts["device"] = json!(format!("cpu or {name}"));
    facts["least_cpu_seconds"] = json!(least);
    facts["rates"] = json!(rates);
    facts["rates_from"] = json!(from);
    let odd = known
        .why_not
        .as_ref()
        .map_or(String::new(), |why| format!("; {why}"));
    let means = match worthwhile(&rates) {
        Some(millions) => {
            format!("means over long ground tracks from some {millions} million photons on")
        }
        None => "no means, of however many photons".to_owned(),
    };
    let words = format!(
        "auto is the CPU, or {name} where a job is done there in less than {} of the time: {means}, and nothing that takes \
         the CPU less than {least:.2} s (rates: {from}{odd})",
        super::WORTH,
    );
    (words.into(), facts)
}

/// Rates of a device, and where they are from.
pub(super) fn rates_of(
    (report, driver): (&DeviceReport, &str),
    threads: usize,
    known: &Known,
) -> (Rates, String) {
    let recorded = Rates::recorded(threads).on(report);
    let Some(measured) = known.of(&report.name, driver, threads) else {
        return (recorded, NOT_MEASURED.to_owned());
    };
    let file = known.file.as_ref().map(|file| file.display().to_string());
    let from = format!(
        "measured on this machine {}, by a job of {} photons ({})",
        measured.age(),
        measured.photons,
        file.unwrap_or_default()
    );
    (recorded.measured(measured), from)
}

/// Millions of photons, of ground tracks as ATL03 has them, 8 million each, from which on a device is taken for their means.
fn worthwhile(rates: &Rates) -> Option<u64> {
    let pays = |millions: &u64| {
        let photons = millions * 1_000_000;
        let asked = Asked {
            decoded_bytes: 21 * photons,
            stretches: StretchLoad {
                tracks: photons.div_ceil(8_000_000),
                photons,
                stored_bytes: 12 * photons,
                decoded_bytes: 21 * photons,
                longest_chunk: 80_000,
            },
            values: 0,
        };
        super::pays(&OnHost::of(&asked, rates), &OnDevice::of(&asked, rates))
    };
    let mut high = (0..30).map(|power| 1 << power).find(pays)?;
    let mut low = high / 2;
    while high - low > 1 {
        let middle = u64::midpoint(low, high);
        if pays(&middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    Some(high)
}

/// Seconds that the recorded rates say of a job on a device that is open; `None` where the model does not know.
pub fn expected(question: &Question, device: &Device) -> Option<f64> {
    let asked = Asked::of(question.load, ordered(question.job));
    let rates = Rates::recorded(question.threads);
    match device {
        Device::Cpu(_) => Some(OnHost::of(&asked, &rates).total()),
        Device::Cuda(cuda) => {
            let names = cuda.names();
            let [name] = names[..] else {
                return None;
            };
            if why_host(question).is_some() {
                return None;
            }
            let is_it = |report: &&DeviceReport| format!("cuda:{}", report.index) == name;
            let report = cuda::find().devices.iter().find(is_it)?;
            Some(OnDevice::of(&asked, &rates.on(report)).once_open())
        }
        Device::Wgpu(_) => None,
    }
}

/// What a job that was timed on the host and on a device says of this machine: seconds of each, and what was expected.
///
/// # Errors
/// There is no such device.
pub fn measured(
    index: usize,
    (threads, photons): (usize, u64),
    open_seconds: f64,
    (host, device): ([f64; 2], [f64; 2]),
) -> Result<Measured> {
    let found = cuda::find();
    let report = found.devices.iter().find(|report| report.index == index);
    let report = report.ok_or_else(|| Error::device(format!("cuda:{index}"), "is gone"))?;
    Ok(Measured {
        device: report.name.clone(),
        driver: found.driver.clone().unwrap_or_default(),
        icefold: env!("CARGO_PKG_VERSION").to_owned(),
        threads,
        when: now(),
        open_seconds,
        host_factor: host[0] / host[1],
        device_factor: device[0] / device[1],
        photons,
        host_seconds: host[0],
        device_seconds: device[0],
    })
}
