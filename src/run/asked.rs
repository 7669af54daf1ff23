//! What is asked of a run.

use std::path::PathBuf;
use std::time::Duration;

use crate::backend::DeviceChoice;
use crate::backend::choose::Guide;
use crate::config::{Config, StoreLayout};
use crate::error::{Dialect, Result};
use crate::pipeline::Memory;
use crate::region::Region;
use crate::source::Remote;
use crate::store::{Geometry, Layout};
use crate::watch::Watch;

use super::Source;
use super::outcome::Outcome;
use super::planned::Planned;
use super::settings::Settings;

/// Seconds from one checkpoint to the next.
const CHECKPOINT: u64 = 300;

/// Aggregates granules, or tables, into a store: what `icefold run` does.
///
/// With granules as they are, the store is written at the end. With those that a shard map lists
/// ([`Mapped`](super::Mapped)), each shard becomes a piece beside the store's name as soon as it is whole, the store
/// is made of the pieces, and a run that was stopped can be resumed.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::demo::{Recipe, write_granules_with};
/// use icefold::{Granules, Run, config};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let folder = folder.path();
/// let recipe = Recipe { granules: 1, segments_per_track: 200, seed: 1 };
/// write_granules_with(&folder.join("granules"), &recipe)?;
///
/// let granules = Granules::found_in(folder.join("granules"))?;
/// let outcome = Run::new(config::load("atl03")?, granules)
///     .into_store(folder.join("photons.zarr"))
///     .overviews([11, 10])
///     .threads(2)
///     .execute()?;
/// assert!(outcome.is_whole() && !outcome.is_empty());
/// assert!(folder.join("photons.zarr/10").is_dir());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a run does nothing until it is executed"]
pub struct Run<'a> {
    pub(super) config: Config,
    pub(super) source: Source,
    pub(super) store: Option<PathBuf>,
    pub(super) table: Option<PathBuf>,
    pub(super) geotiff: Option<PathBuf>,
    pub(super) geometry: Geometry,
    pub(super) report: Option<PathBuf>,
    pub(super) layout: Layout,
    pub(super) overviews: Vec<u8>,
    pub(super) overwrite: bool,
    pub(super) resume: bool,
    pub(super) checkpoint: Duration,
    pub(super) update: bool,
    pub(super) allow_removal: bool,
    pub(super) keep_partials: bool,
    pub(super) settings: Settings<'a>,
}

impl<'a> Run<'a> {
    /// What the config asks for, of these granules.
    pub fn new(config: Config, granules: impl Into<Source>) -> Self {
        let layout = match config.store_layout {
            Some(StoreLayout::Hive) => Layout::HIVE,
            Some(StoreLayout::Flat) | None => Layout::of_grid(&config.grid),
        };
        Self {
            config,
            source: granules.into(),
            store: None,
            table: None,
            geotiff: None,
            geometry: Geometry::None,
            report: None,
            layout,
            overviews: Vec::new(),
            overwrite: false,
            resume: false,
            checkpoint: Duration::from_secs(CHECKPOINT),
            update: false,
            allow_removal: false,
            keep_partials: false,
            settings: Settings::default(),
        }
    }

    /// Only photons of this area, in place of the one that the config names.
    pub fn region(mut self, region: Region) -> Self {
        self.config = self.config.within(region);
        self
    }

    /// Writes all cells that touch the region, those without a photon, too.
    pub fn cells_of_region(mut self, all: bool) -> Self {
        if all {
            self.config = self.config.with_cells_of_region();
        }
        self
    }

    /// Writes the store here; that of the config where none is named.
    pub fn into_store(mut self, store: impl Into<PathBuf>) -> Self {
        self.store = Some(store.into());
        self
    }

    /// Writes the cells as a table, too: Parquet or Arrow IPC, as the name says.
    pub fn table(mut self, table: impl Into<PathBuf>) -> Self {
        self.table = Some(table.into());
        self
    }

    /// Writes the arrays of a raster as Cloud Optimized GeoTIFF into this folder, too.
    pub fn geotiff(mut self, folder: impl Into<PathBuf>) -> Self {
        self.geotiff = Some(folder.into());
        self
    }

    /// What rows of the table say of where their cells are, beside longitude and latitude: [`icefold::store::Geometry`](Geometry).
    pub fn table_geometry(mut self, geometry: Geometry) -> Self {
        self.geometry = geometry;
        self
    }

    /// Writes the run report here, in place of beside the store.
    pub fn report(mut self, report: impl Into<PathBuf>) -> Self {
        self.report = Some(report.into());
        self
    }

    /// How the store is laid out: occupied cells, or the full sphere.
    pub fn layout(mut self, layout: Layout) -> Self {
        self.layout = layout;
        self
    }

    /// Coarser orders that the store has, too, from the same photons; each once, in any order.
    pub fn overviews(mut self, orders: impl AsRef<[u8]>) -> Self {
        self.overviews = orders.as_ref().to_vec();
        self
    }

    /// Replaces the store if it exists, and the tables; of some shards of a map, pieces that are done.
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = overwrite;
        self
    }

    /// Goes on with a run that was interrupted: keeps the shards, or the granules, that are done.
    pub fn resume(mut self, resume: bool) -> Self {
        self.resume = resume;
        self
    }

    /// How long from one time that what is merged and not finished is saved, for a run that goes on, to the next.
    pub fn checkpoint(mut self, every: Duration) -> Self {
        self.checkpoint = every;
        self
    }

    /// Adds to the store that stands: the granules are all that it is to be made of, and what of it stays is not made again.
    ///
    /// The store becomes what a run over these granules would make, to the byte. Without anything new nothing is written.
    ///
    /// ```no_run
    /// use icefold::{Granules, Run, config};
    ///
    /// # fn main() -> icefold::Result<()> {
    /// let granules = Granules::found_in("granules")?;
    /// Run::new(config::load("atl06")?, granules).into_store("land_ice.zarr").update(true).execute()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn update(mut self, update: bool) -> Self {
        self.update = update;
        self
    }

    /// Takes granules out of the store that an update is about, if they are not among those of the run.
    pub fn allow_removal(mut self, allow: bool) -> Self {
        self.allow_removal = allow;
        self
    }

    /// Keeps the partials of all granules in a folder beside the store, with which an [`update`](Self::update) reads only
    /// what is new.
    pub fn keep_partials(mut self, keep: bool) -> Self {
        self.keep_partials = keep;
        self
    }

    /// Leaves out granules and rows that cannot be used, and reports them, in place of stopping at the first.
    pub fn tolerant(mut self, tolerant: bool) -> Self {
        self.settings.tolerant = tolerant;
        self
    }

    /// How granules are read that are objects of stores and web servers, and where that is counted.
    #[doc(hidden)]
    pub fn remote(mut self, remote: Remote) -> Self {
        self.settings.remote = remote;
        self
    }

    /// Folders that granules may lead to, by links, external data and virtual datasets, beside their own.
    pub fn external<P: Into<PathBuf>>(mut self, folders: impl IntoIterator<Item = P>) -> Self {
        self.settings.external = folders.into_iter().map(Into::into).collect();
        self
    }

    /// Whether the store has a SHA-256 of every byte of each granule, for which each is read once more.
    pub fn hash_granules(mut self, hash: bool) -> Self {
        self.settings.hashed = hash;
        self
    }

    /// What folds the photons.
    pub fn device(mut self, device: DeviceChoice) -> Self {
        self.settings.device = device;
        self
    }

    /// Where it is known what this machine's devices take, and how much of their memory is there: for a run that names
    /// no device.
    #[doc(hidden)]
    pub fn guide(mut self, guide: Guide) -> Self {
        self.settings.guide = guide;
        self
    }

    /// Worker threads; one for each core where none are given.
    pub fn threads(mut self, threads: usize) -> Self {
        self.settings.threads = threads;
        self
    }

    /// Memory for batches and partials; partials beyond it go to disk.
    pub fn memory(mut self, memory: Memory) -> Self {
        self.settings.memory = memory;
        self
    }

    /// Memory for partials, as long as they stay off the disk; what batches leave where none is given.
    pub fn partials_memory(mut self, memory: Memory) -> Self {
        self.settings.partials_memory = Some(memory);
        self
    }

    /// Rows read at a time from one ground track; as many as the memory holds where none are given.
    pub fn batch_rows(mut self, rows: usize) -> Self {
        self.settings.batch_rows = Some(rows);
        self
    }

    /// What the report records as the command line.
    ///
    /// A run that finds its store just named by an earlier one with this command leaves it as it is.
    pub fn command(mut self, command: Vec<String>) -> Self {
        self.settings.command = command;
        self
    }

    /// Who is told how far the run is, and may stop it.
    pub fn watch(mut self, watch: &'a dyn Watch) -> Self {
        self.settings.watch = watch;
        self
    }

    /// In what words reports and error tables say why something was left out; neutral ones where none are given.
    pub fn dialect(mut self, dialect: &'static dyn Dialect) -> Self {
        self.settings.dialect = dialect;
        self
    }

    /// Settles what is read, and opens nothing that it does not have to.
    ///
    /// # Errors
    /// Settings that cannot be honoured, granules that are not there, a shard map that does not fit.
    pub fn planned(self) -> Result<Planned<'a>> {
        Planned::new(self)
    }

    /// Reads every granule once and writes the store, or pieces of it, and the report.
    ///
    /// # Errors
    /// Strict: the first granule or row that cannot be used. Always: what cannot be read or written, a wish to
    /// stop, an invariant that does not hold. The store's name then has what it had before.
    pub fn execute(self) -> Result<Outcome> {
        self.planned()?.execute()
    }
}
