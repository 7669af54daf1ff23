//! The CUDA kernels and the backend above them, without a device: over an emulation of one on the
//! host (`emulation.rs`), and through a stand-in for NVIDIA's driver (`stand_in.rs`), bit by bit against
//! the CPU backend and the standard library. Where there is a device, the same facts hold on it; without
//! one those tests show as ignored.

mod chunks;
mod columns;
mod compiled;
mod emulation;
mod faults;
pub mod inflate;
mod line;
mod locate;
#[cfg(icefold_test_stand_in)]
mod misuse;
mod reduce;
mod runs;
mod sort;
#[cfg(icefold_test_stand_in)]
pub mod stand_in;

use icefold::backend::cuda::{Cuda, Driver, Machine};

use emulation::Emulation;

/// A machine that the tests open.
trait Subject: Machine + Sized {
    /// With so many threads of the host.
    fn open_with(threads: usize) -> Cuda<Self>;

    fn open() -> Cuda<Self> {
        Self::open_with(2)
    }
}

impl Subject for Emulation {
    fn open_with(threads: usize) -> Cuda<Self> {
        Cuda::over(vec![Self::new("emulation")], threads).expect("the emulation opens")
    }
}

impl Subject for Driver {
    fn open_with(threads: usize) -> Cuda<Self> {
        let choice = "".parse().expect("the first device");
        Cuda::open(&choice, threads).expect("the device opens")
    }
}

/// One test through the stand-in for the driver, or over the emulation where there is none, and one on a
/// device for each of these facts: `kernels::sort::one_cell_holds_everything::stand_in`.
macro_rules! on_emulation_and_device {
    ($($fact:ident),* $(,)?) => {
        $(mod $fact {
            #[test]
            #[cfg(not(icefold_test_stand_in))]
            #[cfg_attr(not(icefold_test_cxx), ignore = "needs a C++ compiler")]
            fn emulation() {
                super::$fact::<crate::kernels::emulation::Emulation>();
            }

            #[test]
            #[cfg(icefold_test_stand_in)]
            fn stand_in() {
                let device = concat!(module_path!(), "::device");
                crate::kernels::stand_in::passes(device, "");
            }

            #[test]
            #[cfg_attr(not(icefold_test_cuda), ignore = "needs an NVIDIA device")]
            fn device() {
                super::$fact::<icefold::backend::cuda::Driver>();
            }
        })*
    };
}
use on_emulation_and_device;

/// Where a photon is, in degrees.
type Position = fn(usize) -> (f64, f64);

/// A number in [0, 1) that looks random.
fn noise(i: usize, salt: u64) -> f64 {
    let bits = (i as u64 ^ salt << 40).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (bits ^ bits >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) as f64 / 2f64.powi(64)
}

/// Around warps, strips, blocks and tiles.
const SIZES: [usize; 15] = [
    0, 1, 2, 15, 16, 17, 31, 33, 255, 257, 4095, 4096, 4097, 8193, 20_000,
];
