//! Several devices on the same granules, or two stores, bit by bit.

use std::path::{Path, PathBuf};
use std::time::Instant;

use arrow::array::Array;
use serde_json::{Map, Value, json};

use crate::backend::DeviceChoice;
use crate::backend::choose::{Chosen, Guide, Question, expected};
use crate::config::{Access, Config};
use crate::error::{Error, Result};
use crate::finalize::{CellTable, distinct, finalize};
use crate::pipeline::{self, Memory, Options, Survey};
use crate::store::{self, VerifyReport};
use crate::watch::{Note, Watch};

use super::Granules;
use super::settings::Settings;

/// Folds granules on several devices and compares what they make of them: what `icefold verify` does. Nothing
/// is written.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// # use icefold::demo::{Recipe, write_granules_with};
/// use icefold::{DeviceChoice, Granules, Verify, config};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let folder = folder.path();
/// # let recipe = Recipe { granules: 1, segments_per_track: 200, seed: 1 };
/// # write_granules_with(&folder.join("granules"), &recipe)?;
/// let verified = Verify::new(config::load("atl03")?, Granules::found_in(folder.join("granules"))?)
///     .on("once", DeviceChoice::Cpu)
///     .on("again", DeviceChoice::Cpu)
///     .execute()?;
/// assert!(verified.identical() && verified.answers[0].cells() > 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is compared until it is executed"]
pub struct Verify<'a> {
    config: Config,
    granules: Granules,
    devices: Vec<(String, DeviceChoice)>,
    settings: Settings<'a>,
}

/// What the devices made of the granules.
///
/// ```no_run
/// use icefold::{DeviceChoice, Granules, Verify, config};
///
/// # fn main() -> icefold::Result<()> {
/// let verified = Verify::new(config::load("atl03")?, Granules::found_in("granules")?)
///     .on("cpu", DeviceChoice::Cpu)
///     .on("wgpu", DeviceChoice::Wgpu(None))
///     .execute()?;
/// for difference in &verified.differences {
///     println!("{difference}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Verified {
    /// In the order in which the devices were named.
    pub answers: Vec<Answer>,
    /// What others have that the first has not, in words; the first of each array.
    pub differences: Vec<String>,
}

impl Verified {
    /// Every bit of every array is the same.
    pub fn identical(&self) -> bool {
        self.differences.is_empty()
    }
}

/// What one device made of the granules.
///
/// ```no_run
/// use icefold::{DeviceChoice, Granules, Verify, config};
///
/// # fn main() -> icefold::Result<()> {
/// let verify = Verify::new(config::load("atl03")?, Granules::found_in("granules")?);
/// for answer in verify.on("cpu", DeviceChoice::Cpu).execute()?.answers {
///     println!("{}: {} cells in {:.1} s", answer.device, answer.cells(), answer.seconds);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Answer {
    /// As it was named.
    pub device: String,
    /// By shard.
    tables: Vec<(u64, CellTable)>,
    pub seconds: f64,
    /// What there is to say of the device beyond its name.
    pub details: Map<String, Value>,
}

impl Answer {
    /// Occupied cells.
    pub fn cells(&self) -> usize {
        let tables = self.tables.iter();
        let cells = tables.map(|(_, table)| distinct(table.ids().iter().copied(), &mut None));
        cells.sum::<u64>() as usize
    }
}

impl<'a> Verify<'a> {
    /// What the config asks for, of these granules.
    pub fn new(config: Config, granules: Granules) -> Self {
        Self {
            config,
            granules,
            devices: Vec::new(),
            settings: Settings::default(),
        }
    }

    /// Two stores: every bit of every array, and what their metadata say of them.
    ///
    /// # Errors
    /// A store that cannot be read; stores that differ are none.
    pub fn stores(a: &Path, b: &Path) -> Result<VerifyReport> {
        store::verify(a, b)
    }

    /// Folds them on this device, too; the name is for reports.
    pub fn on(mut self, name: impl Into<String>, device: DeviceChoice) -> Self {
        self.devices.push((name.into(), device));
        self
    }

    /// As of a run.
    #[doc(hidden)]
    pub fn guide(mut self, guide: Guide) -> Self {
        self.settings.guide = guide;
        self
    }

    /// Folders that granules may lead to, by links, external data and virtual datasets, beside their own.
    pub fn external<P: Into<PathBuf>>(mut self, folders: impl IntoIterator<Item = P>) -> Self {
        self.settings.external = folders.into_iter().map(Into::into).collect();
        self
    }

    /// Worker threads; one for each core where none are given.
    pub fn threads(mut self, threads: usize) -> Self {
        self.settings.threads = threads;
        self
    }

    /// Memory for storage chunks and batches; cells stay in memory.
    pub fn memory(mut self, memory: Memory) -> Self {
        self.settings.memory = memory;
        self
    }

    /// Who is told how far it is, and may stop it.
    pub fn watch(mut self, watch: &'a dyn Watch) -> Self {
        self.settings.watch = watch;
        self
    }

    /// Folds the granules once on each device.
    ///
    /// # Errors
    /// Fewer than two devices, or one that cannot be used; the first granule or row that cannot be used; a wish to
    /// stop. Devices that differ are none.
    pub fn execute(mut self) -> Result<Verified> {
        let Settings { threads, watch, .. } = self.settings;
        self.config.access = Access {
            threads,
            ..self.settings.access()?
        };
        if self.devices.len() < 2 {
            return Err(Error::argument(
                "a device is compared with another; name two or more",
            ));
        }
        let plan = self.granules.plan(&self.config, false, watch)?;
        let survey = pipeline::survey(&self.config, &plan, false)?;
        let mut answers = Vec::with_capacity(self.devices.len());
        for (name, choice) in &self.devices {
            let started = Instant::now();
            let mut settings = self.settings.clone();
            settings.device = choice.clone();
            let early = settings.open_device()?;
            let chosen = settings.settle_device(early, &self.config, &survey)?;
            let opened = started.elapsed().as_secs_f64();
            let mut answer = self.answer((name, &chosen), &survey)?;
            answer
                .details
                .insert("open_seconds".to_owned(), json!(opened));
            if let Some(what) = chosen.device.warning() {
                watch.note(Note::Device { what });
            }
            answers.push(answer);
        }
        let (first, others) = answers
            .split_first()
            .unwrap_or_else(|| unreachable!("there are two devices or more"));
        let differences = others.iter().flat_map(|other| differences(first, other));
        Ok(Verified {
            differences: differences.collect(),
            answers,
        })
    }

    fn answer(&self, (name, chosen): (&str, &Chosen), survey: &Survey) -> Result<Answer> {
        let device = &chosen.device;
        let started = Instant::now();
        let memory = self.settings.memory.beside_chunks(survey.chunk_bytes);
        let filters = self.config.filters.len();
        let rows = memory.rows(&survey.types, filters, &survey.job);
        let options = Options {
            batch_rows: rows,
            tolerant: false,
            table: None,
            // A strict run lists nothing.
            errors: Path::new("errors.parquet"),
            // Nothing is written: partials stay in memory.
            partials: u64::MAX,
            columns: memory.columns(rows, &survey.types, &survey.job),
            spill: Path::new(""),
            pieces: None,
            checkpoints: None,
            carried: None,
            watch: self.settings.watch,
        };
        let folded = pipeline::fold(&self.config, survey, device, &options)?;
        let stretches = folded.tally.stretches;
        let mut partials = folded.partials;
        let shards: Vec<u64> = partials.shards().collect();
        let tables = shards.into_iter().map(|shard| {
            let whole = partials.take_shard(shard)?.whole()?;
            finalize(shard, whole, &survey.job, &survey.schema).map(|done| (shard, done.table))
        });
        let question = Question {
            job: &survey.job,
            grid: &self.config.grid,
            load: &survey.load_at_hand(),
            why_host: pipeline::why_host(&self.config),
            threads: self.settings.threads,
        };
        let mut details = chosen.details(&survey.job);
        details.insert(
            "expected_seconds".to_owned(),
            json!(expected(&question, device)),
        );
        details.extend(stretches.map(|facts| ("stretches".to_owned(), json!(facts))));
        Ok(Answer {
            device: name.to_owned(),
            tables: tables.collect::<Result<_>>()?,
            seconds: started.elapsed().as_secs_f64(),
            details,
        })
    }
}

/// The first difference of each array, NaN and signs of zero included.
fn differences(a: &Answer, b: &Answer) -> Vec<String> {
    let pair = format!("{} and {}", a.device, b.device);
    let shards =
        |answer: &Answer| -> Vec<u64> { answer.tables.iter().map(|(shard, _)| *shard).collect() };
    if shards(a) != shards(b) {
        return vec![format!("{pair}: different shards")];
    }
    let mut found = Vec::new();
    for ((shard, a), (_, b)) in a.tables.iter().zip(&b.tables) {
        let columns = a.rows.columns().iter().zip(b.rows.columns());
        for (field, (a_array, b_array)) in a.rows.schema().fields().iter().zip(columns) {
            if a_array.to_data() == b_array.to_data() {
                continue;
            }
            let array = field.name();
            let rows = a_array.len().min(b_array.len());
            let row =
                (0..rows).find(|&i| a_array.slice(i, 1).to_data() != b_array.slice(i, 1).to_data());
            let place = row.map_or_else(
                || format!("{} and {} cells", a_array.len(), b_array.len()),
                |row| {
                    format!(
                        "row {row}: {:?} and {:?}",
                        a_array.slice(row, 1),
                        b_array.slice(row, 1)
                    )
                },
            );
            found.push(format!("{pair}: shard {shard}, {array}, {place}"));
        }
    }
    found
}
