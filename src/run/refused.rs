//! What a run refuses before it looks at any granule.
//!
//! Below `planned.rs`: settings that do not go together, and outputs that cannot be as they are asked for.

use crate::config::CellPolicy;
use crate::error::{Error, Result, Setting, phrase};
use crate::publish::Address;
use crate::store::{Geometry, Located};

use super::{Run, Source};

/// Checks what does not go together.
pub(super) fn check(asked: &Run) -> Result<()> {
    if asked.config.grid.kind.rectilinear().is_some() {
        refuse_on_rectilinear(asked)?;
    }
    refuse_in_table(asked)?;
    check_update(asked)
}

/// An update is of a store that stands and of granules as they are; partials are kept of those, too.
fn check_update(asked: &Run) -> Result<()> {
    let over_map = matches!(asked.source, Source::Mapped(_));
    if over_map && (asked.update || asked.keep_partials) {
        let setting = if asked.update {
            Setting::Update
        } else {
            Setting::KeepPartials
        };
        return Err(Error::argument(phrase![
            setting,
            " is about granules as they are, and this run follows a shard map, whose pieces are made of the granules that it \
             lists"
        ])
        .with_remedy("name the granules in place of the map"));
    }
    let store = asked.store.as_ref().or(asked.config.store.as_ref());
    let away = store.filter(|store| Address::is(store));
    if let Some(store) = away.filter(|_| asked.update || asked.keep_partials) {
        let setting = if asked.update {
            Setting::Update
        } else {
            Setting::KeepPartials
        };
        return Err(Error::argument(phrase![
            setting,
            format!(
                " is about a store in a folder, beside which partials are kept, and {} is no folder",
                store.display()
            )
        ])
        .with_remedy("let the store grow in a folder and copy it, or make it anew with the new granules"));
    }
    if asked.update && asked.overwrite {
        return Err(Error::argument(
            "to update is to add to the store that stands and to overwrite is to begin anew; choose one",
        ));
    }
    if asked.allow_removal && !asked.update {
        return Err(Error::argument(phrase![
            Setting::AllowRemoval,
            " takes granules out of a store that grows, and this run makes one anew"
        ])
        .with_remedy(phrase![
            "leave it out, or add to a store with ",
            Setting::Update
        ]));
    }
    Ok(())
}

/// What there is on grids of HEALPix only.
fn refuse_on_rectilinear(asked: &Run) -> Result<()> {
    if asked.config.cells == CellPolicy::Region {
        return Err(Error::argument(
            "all cells of a region are asked for, and the grid is rectilinear: a raster has all of its cells, and those \
             without a photon hold fill values; ask for occupied cells",
        ));
    }
    Ok(())
}

/// Outputs that are called as the columns of a table that say where its cells are, and geometries of no table.
fn refuse_in_table(asked: &Run) -> Result<()> {
    let Some(table) = &asked.table else {
        if asked.geometry == Geometry::None {
            return Ok(());
        }
        return Err(Error::argument(
            "geometries are asked for, and no table, which has them; name a table, or leave them out",
        ));
    };
    let located = Located {
        grid: asked.config.grid,
        geometry: asked.geometry,
    };
    let names = located.names();
    let mut outputs = asked.config.outputs.iter();
    match outputs.find(|output| names.contains(&&*output.name)) {
        None => Ok(()),
        Some(output) => Err(Error::argument(phrase![
            Setting::Table.to(table.display()),
            format!(
                ": a table has a column {} of its own, as an output is called",
                output.name
            )
        ])
        .with_remedy("choose another name for the output")),
    }
}
