//! Scouts: threads that go ahead of who opens granules, and bring the structure of those that are far away.
//!
//! Beside the line. libhdf5 does one thing at a time, and waits for a network like for a disk. Scouts wait in its place, for
//! several granules together (`hdf5/scout.rs`); without granules that are far there are none.

use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::Input;
use super::hdf5::{is_worth_scouting, scout};
use crate::config::Config;
use crate::source::is_object;

/// Granules that are scouted at the same time, and so many ahead of the one that is opened: what they bring has to stay in
/// memory until then.
const AHEAD: usize = 12;

/// Scouts of granules that are opened one after the other.
#[derive(Debug)]
pub struct Scouts<'a> {
    granules: &'a [&'a Path],
    config: &'a Config,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The next to scout.
    next: usize,
    /// The one that is opened.
    reached: usize,
    done: Vec<bool>,
    over: bool,
}

/// Does something with granules one after the other, which says which it has reached (`Scouts::reach`).
pub fn scouted<T>(granules: &[&Path], config: &Config, each: impl FnOnce(&Scouts) -> T) -> T {
    let far = granules.iter().filter(|path| is_object(path)).count();
    let scouts = Scouts {
        granules,
        config,
        state: Mutex::new(State {
            done: vec![far == 0; granules.len()],
            ..State::default()
        }),
        changed: Condvar::new(),
    };
    if far == 0 {
        return each(&scouts);
    }
    thread::scope(|scope| {
        let _end = End(&scouts);
        let mut go = false;
        for _ in 0..AHEAD.min(far) {
            let thread = thread::Builder::new().name("icefold-scout".to_owned());
            go |= thread.spawn_scoped(scope, || scouts.go()).is_ok();
        }
        if !go {
            // Nobody is waited for where the system has no more threads.
            scouts.state().done.fill(true);
        }
        each(&scouts)
    })
}

/// Scouts one granule that is opened next.
pub fn scout_alone(granule: &Path, config: &Config) {
    scout_unless(granule, config, &|| false);
}

fn scout_unless(granule: &Path, config: &Config, over: &dyn Fn() -> bool) {
    if is_object(granule) && is_worth_scouting(granule, config) {
        scout(granule, config, over);
    }
}

impl Input {
    /// Tells a granule that is far away what will be read of it, as soon as that is known.
    pub fn foretell(&mut self) {
        if let Self::Hdf5(_, reader) = self {
            reader.foretell();
        }
    }
}

impl Scouts<'_> {
    /// This one is opened next: waits until it was scouted.
    pub fn reach(&self, granule: usize) {
        let mut state = self.state();
        state.reached = granule;
        self.changed.notify_all();
        while !state.done[granule] {
            state = self.waited(state);
        }
    }

    fn go(&self) {
        let mut state = self.state();
        loop {
            if state.over || state.next == self.granules.len() {
                return;
            }
            if state.next >= state.reached + AHEAD {
                state = self.waited(state);
                continue;
            }
            let granule = state.next;
            state.next += 1;
            drop(state);
            // Whoever waits for it must not wait for good.
            let done = Done(self, granule);
            scout_unless(self.granules[granule], self.config, &|| self.state().over);
            drop(done);
            state = self.state();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn waited<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let woken = self.changed.wait(state);
        woken.unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells scouts that nobody opens granules any more, however that came.
struct End<'a>(&'a Scouts<'a>);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.state().over = true;
        self.0.changed.notify_all();
    }
}

/// Tells that a granule was scouted, however that ended.
struct Done<'a>(&'a Scouts<'a>, usize);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.done[self.1] = true;
        if thread::panicking() {
            // A scout less: nobody waits for what it would have seen.
            state.done.fill(true);
        }
        drop(state);
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn granules_that_are_files_have_no_scouts() {
        let config = crate::config::load("atl03").unwrap();
        let near = [Path::new("a.h5"), Path::new("b.h5")];
        let both = |scouts: &Scouts| (0..2).map(|i| scouts.reach(i)).count();
        assert_eq!(scouted(&near, &config, both), 2);
    }

    #[test]
    #[cfg(feature = "cloud")]
    fn objects_are_waited_for_and_nobody_is_kept_waiting() {
        let config = crate::config::load("atl03").unwrap();
        // Nobody answers there, which is for who opens them to say.
        let urls: Vec<String> = (0..3 * AHEAD)
            .map(|i| format!("http://127.0.0.1:1/{i}.h5"))
            .collect();
        let remote = crate::source::Remote {
            retries: 0,
            ..crate::source::Remote::default()
        };
        let paths = crate::source::register(&urls, &remote, true).unwrap();
        let far: Vec<&Path> = paths.iter().map(AsRef::as_ref).collect();
        let all = |scouts: &Scouts| (0..far.len()).map(|i| scouts.reach(i)).count();
        assert_eq!(scouted(&far, &config, all), far.len());
        // Who stops early does not wait for those that it will not open.
        scouted(&far, &config, |scouts| scouts.reach(0));
    }
}
