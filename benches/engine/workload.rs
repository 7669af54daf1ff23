//! A workload on disk: a folder that `benches/peers/workloads.py` made, with arrays as `.npy` and
//! `workload.json` that says what they are.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use icefold::batch::{Column, Origin, PhotonBatch, Rows, Values};
use icefold::config::GridConfig;
use icefold::grid::{Latitude, Order};
use icefold::{Error, Result};
use serde::Deserialize;

use crate::npy;

/// `workload.json`.
#[derive(Debug, Clone, Deserialize)]
pub struct Description {
    pub name: String,
    pub photons: usize,
    pub shard_order: u8,
    pub cell_order: u8,
}

/// A folder, and what its description says.
#[derive(Debug, Clone)]
pub struct Workload {
    folder: PathBuf,
    pub description: Description,
}

impl Workload {
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join("workload.json");
        let text = fs::read_to_string(&path).map_err(|e| Error::io("read", &path, e))?;
        let description = serde_json::from_str(&text).map_err(|e| {
            Error::Usage(format!(
                "{}: {e}; make the workloads again with benches/peers/workloads.py",
                path.display()
            ))
        })?;
        Ok(Self {
            folder: folder.to_path_buf(),
            description,
        })
    }

    pub fn grid(&self, latitude: Latitude) -> Result<GridConfig> {
        let order = |order: u8| {
            Order::new(order).ok_or_else(|| {
                Error::Usage(format!(
                    "workload {}: order {order} is above 29",
                    self.description.name
                ))
            })
        };
        Ok(GridConfig {
            shard_order: order(self.description.shard_order)?,
            chunk_order: None,
            cell_order: order(self.description.cell_order)?,
            latitude,
        })
    }

    /// Longitude, latitude and heights.
    pub fn batch(&self) -> Result<PhotonBatch> {
        let mut batch = self.batch_without_positions()?;
        batch.origin.rows = Rows::Range(0..self.description.photons as u64);
        batch.lon = self.array("lon")?;
        batch.lat = self.array("lat")?;
        Ok(batch)
    }

    /// Heights alone, for tasks that start from ids.
    pub fn batch_without_positions(&self) -> Result<PhotonBatch> {
        Ok(PhotonBatch {
            origin: Origin {
                granule: Arc::from(self.description.name.as_str()),
                ground_track: Arc::from("gt1l"),
                rows: Rows::Range(0..0),
            },
            lon: Vec::new(),
            lat: Vec::new(),
            columns: vec![Column {
                values: Values::F32(self.array("h")?),
                nulls: None,
            }],
        })
    }

    /// The cell of every photon, as `engine ids` wrote it.
    pub fn ids(&self) -> Result<Vec<u64>> {
        self.array("ids")
    }

    fn array<T: npy::Element>(&self, name: &str) -> Result<Vec<T>> {
        let path = self.folder.join(format!("{name}.npy"));
        let values = npy::read(&path)?;
        if values.len() != self.description.photons {
            return Err(Error::Usage(format!(
                "{}: {} values, and workload.json says {}; make the workloads again with \
                 benches/peers/workloads.py",
                path.display(),
                values.len(),
                self.description.photons
            )));
        }
        Ok(values)
    }
}
