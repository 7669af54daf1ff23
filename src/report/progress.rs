//! Shows how far a run has come, on standard error: a bar on a terminal, lines in the log of a job, or
//! nothing.
//!
//! Beside the line: the pipeline tells what is done, `meter.rs` puts it into words.

use std::io::{IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::meter::Meter;
use super::resident::resident_bytes;
use crate::plan::GranulePath;
use crate::watch::Watch;

/// Whether and how progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProgressMode {
    /// A bar where standard error is a terminal, nothing elsewhere.
    #[default]
    Auto,
    /// A line every few seconds, and at the end.
    Plain,
    None,
}

/// Progress over the granules of a run. Telling it something costs nothing next to a batch: it is shown
/// a few times a second at most.
#[derive(Debug)]
pub struct Progress {
    state: Option<Mutex<State>>,
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
    /// Progress over these granules.
    pub fn new(mode: ProgressMode, granules: &[GranulePath]) -> Self {
        let sink = match mode {
            ProgressMode::Plain => Sink::Lines,
            ProgressMode::Auto if std::io::stderr().is_terminal() => Sink::Bar(bar()),
            ProgressMode::Auto | ProgressMode::None => return Self::hidden(),
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
        Self {
            state: Some(Mutex::new(state)),
        }
    }

    /// Nobody is shown anything.
    pub fn hidden() -> Self {
        Self { state: None }
    }

    /// There is no more to come.
    pub fn finish(&self) {
        let Some(mut state) = self.lock() else {
            return;
        };
        if let Sink::Bar(bar) = &state.sink {
            bar.finish_and_clear();
        } else {
            state.show(Instant::now());
        }
    }

    fn update(&self, change: impl FnOnce(&mut Meter)) {
        let Some(mut state) = self.lock() else {
            return;
        };
        change(&mut state.meter);
        let now = Instant::now();
        if now.duration_since(state.shown) >= state.sink.pause() {
            state.show(now);
        }
    }

    fn lock(&self) -> Option<MutexGuard<'_, State>> {
        let state = self.state.as_ref()?;
        Some(state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Watch for Progress {
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
