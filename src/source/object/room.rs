//! The room in which is waited: a small runtime of its own, and a door to it for threads that wait.
//!
//! Beside `object.rs`. Nothing outside of `src/source/object/` is asynchronous. Two threads drive all requests; who waits
//! for one looks every so often whether the run is to stop.

use std::future::Future;
use std::io;
use std::sync::OnceLock;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use super::trouble::{Trouble, What};
use crate::source::Remote;

/// How often who waits looks whether to stop.
const LOOK: Duration = Duration::from_millis(50);

/// The runtime of this process.
pub fn runtime() -> io::Result<&'static Runtime> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let made = Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("icefold-net")
        .enable_all()
        .build()?;
    Ok(RUNTIME.get_or_init(|| made))
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
