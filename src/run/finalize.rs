//! Pieces to the store.

use std::path::{Path, PathBuf};

use crate::error::{Error, Kind, Result, Setting, phrase};
use crate::finalize::schema;
use crate::left_out::{ERROR_TABLE, errors_path};
use crate::piece::{Marker, Owner, Pieces, RunCheckpoint, there};
use crate::pipeline::{Assembled, Assembly, Memory, assemble};
use crate::place::{Artefact, Inputs, beside, check_distinct, check_file, pending};
use crate::publish::Address;
use crate::read::table::TABLE;
use crate::report::{AssembledReport, RUN_REPORT};
use crate::source::Remote;
use crate::stat::Job;
use crate::store::{Geometry, TableFormat, check_target};
use crate::watch::{Note, Watch};

use super::Standing;
use super::direct::spill_folder;
use super::finalized::{Finalized, Made};
use super::geotiff;
use super::session::Session;
use super::settings::Settings;
use super::standing::Wanted;
use super::targets::is_of_no_other;
use super::{published_finalize, urls};

/// Makes the store of the pieces that runs over parts of a shard map wrote: what `icefold finalize` does.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// # use icefold::demo::{Recipe, write_granules_with};
/// use icefold::run::Finalized;
/// use icefold::{Finalize, Granules, MakeMap, Mapped, Run, config};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let folder = folder.path();
/// # let recipe = Recipe { granules: 1, segments_per_track: 200, seed: 1 };
/// # write_granules_with(&folder.join("granules"), &recipe)?;
/// let atl03 = config::load("atl03")?;
/// let granules = Granules::found_in(folder.join("granules"))?;
/// let map = folder.join("shards.json");
/// MakeMap::new(atl03.clone(), granules, &map).execute()?;
///
/// // All shards, in one run; several machines would take a part each.
/// let shards = Mapped::by(&map).in_folder(folder.join("granules")).shards("0..".parse().unwrap());
/// let store = folder.join("photons.zarr");
/// Run::new(atl03, shards).into_store(&store).execute()?;
/// let Finalized::Store(made) = Finalize::new(&store).execute()? else {
///     panic!("there was no store yet");
/// };
/// assert!(made.is_whole() && store.is_dir());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is made until it is executed"]
pub struct Finalize<'a> {
    pub(super) store: PathBuf,
    pub(super) table: Option<PathBuf>,
    geotiff: Option<PathBuf>,
    geometry: Geometry,
    pub(super) report: Option<PathBuf>,
    pub(super) overwrite: bool,
    pub(super) keep_pieces: bool,
    pub(super) settings: Settings<'a>,
}

/// The files that are written beside a store.
struct Files<'f> {
    errors: &'f Path,
    report: &'f Path,
    all: Vec<(Artefact, &'f Path)>,
}

impl<'a> Finalize<'a> {
    /// The store of this name, beside which the pieces are.
    pub fn new(store: impl Into<PathBuf>) -> Self {
        Self {
            store: store.into(),
            table: None,
            geotiff: None,
            geometry: Geometry::None,
            report: None,
            overwrite: false,
            keep_pieces: false,
            settings: Settings::default(),
        }
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

    /// What rows of the table say of where their cells are, beside longitude and latitude.
    pub fn table_geometry(mut self, geometry: Geometry) -> Self {
        self.geometry = geometry;
        self
    }

    /// Writes the report here, in place of beside the store.
    pub fn report(mut self, report: impl Into<PathBuf>) -> Self {
        self.report = Some(report.into());
        self
    }

    /// Replaces the store if it exists, and the tables.
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = overwrite;
        self
    }

    /// Leaves the pieces where they are.
    pub fn keep_pieces(mut self, keep: bool) -> Self {
        self.keep_pieces = keep;
        self
    }

    /// Threads that compress and write; one for each core where none are given.
    pub fn threads(mut self, threads: usize) -> Self {
        self.settings.threads = threads;
        self
    }

    /// Memory; values that quantiles of overviews need go to disk beyond it.
    pub fn memory(mut self, memory: Memory) -> Self {
        self.settings.memory = memory;
        self
    }

    /// How objects are read and written, where the store is made of those.
    #[doc(hidden)]
    pub fn remote(mut self, remote: Remote) -> Self {
        self.settings.remote = remote;
        self
    }

    /// The folder in which is made what is sent to a store of objects; that of temporary files where none is named.
    #[doc(hidden)]
    pub fn scratch(mut self, folder: impl Into<PathBuf>) -> Self {
        self.settings.scratch = Some(folder.into());
        self
    }

    /// What the report records as the command line.
    pub fn command(mut self, command: Vec<String>) -> Self {
        self.settings.command = command;
        self
    }

    /// Who may stop it, and is told what is odd.
    pub fn watch(mut self, watch: &'a dyn Watch) -> Self {
        self.settings.watch = watch;
        self
    }

    /// Makes the store, and takes the pieces away. No granule is opened.
    ///
    /// # Errors
    /// Shards without a piece, a piece that is not what it was, another run on the name, targets that cannot or
    /// must not be written, a wish to stop: the pieces stay.
    pub fn execute(self) -> Result<Finalized> {
        self.settings.check()?;
        let (table, report) = (self.table.as_deref(), self.report.as_deref());
        if let Some(address) = Address::of(&self.store)? {
            urls::refuse_written(&[(table, "table"), (report, "report")])?;
            return published_finalize::execute(self, &address);
        }
        urls::refuse_beside(&self.store, table, report)?;
        self.on_disk()
    }

    /// The same where the store goes to a folder.
    pub(super) fn on_disk(self) -> Result<Finalized> {
        let store = &*self.store;
        let errors = errors_path(store);
        let report = self.report.clone();
        let report = report.unwrap_or_else(|| beside(store, "finalize.json"));
        let mut all = vec![(RUN_REPORT, &*report), (ERROR_TABLE, &*errors)];
        all.extend(self.table.as_deref().map(|table| (TABLE, table)));
        check_distinct(Some(store), &all)?;
        let folder = Pieces::folder_of(store);
        // Without pieces and without a store there is nothing to have a name for.
        if !(folder.is_dir() || pending(store) || store.exists()) {
            there(&folder, None)?;
        }
        let names = all.iter().map(|(_, path)| *path);
        let names: Vec<&Path> = names.chain(self.geotiff.as_deref()).collect();
        let session = Session::begin(store, true, &names, &self.settings)?;
        let there_are = Pieces::open(&folder)?;
        if let Some(standing) = self.standing(there_are.as_ref(), &report) {
            geotiff::of_standing(store, self.geotiff.as_deref())?;
            return Ok(Finalized::Standing(standing.told(self.settings.watch)));
        }
        let pieces = there(&folder, there_are)?;
        let files = Files {
            errors: &errors,
            report: &report,
            all,
        };
        let made = self.make(&folder, &pieces, &files, &session)?;
        Ok(Finalized::Store(Box::new(made)))
    }

    fn make(
        &self,
        folder: &Path,
        pieces: &Pieces,
        files: &Files,
        session: &Session,
    ) -> Result<Made> {
        let store = &*self.store;
        let overwrite = self.overwrite || Pieces::may_replace(folder, store)?;
        self.check_outputs(&files.all, overwrite)?;
        if let Some(folder) = &self.geotiff {
            let manifest = pieces.manifest();
            let grid = manifest.config(pieces.folder())?.grid.kind;
            geotiff::check_asked(folder, grid, manifest.layout(), false)?;
            let names: Vec<&Path> = files.all.iter().map(|(_, path)| *path).collect();
            geotiff::check_place(folder, store, &names, overwrite)?;
        }
        let owner = Owner::claim(folder, None)?;
        let mut assembled = self.assemble(folder, pieces, files.errors, overwrite)?;
        let (steps, geotiff) = (&mut assembled.whole.steps, self.geotiff.as_deref());
        let geotiff = self.workers()?.install(|| geotiff::add(steps, geotiff))?;
        let mut report = AssembledReport::new(
            &assembled,
            (folder, pieces.manifest()),
            store,
            self.table.as_deref(),
            self.settings.command.clone(),
        );
        report.geotiff = geotiff;
        let pieces_folder = (!self.keep_pieces).then(|| folder.to_path_buf());
        // Partials beside it are of a store that stood here before.
        let partials = RunCheckpoint::partials_beside(store);
        let clear: Vec<PathBuf> = pieces_folder.into_iter().chain(partials).collect();
        let text = (files.report, report.to_json());
        session.end(assembled.whole.steps, text, &clear)?;
        drop(owner);
        let watch = self.settings.watch;
        for granule in assembled.left_out {
            watch.note(Note::LackingGranule { granule });
        }
        let made = Made {
            store: store.to_path_buf(),
            report,
        };
        if made.is_empty() {
            let pieces = pieces.manifest().map.shards.len();
            watch.note(Note::NothingInPieces { pieces });
        }
        Ok(made)
    }

    fn assemble(
        &self,
        folder: &Path,
        pieces: &Pieces,
        errors: &Path,
        overwrite: bool,
    ) -> Result<Assembled> {
        let config = pieces.manifest().config(folder)?;
        let columns = &pieces.manifest().found.columns;
        let job = Job::new(&config, columns);
        let assembly = Assembly {
            pieces,
            config: &config,
            job: &job,
            schema: &schema(&config, &job, columns)?,
            store: &self.store,
            overwrite,
            table: self.table.as_deref(),
            geometry: self.geometry,
            errors,
            memory: self.settings.memory.values(),
            spill: &spill_folder(&self.store),
            watch: self.settings.watch,
        };
        let assembled = self.workers()?.install(|| assemble(&assembly));
        assembled.map_err(|error| match error.kind() {
            Kind::Interrupted => Error::resumable(format!(
                "no store was written and all pieces are kept in {}; run the same command again",
                folder.display()
            )),
            _ => error,
        })
    }

    /// Store, tables and report can be written.
    fn check_outputs(&self, files: &[(Artefact, &Path)], overwrite: bool) -> Result<()> {
        let inputs = Inputs::default();
        check_target(&self.store, overwrite, &inputs)?;
        for &(kind, path) in files {
            check_file(path, kind, overwrite, &inputs)?;
        }
        if let (None, Some((_, report))) = (&self.report, files.first()) {
            is_of_no_other(report, &self.store)?;
        }
        if let Some(table) = &self.table {
            TableFormat::of(table)?;
        }
        Ok(())
    }

    /// The store, if it was made of these pieces, or of such as are gone by now.
    fn standing(&self, pieces: Option<&Pieces>, report: &Path) -> Option<Standing> {
        let store = &*self.store;
        if !store.exists() || (self.overwrite && pieces.is_some()) {
            return None;
        }
        let content = match pieces {
            // Of pieces that are missing, `assemble` tells itself.
            Some(pieces) => match pieces.all_done() {
                Ok(markers) => Some(Marker::content_of_all(&markers)),
                Err(_) => return None,
            },
            None => None,
        };
        let wanted = Wanted {
            pieces_sha256: content.as_deref(),
            ..Wanted::default()
        };
        let reports = [report.to_path_buf(), beside(store, "finalize.json")];
        let found = wanted.find(store, &reports);
        found.filter(|standing| standing.report.get("stages").is_none())
    }

    /// Threads that compress and write.
    fn workers(&self) -> Result<rayon::ThreadPool> {
        let threads = self.settings.threads;
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|e| {
                Error::argument(format!("cannot start {threads} threads: {e}"))
                    .with_remedy(phrase!["use fewer with ", Setting::Threads])
                    .caused_by(e)
            })
    }
}
