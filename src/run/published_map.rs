//! Shard maps that are objects: made here and sent, brought here and read.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, Result};
use crate::plan::{Built, ShardMap};
use crate::publish::{Address, Beside, Desk};
use crate::source::Remote;

use super::MakeMap;
use super::settings::Settings;

/// Makes a map that has a URL. Granules that are files are named in it, and not where they are: that is nothing to whoever
/// reads it elsewhere.
///
/// # Errors
/// As [`MakeMap::execute`]; what is there is no map of icefold's; it cannot be sent.
pub(super) fn make(asked: MakeMap, address: &Address, settings: &Settings) -> Result<Built> {
    let desk = Desk::open(&settings.scratch(), &address.url(), "")?;
    let local = desk.place(address.name());
    let made = made(asked, (address, &local), settings);
    let emptied = desk.empty();
    made.and_then(|built| emptied.map(|()| built))
}

fn made(asked: MakeMap, (address, local): (&Address, &Path), settings: &Settings) -> Result<Built> {
    let beside = Beside::begin(&address.url(), local, &settings.remote)?;
    let mut built = asked.on_disk(local, true)?;
    beside.send(None)?;
    built.map.path = address.url();
    Ok(built)
}

/// Tells apart who reads in this process.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// Reads a map, from wherever it is.
///
/// # Errors
/// As [`ShardMap::read`]; it cannot be fetched.
pub(super) fn read(path: &Path, remote: &Remote, scratch: &Path) -> Result<ShardMap> {
    let Some(address) = Address::of(path)? else {
        return ShardMap::read(path);
    };
    // Several threads of a process may read it at the same time.
    let part = format!(
        "read {} {}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    );
    let desk = Desk::open(scratch, &address.url(), &part)?;
    let local = desk.place(address.name());
    let brought = Beside::begin(&address.url(), &local, remote);
    let read = brought.and_then(|beside| {
        if !beside.was_there() {
            return Err(Error::map(
                address.url(),
                "there is no such object; check the URL",
            ));
        }
        ShardMap::read(&local)
    });
    desk.empty()?;
    let mut map = read?;
    map.path = address.url();
    Ok(map)
}
