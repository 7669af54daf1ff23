//! reduce: every segment into one row of partials. Entry point: `reduce`.
//!
//! Threads map to tiles of consecutive sorted photons, never to cells: one cell with ten million
//! photons and a million cells with three cost the same per photon. A tile writes the rows of the
//! segments that start in it straight into place; what it holds of the segment before is a piece
//! that merges exactly into that segment's row.
//!
//! ```text
//!   tiles     |    0    |    1    |    2    |
//!   segments  |aa|bbb|cccccccccccc|d|eeeeeee|
//!   rows       a  b   c             d e         tile 1 has a piece of c and no row
//! ```

use std::ops::Range;

use rayon::prelude::*;

use crate::photon::{Column, Values};
use crate::stat::{ColumnPartials, Job, JobColumn, Partials, Row, RowsMut, Value};

use super::scratch::Buffers;
use super::{Segments, Sorted};

/// Sorted photons that one task folds.
const TILE: usize = 65_536;

pub fn reduce(
    columns: &[Column],
    (sorted, segments): (&Sorted, &Segments),
    job: &Job,
    buffers: &mut Buffers,
) -> Partials {
    let mut partials = buffers.take_result(job);
    let starts = &segments.starts;
    let rows = starts.len().saturating_sub(1);
    (0..rows)
        .into_par_iter()
        .with_min_len(TILE)
        .map(|row| sorted.table.cell(sorted.keys[starts[row]]))
        .collect_into_vec(&mut partials.cells);
    (0..rows)
        .into_par_iter()
        .with_min_len(TILE)
        .map(|row| (starts[row + 1] - starts[row]) as u64)
        .collect_into_vec(&mut partials.photons);
    let tiles: Vec<Tile> = (0..sorted.keys.len().div_ceil(TILE))
        .map(|tile| Tile::new(tile, sorted.keys.len(), starts))
        .collect();
    let parts = Parts {
        photons: &sorted.photons,
        starts,
        tiles: &tiles,
    };
    let mut retained: Vec<Partials> = tiles.iter().map(|_| buffers.take_records(job)).collect();
    for (i, (column, described)) in columns.iter().zip(&job.columns).enumerate() {
        let out = &mut partials.columns[i];
        let retained = retained.iter_mut().map(|table| &mut table.columns[i]);
        let tables: Vec<_> = retained.collect();
        match &column.values {
            Values::F32(v) => parts.reduce_column(out, tables, (v, column), described),
            Values::F64(v) => parts.reduce_column(out, tables, (v, column), described),
            Values::I64(v) => parts.reduce_column(out, tables, (v, column), described),
        }
    }
    buffers.keep_records(retained);
    partials
}

/// One task: sorted photons, and the rows of the segments that start among them.
struct Tile {
    photons: Range<usize>,
    rows: Range<usize>,
}

/// What a tile gives back besides rows, and what it retains of values.
struct Folded {
    /// Of the segment that the tile before begins.
    piece: Option<Row>,
    out_of_range: u64,
}

struct Parts<'a> {
    photons: &'a [u32],
    starts: &'a [usize],
    tiles: &'a [Tile],
}

impl Tile {
    fn new(tile: usize, photons: usize, starts: &[usize]) -> Self {
        let photons = tile * TILE..((tile + 1) * TILE).min(photons);
        // The last start is the end of all segments.
        let row = |photon| {
            starts
                .partition_point(|&s| s < photon)
                .min(starts.len() - 1)
        };
        Self {
            rows: row(photons.start)..row(photons.end),
            photons,
        }
    }

    /// The photons of each row, as far as they are in the tile.
    fn segments<'a>(&'a self, starts: &'a [usize]) -> impl Iterator<Item = Range<usize>> + 'a {
        let end = move |row: usize| starts[row + 1].min(self.photons.end);
        self.rows.clone().map(move |row| starts[row]..end(row))
    }

    /// The photons that belong to a segment of the tile before.
    fn piece(&self, starts: &[usize]) -> Range<usize> {
        self.photons.start..starts[self.rows.start].min(self.photons.end)
    }
}

impl Parts<'_> {
    /// Each tile has a table of its own for what is retained of values.
    fn reduce_column<T: Value>(
        &self,
        out: &mut ColumnPartials,
        mut retained: Vec<&mut ColumnPartials>,
        values: (&[T], &Column),
        described: &JobColumn,
    ) {
        out.resize(self.starts.len().saturating_sub(1));
        let mut rest = out.rows_mut();
        let mut places = Vec::with_capacity(self.tiles.len());
        for tile in self.tiles {
            let (first, others) = rest.split_at(tile.rows.len());
            places.push(first);
            rest = others;
        }
        let folded: Vec<Folded> = places
            .into_par_iter()
            .zip(self.tiles)
            .zip(&mut retained)
            .map(|((rows, tile), retained)| {
                self.fold_tile((rows, retained), tile, values, described)
            })
            .collect();
        out.out_of_range = folded.iter().map(|tile| tile.out_of_range).sum();
        let mut rows = out.rows_mut();
        for (tile, folded) in self.tiles.iter().zip(&folded) {
            if let Some(piece) = &folded.piece {
                rows.merge(tile.rows.start - 1, piece);
            }
        }
        if described.needs.ordered || described.needs.edges.is_some() {
            let (places, starts) = self.places(&folded);
            let tables: Vec<&ColumnPartials> = retained.iter().map(|table| &**table).collect();
            out.gather_retained(&tables, &places, &starts);
        }
    }

    /// Gathers the values of each segment that are not null, then folds them.
    fn fold_tile<T: Value>(
        &self,
        (mut rows, retained): (RowsMut<'_>, &mut ColumnPartials),
        tile: &Tile,
        (values, column): (&[T], &Column),
        described: &JobColumn,
    ) -> Folded {
        let mut gathered = Vec::new();
        let mut fold = |photons: Range<usize>| {
            let photons = &self.photons[photons];
            gathered.clear();
            match &column.nulls {
                None => gathered.extend(photons.iter().map(|&p| values[p as usize])),
                Some(valid) => gathered.extend(
                    photons
                        .iter()
                        .filter(|&&p| valid.is_valid(p as usize))
                        .map(|&p| values[p as usize]),
                ),
            }
            retained.push_retained(&gathered, described);
            Row::of(&gathered, described)
        };
        let piece = tile.piece(self.starts);
        let piece = (!piece.is_empty()).then(|| fold(piece));
        let mut out_of_range = piece.map_or(0, |piece| piece.out_of_range);
        for (i, photons) in tile.segments(self.starts).enumerate() {
            let row = fold(photons);
            out_of_range += row.out_of_range;
            rows.set(i, &row);
        }
        Folded {
            piece,
            out_of_range,
        }
    }

    /// The tile and the row in its table of what is retained, tile after tile, and where the places
    /// of each segment start.
    fn places(&self, folded: &[Folded]) -> (Vec<(u32, u32)>, Vec<usize>) {
        let (mut places, mut starts) = (Vec::new(), Vec::new());
        for (table, (tile, folded)) in self.tiles.iter().zip(folded).enumerate() {
            let pieces = usize::from(folded.piece.is_some());
            let rows = tile.rows.len();
            starts.extend((0..rows).map(|row| places.len() + pieces + row));
            places.extend((0..pieces + rows).map(|row| (table as u32, row as u32)));
        }
        starts.push(places.len());
        (places, starts)
    }
}
