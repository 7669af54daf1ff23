//! Many ranges of an object at once: those in pages, those on their way already, and the others joined to few requests.
//!
//! Beside `object.rs`. Threads of the pool take what comes as it comes, and run nothing else while they wait.

use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock};

use rayon::prelude::*;

use super::ahead::{Early, Held, joined};
use super::object::{Object, lock, stopped};
use crate::source::{Bytes, Sink};

/// Ranges that are read together, by where they come from.
pub struct Many<'a> {
    object: &'a Object,
    ranges: &'a [Range<u64>],
    /// Ranges of requests that were made ahead.
    early: Vec<(Arc<Early>, Vec<usize>)>,
    /// Those that are asked for now.
    now: Vec<usize>,
    /// Those in pages, and those that nothing is to be read of.
    here: Vec<usize>,
}

impl<'a> Many<'a> {
    pub fn of(object: &'a Object, ranges: &'a [Range<u64>]) -> Self {
        object.need(ranges);
        let mut many = Self {
            object,
            ranges,
            early: Vec::new(),
            now: Vec::new(),
            here: Vec::new(),
        };
        let mut ahead = lock(&object.ahead);
        for (number, range) in ranges.iter().enumerate() {
            let bad = range.end > object.known.length;
            if range.is_empty() || bad || lock(&object.shared.shelf).has(object.number, range) {
                many.here.push(number);
            } else if let Some(early) = ahead.of(range) {
                match many
                    .early
                    .iter_mut()
                    .find(|(other, _)| Arc::ptr_eq(other, &early))
                {
                    Some((_, numbers)) => numbers.push(number),
                    None => many.early.push((early, vec![number])),
                }
            } else {
                many.now.push(number);
            }
        }
        many
    }

    pub fn bring(mut self, sink: &Sink) {
        if let Err(error) = self.object.check() {
            for number in 0..self.ranges.len() {
                sink(number, &mut |_| {
                    Err(self
                        .object
                        .check()
                        .err()
                        .unwrap_or_else(|| error.kind().into()))
                });
            }
            return;
        }
        // Those that nobody has asked for yet are asked for with the others.
        let mut coming = Vec::new();
        for (early, numbers) in std::mem::take(&mut self.early) {
            if early.is_coming() {
                coming.push((early, numbers));
            } else {
                lock(&self.object.ahead).read(&early, usize::MAX);
                self.now.extend(numbers);
            }
        }
        let places: Vec<Range<u64>> = self
            .now
            .iter()
            .map(|&number| self.ranges[number].clone())
            .collect();
        let spans = joined(&places);
        // First, as what has left the shelf since is asked for anew, and those that wait to be taken hold the way.
        self.here.par_iter().with_max_len(1).for_each(|&number| {
            sink(number, &mut |out| {
                self.object.read_at(self.ranges[number].start, out)
            });
        });
        let waiting = Mutex::new(self.object.ask(spans.iter().map(|span| span.range.clone())));
        coming
            .par_iter()
            .with_max_len(1)
            .for_each(|(early, numbers)| {
                let came = self.object.early(early);
                let came = came.unwrap_or_else(|| {
                    self.object
                        .bring(early.range.clone())
                        .map(|bytes| Arc::new(Held::new(bytes.to_vec(), None)))
                });
                self.give(numbers, early.range.start, &came, sink);
                lock(&self.object.ahead).read(early, numbers.len());
            });
        let done: Vec<OnceLock<()>> = spans.iter().map(|_| OnceLock::new()).collect();
        (0..spans.len())
            .into_par_iter()
            .with_max_len(1)
            .for_each(|_| {
                let next = self.object.next(&lock(&waiting));
                if let Ok((span, held)) = next {
                    let numbers: Vec<usize> =
                        spans[span].members.iter().map(|&i| self.now[i]).collect();
                    let _ = done[span].set(());
                    self.give(&numbers, spans[span].range.start, &Ok(held), sink);
                }
            });
        // What did not come says why, each range by itself.
        for (span, done) in spans.iter().zip(&done) {
            if done.get().is_none() {
                for &i in &span.members {
                    sink(self.now[i], &mut |_| {
                        Err(self
                            .object
                            .check()
                            .err()
                            .unwrap_or_else(|| self.object.fail(&stopped())))
                    });
                }
            }
        }
    }

    fn give(&self, numbers: &[usize], start: u64, came: &io::Result<Arc<Held>>, sink: &Sink) {
        for &number in numbers {
            let range = &self.ranges[number];
            let from = (range.start - start) as usize;
            let to = from + (range.end - range.start) as usize;
            sink(number, &mut |out| match came {
                Ok(held) => match held
                    .bytes
                    .get(from..to)
                    .filter(|bytes| bytes.len() == out.len())
                {
                    Some(bytes) => {
                        out.copy_from_slice(bytes);
                        Ok(())
                    }
                    None => Err(io::ErrorKind::UnexpectedEof.into()),
                },
                Err(error) => Err(self
                    .object
                    .check()
                    .err()
                    .unwrap_or_else(|| error.kind().into())),
            });
        }
    }
}
