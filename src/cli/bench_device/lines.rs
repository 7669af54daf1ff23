//! The file to which facts are written: one JSON object per line, appended in one piece and on disk before
//! the next is begun.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::error::{Error, Result};

use super::super::out::print;

/// Facts of one step.
pub struct Lines {
    step: String,
    /// None: standard output.
    to: Option<(PathBuf, File)>,
    /// The device is none: nothing that it takes is a result, and none is written.
    pub emulation: bool,
}

impl Lines {
    /// Appends to a file, behind the line that another process may have been ended in.
    pub fn open(path: Option<&Path>, step: impl Into<String>) -> Result<Self> {
        let to = path.map(|path| {
            let opened = append_whole_lines(path);
            opened.map(|file| (path.to_path_buf(), file))
        });
        Ok(Self {
            step: step.into(),
            to: to.transpose()?,
            emulation: false,
        })
    }

    /// The same lines, for someone else.
    pub fn again(&self) -> Result<Self> {
        let path = self.to.as_ref().map(|(path, _)| path.as_path());
        Ok(Self {
            emulation: self.emulation,
            ..Self::open(path, self.step.clone())?
        })
    }

    /// The exit code of a step that found no difference.
    pub fn code(&self) -> u8 {
        if self.emulation { 6 } else { 0 }
    }

    pub fn fact(&mut self, fact: &str, value: &Value) -> Result<()> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let mut line = json!({
            "time": now.map_or(0.0, |now| now.as_millis() as f64 / 1e3),
            "step": self.step,
            "fact": fact,
            "value": value,
        });
        if self.emulation {
            line["emulation"] = Value::Bool(true);
        }
        let line = format!("{line}\n");
        let Some((path, file)) = &mut self.to else {
            return print(&line);
        };
        let written = file.write_all(line.as_bytes());
        written
            .and_then(|()| file.sync_data())
            .map_err(|e| Error::io("write", path, e))
    }

    /// A fact with what was measured, both objects; of an emulation nothing is.
    pub fn measured(&mut self, fact: &str, mut value: Value, measured: Value) -> Result<()> {
        if let (false, Value::Object(measured)) = (self.emulation, measured) {
            for (name, number) in measured {
                value[name] = number;
            }
        }
        self.fact(fact, &value)
    }
}

fn append_whole_lines(path: &Path) -> Result<File> {
    let failed = |e| Error::io("open", path, e);
    let mut options = OpenOptions::new();
    let mut file = options
        .read(true)
        .append(true)
        .create(true)
        .open(path)
        .map_err(failed)?;
    if file.seek(SeekFrom::End(0)).map_err(failed)? > 0 {
        let mut last = [0];
        let read = file.seek(SeekFrom::End(-1));
        read.and_then(|_| file.read_exact(&mut last))
            .map_err(failed)?;
        if last != *b"\n" {
            file.write_all(b"\n").map_err(failed)?;
        }
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_was_cut_off_does_not_take_the_next_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines.jsonl");
        std::fs::write(&path, "{\"time\": 1}\n{\"tim").unwrap();
        let mut lines = Lines::open(Some(&path), "parity").unwrap();
        lines.fact("folds", &json!({"differ": 0})).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let found: Vec<&str> = text.lines().collect();
        assert_eq!(found[..2], ["{\"time\": 1}", "{\"tim"]);
        let line: Value = serde_json::from_str(found[2]).unwrap();
        assert_eq!(line["step"], "parity");
        assert_eq!(line["value"]["differ"], 0);
        assert!(line["time"].as_f64().unwrap() > 1.7e9);
    }

    #[test]
    fn of_an_emulation_nothing_is_measured() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines.jsonl");
        let mut lines = Lines::open(Some(&path), "sort").unwrap();
        for emulation in [false, true] {
            lines.emulation = emulation;
            let took = json!({"seconds": [0.5]});
            lines.measured("sort", json!({"pairs": 7}), took).unwrap();
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines[0]["value"], json!({"pairs": 7, "seconds": [0.5]}));
        assert_eq!(lines[1]["value"], json!({"pairs": 7}));
        assert_eq!(lines[1]["emulation"], true);
    }
}
