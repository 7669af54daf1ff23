//! Drift: what differs between the columns of tables that are read together, and is no reason to stop.
//!
//! Beside the line: the survey gathers it, the run report tells. Columns that the config does not name
//! are not read; of those that it names, widths of one kind mix. All else is refused by `columns.rs`
//! and the union of column types.

use std::collections::BTreeMap;

/// Names and types of columns.
type Columns = BTreeMap<String, String>;

/// The distinct schemas of tables, in the order in which they came.
#[derive(Debug, Default)]
pub struct Drift {
    schemas: Vec<Seen>,
}

#[derive(Debug)]
struct Seen {
    columns: Columns,
    /// The first table that has them, and how many have.
    table: String,
    tables: usize,
}

impl Drift {
    /// Adds a table.
    pub fn add(&mut self, table: &str, columns: Columns) {
        match self.schemas.iter_mut().find(|seen| seen.columns == columns) {
            Some(seen) => seen.tables += 1,
            None => self.schemas.push(Seen {
                columns,
                table: table.to_owned(),
                tables: 1,
            }),
        }
    }

    /// How every other schema differs from the first, in words; `needed` are the columns that are read.
    pub fn notes(&self, needed: &[String]) -> Vec<String> {
        let Some((first, others)) = self.schemas.split_first() else {
            return Vec::new();
        };
        let mut notes = Vec::new();
        for other in others {
            let mut note = |what: String| notes.push(format!("{}: {what}", other.named()));
            let absent = |from: &Columns, of: &Columns| -> Vec<String> {
                let names = of.keys().filter(|name| !from.contains_key(*name));
                names.cloned().collect()
            };
            let added = absent(&first.columns, &other.columns);
            if !added.is_empty() {
                let (added, table) = (added.join(", "), &first.table);
                note(format!(
                    "has {added}, which granule {table} has not; not read"
                ));
            }
            let gone = absent(&other.columns, &first.columns);
            if !gone.is_empty() {
                let (gone, table) = (gone.join(", "), &first.table);
                note(format!(
                    "has no {gone}, which granule {table} has; not needed"
                ));
            }
            for (name, theirs) in &other.columns {
                let Some(ours) = first.columns.get(name).filter(|ours| *ours != theirs) else {
                    continue;
                };
                if needed.contains(name) {
                    let table = &first.table;
                    note(format!(
                        "column {name} is {theirs}, in granule {table} {ours}; read in the wider type"
                    ));
                }
            }
        }
        notes
    }
}

impl Seen {
    fn named(&self) -> String {
        match self.tables - 1 {
            0 => format!("granule {}", self.table),
            more => format!("granule {} and {more} more", self.table),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(list: &[(&str, &str)]) -> Columns {
        let owned = |&(name, kind): &(&str, &str)| (name.to_owned(), kind.to_owned());
        list.iter().map(owned).collect()
    }

    #[test]
    fn each_schema_is_compared_with_the_first_and_tells_how_many_have_it() {
        let mut drift = Drift::default();
        let needed = ["h".to_owned(), "lon".to_owned()];
        drift.add(
            "a",
            columns(&[("h", "Float32"), ("lon", "Float64"), ("x", "Utf8")]),
        );
        assert!(drift.notes(&needed).is_empty());
        let other = columns(&[
            ("h", "Float64"),
            ("lon", "Float64"),
            ("x", "Int8"),
            ("y", "Utf8"),
        ]);
        drift.add("b", other.clone());
        drift.add("c", other);
        drift.add("d", columns(&[("h", "Float32"), ("lon", "Float64")]));
        assert_eq!(
            drift.notes(&needed),
            [
                "granule b and 1 more: has y, which granule a has not; not read",
                "granule b and 1 more: column h is Float64, in granule a Float32; read in the wider \
                 type",
                "granule d: has no x, which granule a has; not needed",
            ]
        );
    }
}
