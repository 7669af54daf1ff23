//! Icefold from code: what it does, as values that are put together, executed, and answer with values.
//!
//! On top of the line. [`Run`] makes a store of granules, or pieces of one (`asked.rs` what is asked for,
//! `planned.rs` once the granules are known, `refused.rs` what does not go together, `direct.rs` without a shard map, `pieces.rs` over one, `clear_pieces.rs` before parts that begin anew together, `rows.rs` without a store), [`MakeMap`] a
//! shard map, [`MakeIndex`] an index of granules, [`Finalize`] the store of pieces; [`Verify`] compares devices or stores. `granules.rs` is what is read,
//! `settings.rs` on what and how, `device.rs` which device that is, `outcome.rs` what comes of it. `targets.rs` and `session.rs` hold what is written,
//! `geotiff.rs` files of a raster, `saved.rs` what an interrupted run had merged, `grown.rs` what is new of a store that grows (`said.rs` what it says of itself, `held.rs` which of its files are those of a run, `difference.rs` what follows from that, `positions.rs` what is read again, `made_before.rs` what no index spares it), `standing.rs` knows a store that is whole already, `urls.rs` refuses what is no path. Where an
//! output is no folder, `away.rs` and `published.rs` make it on this machine and send it.
//!
//! Nothing here prints, or reads arguments or the environment: a [`Watch`](crate::watch::Watch) is told, and asked
//! whether to go on (`notes.rs`).

mod asked;
mod away;
mod away_table;
mod clear_pieces;
mod device;
mod difference;
mod direct;
mod finalize;
mod finalized;
mod geotiff;
mod granules;
mod grown;
mod held;
mod located;
mod made_before;
mod make_index;
mod make_map;
mod notes;
mod outcome;
mod pieces;
mod planned;
mod positions;
mod published;
mod published_finalize;
mod published_map;
mod refused;
mod rows;
mod said;
mod saved;
mod session;
mod settings;
mod standing;
mod targets;
mod told;
pub(crate) mod urls;
mod verify;

pub use asked::Run;
#[doc(hidden)]
pub use clear_pieces::clear_pieces;
#[doc(hidden)]
pub use clear_pieces::clear_pieces_with;
pub use finalize::Finalize;
pub use finalized::{Finalized, Made};
pub use granules::{Granules, Mapped, Source};
pub use make_index::MakeIndex;
pub use make_map::MakeMap;
pub use outcome::{Done, Outcome};
pub(crate) use planned::coarser_on;
pub use planned::{Planned, coarser};
#[doc(hidden)]
pub use rows::Rows;
pub(crate) use session::tidy_file;
#[doc(hidden)]
pub use settings::all_cores;
pub use standing::Standing;
pub use verify::{Answer, Verified, Verify};
