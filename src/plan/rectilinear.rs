//! Shard maps of rectilinear grids: the spatial signature, as zagg's maps have it, and shards by their numbers.
//!
//! Beside `map.rs` and `signature.rs`. Shards are keyed by row and column of blocks, `row * columns + column`, which is
//! also their id here.

use serde_json::{Map, Value, json};

use crate::grid::{AskedRectilinear, Crs, Grid, Rectilinear};

/// The keys that are compared, in the order of the format.
const KEYS: [&str; 5] = ["type", "crs", "affine", "shape", "chunk_shape"];

/// The spatial signature of such a grid.
pub(super) fn signature(grid: &Rectilinear) -> Map<String, Value> {
    let finest = grid.finest_order();
    let [west, _, _, north] = grid.bounds();
    let [width, height] = grid.resolution(finest);
    let values = [
        json!("rectilinear"),
        json!(grid.crs().to_string()),
        json!([width, 0.0, west, 0.0, -height, north]),
        json!(grid.shape(finest)),
        json!(grid.block(finest)),
    ];
    KEYS.map(str::to_owned).into_iter().zip(values).collect()
}

/// Whether a signature says that it is of such a grid.
pub(super) fn is_of_one(signature: &Map<String, Value>) -> bool {
    signature
        .get("type")
        .is_some_and(|kind| kind == "rectilinear")
}

/// The grid of a signature.
///
/// # Errors
/// In words, a signature that is of no grid that is known.
pub(super) fn grid(signature: &Map<String, Value>) -> Result<Grid, String> {
    let found = parsed(signature).ok_or_else(|| {
        format!(
            "grid_signature is {}, which is no rectilinear grid that icefold knows (its systems are {})",
            Value::Object(signature.clone()),
            Crs::KNOWN
        )
    })?;
    found
        .map(Grid::Rectilinear)
        .map_err(|(key, why)| format!("grid_signature: {key} {why}"))
}

fn parsed(signature: &Map<String, Value>) -> Option<Result<Rectilinear, (&'static str, String)>> {
    let numbers = |key: &str| -> Option<Vec<f64>> {
        let list = signature.get(key)?.as_array()?;
        list.iter().map(Value::as_f64).collect()
    };
    let sides = |key: &str| -> Option<[u32; 2]> {
        let sides: [f64; 2] = numbers(key)?.try_into().ok()?;
        let whole = |side: f64| (1.0..4_294_967_296.0).contains(&side) && side.fract() == 0.0;
        sides
            .into_iter()
            .all(whole)
            .then(|| sides.map(|side| side as u32))
    };
    let [width, tilt, west, skew, height, north] = numbers("affine")?.try_into().ok()?;
    if tilt != 0.0 || skew != 0.0 || height >= 0.0 {
        return None;
    }
    let [rows, columns] = sides("shape")?;
    Some(Rectilinear::whole(&AskedRectilinear {
        crs: Crs::named(signature.get("crs")?.as_str()?)?,
        resolution: [width, -height],
        bounds: [
            west,
            north + f64::from(rows) * height,
            west + f64::from(columns) * width,
            north,
        ],
        chunk_shape: sides("chunk_shape")?,
        chunk_inner: None,
    }))
}

/// Whether two values of a key say the same: numbers are compared as such.
pub(super) fn same(a: Option<&Value>, b: Option<&Value>) -> bool {
    match (a, b) {
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(Some(a), Some(b)))
        }
        (Some(Value::Number(a)), Some(Value::Number(b))) => a == b || a.as_f64() == b.as_f64(),
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_of_zagg_is_that_of_the_grid_that_it_describes() {
        let theirs = json!({
            "type": "rectilinear", "crs": "EPSG:32618",
            "affine": [10.0, 0.0, 358_300.0, 0.0, -10.0, 4_311_600.0],
            "shape": [1200, 1200], "chunk_shape": [300, 300]
        });
        let theirs = theirs.as_object().unwrap();
        assert!(is_of_one(theirs));
        let Grid::Rectilinear(found) = grid(theirs).unwrap() else {
            panic!("another grid");
        };
        assert_eq!(&signature(&found), theirs);
        for (key, value) in [
            ("crs", json!("EPSG:3857")),
            ("affine", json!([10.0, 1.0, 0.0, 0.0, -10.0, 0.0])),
            ("shape", json!([0, 1200])),
            ("chunk_shape", json!([300])),
        ] {
            let mut wrong = theirs.clone();
            wrong.insert(key.to_owned(), value);
            assert!(grid(&wrong).is_err(), "{key}");
        }
        assert!(same(Some(&json!([10, 0.5])), Some(&json!([10.0, 0.5]))));
        assert!(!same(Some(&json!([10, 0.5])), Some(&json!([10.0]))));
    }
}
