//! What a comparison of two stores found, and how it is told.
//!
//! Beside the line: `verify.rs` fills it, `icefold verify` prints it.

use std::fmt;

use crate::text::grouped;

/// What comparing two stores found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct VerifyReport {
    /// Arrays that both stores have.
    pub arrays: Vec<VerifiedArray>,
    pub differences: Vec<Difference>,
    /// What differs without making an answer differ.
    pub notes: Vec<String>,
    /// The content hash of each store, as zagg's specification has it.
    pub content: [Option<String>; 2],
}

/// An array that both stores have.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifiedArray {
    /// Order and name, e.g. `12/h_mean`.
    pub name: String,
    pub cells: u64,
    /// Size of the integer unit it accumulated in, as the first store says.
    pub resolution: Option<String>,
    pub identical: bool,
}

/// One thing that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Order and name, e.g. `12/h_mean`, or the order.
    pub array: String,
    pub kind: DifferenceKind,
}

/// How something differs.
#[derive(Debug, Clone, PartialEq)]
pub enum DifferenceKind {
    /// One store (`a` or `b`) has it, the other does not.
    OnlyIn(char),
    /// Type, shape, fill value or an attribute, as both stores have it.
    Property {
        property: String,
        a: String,
        b: String,
    },
    /// Values.
    Values {
        differing: u64,
        compared: u64,
        /// Row of the first that differs.
        index: u64,
        /// Step of time of the first that differs, where there are steps; `index` is its cell's.
        step: Option<u64>,
        /// Bin of the first that differs, in an array of several values per cell.
        bin: Option<u64>,
        /// The row's cell in `a`.
        cell: u64,
        /// Decimal, and bits in hex.
        a: String,
        b: String,
    },
    /// Lists of values.
    Lists {
        /// Cells with other lists, of so many.
        differing: u64,
        compared: u64,
        /// Row of the first cell that differs, and the row of its list.
        index: u64,
        row: u64,
        cell: u64,
        /// As for values; `none` where a list has ended.
        a: String,
        b: String,
    },
}

impl VerifyReport {
    /// Whether both stores hold the same answer.
    pub fn identical(&self) -> bool {
        self.differences.is_empty()
    }

    pub(super) fn only_in(&mut self, array: String, first: bool) {
        let kind = DifferenceKind::OnlyIn(if first { 'a' } else { 'b' });
        self.differences.push(Difference { array, kind });
    }

    pub(super) fn property(&mut self, array: &str, property: &str, (a, b): (String, String)) {
        if a != b {
            self.differences.push(Difference {
                array: array.to_owned(),
                kind: DifferenceKind::Property {
                    property: property.to_owned(),
                    a,
                    b,
                },
            });
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.array)?;
        match &self.kind {
            DifferenceKind::OnlyIn(store) => write!(f, "only in {store}"),
            DifferenceKind::Property { property, a, b } => {
                write!(f, "{property} is {a} in a and {b} in b")
            }
            DifferenceKind::Values {
                differing,
                compared,
                index,
                step,
                bin,
                cell,
                a,
                b,
            } => {
                let (differing, compared) = (grouped(*differing), grouped(*compared));
                write!(
                    f,
                    "{differing} of {compared} values differ, first at index {index}"
                )?;
                if let Some(step) = step {
                    write!(f, ", step {step}")?;
                }
                if let Some(bin) = bin {
                    write!(f, ", bin {bin}")?;
                }
                write!(f, " (cell {cell}): {a} in a and {b} in b")
            }
            DifferenceKind::Lists {
                differing,
                compared,
                index,
                row,
                cell,
                a,
                b,
            } => {
                let (differing, compared) = (grouped(*differing), grouped(*compared));
                write!(
                    f,
                    "{differing} of {compared} lists differ, first at index {index}, row {row} of it (cell {cell}): {a} \
                     in a and {b} in b"
                )
            }
        }
    }
}

impl fmt::Display for VerifyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for array in &self.arrays {
            let verdict = if array.identical {
                "identical"
            } else {
                "DIFFERENT"
            };
            write!(
                f,
                "{}: {verdict}, {} cells",
                array.name,
                grouped(array.cells)
            )?;
            if let Some(resolution) = &array.resolution {
                write!(f, ", resolution {resolution}")?;
            }
            writeln!(f)?;
        }
        for difference in &self.differences {
            writeln!(f, "difference: {difference}")?;
        }
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        for (store, content) in ["a", "b"].iter().zip(&self.content) {
            let none = "none, an array over the sphere is too large";
            let content = content.as_deref().unwrap_or(none);
            writeln!(
                f,
                "content hash of {store}, as zagg's specification has it: {content}"
            )?;
        }
        Ok(())
    }
}
