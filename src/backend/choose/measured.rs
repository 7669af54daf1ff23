//! What was measured on machines, kept in a file of a folder that the caller names.
//!
//! Nothing depends on it but which device is taken: a file that is gone, damaged or of another version is as good as
//! none, and who asks is told why.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::place::{now, write_document};

/// The name of the file.
const FILE: &str = "rates.json";
/// Version of its shape.
const VERSION: u64 = 1;
/// Bytes of it that are read, and measurements that are kept.
const MOST_BYTES: u64 = 1 << 20;
const MOST: usize = 64;

/// What was measured on a machine, by one job on the host and on the device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The device by its maker's name, and the newest CUDA that its driver supports.
    pub device: String,
    pub driver: String,
    pub icefold: String,
    pub threads: usize,
    /// Seconds since 1970.
    pub when: u64,
    /// Opening the device.
    pub open_seconds: f64,
    /// How many times as long the host, and the open device, took as the recorded rates say.
    pub host_factor: f64,
    pub device_factor: f64,
    /// The job.
    pub photons: u64,
    pub host_seconds: f64,
    pub device_seconds: f64,
}

/// What a folder has, of this version.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Known {
    pub all: Vec<Measured>,
    /// Where it was looked for, and why a file that is there cannot be used.
    pub file: Option<PathBuf>,
    pub why_not: Option<String>,
}

impl Measured {
    /// Numbers that something can have taken.
    fn is_sound(&self) -> bool {
        let factors = [self.host_factor, self.device_factor];
        // NaN is in no range.
        (0.0..=600.0).contains(&self.open_seconds)
            && factors.iter().all(|factor| (1e-3..=1e3).contains(factor))
    }

    fn is_of(&self, other: &Self) -> bool {
        let key = |m: &Self| {
            (
                m.device.clone(),
                m.driver.clone(),
                m.icefold.clone(),
                m.threads,
            )
        };
        key(self) == key(other)
    }

    /// How long ago it was, in words.
    pub fn age(&self) -> String {
        match now().saturating_sub(self.when) / 86_400 {
            0 => "today".to_owned(),
            1 => "1 day ago".to_owned(),
            days => format!("{days} days ago"),
        }
    }
}

impl Known {
    /// What is known in a folder, if there is one.
    pub fn read(folder: Option<&Path>) -> Self {
        let Some(file) = folder.map(|folder| folder.join(FILE)) else {
            return Self::default();
        };
        let (all, why_not) = match parsed(&file) {
            Ok(all) => (all, None),
            Err(why) => (Vec::new(), why),
        };
        Self {
            all,
            file: Some(file),
            why_not,
        }
    }

    /// What was measured with so many threads by this version; of any device.
    pub fn with(&self, threads: usize) -> impl Iterator<Item = &Measured> {
        let mine =
            move |m: &&Measured| m.threads == threads && m.icefold == env!("CARGO_PKG_VERSION");
        self.all.iter().filter(mine)
    }

    /// What was measured of a device with so many threads by this version.
    pub fn of(&self, device: &str, driver: &str, threads: usize) -> Option<&Measured> {
        let is_it = |m: &&Measured| m.device == device && m.driver == driver;
        self.with(threads).find(is_it)
    }
}

/// The measurements of a file; none and no reason where there is no file.
fn parsed(file: &Path) -> Result<Vec<Measured>, Option<String>> {
    let unreadable = |e: std::io::Error| Some(format!("{} cannot be read: {e}", file.display()));
    if !file.is_file() {
        return Err(None);
    }
    let mut text = String::new();
    let opened = File::open(file).map_err(unreadable)?;
    opened
        .take(MOST_BYTES)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    let odd = |what: &str| Some(format!("{} {what}", file.display()));
    let document: Value = serde_json::from_str(&text).map_err(|_| odd("is not JSON"))?;
    if document["icefold_rates"] != VERSION {
        return Err(odd("is of another version"));
    }
    let measured = document["measured"].as_array();
    let measured = measured.ok_or_else(|| odd("lists nothing that was measured"))?;
    let sound = measured.iter().filter_map(|one| {
        let one: Measured = serde_json::from_value(one.clone()).ok()?;
        one.is_sound().then_some(one)
    });
    Ok(sound.take(MOST).collect())
}

/// Adds to what a folder has, in place of what it had of the same device.
///
/// # Errors
/// The file cannot be written, or what was measured is out of all reason.
pub fn remember(folder: &Path, measured: Measured) -> Result<PathBuf> {
    let file = folder.join(FILE);
    if !measured.is_sound() {
        let (open, host, device) = (
            measured.open_seconds,
            measured.host_factor,
            measured.device_factor,
        );
        return Err(Error::argument(format!(
            "the device took {open} s to open, the host {host} and the device {device} times as long as recorded: that is \
             out of all reason, and not kept; measure again on granules that take seconds"
        )));
    }
    let mut all = vec![measured];
    let before = Known::read(Some(folder)).all;
    all.extend(
        before
            .into_iter()
            .filter(|other| !other.is_of(&all[0]))
            .take(MOST - 1)
            .collect::<Vec<_>>(),
    );
    std::fs::create_dir_all(folder).map_err(|e| Error::io("make", folder, e))?;
    let text = format!("{:#}\n", json!({"icefold_rates": VERSION, "measured": all}));
    write_document(&file, text.as_bytes())?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(device: &str, host_factor: f64) -> Measured {
        Measured {
            device: device.to_owned(),
            driver: "13.0".to_owned(),
            icefold: env!("CARGO_PKG_VERSION").to_owned(),
            threads: 16,
            when: now() - 3 * 86_400,
            open_seconds: 0.3,
            host_factor,
            device_factor: 1.1,
            photons: 1000,
            host_seconds: 2.0,
            device_seconds: 1.0,
        }
    }

    #[test]
    fn the_last_measurement_of_each_device_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("new/icefold");
        for (device, factor) in [("a", 1.0), ("b", 2.0), ("a", 3.0)] {
            remember(&folder, measured(device, factor)).unwrap();
        }
        let known = Known::read(Some(&folder));
        assert_eq!((known.all.len(), &known.why_not), (2, &None));
        let of = |device, driver, threads| known.of(device, driver, threads).map(|m| m.host_factor);
        assert_eq!(of("a", "13.0", 16), Some(3.0));
        assert_eq!(of("b", "13.0", 16), Some(2.0));
        assert_eq!(of("b", "12.0", 16), None);
        assert_eq!(of("b", "13.0", 8), None);
        assert_eq!(known.all[0].age(), "3 days ago");
        let mut other = measured("c", 1.0);
        "0.0.1".clone_into(&mut other.icefold);
        remember(&folder, other).unwrap();
        assert_eq!(Known::read(Some(&folder)).of("c", "13.0", 16), None);
    }

    #[test]
    fn whatever_the_file_holds_it_is_as_good_as_none() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Known::read(None), Known::default());
        let none = Known::read(Some(folder.path()));
        assert_eq!((none.all.len(), none.why_not), (0, None));
        let file = folder.path().join(FILE);
        for (text, says) in [
            ("{", "is not JSON"),
            ("{\"icefold_rates\": 2}", "is of another version"),
            ("{\"icefold_rates\": 1}", "lists nothing"),
            ("\u{0}", "is not JSON"),
        ] {
            std::fs::write(&file, text).unwrap();
            let why = Known::read(Some(folder.path())).why_not.unwrap();
            assert!(why.contains(says), "{why}");
        }
        std::fs::write(&file, [0xff, 0xfe]).unwrap();
        assert!(
            Known::read(Some(folder.path()))
                .why_not
                .unwrap()
                .contains("cannot be read")
        );
        // Numbers that nothing takes, and other shapes, are passed over one by one.
        let mut wild = json!(measured("wild", 1.0));
        wild["open_seconds"] = json!(-1.0);
        let odd = json!({"icefold_rates": 1, "measured": [1, {}, wild, measured("sound", 1.0)]});
        std::fs::write(&file, odd.to_string()).unwrap();
        let known = Known::read(Some(folder.path()));
        assert_eq!(known.all.len(), 1, "{known:?}");
    }

    #[test]
    fn what_is_out_of_all_reason_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        for factor in [0.0, f64::NAN, f64::INFINITY, -1.0] {
            let error = remember(folder.path(), measured("a", factor)).unwrap_err();
            assert!(error.to_string().contains("out of all reason"), "{error}");
        }
        assert!(Known::read(Some(folder.path())).all.is_empty());
        // A folder that cannot be made is an error of whoever measures.
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(remember(&file.join("below"), measured("a", 1.0)).is_err());
    }
}
