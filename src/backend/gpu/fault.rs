//! Why a device did not give an answer, and what to do about it.

use crate::error::Error;

/// What went wrong on a device.
#[derive(Debug)]
pub enum Fault {
    /// It is gone, for good.
    Lost(String),
    /// It has no memory left for a batch of this size.
    Memory(String),
    /// A kernel or a copy failed; nothing that the device holds can be trusted any more.
    Failed(String),
    /// It cannot be made ready: what is in the way, and what to do about it.
    NotReady(String),
    /// It refused what it was asked: a defect of icefold or of the driver.
    Refused(String),
    /// What it gave back contradicts itself: a defect of icefold or of the device.
    Wrong(String),
    /// The host's part of the work failed.
    Host(Error),
}

pub type Result<T, E = Fault> = std::result::Result<T, E>;

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Host(error)
    }
}

impl Fault {
    /// The error to report of the device of this name; `for_memory` is what gives it more memory, with a comma
    /// behind each remedy.
    pub fn into_error(self, device: &str, for_memory: &str) -> Error {
        let same_bits = "--device cpu, which gives the same bits";
        let message = match self {
            Self::Host(error) => return error,
            Self::Lost(what) => format!("the device is lost: {what}; use {same_bits}"),
            Self::Memory(what) => format!(
                "out of device memory: {what}; {for_memory}use a smaller --batch-rows, or {same_bits}"
            ),
            Self::Failed(what) => format!(
                "{what}; the device gives no results until the program starts again: run again, or \
                 with {same_bits}"
            ),
            Self::NotReady(what) => format!("{what}, or use {same_bits}"),
            Self::Refused(what) => {
                format!("the device refused its work: {what}; use {same_bits}, and report this")
            }
            Self::Wrong(what) => format!("{what}; use {same_bits}, and report this"),
        };
        Error::Device {
            device: device.to_owned(),
            message,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_a_device_says_what_to_do() {
        let what = || "it was unplugged".to_owned();
        for (fault, remedy) in [
            (Fault::Lost(what()), "lost"),
            (
                Fault::Memory(what()),
                "close a window, use a smaller --batch-rows",
            ),
            (Fault::Failed(what()), "until the program starts again"),
            (Fault::NotReady(what()), "or use"),
            (Fault::Refused(what()), "report this"),
            (Fault::Wrong(what()), "report this"),
        ] {
            let error = fault.into_error("wgpu", "close a window, ");
            let message = error.to_string();
            assert_eq!(error.exit_code(), 5);
            for says in ["it was unplugged", remedy, "--device cpu"] {
                assert!(message.contains(says), "{message}");
            }
        }
        let host = Error::Usage("no".to_owned());
        assert_eq!(Fault::Host(host).into_error("wgpu", "").exit_code(), 2);
    }
}
