//! Backends under test, and what is put to them: keys, values, and cells by name.

use icefold::backend::cpu::Cpu;
use icefold::backend::cuda::Cuda;
use icefold::backend::wgpu::{HostStages, Wgpu};
use icefold::backend::{KeyTable, Probe};
use icefold::config::GridConfig;
use icefold::grid::{Latitude, Order};

use super::noise;

/// A backend that the suite opens.
pub trait Subject: Probe {
    fn open() -> Self;
}

impl Subject for Cpu {
    fn open() -> Self {
        Self::open(2).expect("the CPU opens")
    }
}

impl Subject for Wgpu {
    fn open() -> Self {
        Self::open(None, 2, HostStages::default()).expect("an adapter opens")
    }
}

impl Subject for Cuda {
    fn open() -> Self {
        let first = "".parse().expect("the first device");
        Self::open(&first, 2).expect("the device opens")
    }
}

/// One test of each backend for each of these facts: `parity::sort::one_cell_holds_everything::wgpu`.
macro_rules! on_every_backend {
    ($($fact:ident),* $(,)?) => {
        $(mod $fact {
            #[test]
            fn cpu() {
                super::$fact::<icefold::backend::cpu::Cpu>();
            }

            #[test]
            fn wgpu() {
                super::$fact::<icefold::backend::wgpu::Wgpu>();
            }

            #[test]
            #[cfg_attr(not(icefold_test_cuda), ignore = "needs an NVIDIA device")]
            fn cuda() {
                super::$fact::<icefold::backend::cuda::Cuda>();
            }
        })*
    };
}
pub(super) use on_every_backend;

/// The tests of these facts on a device, through the stand-in for NVIDIA's driver.
macro_rules! through_the_stand_in {
    ($($fact:ident),* $(,)?) => {
        #[cfg(icefold_test_stand_in)]
        mod stand_in {
            $(#[test]
            fn $fact() {
                let (stage, _) = module_path!().rsplit_once("::").expect("a module in another");
                let test = format!("{stage}::{}::cuda", stringify!($fact));
                crate::kernels::stand_in::passes(&test, "seed=3");
            })*
        }
    };
}
pub(super) use through_the_stand_in;

/// Around strips, workgroups and tiles, and some tiles.
pub const SIZES: [usize; 12] = [0, 1, 2, 15, 17, 255, 256, 257, 2047, 2048, 2049, 10_000];

/// How cells follow each other.
#[derive(Debug, Clone, Copy)]
pub enum Cells {
    OneCell,
    Ascending,
    Descending,
    Random,
    Runs,
    HotCell,
    AllDistinct,
}

pub const CELLS: [Cells; 7] = [
    Cells::OneCell,
    Cells::Ascending,
    Cells::Descending,
    Cells::Random,
    Cells::Runs,
    Cells::HotCell,
    Cells::AllDistinct,
];

impl Cells {
    /// The cell of item `i` of `n`.
    pub fn cell(self, i: usize, n: usize) -> u64 {
        let any = |below: f64| (noise(i, 11) * below) as u64;
        match self {
            Self::OneCell => 777,
            Self::Ascending => i as u64 / 3,
            Self::Descending => (n - i) as u64 / 3,
            Self::Random => any(5000.0),
            // Cells come back after others.
            Self::Runs => (i as u64 / 100).wrapping_mul(0x9e37_79b9) % 1000,
            Self::HotCell => match any(10.0) {
                0 => any(1e6),
                _ => 31,
            },
            // An odd factor permutes 32 bits.
            Self::AllDistinct => u64::from((i as u32).wrapping_mul(0x9e37_79b1)),
        }
    }

    pub fn cells(self, n: usize) -> Vec<u64> {
        (0..n).map(|i| self.cell(i, n)).collect()
    }
}

pub fn grid() -> GridConfig {
    GridConfig {
        shard_order: Order::new(21).unwrap(),
        chunk_order: None,
        cell_order: Order::new(29).unwrap(),
        steps: 1,
        kind: Latitude::AuthalicWgs84.into(),
    }
}

/// Dense keys of cells, and their table.
pub fn keys(cells: &[u64]) -> (Vec<u32>, KeyTable) {
    let table = KeyTable::new(&grid(), |shift| {
        let mut groups: Vec<u64> = cells.iter().map(|cell| cell >> shift).collect();
        groups.sort_unstable();
        groups.dedup();
        groups
    });
    let key = |&cell: &u64| table.key(cell, table.slot(cell, 0).expect("the table lists it"));
    (cells.iter().map(key).collect(), table)
}

/// Every size with every arrangement of cells.
pub fn each(mut check: impl FnMut(&str, &[u64])) {
    for n in SIZES {
        for cells in CELLS {
            check(&format!("{n} photons, {cells:?}"), &cells.cells(n));
        }
    }
}
