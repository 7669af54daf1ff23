//! Gathering: the values of many tables become those of one, each copied once, by all threads.
//!
//! Beside `ordered.rs`. Where the keys of every part belong is known before any is copied; parts are many runs of a cell,
//! or stretches of cells of which two seldom meet (`join.rs`).

use std::ops::Range;

use rayon::prelude::*;

use super::choose::Chosen;
use super::fill::be_sized;
use super::order::Key;
use super::ordered::{Keys, Ordered};
use super::rank::{Room, rank};
use super::select::ranks_of;

/// Keys that one task copies, about.
const KEYS: usize = 1 << 15;

/// Consecutive cells of one of some tables, on their way into one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stretch {
    pub table: usize,
    pub rows: Range<usize>,
    /// Whether the first is the last cell of the stretch before.
    pub joins: bool,
}

impl Ordered {
    /// Becomes cells that each join some cells of other tables: cell `i` joins
    /// `places[starts[i]..starts[i + 1]]`, each a table and a cell of it. All are of one column.
    pub fn gather(&mut self, tables: &[&Self], places: &[(u32, u32)], starts: &[usize]) {
        let parts = places.iter().map(|&(table, cell)| {
            let cell = cell as usize;
            (table as usize, cell..cell + 1)
        });
        let ends = self.copy_all(tables, parts);
        self.be_cells_to(starts.iter().map(|&start| ends[start]));
    }

    /// Becomes the cells of stretches of other tables, all of one column.
    pub(super) fn join(&mut self, tables: &[&Self], stretches: &[Stretch]) {
        let parts = stretches
            .iter()
            .map(|stretch| (stretch.table, stretch.rows.clone()));
        let starts = self.copy_all(tables, parts);
        let mut offsets = vec![0];
        for (stretch, start) in stretches.iter().zip(starts) {
            if stretch.joins {
                offsets.pop();
            }
            let of = &tables[stretch.table].offsets;
            let Range { start: first, end } = stretch.rows;
            offsets.extend(of[first + 1..=end].iter().map(|at| at - of[first] + start));
        }
        self.be_cells_to(offsets.into_iter());
    }

    /// Becomes the cells of stretches, with the order statistics that these quantiles need in place of their values, of
    /// which one cell's are copied at a time.
    pub(super) fn join_chosen(
        &mut self,
        tables: &[&Self],
        stretches: &[Stretch],
        quantiles: &[f64],
    ) {
        let cells = Pieces::of(stretches);
        let (places, starts) = (&cells.places, &cells.starts);
        macro_rules! choose {
            ($keys:path, $key:ty) => {{
                let keys_of = |&(table, cell): &(usize, usize)| {
                    let table: &Self = tables[table];
                    match &table.keys {
                        $keys(keys) => &keys[table.offsets[cell]..table.offsets[cell + 1]],
                        _ => unreachable!("tables of one column have one key width"),
                    }
                };
                let cells = (0..starts.len() - 1).into_par_iter().with_min_len(16);
                let room = || (Vec::<$key>::new(), Room::<$key>::default());
                let chosen = cells.map_init(room, |(keys, room), cell| {
                    keys.clear();
                    for place in &places[starts[cell]..starts[cell + 1]] {
                        keys.extend_from_slice(keys_of(place));
                    }
                    let wanted = ranks_of(keys.len(), quantiles);
                    rank(keys, &wanted, room);
                    let at = |rank| (rank, Key(u64::from(keys[rank])));
                    (
                        cell,
                        Chosen::at(keys.len(), wanted.into_iter().map(at).collect()),
                    )
                });
                chosen.collect()
            }};
        }
        let chosen: Vec<(usize, Chosen)> = match &self.keys {
            Keys::Narrow(_) => choose!(Keys::Narrow, u32),
            Keys::Wide(_) => choose!(Keys::Wide, u64),
        };
        self.be_cells_to(starts.iter().map(|_| 0));
        for (cell, chosen) in chosen {
            self.choose(cell, chosen);
        }
    }

    /// Replaces the keys by those of parts, each some cells of a table. Gives back where each part begins, and the end.
    fn copy_all(
        &mut self,
        tables: &[&Self],
        parts: impl Iterator<Item = (usize, Range<usize>)>,
    ) -> Vec<usize> {
        let keys_of = |(table, cells): (usize, Range<usize>)| {
            let table = tables[table];
            (table, table.offsets[cells.start]..table.offsets[cells.end])
        };
        match &mut self.keys {
            Keys::Narrow(keys) => copy_all(
                keys,
                parts.map(|part| match keys_of(part) {
                    (
                        Self {
                            keys: Keys::Narrow(from),
                            ..
                        },
                        keys,
                    ) => &from[keys],
                    _ => unreachable!("tables of one column have one key width"),
                }),
            ),
            Keys::Wide(keys) => copy_all(
                keys,
                parts.map(|part| match keys_of(part) {
                    (
                        Self {
                            keys: Keys::Wide(from),
                            ..
                        },
                        keys,
                    ) => &from[keys],
                    _ => unreachable!("tables of one column have one key width"),
                }),
            ),
        }
    }
}

/// Which rows of which tables become a cell: those of cell `i` are `places[starts[i]..starts[i + 1]]`.
struct Pieces {
    places: Vec<(usize, usize)>,
    starts: Vec<usize>,
}

impl Pieces {
    fn of(stretches: &[Stretch]) -> Self {
        let (mut places, mut starts) = (Vec::new(), Vec::new());
        for stretch in stretches {
            for row in stretch.rows.clone() {
                if !(stretch.joins && row == stretch.rows.start) {
                    starts.push(places.len());
                }
                places.push((stretch.table, row));
            }
        }
        starts.push(places.len());
        Self { places, starts }
    }
}

/// Replaces `all` by parts, one after another. Gives back where each begins, and the end.
fn copy_all<'a, K: Copy + Default + Send + Sync + 'a>(
    all: &mut Vec<K>,
    parts: impl Iterator<Item = &'a [K]>,
) -> Vec<usize> {
    let (mut starts, mut end) = (Vec::with_capacity(parts.size_hint().0 + 1), 0);
    // What one task copies: parts one after another, or a piece of one.
    let (mut tasks, mut task, mut task_keys) = (Vec::new(), Vec::new(), 0);
    for part in parts {
        starts.push(end);
        end += part.len();
        for piece in part.chunks(KEYS) {
            task.push(piece);
            task_keys += piece.len();
            if task_keys >= KEYS {
                tasks.push((std::mem::take(&mut task), task_keys));
                task_keys = 0;
            }
        }
    }
    starts.push(end);
    tasks.push((task, task_keys));
    be_sized(all, end);
    let mut rest = all.as_mut_slice();
    let tasks: Vec<_> = tasks
        .into_iter()
        .map(|(pieces, keys)| {
            let (place, more) = std::mem::take(&mut rest).split_at_mut(keys);
            rest = more;
            (place, pieces)
        })
        .collect();
    let copy = |(mut place, pieces): (&mut [K], Vec<&[K]>)| {
        for piece in pieces {
            let (here, more) = place.split_at_mut(piece.len());
            here.copy_from_slice(piece);
            place = more;
        }
    };
    // Elsewhere a pool of as many threads as the machine has would be started.
    if rayon::current_thread_index().is_some() {
        tasks.into_par_iter().for_each(copy);
    } else {
        tasks.into_iter().for_each(copy);
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::photon::ColumnType;

    fn table(cells: &[&[f64]], column_type: ColumnType) -> Ordered {
        let mut table = Ordered::new(column_type);
        for cell in cells {
            let narrow: Vec<f32> = cell.iter().map(|&v| v as f32).collect();
            match column_type {
                ColumnType::F32 => table.push_cell(&narrow),
                _ => table.push_cell(cell),
            }
        }
        table
    }

    #[test]
    fn cells_are_gathered_from_tables_in_the_order_of_their_places() {
        for column_type in [ColumnType::F32, ColumnType::F64] {
            let table = |cells: &[&[f64]]| table(cells, column_type);
            let (a, b) = (table(&[&[1.0], &[2.0, 3.0]]), table(&[&[4.0]]));
            let mut joined = table(&[&[8.0]]);
            joined.gather(&[&a, &b], &[(0, 1), (1, 0), (0, 0)], &[0, 2, 3]);
            assert_eq!(joined, table(&[&[2.0, 3.0, 4.0], &[1.0]]));
            joined.gather(&[&a, &b], &[], &[0]);
            assert_eq!(joined, table(&[]));
        }
    }

    #[test]
    fn stretches_that_join_add_to_the_cell_before() {
        let stretch = |table, rows, joins| Stretch { table, rows, joins };
        for column_type in [ColumnType::F32, ColumnType::F64] {
            let table = |cells: &[&[f64]]| table(cells, column_type);
            let a = table(&[&[1.0], &[2.0, 3.0], &[]]);
            let b = table(&[&[4.0], &[5.0]]);
            let mut joined = table(&[&[8.0]]);
            let stretches = [
                stretch(0, 0..2, false),
                stretch(1, 0..2, true),
                stretch(0, 2..3, false),
                stretch(1, 0..1, true),
            ];
            joined.join(&[&a, &b], &stretches);
            assert_eq!(joined, table(&[&[1.0], &[2.0, 3.0, 4.0], &[5.0], &[4.0]]));
            joined.join(&[&a, &b], &[]);
            assert_eq!(joined, table(&[]));
        }
    }

    #[test]
    fn parts_larger_and_smaller_than_a_task_are_copied_in_their_order() {
        let values =
            |from: usize, n: usize| -> Vec<f64> { (from..from + n).map(|i| i as f64).collect() };
        let cells = [
            values(0, 3 * KEYS + 5),
            values(7, 9),
            values(1, KEYS),
            values(2, KEYS - 1),
        ];
        let cells: Vec<&[f64]> = cells.iter().map(Vec::as_slice).collect();
        let all = table(&cells, ColumnType::F64);
        let places: Vec<(u32, u32)> = [3, 0, 1, 1, 2, 0].map(|cell| (0, cell)).to_vec();
        let gathered = || {
            let mut joined = Ordered::new(ColumnType::F64);
            joined.gather(&[&all], &places, &[0, 2, 5, 6]);
            joined
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build();
        let joined = pool.unwrap().install(gathered);
        assert_eq!(joined, gathered());
        let expected = [
            [cells[3], cells[0]].concat(),
            [cells[1], cells[1], cells[2]].concat(),
            cells[0].to_vec(),
        ];
        let expected: Vec<&[f64]> = expected.iter().map(Vec::as_slice).collect();
        assert_eq!(joined, table(&expected, ColumnType::F64));
    }
}
