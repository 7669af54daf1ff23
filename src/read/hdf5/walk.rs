//! Paths inside a granule, followed link by link.
//!
//! On the line: `file.rs` opens groups and datasets by what is found here. libhdf5 would follow every
//! link by itself, and open whatever file an external one names; here only hard links are left to it.

use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::sync::Arc;

use hdf5::Group;
use hdf5::sync::sync;

use super::elsewhere::Lead;
use super::file::GranuleFile;
use super::open_file::OpenFile;
use crate::Result;

/// Links that are followed one out of the other.
const MOST_LINKS: usize = 16;
/// Kinds of links, HDF5 File Format Specification, IV.A.2.g.
const HARD: c_int = 0;
const SOFT: c_int = 1;
const EXTERNAL: c_int = 64;
/// Bytes of a link's value at most: it is a message of an object header.
const LONGEST_VALUE: usize = 1 << 16;

/// Where a path leads: a group, or what a hard link in it names.
#[derive(Debug, Clone)]
pub(super) struct Spot {
    pub file: Arc<OpenFile>,
    pub group: Group,
    pub name: Option<String>,
}

/// A path that leads somewhere, or where it stops leading anywhere.
pub(super) enum Walk {
    Spot(Spot),
    Missing(Missing),
}

/// The first part of a path that does not exist, and the group that lacks it.
#[derive(Debug)]
pub(super) struct Missing {
    pub parent: String,
    pub part: String,
    pub group: Group,
}

/// One entry of a group.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Link {
    Hard,
    Soft(String),
    External { file: String, object: String },
    Other,
}

/// A path to follow from a group; `at` is what errors call the group.
struct Way<'a> {
    from: &'a Spot,
    path: &'a str,
    at: String,
    /// Links that led here.
    depth: usize,
}

impl Spot {
    /// The group that it is, or that it names.
    pub fn open_group(&self) -> hdf5::Result<Group> {
        match &self.name {
            None => Ok(self.group.clone()),
            Some(name) => self.group.group(name),
        }
    }
}

impl GranuleFile {
    /// Follows a path from the root of the granule.
    pub(super) fn walk(&self, path: &str) -> Result<Walk> {
        self.walk_in(&self.main, path)
    }

    /// Follows a path from the root of a file.
    pub(super) fn walk_in(&self, file: &Arc<OpenFile>, path: &str) -> Result<Walk> {
        let from = &self.root_of(file)?;
        let (at, depth) = (String::new(), 0);
        self.follow(Way {
            from,
            path,
            at,
            depth,
        })
    }

    fn root_of(&self, file: &Arc<OpenFile>) -> Result<Spot> {
        let group = file.file.group("/");
        Ok(Spot {
            group: group.map_err(|e| self.damaged("open /", &e))?,
            file: Arc::clone(file),
            name: None,
        })
    }

    fn follow(&self, way: Way) -> Result<Walk> {
        let mut spot = way.from.clone();
        let mut at = way.at;
        let parts = way.path.split('/');
        for part in parts.filter(|part| !part.is_empty() && *part != ".") {
            let opened = spot.open_group();
            let group = opened.map_err(|e| self.damaged(format!("open {at} as a group"), &e))?;
            let here = Spot {
                group,
                name: None,
                ..spot
            };
            let found = link(&here.group, part);
            let full = format!("{at}/{part}");
            spot = match found.map_err(|e| self.damaged(format!("look up {full}"), &e))? {
                None => {
                    return Ok(Walk::Missing(Missing {
                        group: here.group,
                        parent: at,
                        part: part.to_owned(),
                    }));
                }
                Some(link) => self.end_of(link, here, part, (&full, way.depth))?,
            };
            at = full;
        }
        Ok(Walk::Spot(spot))
    }

    /// What a link in a group leads to.
    fn end_of(
        &self,
        link: Link,
        group: Spot,
        name: &str,
        (full, depth): (&str, usize),
    ) -> Result<Spot> {
        let (from, path, what) = match link {
            Link::Hard => {
                let name = Some(name.to_owned());
                return Ok(Spot { name, ..group });
            }
            Link::Soft(path) => {
                let from = if path.starts_with('/') {
                    self.root_of(&group.file)?
                } else {
                    group
                };
                let what = format!("{full} is a link to {path}");
                (from, path, what)
            }
            Link::External { file, object } => {
                let lead = Lead {
                    what: &format!("{full} is an external link to"),
                    name: &file,
                    from: &group.file,
                };
                let opened = self.open_elsewhere(&lead)?;
                let what = format!("{full} is an external link to {object} in {file}");
                (self.root_of(&opened)?, object, what)
            }
            Link::Other => {
                return Err(self.error(format!(
                    "{full} is a link of a kind that some program defined for itself; leave the \
                     granule out"
                )));
            }
        };
        if depth == MOST_LINKS {
            return Err(self.error(format!(
                "{what}, behind {MOST_LINKS} other links; leave the granule out"
            )));
        }
        let way = Way {
            from: &from,
            path: &path,
            at: String::new(),
            depth: depth + 1,
        };
        match self.follow(way)? {
            Walk::Spot(spot) => Ok(spot),
            Walk::Missing(_) => Err(self.error(format!(
                "{what}, which does not exist; fetch the granule again, or leave it out"
            ))),
        }
    }
}

impl Missing {
    /// What the last existing group holds instead, and the remedy; `members` are its names.
    pub fn describe(&self, members: &[String]) -> String {
        let parent = if self.parent.is_empty() {
            "/"
        } else {
            &self.parent
        };
        let likeness = |m: &String| strsim::jaro_winkler(m, &self.part);
        let nearest = (members.iter()).max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        match nearest {
            None => format!("{parent} is empty; leave the ground track out"),
            Some(nearest) => format!(
                "{parent} holds no {}, the nearest of its {} names is {nearest}; correct the path \
                 in the config",
                self.part,
                members.len()
            ),
        }
    }
}

/// The link of this name in a group; `None` where there is none.
#[expect(
    unsafe_code,
    reason = "the safe interface does not give the value of a link"
)]
pub(super) fn link(group: &Group, name: &str) -> hdf5::Result<Option<Link>> {
    use hdf5_sys::h5l::{H5L_info2_t, H5Lexists, H5Lget_info2, H5Lget_val};
    let default = hdf5_sys::h5p::H5P_DEFAULT;
    let c_name = std::ffi::CString::new(name).map_err(|_| "a name with a zero byte")?;
    let mut info = MaybeUninit::<H5L_info2_t>::zeroed();
    let mut value = vec![0_u8; LONGEST_VALUE + 1];
    // SAFETY: the group lives, the name ends in a zero byte, `info` and `value` are as large as is said;
    // the kind of a link stands first in `info`, and is read as the number that it is, since a file may
    // hold one that the enumeration lacks; a damaged group gives an error code; the lock is held.
    let (exists, kind, read) = sync(|| unsafe {
        let (id, name) = (group.id(), c_name.as_ptr());
        let exists = H5Lexists(id, name, default);
        if exists <= 0 || H5Lget_info2(id, name, info.as_mut_ptr(), default) < 0 {
            return (exists, -1, -1);
        }
        let kind = info.as_ptr().cast::<c_int>().read();
        let read = match kind {
            HARD => 0,
            _ => H5Lget_val(id, name, value.as_mut_ptr().cast(), LONGEST_VALUE, default),
        };
        (exists, kind, read)
    });
    if exists == 0 {
        return Ok(None);
    }
    if exists < 0 || read < 0 {
        return Err(hdf5::Error::query().unwrap_or_else(|_| "the link is damaged".into()));
    }
    Ok(Some(match kind {
        HARD => Link::Hard,
        SOFT => Link::Soft(text(&value).0),
        EXTERNAL => external(&value),
        _ => Link::Other,
    }))
}

/// The value of an external link: a byte of version and flags, then two texts. HDF5 File Format
/// Specification, IV.A.2.g.
fn external(value: &[u8]) -> Link {
    let (file, rest) = text(&value[1..]);
    let (object, _) = text(rest);
    match value[0] {
        0 if !file.is_empty() => Link::External { file, object },
        _ => Link::Other,
    }
}

/// The bytes before the first zero, and those behind it.
fn text(bytes: &[u8]) -> (String, &[u8]) {
    let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    let rest = bytes.get(end + 1..).unwrap_or_default();
    (String::from_utf8_lossy(&bytes[..end]).into_owned(), rest)
}
