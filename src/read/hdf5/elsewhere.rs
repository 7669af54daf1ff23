//! Other files that a granule leads to: where they are, and whether they may be opened.
//!
//! On the line: `walk.rs` asks about external links, `storage.rs` about external raw data and the sources of
//! virtual datasets, before libhdf5 opens anything. Only regular files count, in the granule's folder or
//! below, or in folders that the user names; a granule from someone else could lead anywhere.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use super::file::GranuleFile;
use super::open_file::OpenFile;
use crate::error::{Error, Result, Setting, phrase};
use crate::source::is_object;

/// What leads elsewhere, for errors: `/gt1l is an external link to`.
pub(super) struct Lead<'a> {
    pub what: &'a str,
    /// The name of the file, as it is written.
    pub name: &'a str,
    /// The file in which it is written.
    pub from: &'a OpenFile,
}

impl GranuleFile {
    /// Opens the HDF5 file that something leads to, once.
    pub(super) fn open_elsewhere(&self, lead: &Lead) -> Result<Arc<OpenFile>> {
        let path = self.find_elsewhere(lead)?;
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = others.get(&path) {
            return Ok(Arc::clone(known));
        }
        let opened = OpenFile::open(&path).map_err(|error| {
            let Lead { what, name, .. } = lead;
            self.error(format!("{what} {name}: {error}"))
                .caused_by(error)
        })?;
        let opened = Arc::new(opened);
        others.insert(path, Arc::clone(&opened));
        Ok(opened)
    }

    /// The file that something leads to, without links.
    ///
    /// A name that is not absolute counts from the folder of the file in which it stands, and an
    /// absolute one that leads nowhere is looked for in that folder by its last part. Variables of the
    /// environment do not count.
    ///
    /// # Errors
    /// There is none, it is outside the folders that count, or it is no regular file.
    pub(super) fn find_elsewhere(&self, lead: &Lead) -> Result<PathBuf> {
        self.leads.store(true, Ordering::Relaxed);
        let Lead { what, name, from } = lead;
        let refuse = |why: &str| Err(self.error(format!("{what} {name}, {why}")));
        if is_object(&from.path) {
            return refuse(
                "and what an object leads to is not followed; download it with what is beside it",
            );
        }
        for candidate in candidates(name, &from.path) {
            let found = match candidate.canonicalize() {
                Ok(found) => found,
                Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                    continue;
                }
                Err(e) => return Err(self.error(format!("{what} {name}: cannot find it: {e}"))),
            };
            if !self.folders.iter().any(|folder| found.starts_with(folder)) {
                let outside = refuse("which is outside the granule's folder");
                return outside.map_err(|error| {
                    error.with_remedy(phrase![
                        "copy it there, or allow its folder with ",
                        Setting::AllowExternal
                    ])
                });
            }
            if !found.is_file() {
                return refuse("which is not a regular file; leave the granule out");
            }
            return Ok(found);
        }
        refuse("which does not exist; copy it into the granule's folder, or leave the granule out")
    }

    /// The folders in which files may lie that a granule leads to: its own, and those named.
    pub(super) fn folders_of(path: &Path, named: &[PathBuf]) -> Result<Vec<PathBuf>> {
        // Beside an object there are no files.
        if is_object(path) {
            return Ok(Vec::new());
        }
        let real = |path: &Path| path.canonicalize().map_err(|e| Error::io("find", path, e));
        let file = real(path)?;
        let mut folders = vec![real(&folder_of(path))?, folder_of(&file)];
        for folder in named {
            folders.push(real(folder)?);
        }
        Ok(folders)
    }
}

/// Where a file of this name may be, most likely first.
fn candidates(name: &str, from: &Path) -> Vec<PathBuf> {
    let name = Path::new(name);
    let mut folders = vec![folder_of(from)];
    folders.extend(from.canonicalize().ok().map(|real| folder_of(&real)));
    let beside = |name: &Path| -> Vec<PathBuf> { folders.iter().map(|f| f.join(name)).collect() };
    if !name.is_absolute() {
        return beside(name);
    }
    let mut found = vec![name.to_path_buf()];
    if let Some(last) = name.file_name() {
        found.extend(beside(Path::new(last)));
    }
    found
}

fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use crate::config::parse_yaml;
    use crate::photon::ColumnType;
    use crate::read::hdf5::select::tests::CONFIG;
    use crate::read::{GranulePath, Input, StillOpen};

    #[test]
    fn no_granule_stays_open_where_one_leads_to_other_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let plain = hdf5::File::create(path("plain.h5")).unwrap();
        let group = plain.create_group("gt1l").unwrap();
        for name in ["lat", "lon", "h"] {
            let values = vec![1.0_f64; 10];
            let builder = group.new_dataset_builder().with_data(&values);
            builder.create(name).unwrap();
        }
        let leading = hdf5::File::create(path("leading.h5")).unwrap();
        leading.link_external("plain.h5", "/gt1l", "/gt1l").unwrap();
        drop((group, plain, leading));
        std::thread::sleep(std::time::Duration::from_millis(150));
        let config = parse_yaml("config", CONFIG).unwrap();
        let [plain, leading] =
            ["plain.h5", "leading.h5"].map(|name| GranulePath::alone(&path(name)));
        let mut open = StillOpen::default();
        let survey = |granule: &GranulePath, open: &mut StillOpen| {
            Input::describe_and_keep(granule, &config, open).unwrap();
        };
        survey(&plain, &mut open);
        let types_of = [ColumnType::F64];
        assert!(open.take(&plain, (&types_of, 10), &None).is_some() == cfg!(unix));
        for order in [[&plain, &leading], [&leading, &plain]] {
            let mut open = StillOpen::default();
            for granule in order {
                survey(granule, &mut open);
            }
            for granule in order {
                assert!(open.take(granule, (&types_of, 10), &None).is_none());
            }
        }
    }
}
