//! Signals: the first one stops a run at its next batch, the second ends the process at once.
//!
//! A run that is stopped keeps only what it can go on with later. One that has to end at once first removes
//! whatever is unfinished under a hidden name.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, Result};

/// The process removes what is unfinished and ends.
static ENDING: AtomicBool = AtomicBool::new(false);

/// Set by the first signal. Only for verbs that look at it: the others end at the first.
///
/// # Errors
/// The operating system's.
pub fn interrupted() -> Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    let listen = listener(Arc::clone(&flag))
        .map_err(|e| Error::argument(format!("cannot listen for signals: {e}")))?;
    let thread = std::thread::Builder::new().name("signals".to_owned());
    thread
        .spawn(listen)
        .map_err(|e| Error::argument(format!("cannot start a thread for signals: {e}")))?;
    Ok(flag)
}

/// Takes one signal.
fn heard(flag: &AtomicBool) {
    if flag.swap(true, Ordering::Relaxed) {
        ENDING.store(true, Ordering::SeqCst);
        crate::place::abandon();
        signal_hook::low_level::exit(130);
    }
}

/// Never returns once a second signal has come: what fails then, fails because its files are being removed,
/// and how the process ends is the signal's to say.
pub fn yield_to_the_last() {
    while ENDING.load(Ordering::SeqCst) {
        std::thread::park();
    }
}

/// Waits for signals as long as the process lives.
#[cfg(unix)]
fn listener(flag: Arc<AtomicBool>) -> std::io::Result<impl FnOnce() + Send> {
    use signal_hook::consts::{SIGALRM, SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU};
    use signal_hook::iterator::Signals;

    // Those that by default end a process without a trace; `nohup` has the first ignored.
    let others = [SIGHUP, SIGXCPU, SIGUSR1, SIGUSR2, SIGALRM];
    let ignored = ignored();
    let listened = others
        .into_iter()
        .filter(|&signal| ignored & (1 << (signal - 1)) == 0);
    let mut signals = Signals::new(listened.chain([SIGINT, SIGTERM]))?;
    Ok(move || {
        for _ in signals.forever() {
            heard(&flag);
        }
    })
}

/// Looks for signals as long as the process lives: elsewhere there is nothing that can be waited for.
#[cfg(not(unix))]
fn listener(flag: Arc<AtomicBool>) -> std::io::Result<impl FnOnce() + Send> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use std::time::Duration;

    let came = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&came))?;
    }
    Ok(move || {
        loop {
            if came.swap(false, Ordering::Relaxed) {
                heard(&flag);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    })
}

/// Signals that the process was started to ignore, one bit each; all where the system does not tell.
#[cfg(unix)]
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(u64::MAX)
}
