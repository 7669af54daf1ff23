//! A shard of ATL06 as a Parquet table through the program, against reference answers.

use arrow::array::AsArray;
use arrow::datatypes::{Float32Type, Int32Type, UInt64Type};
use icefold::store::StoreReader;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::shard::{FLOAT32_ARITHMETIC, close, counts, f32s, ids, parquet};
use crate::data;
use crate::support::{folder, icefold, succeed};

/// The reference's own pipeline, for its points as a table.
fn config() -> String {
    let mut yaml = std::fs::read_to_string(data().join("pipelines/atl06.yaml")).unwrap();
    for (from, to) in [
        ("reader: h5coro", "reader: table"),
        ("  groups: [gt1l, gt1r, gt2l, gt2r, gt3l, gt3r]\n", ""),
        ("/{group}/land_ice_segments/latitude", "lat"),
        ("/{group}/land_ice_segments/longitude", "lon"),
        ("/{group}/land_ice_segments/h_li_sigma", "s_li"),
        ("/{group}/land_ice_segments/h_li", "h_li"),
        (
            "  quality_filter:\n    dataset: \"/{group}/land_ice_segments/atl06_quality_summary\"\n    \
             value: 0\n",
            "",
        ),
    ] {
        assert!(yaml.contains(from), "{from}");
        yaml = yaml.replace(from, to);
    }
    yaml
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn a_table_of_a_shard_equals_the_reference_in_store_and_table() {
    let out = folder();
    let (yaml, store, table) = (
        out.path().join("atl06.yaml"),
        out.path().join("a.zarr"),
        out.path().join("a.parquet"),
    );
    std::fs::write(&yaml, config()).unwrap();
    let mut run = icefold();
    run.arg("run").arg(&yaml);
    run.arg(data().join("reference/shard_atl06/input.parquet"));
    run.args(["--batch-rows", "7000", "--store"]).arg(&store);
    succeed(run.arg("--table").arg(&table));

    let expected = parquet("shard_atl06/expected.parquet");
    let (cells, shard) = (ids(&expected), ids(&expected)[0] >> 12);
    let file = std::fs::File::open(&table).unwrap();
    let rows = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let rows: Vec<_> = rows.build().unwrap().map(Result::unwrap).collect();
    let reader = StoreReader::open(&store).unwrap();
    let mut at = 0;
    let mut inside = Vec::new();
    for batch in &rows {
        let ids = batch.column(0).as_primitive::<UInt64Type>().values();
        inside.extend(
            (at..)
                .zip(ids)
                .filter(|(_, id)| *id >> 12 == shard)
                .map(|(i, _)| i),
        );
        at += ids.len();
    }
    let column = |name: &str| -> Vec<f64> {
        let columns = rows.iter().map(|b| b.column_by_name(name).unwrap());
        let all: Vec<f64> = columns
            .flat_map(|c| -> Vec<f64> {
                if let Some(floats) = c.as_primitive_opt::<Float32Type>() {
                    return floats.values().iter().map(|&x| x.into()).collect();
                }
                let counts = c.as_primitive::<Int32Type>().values().iter();
                counts.map(|&n| n.into()).collect()
            })
            .collect();
        let stored = reader.read(name).unwrap().as_f64();
        assert_eq!(all, stored, "{name}");
        inside.iter().map(|&i| all[i]).collect()
    };
    assert_eq!(inside.len(), 1443);
    let stored = reader.cell_ids().unwrap();
    assert_eq!(inside.iter().map(|&i| stored[i]).collect::<Vec<_>>(), cells);
    assert_eq!(column("count"), counts(&expected));
    for name in ["h_min", "h_max", "h_q25", "h_q50", "h_q75"] {
        let theirs: Vec<f64> = f32s(&expected, name).into_iter().map(f64::from).collect();
        assert_eq!(column(name), theirs, "{name}");
    }
    for name in ["h_mean", "h_sigma", "h_variance"] {
        close(
            name,
            &column(name),
            &f32s(&expected, name),
            FLOAT32_ARITHMETIC,
        );
    }
}
