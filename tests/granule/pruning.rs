//! What is decoded depends on the wanted shards; what is kept and counted does not.

use std::path::Path;

use icefold::config::{self, Config};
use icefold::grid::Order;
use icefold::photon::ColumnType;
use icefold::plan::ShardSet;
use icefold::read::WantedShards;
use icefold::read::hdf5::{GranuleFile, Reader};
use proptest::prelude::*;

use super::synthetic::{Closed, Synthetic};
use super::{Photon, photons_of, read};
use crate::support::granule as granule_of;
use crate::support::healpix::{self, Sphere};

/// Real granules and the built-in configs for them.
const REAL: [(&str, &str); 3] = [
    (
        "ATL03_20181014002445_02350104_006_02_gt1l_subset.h5",
        "atl03",
    ),
    ("processed_ATL06_20190222155947_08580212_001_01.h5", "atl06"),
    ("processed_ATL06_20181015100401_02560110_003_01.h5", "atl06"),
];

/// Heights, a filter, and a variable of the geolocation segments.
const YAML: &str = r#"
data_source:
  groups: [gt1l, gt2r]
  coordinates: {latitude: "/{group}/heights/lat_ph", longitude: "/{group}/heights/lon_ph"}
  base_level: photons
  levels:
    photons: {path: "/{group}/heights", coordinates: {latitude: lat_ph, longitude: lon_ph}, link: null}
    segments:
      path: "/{group}/geolocation"
      coordinates: {latitude: reference_photon_lat, longitude: reference_photon_lon}
      link: {to: photons, index_beg: "/{group}/geolocation/ph_index_beg", count: "/{group}/geolocation/segment_ph_cnt", index_base: 1}
  variables:
    h: "/{group}/heights/h_ph"
    dem: "/{group}/geolocation/dem_h"
  filters:
    - {dataset: "/{group}/heights/quality_ph", op: eq, value: 0}
aggregation:
  variables:
    h_mean: {function: mean, source: h}
    dem_max: {function: max, source: dem}
output:
  grid: {type: healpix, indexing_scheme: nested, parent_order: 8, child_order: 12}
"#;

/// One photon of a synthetic ground track.
#[derive(Debug, Clone, Copy)]
struct Made {
    /// Degrees from where the track would have it.
    off: f64,
    placed: bool,
    quality: i8,
}

fn made() -> impl Strategy<Value = Made> {
    // One in ten is anywhere near: far from the reference photon of its segment.
    let off = prop_oneof![9 => Just(0.0), 1 => -3.0f64..3.0];
    let quality = prop_oneof![6 => Just(0i8), 1 => Just(1)];
    let placed = prop_oneof![30 => Just(true), 1 => Just(false)];
    (off, placed, quality).prop_map(|(off, placed, quality)| Made {
        off,
        placed,
        quality,
    })
}

/// A track of photons 200 m apart, in segments of seven photons and now and then none.
fn granule(photons: &[Made], chunk: usize) -> Closed {
    let granule = Synthetic::new();
    let at = |i: usize| 60.0 + i as f64 * 2e-3 + photons[i].off;
    let lat: Vec<f64> = (0..photons.len())
        .map(|i| if photons[i].placed { at(i) } else { f64::NAN })
        .collect();
    let lon: Vec<f64> = (0..photons.len())
        .map(|i| -45.0 - i as f64 * 1e-3)
        .collect();
    let h: Vec<f32> = (0..photons.len()).map(|i| i as f32 * 0.25).collect();
    let quality: Vec<i8> = photons.iter().map(|p| p.quality).collect();
    let chunk = chunk.min(photons.len());
    granule.write_chunked("gt1l/heights/lat_ph", &lat, chunk, Some(6));
    granule.write_chunked("gt1l/heights/lon_ph", &lon, chunk, Some(6));
    granule.write_chunked("gt1l/heights/h_ph", &h, chunk, Some(6));
    granule.write_chunked("gt1l/heights/quality_ph", &quality, chunk, Some(6));
    let mut counts = Vec::new();
    let mut begins = Vec::new();
    let mut next = 0;
    while next < photons.len() {
        let count = if counts.len() % 5 == 3 {
            0
        } else {
            7.min(photons.len() - next)
        };
        begins.push(if count == 0 { 0 } else { next as i64 + 1 });
        counts.push(count as i32);
        next += count;
    }
    let dem: Vec<f32> = (0..counts.len()).map(|i| 100.0 + i as f32).collect();
    let reference: Vec<f64> = (0..counts.len()).map(|i| 60.0 + i as f64 * 1e-2).collect();
    granule.write("gt1l/geolocation/segment_ph_cnt", &counts);
    granule.write("gt1l/geolocation/ph_index_beg", &begins);
    granule.write("gt1l/geolocation/dem_h", &dem);
    granule.write("gt1l/geolocation/reference_photon_lat", &reference);
    granule.write("gt1l/geolocation/reference_photon_lon", &reference);
    granule.close()
}

/// Reads only what the shards need: photons, their counts by reason, and bytes decoded.
fn read_within(
    path: &Path,
    config: &Config,
    shards: &ShardSet,
    batch_rows: usize,
) -> (Vec<Photon>, icefold::photon::Counts, u64) {
    let granule = GranuleFile::open(path).unwrap();
    let types: Vec<ColumnType> = match granule.source_columns(config).unwrap() {
        Some(columns) => columns.iter().map(|c| c.column_type).collect(),
        None => vec![ColumnType::F64; config.variables.len()],
    };
    let reader = Reader::open(&granule, config, &types, batch_rows).unwrap();
    let mut reader = reader.within(Some(WantedShards::new(
        std::sync::Arc::new(shards.clone()),
        config.grid.kind,
    )));
    let mut photons = Vec::new();
    while let Some(batch) = reader.next_batch().unwrap() {
        photons.extend(photons_of(&batch));
        reader.recycle(batch);
    }
    (photons, reader.counts().clone(), reader.bytes_read())
}

/// Pruned reading keeps the photons of whole reading that lie in the shards, and accounts for all.
fn prunes_to_the_same(path: &Path, config: &Config, shards: &ShardSet, batch_rows: usize) {
    let whole = read(path, config, 1 << 20).unwrap();
    let (photons, counts, bytes) = read_within(path, config, shards, batch_rows);
    let inside = |p: &Photon| shards.contains(shard_of(p, shards.order()));
    let expected: Vec<Photon> = whole
        .photons
        .iter()
        .filter(|p| inside(p))
        .cloned()
        .collect();
    assert_eq!(photons, expected);
    let bad = |counts: &icefold::photon::Counts| counts.rejected.get("bad_coordinate").copied();
    assert_eq!(bad(&counts), bad(&whole.counts));
    assert_eq!(counts.read, whole.counts.read);
    assert_eq!(counts.kept, expected.len() as u64);
    assert_eq!(
        counts.read,
        counts.kept + counts.rejected.values().sum::<u64>()
    );
    // A geolocation segment that batches share is decoded for each of them.
    assert!(bytes <= read(path, config, batch_rows).unwrap().bytes_read);
}

/// The shard of a photon by the oracle.
fn shard_of(photon: &Photon, order: Order) -> u64 {
    let (lon, lat) = (f64::from_bits(photon.lon), f64::from_bits(photon.lat));
    healpix::cell(order.get(), Sphere::AuthalicWgs84, lon, lat)
}

fn shards_of(path: &Path, config: &Config, order: Order) -> Vec<u64> {
    let whole = read(path, config, 1 << 20).unwrap();
    let photons = whole.photons.iter();
    let mut shards: Vec<u64> = photons.map(|photon| shard_of(photon, order)).collect();
    shards.sort_unstable();
    shards.dedup();
    shards
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn granules_read_for_some_shards_lose_and_gain_no_photon(
        photons in prop::collection::vec(made(), 1..1500),
        chunk in 1usize..400,
        batch_rows in prop_oneof![1usize..50, 50usize..3000],
        chosen in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let config = config::parse_yaml("test", YAML).unwrap();
        let granule = granule(&photons, chunk);
        let order = config.grid.shard_order;
        let all = shards_of(&granule.path, &config, order);
        let chosen = chosen.iter().filter(|_| !all.is_empty()).map(|i| all[i.index(all.len())]);
        let shards = ShardSet::new(order, chosen.collect());
        prunes_to_the_same(&granule.path, &config, &shards, batch_rows);
    }
}

#[test]
fn nothing_but_positions_is_decoded_where_no_photon_is_wanted() {
    let config = config::parse_yaml("test", YAML).unwrap();
    let photons = [Made {
        off: 0.0,
        placed: true,
        quality: 0,
    }; 1000];
    let granule = granule(&photons, 100);
    let none = ShardSet::new(config.grid.shard_order, vec![0]);
    let (_, counts, bytes) = read_within(&granule.path, &config, &none, 300);
    assert_eq!(counts.rejected["outside_shards"], 1000);
    assert_eq!(bytes, 1000 * 16);
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn real_granules_read_for_some_shards_lose_and_gain_no_photon() {
    for (name, product) in REAL {
        let config = config::load(product).unwrap();
        let path = granule_of(name);
        for order in [6, 9, 11] {
            let order = Order::new(order).unwrap();
            let all = shards_of(&path, &config, order);
            for part in all.chunks(all.len().div_ceil(3).max(1)) {
                let shards = ShardSet::new(order, part.to_vec());
                prunes_to_the_same(&path, &config, &shards, 1000);
            }
        }
    }
}
