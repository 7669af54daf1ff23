//! What runs and finalizing do alike where their store is no folder: it is made on a desk, then sent.
//!
//! The desk is claimed for the length of the work, and so is the store's name among objects, but by runs over parts of a
//! shard map, which write no store. What is there is looked at before anything is computed, and again before it is
//! replaced.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Action, Error, Kind, Object, Result, Setting, phrase};
use crate::piece::Pieces;
use crate::place::{Inputs, beside, check_file, write_whole};
use crate::publish::{Address, Beside, Claim, Desk, PiecesAway, StoreAway, There};
use crate::report::RUN_REPORT;
use crate::source::{Prefix, is_object};

use super::settings::Settings;

/// What is asked of a store that may be there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leave {
    pub overwrite: bool,
    pub resume: bool,
}

/// A store's name among objects, and the desk on which it is made.
#[derive(Debug)]
pub(super) struct Away {
    pub address: Address,
    pub desk: Desk,
    pub prefix: Prefix,
    store: StoreAway,
    pub pieces: PiecesAway,
    /// Where the store is made.
    pub made: PathBuf,
    claim: Option<Claim>,
    /// What stood at the store's name at first; `None` as long as that is not known.
    there: Option<There>,
    /// Objects at the store's name have been touched.
    touched: bool,
    /// Tables before reports.
    pub besides: Vec<Beside>,
    /// The same command goes on where it was, without being told to.
    pub goes_on: bool,
    /// Where the report is made, and the file that it goes to, where that is no object.
    report: Option<(PathBuf, Option<PathBuf>)>,
}

impl Away {
    /// Begins; for a part of a shard map without a claim.
    ///
    /// # Errors
    /// Another run has the desk or the name; the service does not answer.
    pub fn begin(address: &Address, part: Option<&str>, settings: &Settings) -> Result<Self> {
        let url = address.url();
        let scratch = settings.scratch();
        let desk = Desk::open(&scratch, &url, part.unwrap_or_default())?;
        let prefix = address.open(&settings.remote)?;
        let store = StoreAway::new(address, &prefix);
        let claim = match part {
            Some(_) => None,
            None => Some(Claim::take(&prefix, address, &desk, settings.watch)?),
        };
        let mut this = Self {
            pieces: PiecesAway::of(address, &prefix),
            made: desk.place(address.name()),
            address: address.clone(),
            desk,
            prefix,
            store,
            claim,
            there: None,
            touched: false,
            besides: Vec::new(),
            goes_on: false,
            report: None,
        };
        match this.store.look() {
            Ok(there) => this.there = Some(there),
            Err(error) => return this.end(Err(error)),
        }
        Ok(this)
    }

    /// Whether a store is there that is not to be replaced.
    ///
    /// # Errors
    /// What is there is nothing that this run may replace, whatever it is told; something that was made and not sent.
    pub fn stands(&self, leave: Leave) -> Result<bool> {
        if leave.overwrite {
            self.desk.clear(self.address.name())?;
        } else if self.made.exists() && !leave.resume {
            let made = self.made.display();
            let message = format!("was made by an earlier run and not sent, and waits in {made}");
            return Err(
                Error::store(self.address.url(), message).with_remedy(phrase![
                    Setting::Resume.set(),
                    " to send it, or ",
                    Setting::Overwrite,
                    " to begin anew"
                ]),
            );
        }
        match &self.there {
            None | Some(There::Nothing) => Ok(false),
            Some(There::Rest(all)) => match &self.claim {
                // A run that is gone left them, or one that makes pieces does not mind.
                None => Ok(false),
                Some(claim) if claim.took_over => self.store.check_rest(all).map(|()| false),
                Some(_) => Err(self.store.is_foreign(all)),
            },
            Some(There::Store { tag, all }) => {
                let then = leave.resume && self.desk.may_replace(tag.as_deref());
                if !(leave.overwrite || then) {
                    return Ok(true);
                }
                self.store.check_ours(all, &self.desk.aside()?)?;
                self.desk.will_replace(tag.as_deref())?;
                Ok(false)
            }
        }
    }

    /// That a store is there.
    pub fn exists(&self) -> Error {
        self.store.exists()
    }

    /// Brings the store that is there, and its reports, to a folder of no other use; where it is then.
    ///
    /// # Errors
    /// It cannot be fetched.
    pub fn brought(&self) -> Result<PathBuf> {
        let aside = self.desk.aside()?;
        let store = aside.join(self.address.name());
        let Some(There::Store { all, .. }) = &self.there else {
            return Ok(store);
        };
        let mut wanted = all.clone();
        for what in ["run.json", "finalize.json"] {
            let name = beside(Path::new(self.address.name()), what);
            let seen = self.prefix.see(&name.to_string_lossy());
            wanted.extend(seen.map_err(|e| self.failed(&e))?);
        }
        self.address.bring(&self.prefix, &wanted, &aside)?;
        Ok(store)
    }

    /// As [`table`](Self::table), for what is beside the store in any case.
    ///
    /// # Errors
    /// As there.
    pub fn error_table(&mut self, settings: &Settings) -> Result<()> {
        let url = crate::left_out::errors_path(&self.address.url());
        let local = crate::left_out::errors_path(&self.made);
        self.besides
            .push(Beside::begin(&url, &local, &settings.remote)?);
        Ok(())
    }

    /// Where the report is made: it goes to an object beside the store unless another place was asked for.
    ///
    /// # Errors
    /// As of [`table`](Self::table).
    pub fn report(
        &mut self,
        asked: Option<&Path>,
        what: &str,
        (inputs, settings): (&Inputs, &Settings),
    ) -> Result<PathBuf> {
        let local = beside(&self.made, what);
        let url = match asked {
            Some(path) if !is_object(path) => {
                check_file(path, RUN_REPORT, true, inputs)?;
                self.report = Some((local.clone(), Some(path.to_path_buf())));
                return Ok(local);
            }
            Some(url) => url.to_path_buf(),
            None => beside(&self.address.url(), what),
        };
        self.besides
            .push(Beside::begin(&url, &local, &settings.remote)?);
        self.report = Some((local.clone(), None));
        Ok(local)
    }

    /// Sends a store that is whole, and all beside it; pieces are taken away where that is wished.
    ///
    /// # Errors
    /// What cannot be sent; somebody else who writes there: the store stays on the desk.
    pub fn publish(&mut self, clear: bool) -> Result<()> {
        let sent = self.sent(clear);
        sent.map_err(|error| {
            let made = self.made.display();
            let interrupted = error.kind() == Kind::Interrupted;
            let whole = format!("the store is whole in {made}: run the same command ");
            let remedy = if self.goes_on {
                phrase![whole, "again to send it"]
            } else {
                phrase![whole, "with ", Setting::Resume, " to send it"]
            };
            if interrupted {
                return Error::resumable("the store was not sent").with_remedy(remedy);
            }
            error.with_remedy(remedy)
        })
    }

    fn sent(&mut self, clear: bool) -> Result<()> {
        let Some(claim) = &self.claim else {
            return Ok(());
        };
        claim.check()?;
        let old = self.old()?;
        self.touched = true;
        self.store.remove(&old, claim)?;
        let sent = self.store.send(&self.made, claim)?;
        self.retell()?;
        let mut besides = self.besides.iter();
        besides.try_for_each(|beside| beside.send(Some(claim)))?;
        self.store.seal(&self.made, &sent, claim)?;
        self.tell_file()?;
        if clear {
            self.pieces.clear()?;
        }
        Ok(())
    }

    /// Sends the report of a run that made no store.
    ///
    /// # Errors
    /// It cannot be sent.
    pub fn publish_report(&self) -> Result<()> {
        self.retell()?;
        let mut besides = self.besides.iter();
        besides.try_for_each(|beside| beside.send(None))?;
        self.tell_file()
    }

    /// What is to go before the store is sent: only what was there when the run began.
    fn old(&self) -> Result<Vec<crate::source::Listed>> {
        let now = self.store.look()?;
        let took_over = self.claim.as_ref().is_some_and(|claim| claim.took_over);
        let then = self.there.as_ref().unwrap_or(&There::Nothing);
        match (&now, then) {
            (There::Nothing, _) => Ok(Vec::new()),
            (There::Rest(all), There::Rest(_) | There::Store { .. }) => {
                self.store.check_rest(all).map(|()| all.clone())
            }
            (There::Rest(all), There::Nothing) if took_over => {
                self.store.check_rest(all).map(|()| all.clone())
            }
            (There::Rest(all), _) => Err(self.store.is_foreign(all)),
            (There::Store { all, .. }, _) if now == *then => Ok(all.clone()),
            (There::Store { .. }, _) => Err(Error::store(
                self.address.url(),
                "was written by somebody else in the meantime",
            )),
        }
    }

    /// The report names what it is about as it is called from now on.
    fn retell(&self) -> Result<()> {
        let Some((local, _)) = &self.report else {
            return Ok(());
        };
        let text = fs::read_to_string(local).map_err(|e| Error::io("read", local, e))?;
        fs::write(local, self.said(&text)).map_err(|e| Error::io("write", local, e))
    }

    /// The report goes to its file.
    fn tell_file(&self) -> Result<()> {
        let Some((local, Some(file))) = &self.report else {
            return Ok(());
        };
        let text = fs::read(local).map_err(|e| Error::io("read", local, e))?;
        write_whole(file, RUN_REPORT, &text)
    }

    /// JSON with the URLs of what was made in place of where it was made.
    pub fn said(&self, json: &str) -> String {
        let inside = |text: &str| {
            let quoted = serde_json::to_string(text).unwrap_or_default();
            quoted.trim_matches('"').to_owned()
        };
        let place = inside(&self.desk.place("").to_string_lossy());
        let folder = format!("{}/", self.address.folder());
        let mut said = json.replace(&place, &folder);
        for beside in &self.besides {
            let (url, local) = beside.names();
            said = said.replace(&inside(&local.to_string_lossy()), &url.to_string_lossy());
        }
        said
    }

    /// A report with these URLs.
    pub fn retold<R: Serialize + DeserializeOwned>(&self, report: R) -> R {
        let text = serde_json::to_string(&report).unwrap_or_default();
        serde_json::from_str(&self.said(&text)).unwrap_or(report)
    }

    /// Ends: the name is given back where nothing of this run stands there half.
    ///
    /// # Errors
    /// Those of the work; what is whole, but cannot be put in order.
    pub fn end<T>(mut self, done: Result<T>) -> Result<T> {
        let claim = self.claim.take();
        let took_over = claim.as_ref().is_some_and(|claim| claim.took_over);
        // What could not be looked at may be half a store of the run before.
        let known = matches!(self.there, Some(There::Nothing | There::Store { .. }));
        let half = self.touched || (took_over && !known);
        match (done, claim) {
            (Ok(done), None) => Ok(done),
            (Ok(done), Some(claim)) => {
                claim.release().map_err(|error| {
                    let message = phrase!["is whole, but the claim on it is still there: ", &error];
                    Error::store(self.address.url(), message)
                        .with_remedy(phrase!["call ", Action::Clean])
                })?;
                Ok(done)
            }
            (Err(error), claim) => {
                match claim {
                    Some(claim) if half => claim.leave(),
                    // The error that led here matters more.
                    Some(claim) => _ = claim.release(),
                    None => {}
                }
                Err(self.named(error))
            }
        }
    }

    /// An error about the pieces on the desk is one about those that they are.
    fn named(&self, error: Error) -> Error {
        let pieces = Pieces::folder_of(&self.made);
        if error.object() == Some(&Object::Pieces(pieces)) {
            return error.about(Object::Pieces(Pieces::folder_of(&self.address.url())));
        }
        error
    }

    /// Takes the desk away: all that was on it is sent.
    ///
    /// # Errors
    /// The operating system's.
    pub fn empty(&self) -> Result<()> {
        self.desk.empty()
    }

    fn failed(&self, error: &std::io::Error) -> Error {
        Error::store(self.address.url(), error.to_string())
    }
}
