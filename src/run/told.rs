//! Somebody who watches, told of what is made on a desk by what it will be called.

use std::path::PathBuf;

use crate::watch::{Note, ToRead, Watch};

/// Who watches, told of what is made by what it will be called.
#[derive(Debug)]
pub(super) struct Told<'a> {
    pub watch: &'a dyn Watch,
    /// Where it is made, and what it will be called.
    pub names: Vec<(PathBuf, PathBuf)>,
}

impl Told<'_> {
    fn named(&self, path: PathBuf) -> PathBuf {
        let mut names = self.names.iter();
        let found = names.find(|(made, _)| *made == path);
        found.map_or(path, |(_, called)| called.clone())
    }
}

impl Watch for Told<'_> {
    fn begin(&self, granules: &[ToRead]) {
        self.watch.begin(granules);
    }

    fn batch(&self, granule: &str, photons: usize, share: f64) {
        self.watch.batch(granule, photons, share);
    }

    fn granule_done(&self, name: &str, photons: u64) {
        self.watch.granule_done(name, photons);
    }

    fn granule_left_out(&self, name: &str) {
        self.watch.granule_left_out(name);
    }

    fn shards_open(&self, shards: usize) {
        self.watch.shards_open(shards);
    }

    fn end(&self) {
        self.watch.end();
    }

    fn note(&self, note: Note) {
        self.watch.note(match note {
            Note::AlreadyWhole { store } => Note::AlreadyWhole {
                store: self.named(store),
            },
            Note::ShardsDone { done, of, store } => Note::ShardsDone {
                done,
                of,
                store: self.named(store),
            },
            note => note,
        });
    }

    fn stop(&self) -> bool {
        self.watch.stop()
    }
}
