//! The shard of ATL06 in the full-sphere layout, its bytes against the reference statistics.

use std::path::Path;

use icefold::photon::ColumnType;
use icefold::store::{Extent, StoreWriter};

use super::shard::{FLOAT32_ARITHMETIC, close, counts, f32s, ids, parquet, points, shard};
use crate::data;
use crate::support::{Question, cell_ids, folder};

/// Cells of order 12 in a shard of order 6.
const SHARD_CELLS: usize = 1 << 12;

/// The values of the shard's cells, straight from the bytes of its one Zarr chunk.
fn chunk(store: &Path, name: &str) -> Vec<[u8; 4]> {
    let path = store.join(format!("12/{name}/c/{}", shard()));
    let bytes = std::fs::read(path).unwrap();
    assert_eq!(bytes.len(), 4 * SHARD_CELLS);
    bytes.as_chunks().0.to_vec()
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn a_chunk_of_the_full_sphere_is_the_reference_at_the_index_of_each_id() {
    let yaml = std::fs::read_to_string(data().join("pipelines/atl06.yaml")).unwrap();
    let question = Question::new(&yaml, &[ColumnType::F32, ColumnType::F32]);
    let points = points();
    let all: Vec<usize> = (0..points.len()).collect();
    let tables = question.answer(&points, &[all], 2);
    let out = folder();
    let store = out.path().join("a.zarr");
    let cells = cell_ids(&tables);
    let writer = StoreWriter::create(&store, &question.schema, cells.len() as u64, false);
    let mut writer = writer.unwrap().with_extent(Extent::Sphere);
    for table in &tables {
        writer.append(table).unwrap();
    }
    writer.finish().unwrap();

    let expected = parquet("shard_atl06/expected.parquet");
    let places: Vec<usize> = ids(&expected)
        .iter()
        .map(|id| *id as usize % SHARD_CELLS)
        .collect();
    let found = chunk(&store, "count");
    let at = |bytes: &[[u8; 4]]| places.iter().map(|&place| bytes[place]).collect::<Vec<_>>();
    let ours: Vec<f64> = at(&found)
        .into_iter()
        .map(|bytes| i32::from_le_bytes(bytes).into())
        .collect();
    assert_eq!(ours, counts(&expected));
    let empty = found.iter().filter(|bytes| **bytes == [0; 4]).count();
    assert_eq!(empty, SHARD_CELLS - places.len());
    for name in [
        "h_min",
        "h_max",
        "h_q25",
        "h_q50",
        "h_q75",
        "h_mean",
        "h_sigma",
        "h_variance",
    ] {
        let found = chunk(&store, name);
        let ours: Vec<f32> = at(&found).into_iter().map(f32::from_le_bytes).collect();
        let theirs = f32s(&expected, name);
        if ["h_mean", "h_sigma", "h_variance"].contains(&name) {
            let ours: Vec<f64> = ours.into_iter().map(f64::from).collect();
            close(name, &ours, &theirs, FLOAT32_ARITHMETIC);
        } else {
            assert_eq!(ours, theirs, "{name}");
        }
        let nan = found
            .iter()
            .filter(|bytes| f32::from_le_bytes(**bytes).is_nan());
        assert_eq!(nan.count(), SHARD_CELLS - places.len(), "{name}");
    }
    // A file for each shard with photons, and no others.
    let mut shards: Vec<u64> = cells.iter().map(|id| id >> 12).collect();
    shards.dedup();
    let mut files: Vec<u64> = std::fs::read_dir(store.join("12/h_mean/c"))
        .unwrap()
        .map(|entry| {
            entry
                .unwrap()
                .file_name()
                .to_str()
                .unwrap()
                .parse()
                .unwrap()
        })
        .collect();
    files.sort_unstable();
    assert_eq!(files, shards);
}
