//! Settings and actions that texts name, and the words in which a caller says them.

use std::fmt::{self, Debug, Display};

use super::phrase::Part;

macro_rules! settings {
    ($($(#[$says:meta])* $setting:ident = $name:literal,)+) => {
        /// A setting that a text may name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Setting {
            $($(#[$says])* $setting,)+
        }

        impl Setting {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$setting,)+];

            /// Its name: words joined by `_`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$setting => $name,)+
                }
            }
        }
    };
}

settings! {
    /// Whether all datasets of a granule are listed.
    All = "all",
    /// Whether a run that keeps no photon is as expected.
    AllowEmpty = "allow_empty",
    /// A folder that granules may lead to.
    AllowExternal = "allow_external",
    /// Whether granules may be taken out of a store.
    AllowRemoval = "allow_removal",
    /// Rows of a batch at most.
    BatchRows = "batch_rows",
    /// The part of the Earth that a map shows.
    Bbox = "bbox",
    /// Whether a store has all cells of its region.
    CellsOfRegion = "cells_of_region",
    /// The colours of a map.
    Cmap = "cmap",
    /// What folds the photons.
    Device = "device",
    /// Memory to take of a device.
    DeviceMemory = "device_memory",
    /// The folder for the arrays of a raster as GeoTIFF.
    Geotiff = "geotiff",
    /// The folder that has the granules of a shard map.
    GranuleRoot = "granule_root",
    /// Whether whole granules are hashed.
    HashGranules = "hash_granules",
    /// What is aggregated: tables or arrays.
    Input = "input",
    /// Whether results are shown as JSON.
    Json = "json",
    /// Whether partials stay beside a store.
    KeepPartials = "keep_partials",
    /// How the arrays of a store are laid out.
    Layout = "layout",
    /// Bytes of a page at most.
    MaxSize = "max_size",
    /// Memory of the whole run.
    Memory = "memory",
    /// The orders of a store that are shown.
    Order = "order",
    /// Where the answer of an aggregation goes.
    Output = "output",
    /// Coarser orders of a store.
    Overviews = "overviews",
    /// Whether what is there may be replaced.
    Overwrite = "overwrite",
    /// The shard map that a run follows.
    Plan = "plan",
    /// The area that photons are kept of.
    Region = "region",
    /// Where the run report goes.
    Report = "report",
    /// Size of one integer unit of values.
    Resolution = "resolution",
    /// Whether a run goes on with what an earlier one left.
    Resume = "resume",
    /// The part of a shard map that a run is about.
    Shards = "shards",
    /// Width of a map, or width and height.
    Size = "size",
    /// Statistics of an aggregation.
    Stats = "stats",
    /// The store to write.
    Store = "store",
    /// The cells as a table.
    Table = "table",
    /// Worker threads.
    Threads = "threads",
    /// Whether what cannot be used is left out and reported.
    Tolerant = "tolerant",
    /// Which step of time is drawn, and the times of an aggregation.
    Time = "time",
    /// Where the cells of an aggregation go.
    To = "to",
    /// Whether a run adds to the store that stands.
    Update = "update",
    /// Value columns of an aggregation.
    Values = "values",
    /// The arrays of a store that are shown.
    Variables = "variables",
    /// The value at the upper end of a map's colours.
    Vmax = "vmax",
    /// The value at the lower end of a map's colours.
    Vmin = "vmin",
    /// The column of weights of an aggregation.
    Weights = "weights",
}

impl Setting {
    /// The setting with a value, as a part of a phrase.
    pub fn to(self, value: impl Display) -> Part {
        Part::Setting(self, Some(value.to_string()))
    }

    /// That the setting is to be on, as a part of a phrase: "set tolerant".
    pub fn set(self) -> Part {
        Part::Set(self)
    }
}

/// Something that icefold does, and that a text may tell to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// Remove what killed runs left.
    Clean,
    /// Make a store of its pieces.
    Finalize,
    /// Look at a file or folder.
    Inspect,
    /// Make a shard map.
    MakeMap,
    /// Show the format of shard maps.
    MapSchema,
    /// Show the format of run reports.
    ReportSchema,
    /// Write pieces of a store, by a run over a part of a shard map.
    WritePieces,
}

impl Action {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Clean,
        Self::Finalize,
        Self::Inspect,
        Self::MakeMap,
        Self::MapSchema,
        Self::ReportSchema,
        Self::WritePieces,
    ];
}

/// How a caller says settings and actions: as flags and verbs, say, or as keywords and functions.
///
/// ```
/// use icefold::error::{Action, Dialect, Neutral, Setting};
///
/// /// Settings as keywords of a function.
/// #[derive(Debug)]
/// struct Keywords;
///
/// impl Dialect for Keywords {
///     fn setting(&self, setting: Setting, value: Option<&str>) -> String {
///         let name = setting.name().replace(' ', "_");
///         value.map_or(name.clone(), |value| format!("{name}={value}"))
///     }
///
///     fn action(&self, action: Action) -> String {
///         format!("icefold.{action:?}()")
///     }
/// }
///
/// assert_eq!(Keywords.setting(Setting::Memory, Some("2GiB")), "memory=2GiB");
/// assert_eq!(Neutral.setting(Setting::Memory, Some("2GiB")), "memory 2GiB");
/// ```
pub trait Dialect: Debug + Sync {
    /// A setting, with its value where there is one: a noun in a sentence.
    fn setting(&self, setting: Setting, value: Option<&str>) -> String;

    /// That a setting is to be on.
    fn set(&self, setting: Setting) -> String {
        format!("set {}", self.setting(setting, None))
    }

    /// An action: a noun in a sentence.
    fn action(&self, action: Action) -> String;
}

/// The library's own dialect: names, and nothing around them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Neutral;

impl Dialect for Neutral {
    fn setting(&self, setting: Setting, value: Option<&str>) -> String {
        match value {
            Some(value) => format!("{} {value}", setting.name()),
            None => setting.name().to_owned(),
        }
    }

    fn action(&self, action: Action) -> String {
        let name = match action {
            Action::Clean => "clean",
            Action::Finalize => "finalize",
            Action::Inspect => "inspect",
            Action::MakeMap => "a plan of its granules",
            Action::MapSchema => "the schema of shard maps",
            Action::ReportSchema => "the schema of run reports",
            Action::WritePieces => "a run over shards of a map into a store",
        };
        name.to_owned()
    }
}

impl Default for &'static dyn Dialect {
    fn default() -> Self {
        &Neutral
    }
}

impl Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
