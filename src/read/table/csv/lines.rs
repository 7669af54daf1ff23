//! The lines of a file of comma-separated values, parted into fields.
//!
//! Below `mod.rs` and `source.rs`. No more of a file is in memory than one line, and a line is of bounded length.

use std::io::{BufRead, BufReader, Read};

use csv_core::{ReadRecordResult, Reader};
use parquet::file::reader::ChunkReader;

use super::super::metered::{Ahead, Metered};

/// Bytes of a line at most.
const LONGEST: usize = 1 << 20;
/// Fields of a line at most.
const MOST: usize = 1 << 14;

/// Lines one after the other.
#[derive(Debug)]
pub(super) struct Lines {
    input: BufReader<Ahead>,
    parts: Reader,
    line: Vec<u8>,
    /// Fields of the last line, without quotes, behind each other, and where each ends.
    fields: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
    names: Vec<String>,
    /// Bytes that were read, and rows.
    pub bytes: u64,
    pub row: u64,
}

impl Lines {
    /// Opens a file and reads its first line.
    ///
    /// # Errors
    /// In words: no first line, or one that is none.
    pub fn open(file: &Metered) -> Result<Self, String> {
        let input = ChunkReader::get_read(file, 0).map_err(|e| e.to_string())?;
        let mut lines = Self {
            input: BufReader::new(input),
            parts: Reader::new(),
            line: Vec::new(),
            fields: vec![0; LONGEST],
            ends: vec![0; MOST],
            count: 0,
            names: Vec::new(),
            bytes: 0,
            row: 0,
        };
        if !lines.read("its first line")? {
            return Err("it has no line; the first one names the columns".to_owned());
        }
        let name = |place: usize| {
            let name = std::str::from_utf8(lines.field(place)).map_err(|_| {
                format!(
                    "the name of column {place} is no UTF-8 text; its first line names the columns"
                )
            })?;
            Ok::<_, String>(name.trim_start_matches('\u{feff}').trim().to_owned())
        };
        let names: Result<Vec<String>, String> = (0..lines.count).map(name).collect();
        lines.names = names?;
        Ok(lines)
    }

    /// Names of columns.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// A field of the last line, without space around it.
    pub fn field(&self, place: usize) -> &[u8] {
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.fields[start..self.ends[place]].trim_ascii()
    }

    /// Reads the next row; whether there is one.
    ///
    /// # Errors
    /// In words, what is wrong with it.
    pub fn next(&mut self) -> Result<bool, String> {
        let what = format!("row {}", self.row);
        if !self.read(&what)? {
            return Ok(false);
        }
        if self.count != self.names.len() {
            return Err(format!(
                "{what} has {} fields, and the first line names {} columns",
                self.count,
                self.names.len()
            ));
        }
        self.row += 1;
        Ok(true)
    }

    /// Reads the next line that is not empty.
    fn read(&mut self, what: &str) -> Result<bool, String> {
        loop {
            self.line.clear();
            let mut limited = (&mut self.input).take(LONGEST as u64);
            let read = limited
                .read_until(b'\n', &mut self.line)
                .map_err(|e| e.to_string())?;
            self.bytes += read as u64;
            if read == 0 {
                return Ok(false);
            }
            if read == LONGEST {
                return Err(format!("{what} has more than {LONGEST} bytes"));
            }
            let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if !line.trim_ascii().is_empty() {
                let length = line.len();
                self.line.truncate(length);
                return self.part(what).map(|()| true);
            }
        }
    }

    /// Parts the line that was read.
    fn part(&mut self, what: &str) -> Result<(), String> {
        // Behind a line break, the parts are whole, unless a quote is open.
        self.line.push(b'\n');
        let (result, taken, _, count) =
            self.parts
                .read_record(&self.line, &mut self.fields, &mut self.ends);
        self.count = count;
        match result {
            // What would be left of the line is lost.
            ReadRecordResult::Record if taken < self.line.len() => Err(format!(
                "{what} has a carriage return without a line feed; end lines with a line feed, or with both"
            )),
            ReadRecordResult::Record => match after_quotes(&self.line) {
                None => Ok(()),
                Some(place) => Err(format!(
                    "{what} has more behind the quotes of field {place}; put all of it in quotes, and write a quote \
                     in quotes twice"
                )),
            },
            ReadRecordResult::OutputEndsFull => Err(format!("{what} has more than {MOST} fields")),
            ReadRecordResult::InputEmpty | ReadRecordResult::OutputFull | ReadRecordResult::End => {
                Err(format!(
                    "{what} ends within quotes; line breaks in quotes are not read"
                ))
            }
        }
    }
}

/// The place of the first field of a line that goes on behind its closing quote.
fn after_quotes(line: &[u8]) -> Option<usize> {
    if !line.contains(&b'"') {
        return None;
    }
    let line = line.trim_ascii_end();
    let (mut place, mut at) = (0, 0);
    loop {
        if line.get(at) == Some(&b'"') {
            at += 1;
            while at < line.len() && (line[at] != b'"' || line.get(at + 1) == Some(&b'"')) {
                at += if line[at] == b'"' { 2 } else { 1 };
            }
            at += 1;
            // Space around a field does not count.
            while matches!(line.get(at), Some(b' ' | b'\t')) {
                at += 1;
            }
            if line.get(at).is_some_and(|&next| next != b',') {
                return Some(place);
            }
        } else {
            let rest = line.get(at..)?;
            at += rest
                .iter()
                .position(|&byte| byte == b',')
                .unwrap_or(rest.len());
        }
        if at >= line.len() {
            return None;
        }
        place += 1;
        at += 1;
    }
}
