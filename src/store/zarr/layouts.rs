//! The Zarr store as stores are asked for: in two layouts, over occupied cells and over the full sphere.
//!
//! Below `src/store/layout.rs`, which lists them.

use super::group::Extent;
use super::write::StoreWriter;
use super::{fullsphere, metadata};
use crate::error::Result;
use crate::finalize::StoreSchema;
use crate::store::layout::StoreKind;
use crate::store::sink::Store;
use crate::store::target::Target;

/// A Zarr store whose arrays are over these cells.
#[derive(Debug)]
pub struct ZarrStore(pub Extent);

impl StoreKind for ZarrStore {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn has_overviews(&self) -> bool {
        match self.0 {
            Extent::Occupied => true,
            Extent::Sphere => false,
        }
    }

    fn check(&self, schema: &StoreSchema) -> Result<(), String> {
        match self.0 {
            Extent::Occupied => metadata::check(schema),
            Extent::Sphere => fullsphere::check(schema),
        }
    }

    fn create(&self, target: &Target, schema: &StoreSchema) -> Result<Box<dyn Store>> {
        let store = StoreWriter::create(target.store, schema, None, target.overwrite)?;
        let store = store.with_extent(self.0);
        Ok(Box::new(store.with_overviews(target.overviews)))
    }
}
