//! Keeps Python alive while icefold works: progress is told, and Ctrl-C stops it as it stops the program.
//!
//! The work has a thread of its own. The one that called waits without the GIL, looks a few times a second whether a
//! signal came, and tells how far it is: so whoever is told is called where it would be in Python, in a notebook, too.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use icefold::watch::ToRead;
use icefold::{Note, Watch};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::errors::{Keywords, OrRaise};

/// Time between two looks at signals.
const PAUSE: Duration = Duration::from_millis(100);
/// As the first thread of a process has.
const STACK: usize = 8 << 20;

/// What a run tells.
#[derive(Debug, Default)]
pub struct Told {
    stop: Arc<AtomicBool>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    granules: usize,
    done: usize,
    photons: u64,
    /// Of granules that are being read: the part that was.
    shares: HashMap<String, f64>,
    notes: Vec<String>,
}

impl Told {
    /// What is set once somebody wishes to stop, for those who wait for a network.
    pub fn stopping(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch for Told {
    fn begin(&self, granules: &[ToRead]) {
        let mut state = self.state();
        (state.granules, state.done) = (granules.len(), 0);
        state.shares.clear();
    }

    fn batch(&self, granule: &str, photons: usize, share: f64) {
        let mut state = self.state();
        state.photons += photons as u64;
        if let Some(known) = state.shares.get_mut(granule) {
            *known = share;
        } else {
            state.shares.insert(granule.to_owned(), share);
        }
    }

    fn granule_done(&self, name: &str, _photons: u64) {
        let mut state = self.state();
        state.shares.remove(name);
        state.done += 1;
    }

    fn granule_left_out(&self, name: &str) {
        self.granule_done(name, 0);
    }

    fn note(&self, note: Note) {
        self.state().notes.push(note.render(&Keywords));
    }

    fn stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// What a callback is called with.
#[expect(
    clippy::cast_precision_loss,
    reason = "there are fewer granules than that"
)]
fn said<'py>(py: Python<'py>, told: &Told) -> PyResult<Bound<'py, PyDict>> {
    let state = told.state();
    let facts = PyDict::new(py);
    facts.set_item("granules", state.granules)?;
    facts.set_item("granules_done", state.done)?;
    facts.set_item("photons", state.photons)?;
    let read = state.done as f64 + state.shares.values().sum::<f64>();
    facts.set_item("read", read.min(state.granules as f64))?;
    Ok(facts)
}

/// Does something that may take long. `progress` is called with how far it is; `notes` gets what was noted.
pub fn attended<T: Send>(
    py: Python<'_>,
    (progress, notes): (Option<&Py<PyAny>>, &mut Vec<String>),
    work: impl FnOnce(&Told) -> icefold::Result<T> + Send,
) -> PyResult<T> {
    let told = Told::default();
    let tell = |py: Python<'_>| -> PyResult<()> {
        py.check_signals()?;
        match progress {
            Some(callback) => callback.call1(py, (said(py, &told)?,)).map(drop),
            None => Ok(()),
        }
    };
    let (outcome, raised) = py.detach(|| {
        std::thread::scope(|scope| {
            let (ended, waits) = channel::<()>();
            let told = &told;
            let thread = std::thread::Builder::new()
                .name("icefold".to_owned())
                .stack_size(STACK);
            let worker = thread.spawn_scoped(scope, move || {
                let outcome = work(told);
                drop(ended);
                outcome
            });
            let worker = match worker {
                Ok(worker) => worker,
                Err(error) => return (Ok(Err(error)), None),
            };
            let mut raised = None;
            while waits.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
                if raised.is_none() {
                    raised = Python::attach(|py| tell(py).err());
                }
                if raised.is_some() {
                    told.stop.store(true, Ordering::Relaxed);
                }
            }
            (worker.join().map(Ok), raised)
        })
    });
    let last = if raised.is_none() {
        tell(py).err()
    } else {
        raised
    };
    notes.append(&mut told.state().notes);
    let outcome = match outcome {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(error)) => return Err(error.into()),
        Err(panic) => std::panic::resume_unwind(panic),
    };
    match (outcome, last) {
        // What was asked for is done; the wish came too late to stop it.
        (_, Some(raised)) => Err(raised),
        (outcome, None) => outcome.or_raise(py),
    }
}
