//! Puts one file or folder in the place of another, in one step where the system can.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::hidden::hidden;

/// What tells one file or folder from another, whatever they are called: device and inode.
pub fn identity(path: &Path) -> Option<(u64, u64)> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let found = fs::symlink_metadata(path).ok()?;
        Some((found.dev(), found.ino()))
    }
    #[cfg(not(unix))]
    {
        // Without inodes: the time at which it was made.
        let found = fs::symlink_metadata(path).ok()?;
        let made = found.created().or_else(|_| found.modified()).ok()?;
        let since = made.duration_since(std::time::UNIX_EPOCH).ok()?;
        Some((0, since.as_nanos() as u64))
    }
}

/// Gives the folder `from` the name `to`. What stood at `to` has the name that is given back. On Linux and
/// macOS there is no moment without anything at `to`; elsewhere the old is whole beside it in that
/// moment.
///
/// # Errors
/// The operating system's: `to` is as it was.
pub fn replace(from: &Path, to: &Path) -> io::Result<Option<std::path::PathBuf>> {
    match fs::symlink_metadata(to) {
        Err(e) if e.kind() == ErrorKind::NotFound => return fs::rename(from, to).map(|()| None),
        Err(e) => return Err(e),
        Ok(_) => {}
    }
    if exchange(from, to)? {
        return Ok(Some(from.to_path_buf()));
    }
    let aside = hidden(to, "replaced");
    fs::rename(to, &aside)?;
    match fs::rename(from, to) {
        Ok(()) => Ok(Some(aside)),
        Err(error) => {
            fs::rename(&aside, to)?;
            Err(error)
        }
    }
}

/// Exchanges two names; false where the system or the file system cannot.
#[cfg(any(target_os = "linux", target_os = "macos"))]
fn exchange(from: &Path, to: &Path) -> io::Result<bool> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;

    match renameat_with(CWD, from, CWD, to, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(true),
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
#[allow(
    clippy::unnecessary_wraps,
    reason = "it can fail where it does something"
)]
fn exchange(_: &Path, _: &Path) -> io::Result<bool> {
    Ok(false)
}
