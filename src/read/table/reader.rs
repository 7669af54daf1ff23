//! Reads the photons of a table, piece by piece, and hands on those that are kept.
//!
//! On the line: `table --read--> PhotonBatch`. A twin of `src/read/hdf5/reader.rs`: each photon is
//! either kept or counted under the first reason that rejects it: its coordinate, the region, the wanted
//! shards, the filters in order, null in every column.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use super::batches::Batches;
use super::block::Block;
use super::columns::{Needed, source_columns};
use super::file::{Format, TableFile};
use super::narrow::Narrow;
use super::pending::Pending;
use super::piece::{Piece, Reach};
use super::prune::{Inside, stretches};
use super::room::Room;
use super::values::{Held, picked};
use crate::config::{Config, NullPolicy};
use crate::grid::Locator;
use crate::grid::WantedBoxes;
use crate::photon::Counts;
use crate::photon::{Column, ColumnType, InSteps, Origin, PhotonBatch, Values};
use crate::read::{Applied, ByTime, Edges, Oddities, RowFilter, Spent, Times, WantedShards};
use crate::region::Region;
use crate::{Error, Result};

/// Yields the kept photons of one table as batches.
#[derive(Debug)]
pub struct TableReader {
    table: TableFile,
    needed: Needed,
    /// Name and wanted type of each variable.
    variables: Vec<(String, ColumnType)>,
    filters: Vec<RowFilter>,
    steps: Option<ByTime>,
    /// Batches of rows that have several steps of time.
    waiting: VecDeque<PhotonBatch>,
    nulls: NullPolicy,
    region: Option<Region>,
    edges: Option<Edges>,
    wanted: Option<WantedShards>,
    batch_rows: usize,
    batches: Batches,
    pending: Option<Pending>,
    counts: Counts,
    warnings: Vec<String>,
    oddities: Oddities,
    bytes_read: u64,
}

impl TableReader {
    /// Opens a table; `types[i]` is the type wanted of variable `i`. A batch has at most `batch_rows`
    /// photons. With `wanted`, photons that lie elsewhere do not count.
    ///
    /// # Errors
    /// As [`TableFile::open`], and a column that is missing or of a type that does not fit.
    pub fn open(
        path: &Path,
        config: &Config,
        types: &[ColumnType],
        batch_rows: usize,
        wanted: Option<WantedShards>,
    ) -> Result<Self> {
        let table = TableFile::open(path)?.typed(config)?;
        Self::new(table, config, types, batch_rows, wanted)
    }

    /// As [`TableReader::open`], of a table that is open.
    ///
    /// # Errors
    /// As [`TableReader::open`].
    pub fn new(
        table: TableFile,
        config: &Config,
        types: &[ColumnType],
        batch_rows: usize,
        wanted: Option<WantedShards>,
    ) -> Result<Self> {
        let needed = Needed::of(&table, config, types)?;
        let of_shards = wanted.as_ref().map(WantedShards::wanted);
        let inside = Inside {
            region: config.region.as_ref(),
            shards: of_shards.map(|shards| WantedBoxes::new(shards, config.grid.kind)),
        };
        let inside = if needed.positions_are_plain() {
            inside
        } else {
            Inside::default()
        };
        let stretches = match &table.format {
            Format::Parquet(metadata) => stretches(&table, metadata, &needed, &inside),
            _ => Vec::new(),
        };
        // Photons within a batch are held as u32.
        let batch_rows = batch_rows.clamp(1, 1 << 30);
        let limits = (
            batch_rows,
            Room::new(config.access.chunk_memory, config.access.granules),
        );
        let batches = Batches::open(&table, &needed, limits, stretches)?;
        let columns = source_columns(&table, config)?;
        let widened = columns.iter().zip(types);
        let widened = widened.filter(|(column, wanted)| column.column_type != **wanted);
        let mut warnings = needed.warnings.clone();
        warnings.extend(widened.map(|(column, _)| {
            format!(
                "granule {}: column {} is {} and read as float64, which it is in other tables",
                table.name(),
                column.name,
                column.dtype.name()
            )
        }));
        let names = config.variables.iter().map(|v| v.name.clone());
        let filters = config.filters.iter().map(|filter| {
            let members = needed.words.members(&filter.dataset);
            RowFilter::of_members(filter, members)
        });
        let filters: Vec<RowFilter> = filters.collect();
        Ok(Self {
            warnings,
            oddities: Oddities::default(),
            needed,
            variables: names.zip(types.iter().copied()).collect(),
            filters,
            steps: ByTime::of(config),
            waiting: VecDeque::new(),
            nulls: config.nulls,
            region: config.region.clone(),
            edges: Edges::of(&config.grid),
            wanted,
            batch_rows,
            batches,
            pending: None,
            counts: Counts::default(),
            bytes_read: 0,
            table,
        })
    }

    /// The next batch of kept photons, never empty; `None` at the end.
    ///
    /// # Errors
    /// Rows that cannot be decoded, lists of different lengths in a row, an integer that cannot be
    /// held, a null under [`NullPolicy::Reject`].
    pub fn next_batch(&mut self) -> Result<Option<PhotonBatch>> {
        loop {
            if let Some(batch) = self.waiting.pop_front() {
                return Ok(Some(batch));
            }
            let Some(pending) = &mut self.pending else {
                match self.batches.next(&self.table)? {
                    None => {
                        let odd = std::mem::take(&mut self.oddities);
                        self.warnings.extend(odd.warnings(self.table.name()));
                        return Ok(None);
                    }
                    Some(Piece::Skipped(rows, why)) => {
                        self.counts.read += rows;
                        self.counts.reject(why, rows as usize);
                    }
                    Some(Piece::Rows {
                        first,
                        reach,
                        batch,
                    }) => {
                        let batch = self.needed.in_degrees(&self.table, batch, first)?;
                        self.pending = Some(Pending::new(&self.table, batch, first, reach)?);
                    }
                }
                continue;
            };
            let start = pending.next;
            if start >= pending.rows.count() {
                self.pending = None;
                continue;
            }
            let end = (start + self.batch_rows as u64).min(pending.rows.count());
            pending.next = end;
            let (first, reach) = (pending.first, pending.reach);
            let block = Block {
                photons: pending.rows.photons(start..end),
                names: Arc::clone(&pending.names),
                first,
                bytes: 0,
            };
            let batches = self.fold(block, reach)?;
            self.waiting.extend(batches);
        }
    }

    /// The table.
    pub fn table(&self) -> &TableFile {
        &self.table
    }

    /// What became of the photons read so far; balanced.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// What metadata say of the values of columns.
    pub fn applied(&self) -> Vec<Applied> {
        self.needed.applied()
    }

    /// What was odd, but did not stop the reading.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Bytes that decoding takes at most, beside the batches.
    pub fn decoding_bytes(&self) -> u64 {
        self.batches.decoding_bytes()
    }

    /// What reading took so far; bytes of values before filtering.
    pub fn spent(&self) -> Spent {
        let (reading, stored) = self.batches.spent();
        Spent {
            reading,
            stored,
            decoded: self.bytes_read,
        }
    }

    /// How much of the table was read so far, in rows or, where their number is not known, in bytes;
    /// and all of it.
    pub fn progress(&self) -> (u64, u64) {
        match &self.table.format {
            Format::Parquet(metadata) => {
                let rows = metadata.metadata().file_metadata().num_rows();
                (self.batches.row(), u64::try_from(rows).unwrap_or(0))
            }
            Format::ArrowFile(_) | Format::ArrowStream(_) | Format::Csv(_) => {
                (self.batches.position(), self.table.bytes())
            }
        }
    }

    fn fold(&mut self, mut block: Block, reach: Reach) -> Result<Vec<PhotonBatch>> {
        let mut counts = Counts {
            read: block.photons.count as u64,
            ..Counts::default()
        };
        let mut odd = Oddities::default();
        let lon = block.load(&self.table, &self.needed, &self.needed.longitude)?;
        let lat = block.load(&self.table, &self.needed, &self.needed.latitude)?;
        for (name, held) in [
            (&self.needed.longitude, &lon),
            (&self.needed.latitude, &lat),
        ] {
            if let Some(outside) = &held.outside {
                let range = self.needed.meaning(name).range();
                let count = outside.count_set_bits();
                odd.outside(&format!("column {name}"), range, true, count);
            }
        }
        let (lon, lat) = (lon.into_degrees(), lat.into_degrees());
        let mut kept: Vec<u32> = (0..lon.len() as u32).collect();
        kept.retain(|&i| Locator::accepts(lon[i as usize], lat[i as usize]));
        counts.reject("bad_coordinate", lon.len() - kept.len());
        let inside = Narrow {
            region: self.region.as_ref(),
            edges: self.edges.as_ref(),
            shards: self.wanted.as_ref(),
            reach,
        };
        inside.narrow((&lon, &lat), &mut kept, &mut counts);
        let reads = self.load(&mut block, &kept, &mut odd)?;
        let (of_filters, of_variables) = reads;
        for (filter, held) in self.filters.iter().zip(&of_filters) {
            if kept.is_empty() {
                break;
            }
            let before = kept.len();
            // A null compares with nothing: it passes no filter.
            kept.retain(|&i| !held.is_null(i));
            let mut marks = vec![1; lon.len()];
            filter.narrow(&held.values, 0..lon.len(), &mut marks);
            kept.retain(|&i| marks[i as usize] == 1);
            counts.reject(&filter.reason, before - kept.len());
        }
        let columns = if kept.is_empty() {
            Vec::new()
        } else {
            self.take_columns(&block, of_variables, &mut kept, &mut counts)?
        };
        counts.kept = kept.len() as u64;
        self.counts.add(&counts);
        self.oddities.add(odd);
        self.bytes_read += block.bytes;
        if kept.is_empty() {
            return Ok(Vec::new());
        }
        let steps = self.steps.as_ref().map_or(InSteps::One(0), |by| {
            let times = Times {
                values: &of_filters[by.filter].values,
                extremes: &[],
                together: usize::MAX,
            };
            by.finder
                .find(&times, kept.iter().map(|&i| i as usize..i as usize + 1))
        });
        let batch = PhotonBatch {
            origin: Origin {
                granule: self.table.name_shared(),
                ground_track: Arc::from(""),
                rows: crate::photon::Rows::Listed(kept.iter().map(|&i| block.row(i)).collect()),
            },
            step: 0,
            lon: picked(&lon, &kept),
            lat: picked(&lat, &kept),
            columns,
        };
        Ok(batch.parted(&steps, &mut Values::room))
    }

    /// The columns of filters and of variables, where there are photons to filter; counts what is odd
    /// about their values.
    fn load(
        &self,
        block: &mut Block,
        kept: &[u32],
        odd: &mut Oddities,
    ) -> Result<(Vec<Held>, Vec<Held>)> {
        if kept.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let mut seen: Vec<&String> = Vec::new();
        let mut load_all = |names: &'_ [String]| {
            let mut all = Vec::with_capacity(names.len());
            for name in names {
                all.push(block.load(&self.table, &self.needed, name)?);
            }
            Ok::<_, Error>(all)
        };
        let filters = load_all(&self.needed.filters)?;
        let variables = load_all(&self.needed.variables)?;
        let names = self.needed.filters.iter().chain(&self.needed.variables);
        for (name, held) in names.zip(filters.iter().chain(&variables)) {
            if seen.contains(&name) {
                continue;
            }
            seen.push(name);
            let dataset = format!("column {name}");
            let range = || self.needed.meaning(name).range();
            if held.outside.is_some() {
                odd.outside(&dataset, range(), false, held.outside_among(kept));
            }
            if held.stray {
                let valid = kept.iter().filter(|&&i| !held.is_null(i));
                odd.strays(&dataset, &held.values, valid.map(|&i| i as usize));
            }
        }
        Ok((filters, variables))
    }

    /// Drops the photons that are null in every column, then takes the columns of the others.
    fn take_columns(
        &self,
        block: &Block,
        reads: Vec<Held>,
        kept: &mut Vec<u32>,
        counts: &mut Counts,
    ) -> Result<Vec<Column>> {
        for (name, held) in self.needed.variables.iter().zip(&reads) {
            if self.nulls == NullPolicy::Reject
                && let Some(&null) = kept.iter().find(|&&i| held.is_null(i))
            {
                return Err(self.table.error(format!(
                    "column {name} row {} is null and the config says `nulls: reject`; filter such \
                     photons out, or use `nulls: exclude`",
                    block.row(null)
                )));
            }
        }
        if !reads.is_empty() && reads.iter().all(|read| read.nulls.is_some()) {
            let before = kept.len();
            kept.retain(|&i| reads.iter().any(|read| !read.is_null(i)));
            counts.reject("null", before - kept.len());
        }
        let mut columns = Vec::with_capacity(reads.len());
        for ((name, wanted), read) in self.variables.iter().zip(reads) {
            counts.outside(name, read.outside_among(kept));
            let column = read.take(kept, *wanted);
            if let Some(nulls) = &column.nulls {
                *counts.nulls.entry(name.clone()).or_default() += nulls.null_count() as u64;
            }
            columns.push(column);
        }
        Ok(columns)
    }
}
