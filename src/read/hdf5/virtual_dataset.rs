//! Virtual datasets: every file and dataset from which one takes values is checked first.
//!
//! On the line: `storage.rs` calls this when a dataset is opened. libhdf5 reads fill values where a source is
//! missing, as if they had been measured, and opens whatever file a source names.

use std::sync::Arc;

use hdf5::Dataset;
use hdf5::plist::dataset_create::Layout;

use super::chunk::{Asked, Found, Untabled, find};
use super::elsewhere::Lead;
use super::file::{GranuleFile, Located};
use super::mapping::{Mapping, mappings};
use super::open_file::OpenFile;
use super::types::dtype_of;
use super::walk::Walk;
use crate::Result;

/// Virtual datasets that are sources of one another, at most.
const DEEPEST: usize = 8;

/// How many virtual datasets led to this one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Depth(usize);

impl GranuleFile {
    /// Checks that every source of a virtual dataset is there and large enough, and that together they
    /// are all of it.
    pub(super) fn check_virtual(&self, located: &Located, path: &str, depth: Depth) -> Result<()> {
        let read = |e: hdf5::Error| self.damaged(format!("read what {path} is made of"), &e);
        let plist = located.dataset.dcpl().map_err(read)?;
        if plist.get_layout().map_err(read)? != Layout::Virtual {
            return Ok(());
        }
        let what = format!("{path} is a virtual dataset");
        // libhdf5 would look into them before the granule's folder.
        for variable in ["HDF5_VDS_PREFIX", "HDF5_EXT_PREFIX"] {
            if std::env::var_os(variable).is_some() {
                return Err(self.error(format!(
                    "{what}, and {variable} says where to look for its sources; unset it"
                )));
            }
        }
        if depth.0 == DEEPEST {
            return Err(self.error(format!(
                "{what} behind {DEEPEST} others; rewrite it (h5repack -l CONTI)"
            )));
        }
        let mappings = mappings(&plist).map_err(read)?;
        // libhdf5 opens sources without an end to tell the shape of what they are mapped to.
        let endless = |m: &&Mapping| m.from.is_endless() || m.to.is_endless();
        if let Some(mapping) = mappings.iter().find(endless) {
            return Err(self.error(format!(
                "{what} of pieces without an end, of {} in {}, which is not supported; rewrite it \
                 (h5repack -l CONTI)",
                mapping.dataset, mapping.file
            )));
        }
        let mut rows = Vec::new();
        let shape = shape_of(&located.dataset);
        for mapping in &mappings {
            rows.push(mapping.to.whole_rows(&shape).map_err(|why| {
                self.error(format!(
                    "{what} {why}, which is not supported; rewrite it (h5repack -l CONTI)"
                ))
            })?);
            self.check_source(mapping, located, (path, depth))?;
        }
        let mut covered = 0_u64;
        rows.sort_unstable_by_key(|rows| rows.start);
        for rows in rows {
            if rows.start > covered {
                break;
            }
            covered = covered.max(rows.end);
        }
        let all = shape.first().copied().unwrap_or(1);
        if covered < all {
            return Err(self.error(format!(
                "{what} of {all} rows, and no source has row {covered}; fetch the granule again"
            )));
        }
        Ok(())
    }

    /// One source: its file, the dataset in it, and its length.
    fn check_source(
        &self,
        mapping: &Mapping,
        located: &Located,
        (path, depth): (&str, Depth),
    ) -> Result<()> {
        let (name, dataset) = (&mapping.file, &mapping.dataset);
        let what = format!("{path} takes its values from {dataset} in");
        if name.contains('%') || dataset.contains('%') {
            return Err(self.error(format!(
                "{what} {name}, which stands for several names and is not supported; rewrite it \
                 (h5repack -l CONTI)"
            )));
        }
        let file = if name == "." {
            Arc::clone(&located.file)
        } else {
            let lead = Lead {
                what: &what,
                name,
                from: &located.file,
            };
            let opened = self.open_elsewhere(&lead)?;
            self.check_same_file(&opened, &lead)?;
            opened
        };
        let source = match self.walk_in(&file, dataset)? {
            Walk::Spot(spot) => self.open_dataset(spot, dataset)?,
            Walk::Missing(_) => {
                return Err(self.error(format!(
                    "{what} {name}, which has no such dataset; fetch it again"
                )));
            }
        };
        self.check_virtual(&source, dataset, Depth(depth.0 + 1))?;
        self.check_values(&source, &format!("{what} {name}, which"))?;
        let shape = shape_of(&source.dataset);
        if !mapping.fits(&shape, &shape_of(&located.dataset)) {
            return Err(self.error(format!(
                "{what} {name}, which has {shape:?} of them and not as many as it takes; fetch it again"
            )));
        }
        Ok(())
    }

    /// The values of a source: all there, and of filters that libhdf5 has, which reads them.
    fn check_values(&self, source: &Located, what: &str) -> Result<()> {
        let refuse = |why: &str| Err(self.error(format!("{what} {why}")));
        let Located { dataset, file } = source;
        let read = |e: hdf5::Error| self.damaged(format!("read where {what} is"), &e);
        let plist = dataset.dcpl().map_err(read)?;
        if plist.get_layout().map_err(read)? == Layout::Virtual {
            return Ok(());
        }
        if !plist.get_external().map_err(read)?.is_empty() {
            return refuse("has them in other files again; rewrite it (h5repack)");
        }
        let dtype = dtype_of(dataset).map_err(|found| self.error(format!("{what} is {found}")))?;
        // Each column of storage chunks has chunks of its own.
        let shape = dataset.shape();
        let columns = shape.get(1).copied().unwrap_or(1);
        let width = dataset.chunk().and_then(|chunk| chunk.get(1).copied());
        for column in (0..columns).step_by(width.unwrap_or(columns).max(1)) {
            let found = find(Asked {
                dataset,
                dtype,
                column: Some(column),
                bytes: &file.data,
                parts: None,
            });
            match found {
                Err(Untabled::Hdf5(e)) => return Err(read(e)),
                Err(Untabled::Bad(why)) => return refuse(&why),
                Ok(Found::Direct(chunked)) => {
                    if let Some(holes) = chunked.holes() {
                        return refuse(&holes.describe());
                    }
                }
                Ok(Found::Through { .. }) => {}
            }
        }
        if !plist.all_filters_avail() {
            return refuse(
                "is stored with a filter that virtual datasets cannot have here; rewrite it \
                 (h5repack -f GZIP=6)",
            );
        }
        Ok(())
    }

    /// libhdf5 looks for a relative name in the working folder before that of a link's target.
    fn check_same_file(&self, opened: &OpenFile, lead: &Lead) -> Result<()> {
        let folder = lead.from.path.parent();
        let first = folder.map(|folder| folder.join(lead.name));
        let other = std::path::Path::new(lead.name).canonicalize().ok();
        let first = first.and_then(|first| first.canonicalize().ok());
        match first.or(other) {
            Some(found) if found != opened.path => {
                let (what, name) = (lead.what, lead.name);
                Err(self.error(format!(
                    "{what} {name}, of which there are two, {} and {}; remove one",
                    found.display(),
                    opened.path.display()
                )))
            }
            _ => Ok(()),
        }
    }
}

fn shape_of(dataset: &Dataset) -> Vec<u64> {
    dataset
        .shape()
        .iter()
        .map(|&length| length as u64)
        .collect()
}
