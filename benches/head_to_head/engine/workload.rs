//! A workload on disk: a folder that `benches/head_to_head/inputs.py` made, with arrays as `.npy`
//! and `workload.json` that says what they are.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use icefold::arrays::{Photons, npy};
use icefold::config::{Dtype, GridConfig};
use icefold::grid::{Latitude, Order};
use icefold::photon::{Column, ColumnType, Origin, PhotonBatch, Rows, Values};
use icefold::photon::{Counts, SourceColumn};
use icefold::{Error, Result};
use serde::Deserialize;

/// `workload.json`.
#[derive(Debug, Clone, Deserialize)]
pub struct Description {
    pub name: String,
    pub photons: usize,
    pub shard_order: u8,
    pub cell_order: u8,
    /// Granules that the arrays were read from.
    #[serde(default)]
    pub granules: Vec<PathBuf>,
    /// The pipeline file that asks of granules what the tasks ask of arrays.
    pub pipeline: Option<PathBuf>,
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
            Error::argument(format!(
                "{}: {e}; make the workloads again with scripts/bench --prepare",
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
                Error::argument(format!(
                    "workload {}: order {order} is above 29",
                    self.description.name
                ))
            })
        };
        Ok(GridConfig {
            shard_order: order(self.description.shard_order)?,
            chunk_order: None,
            cell_order: order(self.description.cell_order)?,
            steps: 1,
            kind: latitude.into(),
        })
    }

    /// Longitude and latitude.
    pub fn positions(&self) -> Result<(Vec<f64>, Vec<f64>)> {
        Ok((self.array("lon")?, self.array("lat")?))
    }

    /// Photons with these columns, and positions if they are asked for.
    pub fn photons(&self, columns: &[String], positions: bool) -> Result<Photons> {
        let (lon, lat) = if positions {
            self.positions()?
        } else {
            // Pages of zeros that nobody reads are not resident.
            let nowhere = || vec![0.0; self.description.photons];
            (nowhere(), nowhere())
        };
        let source = |name: &String| SourceColumn {
            name: name.clone(),
            column_type: ColumnType::F32,
            dtype: Dtype::F32,
            units: None,
            long_name: None,
        };
        let read = |name: &String| {
            Ok(Column {
                values: Values::F32(self.array(name)?.into()),
                nulls: None,
            })
        };
        Ok(Photons {
            batch: PhotonBatch {
                origin: Origin {
                    granule: Arc::from(self.description.name.as_str()),
                    ground_track: Arc::from("gt1l"),
                    rows: Rows::Range(0..lon.len() as u64),
                },
                step: 0,
                lon: lon.into(),
                lat: lat.into(),
                columns: columns.iter().map(read).collect::<Result<_>>()?,
            },
            sources: columns.iter().map(source).collect(),
            counts: Counts::default(),
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
            return Err(Error::argument(format!(
                "{}: {} values, and workload.json says {}; make the workloads again with \
                 scripts/bench --prepare",
                path.display(),
                values.len(),
                self.description.photons
            )));
        }
        Ok(values)
    }
}
