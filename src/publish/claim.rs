//! A claim: an object that says who writes a store, so that nobody else does.
//!
//! Below `store.rs`. It is called `.NAME.claim`, is put under the condition that there is none, and is put again every few
//! seconds. Who finds one that is not put again for a minute takes it over, under the condition that it is still that one;
//! no clock of either machine matters for that. A claim that is left behind says that what lies at the store's name is of a
//! run of icefold that is gone.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::{Address, Desk, failed};
use crate::error::{Action, Error, Kind, Result, phrase};
use crate::place::{duration, host, now};
use crate::source::{Hold, Prefix, Put, Way};
use crate::watch::{Note, Watch};

/// From one time that a claim is put to the next.
const BEAT: Duration = Duration::from_secs(15);
/// Who has a claim is gone after so long without a word.
const GONE: Duration = Duration::from_mins(1);
/// How often it is looked whether there is a word.
const LOOK: Duration = Duration::from_secs(3);

/// What a claim says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Says {
    pub icefold_version: String,
    pub process: u32,
    pub host: String,
    /// Seconds since 1970.
    pub since: u64,
    /// The desk on which the store is made.
    pub desk: String,
    /// The run is gone, and says so itself.
    pub left: bool,
    /// How often it was put.
    pub beat: u64,
}

impl Says {
    /// What the object says.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// Who that is, in words.
    pub fn who(&self) -> String {
        let since = duration(now().saturating_sub(self.since));
        format!("process {} on {}, for {since}", self.process, self.host)
    }

    fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self)
            .unwrap_or_else(|e| unreachable!("a claim has only string keys: {e}"))
    }
}

/// The name of the claim on a store.
pub(super) fn name_of(store: &str) -> String {
    format!(".{store}.claim")
}

/// A store that this process alone writes, as far as claims are kept.
#[derive(Debug)]
pub struct Claim {
    held: Arc<Held>,
    /// There was one before, of a run that is gone.
    pub took_over: bool,
    end: Option<Sender<()>>,
    beats: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Held {
    prefix: Prefix,
    url: String,
    name: String,
    says: Mutex<(Says, Option<String>)>,
    hold: Arc<Hold>,
    /// Whether the service holds puts to their conditions.
    conditional: bool,
}

impl Claim {
    /// Claims a store.
    ///
    /// # Errors
    /// Another run has it; the service cannot be written to.
    pub fn take(prefix: &Prefix, store: &Address, desk: &Desk, watch: &dyn Watch) -> Result<Self> {
        let says = Says {
            icefold_version: env!("CARGO_PKG_VERSION").to_owned(),
            process: std::process::id(),
            host: host(),
            since: now(),
            desk: desk.id().to_owned(),
            left: false,
            beat: 0,
        };
        let url = store.url().to_string_lossy().into_owned();
        let name = name_of(store.name());
        let failed = |e: std::io::Error| failed(&url, &e);
        let (tag, took_over) = loop {
            let put = prefix.put(&name, says.bytes(), Way::New).map_err(failed)?;
            if let Put::Done(tag) = put {
                break (tag, false);
            }
            let Some((bytes, tag)) = prefix.get(&name).map_err(failed)? else {
                continue;
            };
            let other = Says::read(&bytes).ok_or_else(|| {
                let what = format!("{} is no claim of icefold's", prefix.url(&name));
                Error::store(store.url(), what)
                    .with_remedy("choose another name, or remove that object")
            })?;
            if !other.left && other.desk != says.desk {
                wait_for_a_word(prefix, (&url, &name), (&other, tag.as_deref()), watch)?;
            }
            let put = prefix.put(&name, says.bytes(), Way::Instead(tag));
            if let Put::Done(tag) = put.map_err(failed)? {
                break (tag, true);
            }
        };
        // One that takes a second claim beside the first takes anything.
        let again = Says { beat: 1, ..says };
        let heard = Instant::now();
        let second = prefix.put(&name, again.bytes(), Way::New).map_err(failed)?;
        let (tag, conditional) = match second {
            Put::Taken => (tag, true),
            Put::Done(tag) => {
                let what = format!(
                    "{url}: this service does not hold what is written to conditions, so nothing keeps two runs that write \
                     there apart; see that there is one"
                );
                watch.note(Note::Odd { what });
                (tag, false)
            }
        };
        let held = Arc::new(Held {
            // What is put in order at the end is put in order whoever wishes to stop.
            prefix: prefix.to_the_end(),
            url,
            name,
            says: Mutex::new((again, tag)),
            hold: Arc::new(Hold::new(heard, GONE / 2)),
            conditional,
        });
        let (end, ended) = mpsc::channel();
        let beating = Arc::clone(&held);
        let beats = std::thread::Builder::new().name("claim".to_owned());
        let beats = beats.spawn(move || {
            while ended.recv_timeout(BEAT) == Err(RecvTimeoutError::Timeout) {
                // Where it cannot be put for long, nothing else is put either until it can.
                let _ = beating.beat(false);
                if beating.hold.is_lost() {
                    break;
                }
            }
        });
        let beats = beats.map_err(|e| Error::argument(format!("cannot start a thread: {e}")))?;
        Ok(Self {
            held,
            took_over,
            end: Some(end),
            beats: Some(beats),
        })
    }

    /// That the store is still this process's to write.
    ///
    /// # Errors
    /// Somebody else has taken it over.
    pub fn check(&self) -> Result<()> {
        if self.held.hold.is_lost() {
            return Err(self.held.gone());
        }
        self.held.beat(false)
    }

    /// What objects are to be sent and removed under, so that nothing is once the claim is another's.
    pub(super) fn hold(&self) -> &Arc<Hold> {
        &self.held.hold
    }

    /// Why something was not sent or removed: for want of the claim, or as the error says.
    pub(super) fn why(&self, error: Error) -> Error {
        if self.held.hold.is_held() || error.kind() == Kind::Interrupted {
            return error;
        }
        self.held.gone()
    }

    /// Gives the claim back: all is whole, or nothing was written.
    ///
    /// # Errors
    /// It cannot be removed.
    pub fn release(mut self) -> Result<()> {
        self.silence();
        let held = &self.held;
        // By now it may be another's, which is not to be removed.
        let mine = if held.hold.is_lost() {
            Ok(())
        } else {
            held.beat(false)
        };
        if held.hold.is_lost() {
            return Ok(());
        }
        mine?;
        let removed = held.prefix.remove(std::slice::from_ref(&held.name));
        removed.map_err(|e| failed(&held.url, &e))
    }

    /// Leaves the claim, which says that this run is gone and that something of it is left.
    pub fn leave(mut self) {
        self.silence();
        if !self.held.hold.is_lost() {
            // Where it cannot be said, the next one waits for a word.
            let _ = self.held.beat(true);
        }
    }

    fn silence(&mut self) {
        drop(self.end.take());
        if let Some(beats) = self.beats.take() {
            // A thread that panicked has nothing more to say.
            let _ = beats.join();
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.silence();
    }
}

impl Held {
    /// Puts the claim again.
    fn beat(&self, left: bool) -> Result<()> {
        let mut held = self.says.lock().unwrap_or_else(PoisonError::into_inner);
        let (says, tag) = &mut *held;
        says.beat += 1;
        says.left = left;
        let failed = |e: std::io::Error| failed(&self.url, &e);
        let at = Instant::now();
        if !self.conditional {
            let found = self.prefix.get(&self.name).map_err(failed)?;
            let found = found.and_then(|(bytes, _)| Says::read(&bytes));
            if found.is_none_or(|found| found.desk != says.desk) {
                self.hold.lose();
                return Err(self.gone());
            }
        }
        let way = if self.conditional {
            Way::Instead(tag.clone())
        } else {
            Way::Over
        };
        match self
            .prefix
            .put(&self.name, says.bytes(), way)
            .map_err(failed)?
        {
            Put::Done(new) => {
                *tag = new;
                self.hold.heard(at);
            }
            Put::Taken => {
                // It may be this run's own, of a time whose answer was lost.
                let found = self.prefix.get(&self.name).map_err(failed)?;
                let own = found.filter(|(bytes, _)| {
                    Says::read(bytes).is_some_and(|found| {
                        (found.desk, found.process, found.since)
                            == (says.desk.clone(), says.process, says.since)
                    })
                });
                let Some((_, of_own)) = own else {
                    self.hold.lose();
                    return Err(self.gone());
                };
                *tag = of_own;
                self.hold.heard(at);
            }
        }
        Ok(())
    }

    fn gone(&self) -> Error {
        let what = "another run has taken it over, or this one could not be heard of for too long; nothing more is written";
        Error::store(&*self.url, what).with_remedy(phrase![
            "see who writes there with ",
            Action::Clean,
            ", then run again"
        ])
    }
}

/// Waits until it is clear that who has a claim is gone.
pub(super) fn wait_for_a_word(
    prefix: &Prefix,
    (url, name): (&str, &str),
    (other, tag): (&Says, Option<&str>),
    watch: &dyn Watch,
) -> Result<()> {
    watch.note(Note::Odd {
        what: format!(
            "{url}: {} has it; waiting {} s for a word of it",
            other.who(),
            GONE.as_secs()
        ),
    });
    let since = Instant::now();
    while since.elapsed() < GONE {
        for _ in 0..LOOK.as_millis() / 50 {
            if watch.stop() {
                return Err(Error::interrupted());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let found = prefix.see(name).map_err(|e| failed(url, &e))?;
        match found {
            None => return Ok(()),
            Some(found) if found.tag.as_deref() == tag => {}
            Some(_) => {
                return Err(
                    Error::store(url, format!("is being written by {}", other.who()))
                        .with_remedy("let it finish or stop it, then run again"),
                );
            }
        }
    }
    Ok(())
}
