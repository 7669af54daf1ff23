//! Machine code of every module for the GPUs of data centres, as `scripts/ptx` writes it.
//!
//! A device of compute capability 8, 9 or 10 starts without compiling, those of 8.0 and 9.0 with the very
//! code that was counted. On other devices the driver compiles the PTX.

/// A module's stem, and its code.
pub type Code = (&'static str, &'static [u8]);

macro_rules! machine_code {
    ($architecture:literal: $($stem:literal),*) => {
        [$(($stem, include_bytes!(concat!(
            "../../../kernels/machine/", $stem, ".sm_", $architecture, ".cubin"
        )) as &[u8])),*]
    };
}

macro_rules! for_architecture {
    ($architecture:literal) => {
        machine_code!(
            $architecture: "locate", "scan", "sort", "sweep", "segment", "reduce", "runs", "fold",
            "inflate", "unfilter", "select"
        )
    };
}

static AMPERE: [Code; 11] = for_architecture!("80");
static HOPPER: [Code; 11] = for_architecture!("90");
static BLACKWELL: [Code; 11] = for_architecture!("100");

/// The code for a device of this compute capability, if there is any. Code for one minor number runs on the
/// later ones of the same major number.
pub fn machine_code((major, _): (i32, i32)) -> Option<&'static [Code]> {
    match major {
        8 => Some(&AMPERE),
        9 => Some(&HOPPER),
        10 => Some(&BLACKWELL),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::kernels::{KERNELS, PTX};
    use super::*;

    #[test]
    fn every_kernel_of_every_module_has_machine_code() {
        for major in [8, 9, 10] {
            let code = machine_code((major, 0)).unwrap();
            assert!(
                code.iter()
                    .map(|(stem, _)| stem)
                    .eq(PTX.iter().map(|(stem, _)| stem))
            );
            for kernel in KERNELS {
                let (_, code) = code
                    .iter()
                    .find(|(stem, _)| *stem == kernel.stem())
                    .unwrap();
                assert!(code.starts_with(b"\x7fELF"));
                let name = format!(".text.{}\0", kernel.name());
                let has = code
                    .windows(name.len())
                    .any(|bytes| bytes == name.as_bytes());
                assert!(has, "{name} for {major}.0");
            }
        }
        assert!(machine_code((7, 5)).is_none());
    }
}
