//! Small tables and a schema for the tests of this folder.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, FixedSizeListArray, Float32Array, Int32Array, RecordBatch, UInt64Array,
};
use arrow::datatypes::{DataType, Field};

use crate::config::{Dtype, GridConfig};
use crate::finalize::{CellTable, Kind, OutputArray, StoreSchema};
use crate::grid::{Latitude, Order};
use crate::store::{ContentHash, StoreWriter};

pub fn schema() -> StoreSchema {
    let order = |order| Order::new(order).unwrap();
    let count = OutputArray {
        name: "count".to_owned(),
        dtype: Dtype::I32,
        fill_value: 0.0,
        statistic: "count".to_owned(),
        source: "h_ph".to_owned(),
        resolution: None,
        units: Some("1".to_owned()),
        long_name: None,
        kind: Kind::Scalar,
        attributes: serde_json::Map::new(),
    };
    let mean = OutputArray {
        name: "h_mean".to_owned(),
        dtype: Dtype::F32,
        fill_value: f64::NAN,
        statistic: "mean".to_owned(),
        resolution: Some("2^-34".to_owned()),
        units: Some("meters".to_owned()),
        long_name: Some("Photon height".to_owned()),
        ..count.clone()
    };
    let histogram = OutputArray {
        name: "h_hist".to_owned(),
        statistic: "histogram".to_owned(),
        kind: Kind::Histogram {
            edges: vec![0.0, 10.0, 20.5, 40.0],
        },
        ..count.clone()
    };
    StoreSchema {
        grid: GridConfig {
            shard_order: order(6),
            chunk_order: None,
            cell_order: order(12),
            steps: 1,
            kind: Latitude::AuthalicWgs84.into(),
        },
        config_sha256: "00ff".repeat(16),
        region: None,
        cells_of_region: false,
        arrays: vec![count, mean, histogram],
        steps: None,
    }
}

/// Cells `from..to` of a fixed sequence, some means NaN.
pub fn table(from: u64, to: u64) -> CellTable {
    let rows = from..to;
    let ids: UInt64Array = rows.clone().map(|row| 1_000_000 + 3 * row).collect();
    let count: Int32Array = rows.clone().map(|row| (row % 100) as i32).collect();
    let mean: Float32Array = rows
        .clone()
        .map(|row| {
            if row % 7 == 3 {
                f32::NAN
            } else {
                row as f32 * 0.37 - 5.0
            }
        })
        .collect();
    let bins: Int32Array = rows
        .flat_map(|row| (0..3).map(move |bin| (row * 3 + bin) as i32))
        .collect();
    let item = Arc::new(Field::new("item", DataType::Int32, true));
    let histogram = FixedSizeListArray::new(item, 3, Arc::new(bins), None);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("cell_ids", Arc::new(ids)),
        ("count", Arc::new(count)),
        ("h_mean", Arc::new(mean)),
        ("h_hist", Arc::new(histogram)),
    ];
    CellTable {
        rows: RecordBatch::try_from_iter(columns).unwrap(),
    }
}

/// Writes `cells` cells in tables of at most `split`.
pub fn write(path: &Path, cells: u64, split: u64) -> Vec<ContentHash> {
    let mut writer = StoreWriter::create(path, &schema(), cells, false).unwrap();
    for from in (0..cells).step_by(split as usize) {
        writer
            .append(&table(from, cells.min(from + split)))
            .unwrap();
    }
    writer.finish().unwrap().hashes
}
