//! Why a device did not give an answer, and what to do about it.

use crate::backend::device::the_cpu;
use crate::error::{Error, Phrase, Setting, phrase};

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
    pub fn into_error(self, device: &str, for_memory: Phrase) -> Error {
        let (message, remedy): (Phrase, Phrase) = match self {
            Self::Host(error) => return error,
            Self::Lost(what) => (
                format!("the device is lost: {what}").into(),
                phrase!["use ", the_cpu()],
            ),
            Self::Memory(what) => (
                phrase!["out of device memory: ", what],
                phrase![
                    for_memory,
                    "use a smaller ",
                    Setting::BatchRows,
                    ", or ",
                    the_cpu()
                ],
            ),
            // What can be done about that is in its words.
            Self::NotReady(what) => {
                return Error::device(device, phrase![what, ", or use ", the_cpu()]);
            }
            Self::Failed(what) => (
                what.into(),
                phrase![
                    "the device gives no results until the program starts again: run again, or with ",
                    the_cpu()
                ],
            ),
            Self::Refused(what) => (
                format!("the device refused its work: {what}").into(),
                phrase!["use ", the_cpu(), ", and report this"],
            ),
            Self::Wrong(what) => (what.into(), phrase!["use ", the_cpu(), ", and report this"]),
        };
        Error::device(device, message).with_remedy(remedy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn every_fault_of_a_device_says_what_to_do() {
        let what = || "it was unplugged".to_owned();
        for (fault, remedy) in [
            (Fault::Lost(what()), "lost"),
            (
                Fault::Memory(what()),
                "close a window, use a smaller batch_rows",
            ),
            (Fault::Failed(what()), "until the program starts again"),
            (Fault::NotReady(what()), "or use"),
            (Fault::Refused(what()), "report this"),
            (Fault::Wrong(what()), "report this"),
        ] {
            let error = fault.into_error("wgpu", "close a window, ".into());
            let message = error.to_string();
            assert_eq!(error.kind(), Kind::Device);
            for says in ["it was unplugged", remedy, "device cpu"] {
                assert!(message.contains(says), "{message}");
            }
        }
        let host = Fault::Host(Error::argument("no"));
        let host = host.into_error("wgpu", Phrase::default());
        assert_eq!(host.kind(), Kind::Argument);
    }
}
