//! The layouts that stores can have, by name: the one list of what is behind [`Store`].
//!
//! Beside the line. The command line, pieces and the line itself hold a [`Layout`] and ask it; none of them
//! knows which there are.

use std::fmt;

use super::origin::Origin;
use super::sink::Store;
use super::target::Target;
use super::zarr::{Extent, ZarrStore};
use crate::error::Result;
use crate::finalize::StoreSchema;
use crate::grid::{GridConfig, Order};

/// A kind of store: its name, what it can hold, and who writes it.
pub(super) trait StoreKind: fmt::Debug + Sync {
    /// The spelling of the command line, of manifests and of stores.
    fn name(&self) -> &'static str;

    /// Whether the store has coarser orders beside that of its cells.
    fn has_overviews(&self) -> bool;

    /// Refuses, in words, what the store cannot hold: before anything is computed.
    fn check(&self, schema: &StoreSchema) -> Result<(), String>;

    /// Refuses, in words, coarser orders that the store has no place for.
    fn check_overviews(&self, schema: &StoreSchema, overviews: &[Order]) -> Result<(), String>;

    /// Begins a store beside its target.
    fn create(
        &self,
        target: &Target,
        schema: &StoreSchema,
        origin: &Origin,
    ) -> Result<Box<dyn Store>>;
}

/// How the arrays of a store are laid out; the statistics are the same.
///
/// ```
/// use icefold::Layout;
///
/// assert_eq!(Layout::named("cells"), Some(Layout::default()));
/// assert!(Layout::ALL.contains(&Layout::FULL_SPHERE));
/// ```
#[derive(Clone, Copy)]
pub struct Layout(&'static dyn StoreKind);

impl Layout {
    /// Occupied cells, with their ids beside them.
    pub const CELLS: Self = Self(&ZarrStore(Extent::Occupied));
    /// All cells of the order, the id of each its index.
    pub const FULL_SPHERE: Self = Self(&ZarrStore(Extent::Sphere));

    /// One Zarr for each shard, all cells of it, as zagg has them.
    pub const HIVE: Self = Self(&ZarrStore(Extent::Leaves));

    /// All rows and columns of a rectilinear grid.
    pub const RASTER: Self = Self(&ZarrStore(Extent::Raster));

    /// All that there are.
    pub const ALL: [Self; 4] = [Self::CELLS, Self::FULL_SPHERE, Self::HIVE, Self::RASTER];

    /// The layout that cells of a grid have where nothing is said.
    pub fn of_grid(grid: &GridConfig) -> Self {
        match grid.kind.rectilinear() {
            Some(_) => Self::RASTER,
            None => Self::CELLS,
        }
    }

    /// The layout of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|layout| layout.name() == name)
    }

    /// The spelling of the command line, of manifests and of stores.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// Whether stores have coarser orders beside that of their cells.
    pub fn has_overviews(self) -> bool {
        self.0.has_overviews()
    }

    /// Refuses, in words, what such a store cannot hold: before anything is computed.
    ///
    /// # Errors
    /// What cannot be held, and what can.
    pub fn check(self, schema: &StoreSchema) -> Result<(), String> {
        self.0.check(schema)
    }

    /// Begins a store beside its target.
    pub(super) fn create(
        self,
        target: &Target,
        schema: &StoreSchema,
        origin: &Origin,
    ) -> Result<Box<dyn Store>> {
        self.0.create(target, schema, origin)
    }

    /// Refuses, in words, coarser orders that the store has no place for.
    pub(super) fn check_overviews(
        self,
        schema: &StoreSchema,
        overviews: &[Order],
    ) -> Result<(), String> {
        self.0.check_overviews(schema, overviews)
    }
}

impl Default for Layout {
    fn default() -> Self {
        Self::CELLS
    }
}

/// Names are distinct.
impl PartialEq for Layout {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Layout {}

impl fmt::Debug for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Layout").field(&self.name()).finish()
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layout_is_found_by_its_name_and_no_two_share_one() {
        for (place, layout) in Layout::ALL.into_iter().enumerate() {
            assert_eq!(Layout::named(layout.name()), Some(layout));
            assert!(Layout::ALL[..place].iter().all(|other| *other != layout));
        }
        assert_eq!(Layout::named("rings"), None);
        assert_eq!(Layout::default().name(), "cells");
    }
}
