//! A table beside a store that is no folder: where it is made, and what it may replace.
//!
//! Beside `away.rs`. A run that goes on finds the table that it had sent already, or the one that it was to replace; any
//! other is somebody's and stays.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result, Setting, phrase};
use crate::publish::Beside;
use crate::source::is_object;

use super::away::{Away, Leave};
use super::settings::Settings;

/// Tables on a desk.
const TABLE: &str = "table";

impl Away {
    /// Where a file beside the store is made; one that goes to this path, or to an object.
    ///
    /// # Errors
    /// What is there cannot be looked at, or is not to be replaced; the store was made before, and no table with it.
    pub fn table(&mut self, path: &Path, leave: Leave, settings: &Settings) -> Result<PathBuf> {
        if !is_object(path) {
            return Ok(path.to_path_buf());
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let local = self.desk.elsewhere(TABLE, &name);
        let beside = Beside::look(path, &local, &settings.remote)?;
        if leave.overwrite {
            self.desk.will_replace_table(path, beside.tag())?;
            // What is there now is looked at, not what an earlier run found.
            self.desk.clear_elsewhere(TABLE, &name)?;
            beside.bring()?;
        } else {
            let goes_on = || -> Result<bool> {
                let agreed = self.desk.may_replace_table(path, beside.tag());
                Ok(leave.resume && (agreed || beside.is_sent()?))
            };
            if beside.was_there() && !goes_on()? {
                return Err(Error::argument(format!("table {} exists", path.display()))
                    .with_remedy(phrase![Setting::Overwrite.set(), " to replace it"]));
            }
            if !self.made.exists() {
                self.desk.clear_elsewhere(TABLE, &name)?;
            } else if !local.exists() {
                return Err(self.has_no_table(path));
            }
        }
        self.besides.push(beside);
        Ok(local)
    }

    /// That the store that waits to be sent was made without this table.
    fn has_no_table(&self, path: &Path) -> Error {
        let made = self.made.display();
        Error::argument(format!(
            "table {}: the store that waits in {made} was made without it",
            path.display()
        ))
        .with_remedy(phrase![
            "send the store without a table, or begin anew with ",
            Setting::Overwrite
        ])
    }
}
