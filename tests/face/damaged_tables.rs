//! Tables with changed bytes: found where there are checksums, and never a panic or memory without end.

use std::path::Path;

use icefold::config::Config;
use icefold::error::Kind;
use icefold::photon::{Column, ColumnType};
use icefold::read::table::TableReader;

use super::from_code::{done, partly, refused};
use crate::support::granules::one;
use crate::support::site::{Site, assert_same};
use crate::support::tables::{
    Format, WAYS, compressed, config, lists, points, record_batch, table_yaml, write,
};
use crate::support::{python, succeed};

const PAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/face/pyarrow_tables.py");
const TYPES: [ColumnType; 2] = [ColumnType::F32, ColumnType::I64];

/// Numbers in no order, always the same.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

/// All photons of a table that are kept.
#[derive(Debug, PartialEq, Default)]
struct Read {
    positions: Vec<(f64, f64)>,
    columns: Vec<Vec<String>>,
}

fn read(path: &Path, config: &Config) -> icefold::Result<Read> {
    let mut reader = TableReader::open(path, config, &TYPES, 333, None)?;
    let mut all = Read::default();
    while let Some(batch) = reader.next_batch()? {
        let positions = batch.lon.iter().copied().zip(batch.lat.iter().copied());
        all.positions.extend(positions);
        all.columns.resize(batch.columns.len(), Vec::new());
        for (all, column) in all.columns.iter_mut().zip(&batch.columns) {
            all.extend((0..batch.lon.len()).map(|i| text(column, i)));
        }
    }
    Ok(all)
}

fn text(column: &Column, place: usize) -> String {
    if column
        .nulls
        .as_ref()
        .is_some_and(|nulls| nulls.is_null(place))
    {
        return "null".to_owned();
    }
    match &column.values {
        icefold::photon::Values::F32(v) => v[place].to_bits().to_string(),
        icefold::photon::Values::F64(v) => v[place].to_bits().to_string(),
        icefold::photon::Values::I64(v) => v[place].to_string(),
    }
}

/// First byte of the footer.
fn footer(bytes: &[u8]) -> usize {
    let end = bytes.len() - 8;
    let length: [u8; 4] = bytes[end..end + 4].try_into().unwrap();
    end - u32::from_le_bytes(length) as usize
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
fn a_changed_byte_of_pages_with_checksums_is_an_error_or_changes_nothing() {
    let site = Site::new();
    succeed(python().arg(PAGES).arg(site.root()));
    let table_config = config(&site);
    let parsed = icefold::config::parse_yaml("test", &table_yaml()).unwrap();
    let changed = site.path("changed.parquet");
    let mut random = Seeded(0x5eed);
    let mut found = 0;
    for name in ["v1.parquet", "v2.parquet", "lists.parquet"] {
        let whole = std::fs::read(site.path(name)).unwrap();
        let expected = read(&site.path(name), &parsed).unwrap();
        assert_eq!(expected.positions.len(), 1500);
        done(site.code_to("whole.zarr", &table_config, &one(&site.path(name))));
        for flip in 0..400 {
            let mut bytes = whole.clone();
            let place = 4 + random.below(footer(&whole) - 4);
            bytes[place] ^= 1 << random.below(8);
            std::fs::write(&changed, &bytes).unwrap();
            match read(&changed, &parsed) {
                Ok(same) => assert!(same == expected, "{name}: byte {place}, flip {flip}"),
                Err(error) => found += usize::from(error.to_string().contains("checksum")),
            }
            if flip % 20 == 0 {
                let run = site.code_to("changed.zarr", &table_config, &one(&changed));
                if run.overwrite(true).execute().is_ok() {
                    assert_same(&site.out("whole.zarr"), &site.out("changed.zarr"));
                }
            }
        }
        for store in ["whole", "changed"] {
            let _ = std::fs::remove_dir_all(site.out(&format!("{store}.zarr")));
            let _ = std::fs::remove_file(site.out(&format!("{store}.run.json")));
        }
    }
    assert!(found > 600, "{found} of 1200 are found by checksums");
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
fn a_wrong_checksum_names_the_column_and_a_tolerant_run_leaves_the_table_out() {
    let site = Site::new();
    succeed(python().arg(PAGES).arg(site.root()));
    let config = config(&site);
    let changed = site.path("lists.parquet");
    let mut bytes = std::fs::read(&changed).unwrap();
    // Heights are not compressed.
    let value = ((700.0_f64 * 0.37).sin() * 40.0) as f32;
    let mut windows = bytes.windows(4);
    let place = windows.position(|w| w == value.to_le_bytes()).unwrap();
    bytes[place] ^= 1;
    std::fs::write(&changed, &bytes).unwrap();
    let says = [
        "granule lists.parquet: cannot read rows from",
        "column h.list.element, row group 0: page",
        "does not fit its checksum",
    ];
    refused(
        site.code(&config, &one(&changed)).execute(),
        Kind::Granule,
        &says,
    );
    let good = site.path("v1.parquet");
    let tolerant = site.code(&config, &[&good, &changed]);
    let (report, _) = partly(tolerant.tolerant(true));
    let failed = &report["granules"]["failed"][0];
    assert_eq!(
        failed["granule"].as_str().or(failed["name"].as_str()),
        Some("lists.parquet")
    );
    assert_eq!(report["photons"]["kept"], 1500);
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
fn arrow_as_pyarrow_writes_it_has_the_photons_of_its_parquet() {
    let site = Site::new();
    succeed(python().arg(PAGES).arg(site.root()));
    let parsed = icefold::config::parse_yaml("test", &table_yaml()).unwrap();
    let expected = read(&site.path("v1.parquet"), &parsed).unwrap();
    for name in [
        "v2.parquet",
        "plain.arrow",
        "lz4.feather",
        "zstd.arrow",
        "lz4.arrows",
    ] {
        let found = read(&site.path(name), &parsed);
        assert!(found.unwrap() == expected, "{name}");
        let facts = icefold::read::table::inspect(&site.path(name)).unwrap();
        assert_eq!(facts.json()["rows"], 1500, "{name}");
    }
}

#[test]
fn compressed_buffers_hold_the_photons_of_plain_ones() {
    let site = Site::new();
    let mut rows = points();
    for row in rows.iter_mut().step_by(7) {
        row.h = None;
    }
    let parsed = icefold::config::parse_yaml("test", &table_yaml()).unwrap();
    write(&site.path("a.parquet"), &rows, Format::Parquet(300));
    let expected = read(&site.path("a.parquet"), &parsed).unwrap();
    write(&site.path("lists.parquet"), &rows, Format::Lists(7));
    for (number, how) in WAYS.into_iter().enumerate() {
        let path = site.path(&format!("{number}.arrow"));
        compressed(&path, &record_batch(&rows), how);
        assert!(read(&path, &parsed).unwrap() == expected, "{how:?}");
        compressed(&path, &lists(&rows, 7), how);
        assert!(read(&path, &parsed).unwrap() == expected, "lists {how:?}");
    }
}

#[test]
fn spoiled_compressed_tables_are_read_or_refused() {
    let site = Site::new();
    let parsed = icefold::config::parse_yaml("test", &table_yaml()).unwrap();
    let mut random = Seeded(0xa220);
    let changed = site.path("changed.arrow");
    for how in &WAYS[2..] {
        for in_lists in [false, true] {
            let batch = if in_lists {
                lists(&points(), 7)
            } else {
                record_batch(&points())
            };
            compressed(&changed, &batch, *how);
            let whole = std::fs::read(&changed).unwrap();
            for _ in 0..250 {
                let mut bytes = whole.clone();
                for _ in 0..=random.below(3) {
                    let place = random.below(bytes.len());
                    bytes[place] = random.below(256) as u8;
                }
                std::fs::write(&changed, &bytes).unwrap();
                // A panic of the reader is caught, and says so.
                let no_panic = |error: icefold::Error| {
                    let said = error.to_string();
                    assert!(!said.contains("damaged ("), "{how:?}: {said}");
                };
                let _ = read(&changed, &parsed).map_err(no_panic);
                let _ = icefold::read::table::inspect(&changed).map_err(no_panic);
            }
        }
    }
}
