//! Time of each kernel on a device, from events around its launches: for `icefold bench-device`.

use std::sync::{MutexGuard, PoisonError};

use cudarc::driver::{CudaEvent, CudaStream, sys};
use serde::Serialize;

use super::{Driver, fault};
use crate::backend::cuda::kernels::{KERNELS, Kernel};
use crate::backend::cuda::machine::Result;

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
    /// Whether time is taken.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

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

/// Times of no launches, for every kernel.
pub fn no_times() -> [KernelTime; KERNELS.len()] {
    KERNELS.map(|kernel| KernelTime {
        kernel: kernel.name(),
        launches: 0,
        seconds: 0.0,
    })
}

impl Driver {
    /// Takes the time of every launch from now on.
    pub fn begin_timing(&self) {
        *self.locked_timing() = Timing(Some(Vec::new()));
    }

    /// Waits for the launches since then, and adds what they took.
    pub fn end_timing(&self, times: &mut [KernelTime; KERNELS.len()]) -> Result<()> {
        let Timing(timed) = std::mem::take(&mut *self.locked_timing());
        for (kernel, begin, end) in timed.into_iter().flatten() {
            let took = begin.elapsed_ms(&end);
            let took = took.map_err(|e| fault(e, "take the time of a kernel"))?;
            let time = &mut times[kernel as usize];
            time.launches += 1;
            time.seconds += f64::from(took) / 1e3;
        }
        Ok(())
    }

    fn locked_timing(&self) -> MutexGuard<'_, Timing> {
        self.timing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
