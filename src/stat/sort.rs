//! Sorts the keys of a cell: into as many buckets as there are keys, and within these by insertion.
//!
//! Beside `select.rs`. Values of a cell lie between its smallest and its largest one, more or less evenly, so a bucket has one
//! or two of them. Buckets that have many, where values crowd, are sorted in the same way, each between its own ends.

/// Keys below which a comparison sort is as fast.
const FEW: usize = 256;
/// Keys above which buckets leave the cache.
const MOST: usize = 1 << 20;
/// Keys of a bucket that insertion puts in order.
const SHORT: usize = 12;

/// Memory that is used again from cell to cell.
#[derive(Debug)]
pub(super) struct Buckets<T> {
    /// Where the next key of each bucket goes.
    places: Vec<u32>,
    keys: Vec<T>,
}

impl<T> Default for Buckets<T> {
    fn default() -> Self {
        Self {
            places: Vec::new(),
            keys: Vec::new(),
        }
    }
}

impl<T: Ord + Copy + Into<u64>> Buckets<T> {
    /// Puts keys in ascending order.
    pub fn sort(&mut self, keys: &mut [T]) {
        if !(FEW..MOST).contains(&keys.len()) {
            keys.sort_unstable();
            return;
        }
        let [low, high] = ends(keys);
        let span = high - low;
        let wanted = keys.len().ilog2() + 1;
        let shift = (u64::BITS - span.leading_zeros()).saturating_sub(wanted);
        let bucket = |key: T| ((key.into() - low) >> shift) as usize;
        let buckets = (span >> shift) as usize + 1;
        self.places.clear();
        self.places.resize(buckets + 1, 0);
        for &key in &*keys {
            self.places[bucket(key) + 1] += 1;
        }
        let mut most = 0;
        let mut before = 0;
        for place in &mut self.places {
            most = most.max(*place);
            before += *place;
            *place = before;
        }
        self.keys.clear();
        self.keys.extend_from_slice(keys);
        for &key in &self.keys {
            let place = &mut self.places[bucket(key)];
            keys[*place as usize] = key;
            *place += 1;
        }
        // Without a shift, keys of a bucket are equal.
        if shift == 0 {
            return;
        }
        if most as usize > SHORT {
            self.sort_long(keys, buckets);
        }
        insert(keys);
    }

    /// Puts the buckets in order that hold many keys.
    fn sort_long(&mut self, keys: &mut [T], buckets: usize) {
        let mut start = 0;
        let mut long = Vec::new();
        // Each place is by now where the next bucket begins.
        for &end in &self.places[..buckets] {
            if (end - start) as usize > SHORT {
                long.push(start as usize..end as usize);
            }
            start = end;
        }
        for bucket in long {
            self.sort(&mut keys[bucket]);
        }
    }
}

/// The least and the greatest of some keys.
fn ends<T: Ord + Copy + Into<u64>>(keys: &[T]) -> [u64; 2] {
    let start = [u64::MAX, 0];
    keys.iter().fold(start, |[low, high], &key| {
        let key = key.into();
        [low.min(key), high.max(key)]
    })
}

/// Of keys that are nearly in order.
fn insert<T: Ord + Copy>(keys: &mut [T]) {
    for i in 1..keys.len() {
        let key = keys[i];
        let mut place = i;
        while place > 0 && keys[place - 1] > key {
            keys[place] = keys[place - 1];
            place -= 1;
        }
        keys[place] = key;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Keys of many shapes: anywhere, crowded, equal, far apart.
    fn keys() -> impl Strategy<Value = Vec<u64>> {
        let key = prop_oneof![
            4 => any::<u64>(),
            4 => (1u64 << 62)..(1 << 62) + 5000,
            2 => 0u64..4,
            1 => Just(u64::MAX),
        ];
        let crowded = (any::<u64>(), 0u32..60, prop::collection::vec(any::<u64>(), 0..3000));
        prop_oneof![
            prop::collection::vec(key, 0..3000),
            crowded.prop_map(|(from, shift, keys)| {
                keys.iter().map(|key| from ^ (key >> shift)).collect()
            }),
        ]
    }

    proptest! {
        #[test]
        fn keys_are_sorted_as_by_comparisons(keys in keys()) {
            let narrow: Vec<u32> = keys.iter().map(|key| (key >> 20) as u32).collect();
            let (mut wide, mut short) = (Buckets::default(), Buckets::default());
            for _ in 0..2 {
                let (mut found, mut expected) = (keys.clone(), keys.clone());
                wide.sort(&mut found);
                expected.sort_unstable();
                prop_assert_eq!(found, expected);
                let (mut found, mut expected) = (narrow.clone(), narrow.clone());
                short.sort(&mut found);
                expected.sort_unstable();
                prop_assert_eq!(found, expected);
            }
        }
    }

    #[test]
    fn keys_that_crowd_in_one_bucket_again_and_again_are_sorted() {
        // Each half as far from 0 as the one before, and a crowd at its end.
        let mut keys: Vec<u64> = (0..64).map(|i| u64::MAX >> i).collect();
        keys.extend((0..5000u64).map(|i| (i * 7919) % 4999));
        let mut expected = keys.clone();
        expected.sort_unstable();
        Buckets::default().sort(&mut keys);
        assert_eq!(keys, expected);
    }
}
