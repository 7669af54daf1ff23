//! Time of each kernel on a device, from events around its launches: for `icefold bench-device`. Under
//! `driver.rs`.

use std::sync::PoisonError;

use cudarc::driver::{CudaEvent, CudaStream, sys};
use serde::Serialize;

use super::driver::{Driver, fault};
use super::kernels::{KERNELS, Kernel};
use super::machine::Result;

/// What launches of one kernel took.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct KernelTime {
    pub kernel: &'static str,
    pub launches: u64,
    pub seconds: f64,
}

/// Launches between whose events time is taken; `None` where none is asked for.
#[derive(Debug, Default)]
pub struct Timing(Option<Vec<(Kernel, CudaEvent, CudaEvent)>>);

impl Timing {
    /// Launches on the stream, between events where time is taken.
    pub fn around(
        &mut self,
        kernel: Kernel,
        stream: &CudaStream,
        launch: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        let Some(timed) = &mut self.0 else {
            return launch();
        };
        let event = || {
            let event = stream.record_event(Some(sys::CUevent_flags::CU_EVENT_DEFAULT));
            event.map_err(|e| fault(e, "record an event"))
        };
        let begin = event()?;
        launch()?;
        timed.push((kernel, begin, event()?));
        Ok(())
    }
}

impl Driver {
    /// What `work` gives, and what its kernels took on this device, those that were launched.
    pub fn timed<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<(T, Vec<KernelTime>)> {
        let timing = || self.timing.lock().unwrap_or_else(PoisonError::into_inner);
        *timing() = Timing(Some(Vec::new()));
        let done = work();
        let Timing(timed) = std::mem::take(&mut *timing());
        let mut times = KERNELS.map(|kernel| KernelTime {
            kernel: kernel.name(),
            launches: 0,
            seconds: 0.0,
        });
        for (kernel, begin, end) in timed.into_iter().flatten() {
            let took = begin.elapsed_ms(&end);
            let took = took.map_err(|e| fault(e, "take the time of a kernel"))?;
            let time = &mut times[kernel as usize];
            time.launches += 1;
            time.seconds += f64::from(took) / 1e3;
        }
        let launched = times.into_iter().filter(|time| time.launches > 0);
        Ok((done?, launched.collect()))
    }
}
