//! The Zarr store as stores are asked for: over occupied cells, over the full sphere, as a hive, and as a raster.
//!
//! Below `src/store/layout.rs`, which lists them.

use super::check::check_schema;
use super::group::Extent;
use super::hive::HiveWriter;
use super::write::StoreWriter;
use super::{fullsphere, hive, raster};
use crate::error::Result;
use crate::finalize::StoreSchema;
use crate::grid::Order;
use crate::store::layout::StoreKind;
use crate::store::origin::Origin;
use crate::store::provenance::Provenance;
use crate::store::sink::Store;
use crate::store::target::Target;

/// A Zarr store whose arrays are over these cells.
#[derive(Debug)]
pub struct ZarrStore(pub Extent);

impl ZarrStore {
    /// Why cells of this grid are not held.
    fn other_grid(&self, schema: &StoreSchema) -> String {
        let (name, grid) = (self.0.name(), schema.grid.kind.title());
        let (holds, other) = match self.0 {
            Extent::Raster => ("rows and columns of rectilinear grids", Extent::Occupied),
            Extent::Occupied | Extent::Sphere | Extent::Leaves => {
                ("cells of HEALPix", Extent::Raster)
            }
        };
        format!(
            "the {name} layout holds {holds}, and the cells are of {grid}; use the {} layout",
            other.name()
        )
    }
}

impl StoreKind for ZarrStore {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn has_overviews(&self) -> bool {
        match self.0 {
            Extent::Occupied | Extent::Leaves | Extent::Raster => true,
            Extent::Sphere => false,
        }
    }

    fn check(&self, schema: &StoreSchema) -> Result<(), String> {
        if schema.grid.kind.rectilinear().is_some() != (self.0 == Extent::Raster) {
            return Err(self.other_grid(schema));
        }
        match self.0 {
            Extent::Occupied => check_schema(schema),
            Extent::Sphere => fullsphere::check(schema),
            Extent::Leaves => hive::check(schema),
            Extent::Raster => raster::check(schema),
        }
    }

    fn check_overviews(&self, schema: &StoreSchema, overviews: &[Order]) -> Result<(), String> {
        match self.0 {
            Extent::Occupied | Extent::Sphere => Ok(()),
            Extent::Raster => raster::check_overviews(schema, overviews),
            Extent::Leaves => hive::check_overviews(schema, overviews),
        }
    }

    fn create(
        &self,
        target: &Target,
        schema: &StoreSchema,
        origin: &Origin,
    ) -> Result<Box<dyn Store>> {
        if self.0 == Extent::Leaves {
            return Ok(Box::new(HiveWriter::create(target, schema, origin)?));
        }
        let store = StoreWriter::create(target.store, schema, None, target.overwrite)?;
        let mut store = store.with_extent(self.0);
        if let Some(config) = target.config {
            let files = origin.files.clone();
            store = store.with_provenance(Provenance::new(config, target, files));
        }
        Ok(Box::new(store.with_overviews(target.overviews)))
    }
}
