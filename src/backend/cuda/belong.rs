//! Where photons of a stretch belong, as launches: to shards, of which some count, and to geolocation segments, whose
//! values are brought to them. Twin: `kernels/select.cu`.

use crate::grid::Order;

use super::grids::authalic;
use super::kernels::Argument::Word;
use super::kernels::Kernel;
use super::machine::{Machine, Result};
use super::picked::gather;
use super::select::{NO_POSITION, Selecting};
use super::tile::WORKGROUP;

impl<M: Machine, B> Selecting<'_, M, B> {
    /// Brings values of geolocation segments to their photons.
    pub fn spread(&mut self) -> Result<()> {
        let (gpu, n) = (self.gpu, self.photons());
        let Some(segments) = &self.stretch.segments else {
            return Ok(());
        };
        let (starts, runs) = (gpu.upload(&segments.starts)?, gpu.upload(&segments.rows)?);
        let rows = gpu.scratch::<u32>(n.into())?;
        let count = Word(segments.starts.len() as u32);
        let arguments = [Word(n), count, starts.at(), runs.at(), rows.at()];
        gpu.launch(Kernel::SelectSpread, n.div_ceil(WORKGROUP), &arguments)?;
        let mut all = Vec::with_capacity(self.stretch.sources.len());
        for (place, source) in self.stretch.sources.iter().enumerate() {
            all.push(if source.of_segments {
                let of = source.len() as u32;
                let unused = ((0, rows.at()), rows.at());
                let there = self.decoded(place)?;
                Some(gather(gpu, (n, of), &rows, there, unused)?.values)
            } else {
                None
            });
        }
        self.spread = all;
        Ok(())
    }

    /// Rejects photons outside the shards that count.
    pub fn shards(&self) -> Result<()> {
        let (gpu, n) = (self.gpu, self.photons());
        let Some(shards) = &self.stretch.shards else {
            return Ok(());
        };
        let authalic = authalic(self.grid)?;
        let shift = 2 * u32::from(Order::MAX.get() - shards.order);
        let cells = gpu.scratch::<u64>(n.into())?;
        let (lon, lat) = (self.stretch.longitude, self.stretch.latitude);
        let (lon, lat) = (self.there(lon)?.values, self.there(lat)?.values);
        let arguments = [Word(n), Word(shift), Word(authalic), lon, lat, cells.at()];
        gpu.launch(Kernel::Locate, n.div_ceil(WORKGROUP), &arguments)?;
        let (listed, wanted) = (gpu.upload(&shards.listed)?, gpu.upload(&shards.wanted)?);
        let arguments = [
            Word(n),
            Word(shards.listed.len() as u32),
            Word(shards.wanted.len() as u32),
            Word(NO_POSITION + 1),
            cells.at(),
            listed.at(),
            wanted.at(),
            self.fates.at(),
        ];
        gpu.launch(Kernel::SelectShards, n.div_ceil(WORKGROUP), &arguments)
    }
}
