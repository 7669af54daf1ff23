//! The room in which is waited: a small runtime of its own, and a door to it for threads that wait.
//!
//! Beside `object.rs`. Nothing outside of `src/source/object/` is asynchronous. Two threads drive all requests; who waits
//! for one looks every so often whether the run is to stop.

use std::future::Future;
use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use super::trouble::{Trouble, What};
use crate::source::Remote;

/// How often who waits looks whether to stop.
const LOOK: Duration = Duration::from_millis(50);

/// The runtime of this process. One that was forked has none of the threads of the other, and makes its own.
pub fn runtime() -> io::Result<&'static Runtime> {
    static RUNTIME: Mutex<Option<(u32, &'static Runtime)>> = Mutex::new(None);
    let mut held = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    let process = std::process::id();
    if let Some((of, runtime)) = *held
        && of == process
    {
        return Ok(runtime);
    }
    let made = Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("icefold-net")
        .enable_all()
        .build()?;
    // It lives as long as the process.
    let made: &'static Runtime = Box::leak(Box::new(made));
    *held = Some((process, made));
    Ok(made)
}

/// Waits for something that the room does.
pub fn wait<T: Send + 'static>(
    remote: &Remote,
    work: impl Future<Output = Result<T, Trouble>> + Send + 'static,
) -> Result<T, Trouble> {
    let runtime = runtime().map_err(|e| Trouble::lost(&e))?;
    let (done, waiting) = mpsc::channel();
    let task = runtime.spawn(async move {
        // Nobody may wait any more.
        let _ = done.send(work.await);
    });
    match next(remote, &waiting) {
        Some(Ok(result)) => result,
        Some(Err(stopped)) => {
            task.abort();
            Err(stopped)
        }
        None => Err(Trouble::new(
            What::Lost,
            "the request ended without an answer",
        )),
    }
}

/// The next that comes; `None` once nothing more will.
pub fn next<T>(remote: &Remote, waiting: &Receiver<T>) -> Option<Result<T, Trouble>> {
    loop {
        match waiting.recv_timeout(LOOK) {
            Ok(found) => return Some(Ok(found)),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) if remote.is_stopped() => {
                return Some(Err(Trouble::new(What::Stopped, "")));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}
