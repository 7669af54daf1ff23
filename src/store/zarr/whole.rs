//! Makes a store whole: what its groups are, what it was made of, and last of all the document of its root.
//!
//! Below `write.rs`. A document of a group has those of all that is in it (`consolidated.rs`), so it is written after
//! them; without that of the root a store does not open.

use super::array::{WriteFailure, create_folder, write_document};
use super::consolidated::with_members;
use super::group::Stored;
use super::logical::TreeHashes;
use super::metadata;
use super::place::{Place, sync_written};
use super::root::{self, with_attributes};
use super::write::{Overview, StoreWriter};
use crate::error::{Error, Result};
use crate::grid::Order;
use crate::place::FolderPlace;
use crate::store::provenance::{PROVENANCE, Provenance};
use crate::store::sink::{Written, WrittenOverview};

impl StoreWriter {
    /// As [`finish`](Self::finish), but for the name, which is given together with those of other files.
    pub fn whole(self) -> Result<(FolderPlace, Written)> {
        let Self {
            place,
            cells,
            base,
            overviews,
            footprint,
            provenance,
        } = self;
        let defect = |what: String| {
            let what = format!("{what}; this is a defect in icefold, please report it");
            Error::store(place.target(), what)
        };
        let written = base.written();
        if let Some(cells) = cells.filter(|&cells| cells != written) {
            return Err(defect(format!(
                "{cells} cells were announced and {written} written"
            )));
        }
        for overview in &overviews {
            let (order, written) = (overview.order(), overview.group.written());
            if written != overview.ancestors {
                let ancestors = overview.ancestors;
                return Err(defect(format!(
                    "the cells lie in {ancestors} of order {order} and {written} were written"
                )));
            }
        }
        let orders: Vec<Order> = overviews.iter().map(Overview::order).collect();
        let (schema, extent) = (base.schema().clone(), base.extent());
        let (root_folder, base_folder) =
            (place.partial().to_path_buf(), base.folder().to_path_buf());
        let said = provenance
            .as_ref()
            .map(|of| of.attributes(&schema, footprint.around()));
        let said = said.unwrap_or_default();
        let (hashes, stored) = base.finish(&place)?;
        let mut tree = TreeHashes::default();
        let below = if extent.is_at_root() {
            String::new()
        } else {
            schema.grid.group()
        };
        let mut whole = tree.insert_all(&below, stored);
        let mut finished = Vec::new();
        for overview in overviews {
            let (overview, stored) = overview.finish(&place, provenance.as_ref())?;
            whole &= tree.insert_all(&overview.order.to_string(), stored);
            finished.push(overview);
        }
        let written = Written {
            hashes,
            overviews: finished,
            tree: whole.then_some(tree),
        };
        let document = || -> Result<(), WriteFailure> {
            if let Some(provenance) = &provenance {
                write_provenance(&place, provenance, &schema.config_sha256)?;
            }
            let mut document = with_attributes(metadata::group(&schema, extent), &said);
            if extent.is_at_root() {
                document = root::with_overviews(document, &schema, &orders);
            } else {
                write_document(&base_folder, &with_members(document, &base_folder)?)?;
                document = root::of_groups(&said);
            }
            write_document(&root_folder, &with_members(document, &root_folder)?)?;
            sync_written(&root_folder)
        };
        document().map_err(|failure| place.failed(&failure))?;
        Ok((place.whole()?, written))
    }
}

impl Overview {
    fn finish(
        self,
        place: &Place,
        provenance: Option<&Provenance>,
    ) -> Result<(WrittenOverview, Option<Stored>)> {
        let (order, cells) = (self.order(), self.group.written());
        let grid = self.group.schema().grid;
        let group = grid.kind.rectilinear().map(|_| grid.group());
        let schema = self.group.schema();
        let said = provenance.map(|of| of.attributes(schema, self.footprint.around()));
        let document = metadata::group(schema, self.group.extent());
        let document = with_attributes(document, &said.unwrap_or_default());
        let folder = self.group.folder().to_path_buf();
        let (hashes, stored) = self.group.finish(place)?;
        with_members(document, &folder)
            .and_then(|document| write_document(&folder, &document))
            .map_err(|failure| place.failed(&failure))?;
        let overview = WrittenOverview {
            order,
            group,
            cells,
            hashes,
        };
        Ok((overview, stored))
    }
}

/// The group that says what the store was made of.
fn write_provenance(
    place: &Place,
    provenance: &Provenance,
    config_sha256: &str,
) -> Result<(), WriteFailure> {
    let folder = place.partial().join(PROVENANCE);
    create_folder(&folder)?;
    let document = with_members(provenance.document(config_sha256), &folder)?;
    write_document(&folder, &document)
}
