//! A config as a store states it: what was asked, without what is of one machine.
//!
//! Beside the line. Comments and the spelling of YAML are not of the question, nor is where the store went, where a shard
//! map was, and which file an area is from: stores say of an area its hash and its box.

use super::Config;
use super::emit::emitted;
use super::tree::{Entry, Value, scan};

/// Keys that say where something is on this machine, or may.
const PLACES: [&str; 3] = ["store", "catalog", "region"];

impl Config {
    /// The YAML of this config without comments and without paths of this machine.
    pub fn stated(&self) -> String {
        // What was read before is read again.
        let tree = scan(&self.text).ok().and_then(|tree| tree.root);
        let Some(mut root) = tree else {
            return String::new();
        };
        if let Value::Mapping(entries) = &mut root.value {
            without_places(entries);
            let output = entries.iter_mut().find(|entry| entry.key == "output");
            if let Some(Value::Mapping(entries)) = output.map(|entry| &mut entry.node.value) {
                without_places(entries);
            }
        }
        emitted(&root)
    }
}

fn without_places(entries: &mut Vec<Entry>) {
    entries.retain(|entry| !PLACES.contains(&entry.key.as_str()));
}

#[cfg(test)]
mod tests {
    use crate::config::{load, parse_yaml};

    #[test]
    fn comments_and_paths_are_left_out_and_the_question_stays() {
        let atl06 = load("atl06").unwrap();
        let text = format!("# mine\nstore: /scratch/me/a.zarr\n{}", atl06.text);
        let mine = parse_yaml("mine", &text).unwrap();
        let stated = mine.stated();
        assert_eq!(stated, atl06.stated());
        assert!(
            !stated.contains('#') && !stated.contains("scratch"),
            "{stated}"
        );
        let again = parse_yaml("again", &stated).unwrap();
        assert_eq!(again.sha256, atl06.sha256);
        assert_eq!(again.stated(), stated);
    }
}
