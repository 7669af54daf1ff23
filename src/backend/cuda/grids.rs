//! On which grids kernels locate: on HEALPix, by either latitude.

use crate::backend::gpu::{Fault, Result};
use crate::config::GridConfig;
use crate::grid::Latitude;

/// What kernels are told of a grid: 1 where cells have the authalic latitude, 0 where they have the geodetic one.
///
/// # Errors
/// A grid of which kernels know nothing.
pub fn authalic(grid: &GridConfig) -> Result<u32> {
    let latitude = grid.kind.healpix().ok_or_else(|| {
        let why = no_kernel(grid);
        Fault::NotReady(format!("{why}; use a HEALPix grid"))
    })?;
    Ok(u32::from(latitude == Latitude::AuthalicWgs84))
}

/// Why no device locates on a grid, if none does.
pub fn why_not_located(grid: &GridConfig) -> Option<String> {
    grid.kind.healpix().is_none().then(|| no_kernel(grid))
}

fn no_kernel(grid: &GridConfig) -> String {
    format!("there is no kernel for cells of {}", grid.kind.title())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::cuda::{Block, Cuda, Machine, Span, Step, Way};
    use crate::backend::{Backend, StageTimes};
    use crate::grid::{Grid, Lattice, Order};
    use crate::photon::{Column, ColumnType, Origin, PhotonBatch, Rows, Values};
    use crate::stat::{ColumnOrigin, Job, JobColumn, Needs, Resolution};

    /// A device that is asked for memory and copies, and for nothing else.
    #[derive(Debug)]
    struct Idle;

    impl Machine for Idle {
        fn name(&self) -> &'static str {
            "cuda:0"
        }

        fn memory(&self) -> u64 {
            1 << 30
        }

        fn allocate(&self, _: u64) -> Result<Block> {
            Ok(Block::none())
        }

        fn free(&self, _: Block) {}

        fn allocate_mapped(&self, _: u64) -> Result<Block> {
            Ok(Block::none())
        }

        fn free_mapped(&self, _: Block) {}

        fn upload(&self, _: &[u8], _: Span) -> Result<()> {
            Ok(())
        }

        fn run(&self, _: &[Step]) -> Result<()> {
            Err(Fault::Wrong("a kernel runs".to_owned()))
        }

        fn download(&self, _: Span, _: &mut [u8]) -> Result<()> {
            Err(Fault::Wrong("something is read".to_owned()))
        }

        fn wait(&self) -> Result<()> {
            Ok(())
        }

        fn look(&self, _: Span, _: &mut [u8]) -> Result<()> {
            Err(Fault::Wrong("something is read".to_owned()))
        }
    }

    fn batch() -> PhotonBatch {
        PhotonBatch {
            origin: Origin {
                granule: "a.h5".into(),
                ground_track: "gt1l".into(),
                rows: Rows::Range(0..4),
            },
            step: 0,
            lon: vec![-45.0; 4].into(),
            lat: vec![70.0; 4].into(),
            columns: vec![Column {
                values: Values::F32(vec![1.0; 4].into()),
                nulls: None,
            }],
        }
    }

    fn job() -> Job {
        let needs = Needs {
            moments: true,
            ..Needs::default()
        };
        Job {
            columns: vec![JobColumn {
                name: "h".to_owned(),
                origin: ColumnOrigin::Source(0),
                column_type: ColumnType::F32,
                resolution: Resolution::DEFAULT,
                needs,
            }],
            outputs: Vec::new(),
        }
    }

    #[test]
    fn a_grid_without_a_kernel_is_refused_by_name() {
        let order = |order| Order::new(order).unwrap();
        let grid = GridConfig {
            shard_order: order(2),
            chunk_order: None,
            cell_order: order(5),
            steps: 1,
            kind: Grid::Lattice(Lattice),
        };
        let says = |error: crate::Error| {
            let said = error.to_string();
            let of = format!(
                "device cuda:0: there is no kernel for cells of {}; use a HEALPix grid",
                Grid::Lattice(Lattice).title()
            );
            assert!(said.starts_with(&of), "{said}");
            assert!(said.contains("cpu"), "{said}");
        };
        let batch = batch();
        for way in [Way::Sampled, Way::Runs, Way::Stages] {
            let cuda = Cuda::over(vec![Idle], 1).unwrap().with_way(way);
            let times = &mut StageTimes::default();
            says(cuda.fold(&batch, &grid, &job(), times).unwrap_err());
            let photons = cuda.upload(&batch).unwrap();
            says(cuda.locate(&photons, &grid).unwrap_err());
            says(cuda.located(&photons, &grid).unwrap_err());
            says(cuda.fold_photons(&photons, &grid, &job()).unwrap_err());
        }
        for (latitude, told) in [
            (Latitude::AuthalicWgs84, 1),
            (Latitude::GeodeticSpherical, 0),
        ] {
            let kind = latitude.into();
            assert_eq!(authalic(&GridConfig { kind, ..grid }).unwrap(), told);
        }
    }
}
