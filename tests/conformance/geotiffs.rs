//! GeoTIFF of a store as GIS programs' libraries see them: rasterio with GDAL in it, rioxarray, and rio-cogeo, which
//! knows whether one is cloud optimized.

use icefold::export::{Export, export};

use crate::support::granules::Heights;
use crate::support::{Site, icefold, python, stdout, succeed};

const CHECK: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/conformance/geotiff_check.py"
);

const CONFIG: &str = "data_source:
  groups: [gt1l]
  coordinates: {latitude: '/{group}/heights/lat_ph', longitude: '/{group}/heights/lon_ph'}
  variables: {h_ph: '/{group}/heights/h_ph'}
aggregation:
  variables:
    count: {function: count, source: h_ph}
    h_mean: {function: mean, source: h_ph, dtype: float32}
    bins: {function: histogram, source: h_ph, params: {edges: [-100, 0, 10, 100]}}
    digest: {kind: ragged, function: tdigest, source: h_ph}
output:
";

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
fn arrays_of_a_raster_are_geotiffs_of_the_right_place_and_values() {
    for grid in [
        "{type: rectilinear, crs: EPSG:3413, resolution: 200, bounds: [-60000, -2500000, 60000, -2050000], \
         chunk_shape: [90, 60]}",
        "{type: rectilinear, crs: EPSG:4326, resolution: [0.002, 0.004], bounds: [-47, 66, -43, 71], \
         chunk_shape: [250, 200]}",
        "{type: rectilinear, crs: EPSG:3574, resolution: 250, bounds: [-400000, -2600000, 100000, -2150000], \
         chunk_shape: [200, 400]}",
    ] {
        let site = Site::new();
        let config = site.path("config.yaml");
        std::fs::write(&config, format!("{CONFIG}  grid: {grid}\n")).unwrap();
        let mut track = Heights::along(-45.0, 4000);
        for (i, (lon, lat)) in track.lon.iter_mut().zip(&mut track.lat).enumerate() {
            (*lon, *lat) = (-45.0 + i as f64 * 2e-4, 67.0 + i as f64 * 9e-4);
        }
        let granule = site.granule("a.h5", &[("gt1l", track)]);
        let (store, folder) = (site.out("a.zarr"), site.out("tif"));
        let mut run = icefold();
        run.arg("run")
            .arg(&config)
            .arg(&granule)
            .arg("--store")
            .arg(&store);
        succeed(run.args(["--overviews", "2"]));
        let mut exporting = icefold();
        exporting.arg("export").arg(&store).arg("-o").arg(&folder);
        let done = succeed(&mut exporting);
        // A histogram has those of what is below and above it, too.
        assert_eq!(stdout(&done).lines().count(), 5);
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(
            said.contains("digest is left out: it has a list of values"),
            "{said}"
        );
        let mut check = python();
        let said = stdout(&succeed(check.arg(CHECK).args([&store, &folder])));
        assert!(said.contains("rio-cogeo agree"), "{said}");
        // Again the same bytes, and nothing is replaced that was not asked for.
        let before = std::fs::read(folder.join("count.tif")).unwrap();
        let mut asked = Export {
            variables: vec!["count".to_owned()],
            ..Export::new(&store, &folder)
        };
        let again = export(&asked).unwrap_err();
        assert!(again.to_string().contains("exists"), "{again}");
        asked.overwrite = true;
        export(&asked).unwrap();
        assert!(std::fs::read(folder.join("count.tif")).unwrap() == before);
    }
}
