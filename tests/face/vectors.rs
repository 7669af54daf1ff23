//! Vectors and numbers of a chunk: the same however a run is cut, and what does not go with them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use icefold::Memory;
use icefold::error::Kind;
use icefold::store::StoreReader;

use super::from_code::{done, refused};
use super::rasters::same_bytes;
use crate::support::granules::paths;
use crate::support::site::Site;

const HEALPIX: &str = "type: healpix, parent_order: 5, chunk_inner: 7, child_order: 11";
const ROWS: &str = "type: rectilinear, crs: EPSG:3413, resolution: 2000, bounds: [-60000, -2500000, 60000, -1900000], \
                    chunk_shape: [60, 60], chunk_inner: [20, 15]";

const VECTORS: &str = "    waveform:
      kind: vector
      trailing_shape: 16
      expression: \"np.histogram(h_ph, 16, (low, low + 16.0 * step))[0].astype('uint32')\"
      dtype: uint32
    around:
      kind: vector
      trailing_shape: 8
      expression: np.histogram(h_ph - np.median(h_ph), 8, (-4.0, 4.0))[0]
    low: {expression: low, resolution: chunk, dtype: float64}
    step: {expression: 2 * step, resolution: chunk}
    most: {expression: many, resolution: chunk, dtype: float64}
    count: {function: count, source: h_ph}
";

fn config(site: &Site, grid: &str, outputs: &str) -> PathBuf {
    let text = include_str!("../../src/config/atl03.yaml");
    let (source, _) = text.split_once("aggregation:").unwrap();
    let chunk = "  chunk_precompute:
    low: {expression: np.floor(np.min(h_ph)), source: h_ph}
    step: {expression: \"np.maximum(0.5, 2.0 ** np.ceil(np.log2((np.max(h_ph) - np.min(h_ph) + 1.0) / 16.0)))\", dtype: float32}
    many: {expression: count(h_ph)}
";
    let text = format!(
        "{source}aggregation:\n{chunk}  variables:\n{outputs}output:\n  grid: {{{grid}}}\n"
    );
    let path = site.path("config.yaml");
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn vectors_have_the_same_bytes_however_a_run_is_cut() {
    for grid in [HEALPIX, ROWS] {
        let site = Site::new();
        let granules = site.three();
        let granules = paths(&granules);
        let config = config(&site, grid, VECTORS);
        done(site.code(&config, &granules));
        let again = site.code_to("b.zarr", &config, &granules);
        done(again.threads(1).batch_rows(101));
        same_bytes(&site.out("a.zarr"), &site.out("b.zarr"));
        // Partials on disk, and cells whose values are there, too.
        let small = site.code_to("s.zarr", &config, &granules);
        done(small.partials_memory(Memory(1 << 16)).batch_rows(500));
        same_bytes(&site.out("a.zarr"), &site.out("s.zarr"));
        site.mapping(&config, &granules).execute().unwrap();
        done(site.part_as("c.zarr", &config, "0..1"));
        done(site.part_as("c.zarr", &config, "1.."));
        done(site.making("c.zarr"));
        same_bytes(&site.out("a.zarr"), &site.out("c.zarr"));

        let store = StoreReader::open(site.out("a.zarr")).unwrap();
        let read = |name: &str| store.read(name).unwrap().as_f64();
        let (waveform, count, most) = (read("waveform"), read("count"), read("most"));
        let (low, cells) = (read("low"), count.len());
        assert!(cells > 20 && waveform.len() == 16 * cells);
        let of_grid = store.grid();
        let chunk = |id: u64| match of_grid.kind.rectilinear() {
            // Orders 11 and 7 are 4^4 cells apart.
            None => [id >> 8, 0],
            Some(grid) => {
                let [row, column] = grid.level(of_grid.cell_order).row_column(id);
                [u64::from(row) / 20, u64::from(column) / 15]
            }
        };
        let mut chunks: BTreeMap<[u64; 2], (f64, f64, f64)> = BTreeMap::new();
        for (i, id) in store.cell_ids().unwrap().into_iter().enumerate() {
            // From the least value of the chunk to beyond its greatest: every photon is in a bin.
            let bins = &waveform[16 * i..16 * (i + 1)];
            assert_eq!(bins.iter().sum::<f64>(), count[i]);
            let of_chunk = chunks.entry(chunk(id)).or_insert((low[i], most[i], 0.0));
            assert_eq!((of_chunk.0, of_chunk.1), (low[i], most[i]));
            of_chunk.2 += count[i];
        }
        assert!(chunks.len() > 2, "{chunks:?}");
        assert!(
            chunks.values().all(|(_, all, sum)| all == sum),
            "{chunks:?}"
        );
    }
}

#[test]
fn what_does_not_go_with_vectors_is_refused_by_name() {
    let site = Site::new();
    let granules = site.three();
    let granules = paths(&granules);
    let config = config(&site, HEALPIX, VECTORS);
    let run = site.code(&config, &granules).overviews([9]);
    refused(
        run.execute(),
        Kind::Config,
        &[
            "follows from the photons of each cell or Zarr chunk",
            "leave overviews out",
        ],
    );
    for (from, to, says) in [
        (
            "resolution: chunk, dtype: float64}\n    step",
            "where: \"h_ph > 1\", dtype: float64}\n    step",
            "low.where: stands beside a number of a chunk",
        ),
        (
            "expression: 2 * step",
            "expression: median(h_ph) * step",
            "mixes numbers of a chunk with those of a cell",
        ),
        (
            "(low, low + 16.0 * step)",
            "(low, low + 16.0 * stepp)",
            "unknown name 'stepp'",
        ),
        (
            "dtype: uint32",
            "dtype: float32",
            "waveform.dtype: is float32, and the expression makes uint32 of it",
        ),
    ] {
        assert!(VECTORS.contains(from), "{from}");
        let text = VECTORS.replacen(from, to, 1);
        let path = super::vectors::config(&site, HEALPIX, &text);
        let error = icefold::config::load(path.to_str().unwrap()).unwrap_err();
        assert!(error.to_string().contains(says), "{error}: {says}");
    }
}
