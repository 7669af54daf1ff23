//! What decoding tells of whole blocks changes no row: each granule here is read as it is stored, and looked at row by row.

use std::path::Path;

use proptest::prelude::*;

use crate::config::parse_yaml;
use crate::photon::{ColumnType, Values};
use crate::read::hdf5::{GranuleFile, Reader};

pub(in crate::read::hdf5) const CONFIG: &str = r#"
data_source:
  groups: [gt1l]
  coordinates: {latitude: "/{group}/lat", longitude: "/{group}/lon"}
  variables: {h: "/{group}/h"}
aggregation:
  variables:
    h_mean: {function: mean, source: h, dtype: float64}
output:
  grid: {type: healpix, parent_order: 6, child_order: 12}
"#;
const FILL: f32 = -999.0;
const HIGHEST: f32 = 5000.0;

/// A row: what is odd about it, if anything.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Odd {
    Nothing,
    Latitude(f64),
    Longitude(f64),
    Height(f32),
}

fn rows() -> impl Strategy<Value = Vec<Odd>> {
    let degrees = || prop::sample::select(vec![f64::NAN, 90.5, -91.0, f64::INFINITY]);
    let longitude = prop::sample::select(vec![f64::NAN, 541.0, -1e30, f64::NEG_INFINITY]);
    let height = prop::sample::select(vec![FILL, f32::NAN, HIGHEST * 2.0, f32::INFINITY, 1e36]);
    let odd = prop_oneof![
        degrees().prop_map(Odd::Latitude),
        longitude.prop_map(Odd::Longitude),
        height.prop_map(Odd::Height),
    ];
    // Whole stretches without anything odd, which one look tells.
    let stretch = prop_oneof![
        3 => (1_usize..150).prop_map(|rows| vec![Odd::Nothing; rows]),
        2 => prop::collection::vec(odd, 1..4),
    ];
    prop::collection::vec(stretch, 1..9).prop_map(|stretches| stretches.concat())
}

/// Degrees and heights of the rows.
fn values(rows: &[Odd]) -> (Vec<f64>, Vec<f64>, Vec<f32>) {
    let of = |(i, odd): (usize, &Odd)| {
        let i = i as f64;
        let (mut lat, mut lon, mut h) = (70.0 - i * 1e-3, -45.0 + i * 1e-3, i as f32);
        match *odd {
            Odd::Nothing => {}
            Odd::Latitude(odd) => lat = odd,
            Odd::Longitude(odd) => lon = odd,
            Odd::Height(odd) => h = odd,
        }
        (lat, lon, h)
    };
    let mut all = (Vec::new(), Vec::new(), Vec::new());
    for (lat, lon, h) in rows.iter().enumerate().map(of) {
        all.0.push(lat);
        all.1.push(lon);
        all.2.push(h);
    }
    all
}

fn write(path: &Path, rows: &[Odd], (chunk, shuffle, single): (usize, bool, bool)) {
    let (lat, lon, h) = values(rows);
    let file = hdf5::File::create(path).unwrap();
    let group = file.create_group("gt1l").unwrap();
    let chunk = chunk.min(rows.len());
    macro_rules! write {
        ($name:literal, $values:expr) => {{
            let builder = group.new_dataset_builder().chunk(chunk);
            let builder = if shuffle { builder.shuffle() } else { builder };
            let values = $values;
            let builder = builder.deflate(1).with_data(&values);
            builder.create($name).unwrap()
        }};
    }
    if single {
        let narrow = |degrees: &[f64]| degrees.iter().map(|&x| x as f32).collect::<Vec<_>>();
        write!("lat", narrow(&lat));
        write!("lon", narrow(&lon));
    } else {
        write!("lat", lat);
        write!("lon", lon);
    }
    let heights = write!("h", h);
    for (name, value) in [("_FillValue", FILL), ("valid_max", HIGHEST)] {
        let attribute = heights.new_attr::<f32>().create(name).unwrap();
        attribute.write_scalar(&value).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn odd_rows_are_found_wherever_blocks_and_chunks_end(
        rows in rows(),
        stored in (1_usize..120, any::<bool>(), any::<bool>()),
        batch_rows in prop_oneof![1_usize..60, 100_usize..2000],
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("granule.h5");
        write(&path, &rows, stored);
        let config = parse_yaml("config", CONFIG).unwrap();
        let granule = GranuleFile::open(&path).unwrap();
        let mut reader = Reader::open(&granule, &config, &[ColumnType::F32], batch_rows).unwrap();
        let mut found = Vec::new();
        while let Some(batch) = reader.next_batch().unwrap() {
            prop_assert!(batch.len() <= batch_rows);
            let column = &batch.columns[0];
            let Values::F32(h) = &column.values else {
                unreachable!("heights are float32")
            };
            found.extend((0..batch.len()).map(|i| {
                let height = column.is_valid(i).then_some(h[i].to_bits());
                (batch.origin.rows.get(i), batch.lat[i].to_bits(), batch.lon[i].to_bits(), height)
            }));
        }
        let (_, _, single) = stored;
        let (lat, lon, h) = values(&rows);
        let degrees = |x: f64| if single { f64::from(x as f32) } else { x }.to_bits();
        // A photon of which all columns are null is none.
        let expected = (0..rows.len()).filter_map(|i| {
            let is_null = h[i] == FILL || h[i] > HIGHEST;
            let kept = matches!(rows[i], Odd::Nothing | Odd::Height(_)) && !is_null;
            kept.then(|| (i as u64, degrees(lat[i]), degrees(lon[i]), Some(h[i].to_bits())))
        });
        prop_assert_eq!(found, expected.collect::<Vec<_>>());
        let bad = rows.iter().filter(|odd| matches!(odd, Odd::Latitude(_) | Odd::Longitude(_)));
        let counted = reader.counts().rejected.get("bad_coordinate").copied();
        prop_assert_eq!(counted.unwrap_or(0), bad.count() as u64);
    }
}
