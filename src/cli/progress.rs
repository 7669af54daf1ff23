//! A watch on a terminal: how far a run is and what is odd, on standard error, and the wish of signals to stop.
//!
//! A bar on a terminal, lines for the log of a job, or nothing; `meter.rs` turns what is told into words.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::usage::resident_bytes;
use crate::watch::{Note, ToRead, Watch};

use super::args::ProgressArg;
use super::meter::Meter;
use super::out::note;
use super::words::CommandLine;

/// Shows what a run tells. Telling it something costs nothing next to a batch: it is shown a few times a second
/// at most.
#[derive(Debug)]
pub struct Progress {
    mode: ProgressArg,
    /// Set by the first signal.
    interrupted: Arc<AtomicBool>,
    /// While granules are read and somebody is shown.
    state: Mutex<Option<State>>,
}

#[derive(Debug)]
struct State {
    meter: Meter,
    shown: Instant,
    sink: Sink,
}

#[derive(Debug)]
enum Sink {
    Bar(ProgressBar),
    Lines,
}

impl Progress {
    /// Shown like this, until the flag is set.
    pub fn new(mode: ProgressArg, interrupted: Arc<AtomicBool>) -> Self {
        Self {
            mode,
            interrupted,
            state: Mutex::new(None),
        }
    }

    /// Notes alone, of what nobody stops.
    pub fn of_notes() -> Self {
        Self::new(ProgressArg::None, Arc::default())
    }

    fn sink(&self) -> Option<Sink> {
        match self.mode {
            ProgressArg::Plain => Some(Sink::Lines),
            ProgressArg::Auto if std::io::stderr().is_terminal() => Some(Sink::Bar(bar())),
            ProgressArg::Auto | ProgressArg::None => None,
        }
    }

    fn update(&self, change: impl FnOnce(&mut Meter)) {
        let mut state = self.lock();
        let Some(state) = &mut *state else {
            return;
        };
        change(&mut state.meter);
        let now = Instant::now();
        if now.duration_since(state.shown) >= state.sink.pause() {
            state.show(now);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<State>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch for Progress {
    fn begin(&self, granules: &[ToRead]) {
        let Some(sink) = self.sink() else {
            return;
        };
        let now = Instant::now();
        let mut state = State {
            meter: Meter::new(granules, now),
            shown: now,
            sink,
        };
        if matches!(state.sink, Sink::Bar(_)) {
            state.show(now);
        }
        *self.lock() = Some(state);
    }

    fn batch(&self, granule: &str, photons: usize, share: f64) {
        self.update(|meter| meter.batch(granule, photons as u64, share));
    }

    fn granule_done(&self, name: &str, photons: u64) {
        self.update(|meter| meter.granule_ended(name, photons));
    }

    fn granule_left_out(&self, name: &str) {
        self.update(|meter| meter.granule_ended(name, 0));
    }

    fn shards_open(&self, shards: usize) {
        self.update(|meter| meter.shards_open(shards as u64));
    }

    fn end(&self) {
        let Some(mut state) = self.lock().take() else {
            return;
        };
        if let Sink::Bar(bar) = &state.sink {
            bar.finish_and_clear();
        } else {
            state.show(Instant::now());
        }
    }

    fn note(&self, said: Note) {
        let said = said.render(&CommandLine);
        match &*self.lock() {
            Some(State {
                sink: Sink::Bar(bar),
                ..
            }) => bar.suspend(|| note(said)),
            _ => note(said),
        }
    }

    fn stop(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }
}
impl State {
    fn show(&mut self, now: Instant) {
        self.shown = now;
        let line = self.meter.line(now, resident_bytes());
        match &self.sink {
            Sink::Bar(bar) => {
                let (done, all) = self.meter.bytes();
                bar.set_message(line);
                bar.set_length(all);
                bar.set_position(done);
            }
            // Nobody may be listening: no reason to stop.
            Sink::Lines => _ = writeln!(std::io::stderr(), "progress: {line}"),
        }
    }
}

impl Sink {
    /// Time between two looks.
    fn pause(&self) -> Duration {
        match self {
            Self::Bar(_) => Duration::from_millis(100),
            Self::Lines => Duration::from_secs(5),
        }
    }
}

/// A bar with the line behind it, cut at the width of the terminal; in colour unless `NO_COLOR` is set.
fn bar() -> ProgressBar {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let template = if plain {
        "{bar:20} {wide_msg}"
    } else {
        "{bar:20.cyan/blue} {wide_msg}"
    };
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}
