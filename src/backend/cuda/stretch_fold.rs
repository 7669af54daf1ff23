//! The fold of photons that a device has selected: as `fold.rs` folds a batch, but for what only the host could add.
//!
//! Values that are no whole units leave the device with their photons, which are few: the host adds their remainders as
//! it does those of a batch.

use crate::backend::gpu::valid_nulls;
use crate::backend::{Batches, Places, add_hosts};
use crate::config::GridConfig;
use crate::error::Result as IcefoldResult;
use crate::photon::{Buffer, Column, ColumnType, Origin, PhotonBatch, Rows, Values};
use crate::stat::{ColumnOrigin, Job, Partials};

use super::fold::{self, arrange};
use super::fold_runs::{Known, fold_there};
use super::grids::authalic;
use super::kernels::Argument::Word;
use super::kernels::Kernel;
use super::machine::{Fault, Machine, Result};
use super::memory::{Gpu, Lease, filled};
use super::picked::{There, a_photon, count, gather, kind_of, list};
use super::runs;
use super::select::Selected;
use super::shares::{shares, why_host};
use super::sides;
use super::stages::{self, DeviceColumn};
use super::tile::tiles;
use super::way::Way;

/// Why a job is not folded where its photons are, if it is not.
pub fn why_not(job: &Job) -> Option<String> {
    if job.columns.is_empty() {
        return Some("no column is asked for".to_owned());
    }
    job.columns.iter().find_map(|column| {
        if !matches!(column.origin, ColumnOrigin::Source(_)) {
            return Some(format!("{} is computed on the host", column.name));
        }
        if !column.needs.joints.is_empty() || column.needs.products {
            return Some(format!("joint sums of {} are the host's", column.name));
        }
        why_host(column).map(|why| format!("{}: {why}", column.name))
    })
}

/// What is folded.
#[derive(Debug, Clone, Copy)]
pub struct Folding<'a, M: Machine> {
    pub gpu: &'a Gpu<M>,
    pub selected: &'a Selected,
    pub grid: &'a GridConfig,
    pub job: &'a Job,
    pub way: Way,
}

impl<M: Machine> Folding<'_, M> {
    /// The column of a column of the job.
    fn column(&self, place: usize) -> &DeviceColumn {
        let ColumnOrigin::Source(variable) = self.job.columns[place].origin else {
            unreachable!("`why_not` has refused it");
        };
        &self.selected.columns[variable]
    }

    /// Partials without what the host adds.
    pub fn fold(&self, batches: &mut Batches) -> Result<Partials> {
        let Self { gpu, grid, .. } = *self;
        authalic(grid)?;
        let (device, host) = shares(self.job);
        let (n, sides) = (self.selected.photons, (&device, &host));
        let columns: Vec<&DeviceColumn> = device.places.iter().map(|&p| self.column(p)).collect();
        if self.way != Way::Stages && !device.ordered() {
            let (lon, lat) = (&self.selected.lon, &self.selected.lat);
            let places = runs::Places::Positions { lon, lat, grid };
            if let Some(folded) = fold_there(gpu, (places, n), &device, &columns)? {
                batches.runs += 1;
                batches.standing += 1;
                return folded.read(gpu, sides, (Known::Cells(grid.cells()), n), None);
            }
        }
        let places = (&self.selected.lon, &self.selected.lat);
        let cells = stages::locate(gpu, places, n, grid)?;
        let (keys, table) = stages::keys(gpu, &cells, n, grid)?;
        drop(cells);
        let arranged = arrange(gpu, &keys, n, device.ordered())?;
        drop(keys);
        if arranged.in_runs() {
            batches.runs += 1;
        } else {
            batches.sorted += 1;
        }
        let mut found = Vec::with_capacity(columns.len());
        for (column, described) in columns.into_iter().zip(&device.job.columns) {
            let part = fold::reduce(gpu, arranged.view(), column, described)?;
            found.push(part.download(gpu, arranged.view())?);
        }
        sides::join(sides, &found, (&table, n), None)
    }

    /// The photons with a value that may be no whole number of units, with the columns of the job; `None` where there is
    /// none.
    pub fn remains(&self) -> Result<Option<PhotonBatch>> {
        let (gpu, n) = (self.gpu, self.selected.photons);
        let fates = gpu.scratch::<u8>(n.into())?;
        let rejected = gpu.scratch::<u32>(2)?;
        let counts = gpu.scratch::<u32>(tiles(n).into())?;
        let mut bounds = Vec::new();
        let mut asked = Vec::new();
        for (place, column) in self.job.columns.iter().enumerate() {
            if let Some(rule) = column.remainder_rule() {
                asked.push((place, 8 * bounds.len() as u64));
                bounds.extend(rule.bounds());
            }
        }
        if asked.is_empty() {
            return Ok(None);
        }
        let bounds = gpu.upload(&bounds)?;
        let mut steps = vec![
            filled::<u8>(&fates, n.into(), 1)?,
            filled::<u32>(&rejected, 2, 0)?,
        ];
        for (place, at) in asked {
            let described = &self.job.columns[place];
            let arguments = vec![
                Word(n),
                Word(kind_of(described.column_type)),
                Word(described.resolution.exponent().min(0).unsigned_abs()),
                self.column(place).values.at(),
                bounds.from(at)?,
                fates.at(),
            ];
            steps.extend(a_photon(Kernel::SelectRemain, n, arguments));
        }
        steps.extend(count(n, 2, (&fates, &counts, &rejected)));
        gpu.run(&steps)?;
        drop(steps);
        let rejected: Vec<u32> = gpu.download(&rejected, 0, 2)?;
        match n.checked_sub(rejected[1]) {
            None => Err(Fault::Wrong(
                "more photons are left out than there are".to_owned(),
            )),
            Some(0) => Ok(None),
            Some(remain) => {
                let rows = list(gpu, (n, remain), &fates, &counts)?;
                self.bring_back(&rows, remain).map(Some)
            }
        }
    }

    /// Photons of a list, with the columns of the job.
    fn bring_back(&self, rows: &Lease, photons: u32) -> Result<PhotonBatch> {
        let (gpu, n) = (self.gpu, self.selected.photons);
        // Nothing is null of what is only gathered.
        let pick = |values: &Lease, column_type: ColumnType| -> Result<Lease> {
            let there = There {
                values: values.at(),
                kind: kind_of(column_type),
            };
            let unused = ((0, rows.at()), rows.at());
            Ok(gather(gpu, (photons, n), rows, there, unused)?.values)
        };
        let degrees = |values: &Lease| -> Result<Buffer<f64>> {
            let picked = pick(values, ColumnType::F64)?;
            Ok(gpu.download::<f64>(&picked, 0, photons.into())?.into())
        };
        let picked_rows: Vec<u32> = gpu.download(rows, 0, photons.into())?;
        let mut columns = Vec::with_capacity(self.job.columns.len());
        for (place, described) in self.job.columns.iter().enumerate() {
            let column = self.column(place);
            let picked = pick(&column.values, described.column_type)?;
            let count = u64::from(photons);
            columns.push(Column {
                values: match described.column_type {
                    ColumnType::F32 => Values::F32(gpu.download::<f32>(&picked, 0, count)?.into()),
                    ColumnType::F64 => Values::F64(gpu.download::<f64>(&picked, 0, count)?.into()),
                    ColumnType::I64 => Values::I64(gpu.download::<i64>(&picked, 0, count)?.into()),
                },
                nulls: match &column.valid {
                    None => None,
                    Some(valid) => {
                        let words = gpu.download(valid, 0, n.div_ceil(u32::BITS).into())?;
                        Some(valid_nulls(&words, &picked_rows))
                    }
                },
            });
        }
        Ok(PhotonBatch {
            origin: Origin {
                granule: "".into(),
                ground_track: "".into(),
                rows: Rows::Range(0..u64::from(photons)),
            },
            step: 0,
            lon: degrees(&self.selected.lon)?,
            lat: degrees(&self.selected.lat)?,
            columns,
        })
    }
}

/// Partials with the remainders of photons that have some.
///
/// # Errors
/// As [`add_hosts`].
pub fn with_remains(
    mut partials: Partials,
    remains: Option<PhotonBatch>,
    grid: &GridConfig,
    job: &Job,
) -> IcefoldResult<Partials> {
    if let Some(batch) = remains {
        add_hosts(Places::of(&batch, grid), &batch.columns, job, &mut partials)?;
    }
    Ok(partials)
}
