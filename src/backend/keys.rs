//! Dense keys: cells of a batch renumbered into 32 bits or fewer, in the order of their ids.
//!
//! A batch touches few ancestors of its cells. Each distinct ancestor at a group order gets a slot,
//! ascending by id, and a key is the slot followed by the cell's place inside the ancestor. The
//! group order is the coarsest, from the shard order down, at which all keys fit 32 bits; at the
//! cell order itself every batch of fewer than 2^32 photons fits.

use crate::config::GridConfig;

/// Maps the cells of one batch to dense keys and back. Ascending ids give ascending keys.
#[derive(Debug, Clone)]
pub struct KeyTable {
    /// Distinct ancestors, ascending.
    groups: Vec<u64>,
    /// Where an ancestor stands in `groups`.
    index: Distinct,
    /// Bits of the place inside an ancestor.
    shift: u32,
}

/// A set of ids with a number for each: open addressing, at most half full.
#[derive(Debug, Clone, Default)]
pub struct Distinct {
    /// An id and its number; the number is `EMPTY` where there is none.
    slots: Vec<(u64, u32)>,
    len: usize,
}

const EMPTY: u32 = u32::MAX;

impl Distinct {
    /// Adds an id with a number; an id that is there keeps its own.
    pub fn insert(&mut self, id: u64, number: u32) {
        if 2 * (self.len + 1) > self.slots.len() {
            let wider = vec![(0, EMPTY); (4 * self.len).max(64).next_power_of_two()];
            let old = std::mem::replace(&mut self.slots, wider);
            for (id, number) in old.into_iter().filter(|slot| slot.1 != EMPTY) {
                let at = self.place(id);
                self.slots[at] = (id, number);
            }
        }
        let at = self.place(id);
        if self.slots[at].1 == EMPTY {
            self.slots[at] = (id, number);
            self.len += 1;
        }
    }

    /// The number of an id.
    pub fn get(&self, id: u64) -> Option<u32> {
        let number = self.slots.get(self.place(id))?.1;
        (number != EMPTY).then_some(number)
    }

    /// The ids, in no order.
    pub fn ids(&self) -> impl Iterator<Item = u64> + '_ {
        self.slots
            .iter()
            .filter(|slot| slot.1 != EMPTY)
            .map(|slot| slot.0)
    }

    /// Where the id is, or the free place where it would be.
    fn place(&self, id: u64) -> usize {
        let mask = self.slots.len().wrapping_sub(1);
        // Fibonacci hashing: neighbouring ids scatter.
        let mut at = (id.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & mask;
        while self
            .slots
            .get(at)
            .is_some_and(|slot| slot.1 != EMPTY && slot.0 != id)
        {
            at = (at + 1) & mask;
        }
        at
    }
}

impl KeyTable {
    /// For a batch whose cells `distinct_ancestors(shift)` lists at any group order, as ids shifted
    /// right by `shift` bits, ascending and without repeats.
    pub fn new(grid: &GridConfig, mut distinct_ancestors: impl FnMut(u32) -> Vec<u64>) -> Self {
        let mut shift = grid.place_bits();
        loop {
            let groups = distinct_ancestors(shift);
            let slot_bits = u64::BITS - (groups.len() as u64).leading_zeros();
            if slot_bits + shift <= u32::BITS || shift == 0 {
                let mut index = Distinct::default();
                for (slot, &group) in groups.iter().enumerate() {
                    index.insert(group, slot as u32);
                }
                return Self {
                    groups,
                    index,
                    shift,
                };
            }
            shift -= 2;
        }
    }

    /// Distinct ancestors, ascending: their places are their slots.
    pub(in crate::backend) fn groups(&self) -> &[u64] {
        &self.groups
    }

    /// Bits of the place inside an ancestor.
    pub(in crate::backend) fn shift(&self) -> u32 {
        self.shift
    }

    /// The slot of an ancestor, where the batch has it; `near` is a slot to try first.
    #[inline]
    pub fn slot(&self, cell: u64, near: usize) -> Option<usize> {
        let group = cell >> self.shift;
        if self.groups.get(near) == Some(&group) {
            return Some(near);
        }
        self.index.get(group).map(|slot| slot as usize)
    }

    /// Number of keys that may occur: all are below it.
    pub fn keys(&self) -> u64 {
        (self.groups.len() as u64) << self.shift
    }

    /// The key of a cell of ancestor `slot`.
    pub fn key(&self, cell: u64, slot: usize) -> u32 {
        let place = cell & ((1 << self.shift) - 1);
        ((slot as u64) << self.shift | place) as u32
    }

    /// The cell of a key.
    pub fn cell(&self, key: u32) -> u64 {
        let key = u64::from(key);
        let slot = (key >> self.shift) as usize;
        self.groups[slot] << self.shift | (key & ((1 << self.shift) - 1))
    }

    /// Whether a key is of a cell whose ancestor is in the table.
    pub fn holds(&self, key: u32) -> bool {
        ((u64::from(key) >> self.shift) as usize) < self.groups.len()
    }

    /// Bits that distinguish keys: a sort need not look at higher ones.
    pub fn significant_bits(&self) -> u32 {
        let last = self.groups.len().saturating_sub(1) as u64;
        self.shift + (u64::BITS - last.leading_zeros())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::{Latitude, Order};

    fn grid(shard: u8, cell: u8) -> GridConfig {
        GridConfig {
            shard_order: Order::new(shard).unwrap(),
            chunk_order: None,
            cell_order: Order::new(cell).unwrap(),
            steps: 1,
            kind: Latitude::AuthalicWgs84.into(),
        }
    }

    fn table(grid: &GridConfig, cells: &[u64]) -> KeyTable {
        KeyTable::new(grid, |shift| {
            let mut groups: Vec<u64> = cells.iter().map(|c| c >> shift).collect();
            groups.sort_unstable();
            groups.dedup();
            groups
        })
    }

    fn keys_ascend_and_come_back(grid: &GridConfig, cells: &[u64]) {
        let table = table(grid, cells);
        let keys: Vec<u32> = cells
            .iter()
            .map(|&c| table.key(c, table.slot(c, 0).unwrap()))
            .collect();
        assert!(keys.is_sorted());
        let back: Vec<u64> = keys.iter().map(|&k| table.cell(k)).collect();
        assert_eq!(back, cells);
        let last = u64::from(*keys.last().unwrap());
        assert!(last < 1 << table.significant_bits());
    }

    #[test]
    fn cells_of_few_shards_keep_their_order_and_come_back() {
        keys_ascend_and_come_back(&grid(6, 12), &[4096 * 7, 4096 * 7 + 5, 4096 * 90 + 4095]);
    }

    #[test]
    fn cells_too_fine_for_32_bits_are_grouped_below_the_shard() {
        let cells: Vec<u64> = (0..1000u64).map(|i| (i << 40) | (i * 77)).collect();
        keys_ascend_and_come_back(&grid(0, 29), &cells);
    }

    #[test]
    fn one_cell_needs_no_bits_beyond_its_shard() {
        let table = table(&grid(12, 12), &[12345]);
        assert_eq!(table.significant_bits(), 0);
        assert_eq!(table.cell(0), 12345);
    }
}
