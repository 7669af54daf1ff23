//! What a virtual dataset is made of, according to its property list.
//!
//! On the line: `virtual_dataset.rs` compares these mappings with files. The safe interface of libhdf5
//! refuses pieces of several rows, which most mappings are.

use std::ops::Range;

use hdf5::plist::DatasetCreate;
use hdf5::sync::sync;
use hdf5::{Dataspace, Result};
use hdf5_sys::h5s::{H5S_UNLIMITED, H5S_sel_type};

/// One piece of a virtual dataset, and where its values are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mapping {
    pub file: String,
    pub dataset: String,
    /// What is taken of the source.
    pub from: Picked,
    /// What it becomes of the virtual dataset.
    pub to: Picked,
}

/// What is picked of a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Picked {
    /// All, however much that is.
    All,
    /// Of each dimension.
    Slab(Vec<Slice>),
    /// In any other way.
    Other,
}

/// Blocks that begin `stride` apart; of no end where there is no `count`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slice {
    pub start: u64,
    pub stride: u64,
    pub count: Option<u64>,
    pub block: u64,
}

impl Picked {
    /// Whether it goes on as far as there is something.
    pub fn is_endless(&self) -> bool {
        match self {
            Self::All | Self::Other => false,
            Self::Slab(slices) => slices.iter().any(|slice| slice.end().is_none()),
        }
    }

    /// The rows of a dataset of this shape, all columns of them.
    ///
    /// The error says what is picked instead.
    pub fn whole_rows(&self, shape: &[u64]) -> Result<Range<u64>, &'static str> {
        let slices = match self {
            Self::All => return Ok(0..shape.first().copied().unwrap_or(1)),
            Self::Other => return Err("of irregular pieces"),
            Self::Slab(slices) => slices,
        };
        let mut spans = slices
            .iter()
            .map(|slice| slice.span().ok_or("of pieces with gaps"));
        let rows = spans.next().unwrap_or(Err("of nothing"))?;
        for (span, &length) in spans.zip(shape.iter().skip(1)) {
            if span? != (0..length) {
                return Err("of parts of rows");
            }
        }
        Ok(rows)
    }

    /// Whether all that is picked lies within a dataset of this shape.
    fn is_within(&self, shape: &[u64]) -> bool {
        match self {
            Self::All => true,
            Self::Other => false,
            Self::Slab(slices) => {
                let fits =
                    |(slice, length): (&Slice, &u64)| slice.end().is_some_and(|end| end <= *length);
                slices.len() == shape.len() && slices.iter().zip(shape).all(fits)
            }
        }
    }
}

impl Mapping {
    /// Whether a source of this shape has what a virtual dataset of that shape takes of it. Of all of a
    /// source the file does not say how much that is.
    pub fn fits(&self, source: &[u64], whole: &[u64]) -> bool {
        match &self.from {
            Picked::All => {
                let rows = self.to.whole_rows(whole).map(|rows| rows.end - rows.start);
                rows.ok() == source.first().copied() && source.get(1..) == whole.get(1..)
            }
            part => part.is_within(source),
        }
    }
}

impl Slice {
    /// The end of the last block; `None` where there is none.
    fn end(self) -> Option<u64> {
        let last = self.count?.checked_sub(1)?.checked_mul(self.stride)?;
        self.start.checked_add(last)?.checked_add(self.block)
    }

    /// What it takes, where that is without gaps.
    fn span(self) -> Option<Range<u64>> {
        let end = self.end()?;
        (self.stride == self.block || self.count == Some(1)).then_some(self.start..end)
    }
}

/// The mappings of a virtual dataset.
#[expect(
    unsafe_code,
    reason = "the safe interface refuses what is regular here"
)]
pub(super) fn mappings(plist: &DatasetCreate) -> Result<Vec<Mapping>> {
    use hdf5_sys::h5p::{
        H5Pget_virtual_count, H5Pget_virtual_dsetname, H5Pget_virtual_filename,
        H5Pget_virtual_srcspace, H5Pget_virtual_vspace,
    };
    let id = plist.id();
    let mut count = 0;
    // SAFETY: the list lives, and `count` is written; its lock is held.
    if sync(|| unsafe { H5Pget_virtual_count(id, &raw mut count) }) < 0 {
        return Err("its mappings cannot be counted".into());
    }
    let mapping = |index| -> Result<Mapping> {
        let file = text(|room, size| {
            // SAFETY: the list lives, and `room` has as many bytes as `size` says; the lock is held.
            sync(|| unsafe { H5Pget_virtual_filename(id, index, room, size) })
        });
        let dataset = text(|room, size| {
            // SAFETY: as above.
            sync(|| unsafe { H5Pget_virtual_dsetname(id, index, room, size) })
        });
        let from = sync(|| {
            // SAFETY: the list lives; the new dataspace is owned by what takes its id; the lock is held.
            unsafe { hdf5::from_id::<Dataspace>(H5Pget_virtual_srcspace(id, index)) }
        });
        let to = sync(|| {
            // SAFETY: as above.
            unsafe { hdf5::from_id::<Dataspace>(H5Pget_virtual_vspace(id, index)) }
        });
        Ok(Mapping {
            file: file?,
            dataset: dataset?,
            from: picked(&from?)?,
            to: picked(&to?)?,
        })
    };
    (0..count).map(mapping).collect()
}

/// A text that is asked for its length, then for its bytes.
fn text(get: impl Fn(*mut std::ffi::c_char, usize) -> isize) -> Result<String> {
    let unreadable = || hdf5::Error::from("a name in its mappings cannot be read");
    let length = usize::try_from(get(std::ptr::null_mut(), 0)).map_err(|_| unreadable())?;
    // A zero byte behind it.
    let mut bytes = vec![0_u8; length + 1];
    if get(bytes.as_mut_ptr().cast(), bytes.len()) < 0 {
        return Err(unreadable());
    }
    let text = bytes.split(|&byte| byte == 0).next().unwrap_or_default();
    Ok(String::from_utf8_lossy(text).into_owned())
}

/// What a dataspace has selected.
#[expect(unsafe_code, reason = "as above")]
fn picked(space: &Dataspace) -> Result<Picked> {
    use hdf5_sys::h5s::{
        H5Sget_regular_hyperslab, H5Sget_select_type, H5Sget_simple_extent_ndims,
        H5Sis_regular_hyperslab,
    };
    let id = space.id();
    // SAFETY: the dataspace lives, and the lock is held.
    let (kind, regular, dimensions) = sync(|| unsafe {
        let kind = H5Sget_select_type(id);
        let regular = kind == H5S_sel_type::H5S_SEL_HYPERSLABS && H5Sis_regular_hyperslab(id) > 0;
        (kind, regular, H5Sget_simple_extent_ndims(id))
    });
    if kind == H5S_sel_type::H5S_SEL_ALL {
        return Ok(Picked::All);
    }
    let Ok(dimensions) = usize::try_from(dimensions) else {
        return Err("a selection in its mappings has no dimensions".into());
    };
    if !regular {
        return Ok(Picked::Other);
    }
    let [mut start, mut stride, mut count, mut block] = [(); 4].map(|()| vec![0; dimensions]);
    // SAFETY: the dataspace lives, and each array has as many places as it has dimensions; the lock is
    // held.
    let read = sync(|| unsafe {
        H5Sget_regular_hyperslab(
            id,
            start.as_mut_ptr(),
            stride.as_mut_ptr(),
            count.as_mut_ptr(),
            block.as_mut_ptr(),
        )
    });
    if read < 0 {
        return Err("a selection in its mappings cannot be read".into());
    }
    let slice = |i: usize| Slice {
        start: start[i],
        stride: stride[i],
        // A block without an end is as good as a count without one.
        count: (count[i] != H5S_UNLIMITED && block[i] != H5S_UNLIMITED).then_some(count[i]),
        block: block[i],
    };
    Ok(Picked::Slab((0..dimensions).map(slice).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slab(slices: &[(u64, u64, Option<u64>, u64)]) -> Picked {
        let slice = |&(start, stride, count, block)| Slice {
            start,
            stride,
            count,
            block,
        };
        Picked::Slab(slices.iter().map(slice).collect())
    }

    #[test]
    fn rows_without_gaps_are_known_however_they_are_written() {
        for rows in [
            slab(&[(10, 1, Some(20), 1)]),
            slab(&[(10, 1, Some(1), 20)]),
            slab(&[(10, 5, Some(4), 5)]),
        ] {
            assert_eq!(rows.whole_rows(&[50]), Ok(10..30));
            assert!(rows.is_within(&[30]) && !rows.is_within(&[29]));
            assert!(!rows.is_endless());
        }
        assert_eq!(Picked::All.whole_rows(&[7, 2]), Ok(0..7));
        let all = Mapping {
            file: String::new(),
            dataset: String::new(),
            from: Picked::All,
            to: slab(&[(3, 1, Some(1), 4)]),
        };
        assert!(all.fits(&[4], &[9]) && !all.fits(&[5], &[9]) && !all.fits(&[4, 2], &[9]));
        let both = slab(&[(0, 1, Some(1), 3), (0, 1, Some(1), 2)]);
        assert_eq!(both.whole_rows(&[9, 2]), Ok(0..3));
        assert!(both.whole_rows(&[9, 3]).is_err());
    }

    #[test]
    fn gaps_and_pieces_without_an_end_are_told() {
        let gaps = slab(&[(0, 2, Some(4), 1)]);
        assert!(gaps.whole_rows(&[8]).is_err() && gaps.is_within(&[7]) && !gaps.is_within(&[6]));
        let endless = slab(&[(0, 1, None, 1)]);
        assert!(endless.is_endless() && endless.whole_rows(&[8]).is_err());
        assert!(!endless.is_within(&[u64::MAX]));
        let huge = slab(&[(u64::MAX, u64::MAX, Some(u64::MAX), u64::MAX)]);
        assert!(huge.is_endless() && !huge.is_within(&[8]));
    }
}
