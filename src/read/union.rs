//! What several sources of the same columns have in common: ground tracks of a granule, granules of
//! a run.
//!
//! Beside the line: `file.rs` folds the ground tracks of a granule, the survey the granules of a run.
//! Types widen to hold all values; units are those of all that say any, and long names stand where all
//! that say any say the same.

use std::collections::BTreeSet;

use super::units::canonical;
use crate::photon::SourceColumn;

/// Columns of several sources, widened to hold all of them. No column of a source that clashes with
/// those before it counts.
#[derive(Debug, Default)]
pub struct ColumnUnion {
    /// The first source and its columns; a clash names it.
    first: Option<(String, Vec<SourceColumn>)>,
    columns: Vec<SourceColumn>,
    units: Vec<Units>,
    long_names: Vec<BTreeSet<String>>,
}

/// What the sources say of the units of a column.
#[derive(Debug, Default)]
struct Units {
    /// Spellings of one unit.
    spellings: BTreeSet<String>,
    /// The first source that says any, and the first that says none.
    said: Option<(String, String)>,
    unsaid: Option<String>,
}

impl Units {
    /// Why a source's units are others than those before it.
    fn clash(&self, column: &SourceColumn, source: &str) -> Option<String> {
        let ((known, first), found) = (self.said.as_ref()?, column.units.as_ref()?);
        (canonical(known) != canonical(found)).then(|| {
            format!(
                "column {} is in {found} in {source}, in {known} in {first}",
                column.name
            )
        })
    }

    fn add(&mut self, units: Option<String>, source: &str) {
        match units {
            Some(units) => {
                self.said
                    .get_or_insert_with(|| (units.clone(), source.to_owned()));
                self.spellings.insert(units);
            }
            None => {
                self.unsaid.get_or_insert_with(|| source.to_owned());
            }
        }
    }
}

impl ColumnUnion {
    /// Adds the columns of a source, in the same order for each.
    ///
    /// # Errors
    /// In words, an integer column that the sources before hold as floats, or the other way round; a
    /// column in other units.
    pub fn add(&mut self, source: &str, found: Vec<SourceColumn>) -> Result<(), String> {
        let Some((first, known)) = &self.first else {
            let count = found.len();
            self.columns.clone_from(&found);
            self.first = Some((source.to_owned(), found));
            self.units.resize_with(count, Units::default);
            self.long_names = vec![BTreeSet::new(); count];
            self.note_texts(self.columns.clone(), source);
            return Ok(());
        };
        let mut units = self.units.iter().zip(&found);
        if let Some(clash) = units.find_map(|(units, column)| units.clash(column, source)) {
            return Err(clash);
        }
        let mut widened = Vec::with_capacity(found.len());
        for ((column, known), found) in self.columns.iter().zip(known).zip(&found) {
            let Some(column_type) = column.column_type.wider(found.column_type) else {
                return Err(format!(
                    "column {} is {} in {source}, {} in {first}",
                    found.name,
                    found.dtype.name(),
                    known.dtype.name()
                ));
            };
            widened.push(SourceColumn {
                column_type,
                dtype: column.dtype.wider(found.dtype),
                ..column.clone()
            });
        }
        self.columns = widened;
        self.note_texts(found, source);
        Ok(())
    }

    /// Columns whose units some sources say and others do not, in words.
    pub fn notes(&self) -> Vec<String> {
        let columns = self.columns.iter().zip(&self.units);
        let notes = columns.filter_map(|(column, units)| {
            let ((known, said), unsaid) = (units.said.as_ref()?, units.unsaid.as_ref()?);
            Some(format!(
                "{unsaid}: column {} has no units, in {said} it is in {known}; taken for the same",
                column.name
            ))
        });
        notes.collect()
    }

    fn note_texts(&mut self, found: Vec<SourceColumn>, source: &str) {
        let texts = self.units.iter_mut().zip(&mut self.long_names);
        for (column, (units, long_names)) in found.into_iter().zip(texts) {
            units.add(column.units, source);
            long_names.extend(column.long_name);
        }
    }

    /// The columns of all sources together; `None` where there was no source.
    pub fn into_columns(self) -> Option<Vec<SourceColumn>> {
        self.first?;
        let texts = self.units.into_iter().zip(self.long_names);
        let columns = self.columns.into_iter().zip(texts);
        let agreed = columns.map(|(column, (units, long_names))| SourceColumn {
            units: units.spellings.into_iter().next(),
            long_name: only(long_names),
            ..column
        });
        Some(agreed.collect())
    }
}

fn only(mut texts: BTreeSet<String>) -> Option<String> {
    let last = texts.pop_last();
    if texts.is_empty() { last } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Dtype;
    use crate::photon::ColumnType;

    fn column(dtype: Dtype, units: &str) -> SourceColumn {
        SourceColumn {
            name: "h".to_owned(),
            column_type: match dtype {
                Dtype::F32 => ColumnType::F32,
                Dtype::F64 => ColumnType::F64,
                _ => ColumnType::I64,
            },
            dtype,
            units: Some(units.to_owned()),
            long_name: None,
        }
    }

    #[test]
    fn types_widen_and_texts_that_differ_are_nobodys() {
        let mut union = ColumnUnion::default();
        for (source, dtype, long_name) in [
            ("a", Dtype::F32, "height"),
            ("b", Dtype::F64, "Height"),
            ("c", Dtype::F32, "height"),
        ] {
            let column = SourceColumn {
                long_name: Some(long_name.to_owned()),
                ..column(dtype, "m")
            };
            union.add(source, vec![column]).unwrap();
        }
        let columns = union.into_columns().unwrap();
        assert_eq!(columns[0].column_type, ColumnType::F64);
        assert_eq!(
            (columns[0].dtype, &columns[0].long_name),
            (Dtype::F64, &None)
        );
    }

    #[test]
    fn spellings_of_a_unit_mix_and_other_units_clash() {
        let mut union = ColumnUnion::default();
        union.add("a", vec![column(Dtype::F32, "meters")]).unwrap();
        let feet = union.add("b", vec![column(Dtype::F32, "feet")]);
        assert_eq!(
            feet.unwrap_err(),
            "column h is in feet in b, in meters in a"
        );
        union.add("c", vec![column(Dtype::F32, "m")]).unwrap();
        assert!(union.notes().is_empty());
        let silent = SourceColumn {
            units: None,
            ..column(Dtype::F32, "")
        };
        union.add("d", vec![silent]).unwrap();
        assert_eq!(
            union.notes(),
            ["d: column h has no units, in a it is in meters; taken for the same"]
        );
        let columns = union.into_columns().unwrap();
        assert_eq!(columns[0].units.as_deref(), Some("m"));
    }

    #[test]
    fn a_source_that_clashes_leaves_nothing_behind() {
        let mut union = ColumnUnion::default();
        let both = |first, second| vec![column(first, "m"), column(second, "m")];
        union.add("a", both(Dtype::F32, Dtype::F32)).unwrap();
        let clash = union.add("b", both(Dtype::F64, Dtype::I8)).unwrap_err();
        assert_eq!(clash, "column h is int8 in b, float32 in a");
        let columns = union.into_columns().unwrap();
        assert_eq!(columns, both(Dtype::F32, Dtype::F32));
        assert_eq!(ColumnUnion::default().into_columns(), None);
    }
}
