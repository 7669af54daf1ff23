//! The tree of a hive: which shards it has, each a Zarr of its own below the digits of its morton id.
//!
//! Below `parted.rs`, which reads values. Sources: zagg's hive layout (decisions D1 to D5) and store specification,
//! sections 4.2, 4.3 and 4.6.
//!
//! ```text
//!   morton_hive.json
//!   -4/1/1/3/-4113.zarr          a leaf: the cells of shard -4113
//!   -4/1/1/3/all.pyramid.zarr    its column: coarser cells down to the shard itself
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::folders;
use crate::grid::{Grid, Order};

/// The document at the root, whose presence says that the folder is a hive.
pub const MANIFEST: &str = "morton_hive.json";
/// The attribute of a Zarr that is whole.
pub const STAMP: &str = "morton_hive_commit";
/// The one revision of the layout that is read and written: one leaf for each shard.
pub const SPEC: &str = "morton-hive/1";
/// The ends of names of leaves and of columns.
const ZARR: &str = ".zarr";
/// The name of a column of all times.
pub const COLUMN: &str = "all.pyramid.zarr";

/// One Zarr of the tree that is whole.
#[derive(Debug, Clone)]
pub struct Node {
    pub path: PathBuf,
    /// The cell below whose digits it stands.
    pub order: Order,
    pub cell: u64,
}

/// What stands in a hive.
#[derive(Debug, Clone)]
pub struct Tree {
    pub shard_order: Order,
    pub cell_order: Order,
    /// Ascending by shard.
    pub leaves: Vec<Node>,
    pub columns: Vec<Node>,
    /// Of cells coarser than shards.
    overviews: Vec<Node>,
    /// Those that no stamp says to be whole: what a writer that did not finish left.
    pub debris: Vec<PathBuf>,
}

/// Whether a folder is a hive.
pub fn is_hive(path: &Path) -> bool {
    path.join(MANIFEST).is_file()
}

/// Whether icefold wrote the hive in a folder.
pub fn is_ours(path: &Path) -> bool {
    manifest(path).is_ok_and(|manifest| manifest["icefold"]["config_sha256"].is_string())
}

/// The document at the root.
pub fn manifest(path: &Path) -> Result<Value> {
    let file = path.join(MANIFEST);
    let text = fs::read(&file).map_err(|error| Error::io("read", &file, error))?;
    serde_json::from_slice(&text)
        .map_err(|error| Error::store(path, format!("{MANIFEST} is not JSON: {error}")))
}

impl Tree {
    /// What stands in the hive at `path`.
    ///
    /// # Errors
    /// A manifest of another revision; folders that cannot be listed.
    pub fn open(path: &Path) -> Result<Self> {
        let manifest = manifest(path)?;
        if manifest["spec"] != SPEC {
            let message = format!(
                "{MANIFEST} has spec {}, and icefold reads {SPEC}: stores without windows of time",
                manifest["spec"]
            );
            return Err(Error::store(path, message));
        }
        let order = |key: &str| {
            let order = manifest[key].as_u64();
            let order = order.and_then(|order| Order::new(u8::try_from(order).ok()?));
            let message = || format!("{MANIFEST} has {key} {}, not an order", manifest[key]);
            order.ok_or_else(|| Error::store(path, message()))
        };
        let (shard_order, cell_order) = (order("shard_order")?, order("cell_order")?);
        if shard_order > cell_order {
            let message =
                format!("{MANIFEST} has shards of order {shard_order} and cells of {cell_order}");
            return Err(Error::store(path, message));
        }
        let mut tree = Self {
            shard_order,
            cell_order,
            leaves: Vec::new(),
            columns: Vec::new(),
            overviews: Vec::new(),
            debris: Vec::new(),
        };
        tree.walk(path, "")?;
        for nodes in [&mut tree.leaves, &mut tree.columns, &mut tree.overviews] {
            nodes.sort_by_key(|node| (node.order, node.cell));
        }
        Ok(tree)
    }

    /// Takes what is in the folder of these digits, and below.
    fn walk(&mut self, folder: &Path, digits: &str) -> Result<()> {
        let inside = folders::list(folder).map_err(|error| Error::io("list", folder, error))?;
        for path in inside {
            let name = folders::name(&path);
            if name.ends_with(ZARR) && path.is_dir() {
                self.take(path, &name, digits)?;
            } else if Grid::default()
                .of_spelled(&format!("{digits}{name}"))
                .is_some()
                && path.is_dir()
            {
                // One digit for each order; the first has a sign, too.
                let one = name.trim_start_matches('-').len() == 1;
                if one && (digits.is_empty() || !name.starts_with('-')) {
                    self.walk(&path, &format!("{digits}{name}"))?;
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, path: PathBuf, name: &str, digits: &str) -> Result<()> {
        let Some((order, cell)) = Grid::default().of_spelled(digits) else {
            return Ok(());
        };
        let attributes = attributes(&path)?;
        if attributes
            .get(STAMP)
            .is_none_or(|stamp| stamp["complete"] != true)
        {
            self.debris.push(path);
            return Ok(());
        }
        let is_leaf = name.strip_suffix(ZARR) == Some(digits);
        let of = match attributes.get("role").and_then(Value::as_str) {
            None if is_leaf && order == self.shard_order => &mut self.leaves,
            Some("column") if name == COLUMN && order == self.shard_order => &mut self.columns,
            Some("overview") if name == "all.zarr" => &mut self.overviews,
            _ => return Ok(()),
        };
        of.push(Node { path, order, cell });
        Ok(())
    }

    /// All Zarrs that are whole.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        let Self {
            leaves,
            columns,
            overviews,
            ..
        } = self;
        leaves.iter().chain(columns).chain(overviews)
    }

    /// The orders of cells that there are, ascending.
    ///
    /// # Errors
    /// A folder that cannot be listed.
    pub fn orders(&self) -> Result<Vec<Order>> {
        let mut orders = vec![self.cell_order];
        for node in self.columns.iter().chain(&self.overviews) {
            let inside = folders::list(&node.path);
            for path in inside.map_err(|error| Error::io("list", &node.path, error))? {
                let order = folders::name(&path).parse().ok().and_then(Order::new);
                orders.extend(order.filter(|order| *order < self.cell_order));
            }
        }
        orders.sort_unstable();
        orders.dedup();
        Ok(orders)
    }

    /// The Zarrs that have cells of an order, ascending by cell.
    pub fn of_order(&self, order: Order) -> Vec<&Node> {
        let nodes = if order == self.cell_order {
            &self.leaves
        } else if order >= self.shard_order {
            &self.columns
        } else {
            &self.overviews
        };
        let group = order.to_string();
        let has = |node: &&Node| node.order <= order && node.path.join(&group).is_dir();
        nodes.iter().filter(has).collect()
    }
}

/// The attributes of a Zarr's root; none where it has none.
pub fn attributes(path: &Path) -> Result<Map<String, Value>> {
    let file = path.join("zarr.json");
    let text = match fs::read(&file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Map::new()),
        text => text.map_err(|error| Error::io("read", &file, error))?,
    };
    let document: Value = serde_json::from_slice(&text)
        .map_err(|error| Error::store(path, format!("zarr.json is not JSON: {error}")))?;
    Ok(match document.get("attributes") {
        Some(Value::Object(attributes)) => attributes.clone(),
        _ => Map::new(),
    })
}

/// The path of a shard's folder below the root, and its decimal id.
pub fn folder_of(order: Order, shard: u64) -> (PathBuf, String) {
    let id = Grid::default().spelled(order, shard);
    let (first, rest) = id.split_at(if id.starts_with('-') { 2 } else { 1 });
    let mut path = PathBuf::from(first);
    for digit in rest.chars() {
        path.push(digit.to_string());
    }
    (path, id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_stands_below_its_digits() {
        let order = |order| Order::new(order).unwrap();
        let (path, id) = folder_of(order(4), 18);
        assert_eq!((path.to_str(), &*id), (Some("1/1/2/1/3"), "11213"));
        let (path, id) = folder_of(order(1), 25);
        assert_eq!((path.to_str(), &*id), (Some("-1/2"), "-12"));
        let of = |text: &str| Grid::default().of_spelled(text);
        assert_eq!(of("11213"), Some((order(4), 18)));
        assert_eq!(of("-12"), Some((order(1), 25)));
        for other in ["", "-", "7", "0", "15", "--1", "1a"] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
