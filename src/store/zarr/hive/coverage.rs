//! Where the data of a hive is: of a shard a box of few cells and a bit for each, of the store ranges of shards.
//!
//! Below `write.rs`. Source: zagg's hive layout, section Coverage (`morton-moc/1`).

use serde_json::{Value, json};

use crate::grid::{GridConfig, Order};

/// The revision that is written.
pub const SPEC: &str = "morton-moc/1";
/// The file with a bit for each cell of a shard, and at the root the document of shards.
pub const FILE: &str = "coverage.moc";
const LEVEL: i32 = 3;

/// The occupied cells of a shard.
#[derive(Debug)]
pub struct Occupied<'a> {
    pub grid: GridConfig,
    pub shard: u64,
    /// Ascending; at least one.
    pub cells: &'a [u64],
}

impl Occupied<'_> {
    /// A bit for each cell of the shard, the first in the highest of a byte; none where the shard is one cell.
    pub fn bitmap(&self) -> Option<Vec<u8>> {
        let grid = self.grid;
        let of_shard = grid
            .kind
            .down(self.shard, grid.shard_order, grid.cell_order);
        let bits = (of_shard.end - of_shard.start) as usize;
        if bits <= 1 {
            return None;
        }
        let mut bytes = vec![0u8; bits.div_ceil(8)];
        for cell in self.cells {
            let place = (cell - of_shard.start) as usize;
            bytes[place / 8] |= 0x80 >> (place % 8);
        }
        Some(bytes)
    }

    /// At most four cells that hold all occupied ones: the parts of the finest that holds all, each as fine as can be.
    fn cover(&self) -> Vec<String> {
        let spelled = |(order, cell)| self.grid.kind.spelled(order, cell);
        let whole = self.common(self.cells);
        let finer = Order::new(whole.0.get() + 1);
        let Some(finer) = finer.filter(|finer| *finer <= self.grid.cell_order) else {
            return vec![spelled(whole)];
        };
        let up = self.grid.up(finer);
        let parts = self.cells.chunk_by(|&a, &b| up.of(a) == up.of(b));
        parts.map(|part| spelled(self.common(part))).collect()
    }

    /// The finest cell that holds these.
    fn common(&self, cells: &[u64]) -> (Order, u64) {
        let (first, last) = (cells[0], cells[cells.len() - 1]);
        let orders = (0..=self.grid.cell_order.get()).rev();
        let mut orders = orders.filter_map(Order::new);
        let holds = |order: &Order| self.grid.up(*order).of(first) == self.grid.up(*order).of(last);
        let order = orders.find(holds).unwrap_or(self.grid.shard_order);
        (order, self.grid.up(order).of(first))
    }

    /// What the stamp of a leaf says of them, and the bytes of the file beside.
    ///
    /// # Errors
    /// In words, bits that cannot be compressed.
    pub fn envelope(&self) -> Result<(Value, Option<Vec<u8>>), String> {
        let cover = self.cover();
        let cells: Vec<Option<&String>> = (0..4).map(|place| cover.get(place)).collect();
        let mut envelope = json!({
            "spec": SPEC,
            "box": cells,
            "cell_order": self.grid.cell_order.get(),
            "source": "worker",
        });
        let Some(bits) = self.bitmap() else {
            return Ok((envelope, None));
        };
        let bytes = zstd::bulk::compress(&bits, LEVEL).map_err(|e| e.to_string())?;
        if let Some(members) = envelope.as_object_mut() {
            members.insert("encoding".to_owned(), json!("bitmap"));
            members.insert("sidecar".to_owned(), json!(FILE));
            members.insert("nbytes".to_owned(), json!(bytes.len()));
            members.insert("raw_nbytes".to_owned(), json!(bits.len()));
        }
        Ok((envelope, Some(bytes)))
    }
}

/// The document of all shards, ascending: runs of them within a base cell, both ends included.
pub fn of_shards(grid: GridConfig, shards: &[u64], written_at: Option<&str>) -> Value {
    let order = grid.shard_order;
    let base = Order::new(0).map(|base| grid.kind.up(order, base));
    let base = |shard: u64| base.map_or(0, |base| base.of(shard));
    let runs = shards.chunk_by(|&a, &b| a + 1 == b && base(a) == base(b));
    let name = |shard: &u64| grid.kind.spelled(order, *shard);
    let ranges: Vec<[String; 2]> = runs
        .filter_map(|run| Some([name(run.first()?), name(run.last()?)]))
        .collect();
    let mut document = json!({
        "spec": SPEC,
        "encoding": "ranges",
        "order": order.get(),
        "source": "dispatcher",
    });
    if let Some(members) = document.as_object_mut() {
        if let Some(time) = written_at {
            members.insert("generated_at".to_owned(), json!(time));
        }
        members.insert("ranges".to_owned(), json!(ranges));
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Latitude;

    fn grid(shard: u8, cell: u8) -> GridConfig {
        let order = |order| Order::new(order).unwrap();
        GridConfig {
            shard_order: order(shard),
            chunk_order: None,
            cell_order: order(cell),
            steps: 1,
            kind: Latitude::AuthalicWgs84.into(),
        }
    }

    #[test]
    fn a_shard_is_covered_by_four_cells_at_most_and_has_a_bit_for_each() {
        // The shard 11213 of zagg's fixtures: cells 0, 2, 5 and 15 of 16.
        let cells = [0, 2, 5, 15].map(|cell| (18 << 4) + cell);
        let occupied = Occupied {
            grid: grid(4, 6),
            shard: 18,
            cells: &cells,
        };
        let (envelope, bytes) = occupied.envelope().unwrap();
        let cover = json!(["112131", "1121322", "1121344", null]);
        assert_eq!(envelope["box"], cover);
        assert_eq!(envelope["raw_nbytes"], 2);
        let bits = zstd::bulk::decompress(&bytes.unwrap(), 9).unwrap();
        assert_eq!(bits, [0b1010_0100, 0b0000_0001]);
        let one = Occupied {
            cells: &cells[2..3],
            ..occupied
        };
        let (envelope, _) = one.envelope().unwrap();
        assert_eq!(envelope["box"], json!(["1121322", null, null, null]));
        let whole = Occupied {
            grid: grid(6, 6),
            shard: cells[2],
            cells: &cells[2..3],
        };
        let (envelope, bytes) = whole.envelope().unwrap();
        assert_eq!(
            (envelope["box"][0].as_str(), bytes),
            (Some("1121322"), None)
        );
    }

    #[test]
    fn ranges_end_with_their_base_cell() {
        let last = (1 << 6) - 1;
        let found = of_shards(grid(3, 5), &[5, 6, 7, last, last + 1], None);
        let ranges = json!([["1122", "1124"], ["1444", "1444"], ["2111", "2111"]]);
        assert_eq!(found["ranges"], ranges);
        assert!(found.get("generated_at").is_none());
    }
}
