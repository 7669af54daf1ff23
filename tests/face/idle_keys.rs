//! Keys of pipeline files that change nothing here: accepted, checked, and named.

use icefold::config::{self, Config, explain};
use icefold::error::Kind;

use super::from_code::{done, refused};
use crate::support::Site;
use crate::support::granules::one;

const ATL06: &str = include_str!("../../src/config/atl06.yaml");

/// The built-in atl06 with keys of another reader: at the top, and in these sections.
fn with(top: &str, source: &str, aggregation: &str, output: &str, grid: &str) -> String {
    let text = ATL06.replace("data_source:\n", &format!("{top}data_source:\n{source}"));
    let text = text.replace("aggregation:\n", &format!("aggregation:\n{aggregation}"));
    let text = text.replace("output:\n", &format!("output:\n{output}"));
    text.replace("{type: healpix,", &format!("{{type: healpix,{grid}"))
}

/// Every one of them.
fn all() -> String {
    with(
        "pipeline: {type: spatial}\nworker: {memory: 4096, extra_disk: true}\n",
        "  index: {backend: sidecar, store: 's3://bucket/index', on_miss: build}\n  granule_workers: 4\n  \
         shard_workers: 2\n  read_workers: 3\n  write_buffer: 1\n  anonymous: true\n  credentials_provider: lpdaac\n  \
         source_region: us-west-2\n  driver: s3\n",
        "  streaming: {mode: spill, buffer_granules: 8}\n  handoff: arrow\n",
        "  store_layout: flat\n  pyramid: false\n  sweep: stages\n  coverage_moc: true\n  consolidate_metadata: false\n  \
         touch: auto\n  product_name: ice\n",
        " sharded: true, emit_cell_ids: false,",
    )
}

fn parsed(text: &str) -> icefold::Result<Config> {
    config::parse_yaml("mine.yaml", text)
}

#[test]
fn keys_of_another_readers_machinery_change_nothing_and_are_named() {
    let config = parsed(&all()).unwrap();
    let plain = parsed(ATL06).unwrap();
    assert_eq!(config.sha256, plain.sha256);
    assert!(plain.idle.is_empty());
    let named = config.idle.join(", ");
    assert_eq!(
        named,
        "pipeline, worker, data_source.driver, data_source.index, data_source.granule_workers, \
         data_source.shard_workers, data_source.read_workers, data_source.write_buffer, data_source.anonymous, \
         data_source.credentials_provider, data_source.source_region, aggregation.handoff, aggregation.streaming, \
         output.grid.sharded, output.grid.emit_cell_ids, output.pyramid, output.sweep, \
         output.coverage_moc, output.consolidate_metadata, output.touch, output.product_name"
    );
    let explained = explain(&config, &[]);
    assert!(explained.contains(&named), "{explained}");
    let site = Site::new();
    let granule = site.product("g.h5", "ATL06");
    let path = site.path("mine.yaml");
    std::fs::write(&path, all()).unwrap();
    let (report, said) = done(site.code(&path, &one(&granule)));
    let line = format!("without effect here: {named}");
    let lines = said.lines().filter(|said| said.contains(&line));
    assert_eq!(lines.count(), 1, "{said}");
    let without: Vec<&str> = report["config"]["without_effect"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|key| key.as_str())
        .collect();
    assert_eq!(without.join(", "), named);
    let plain = done(site.code_to("b.zarr", "atl06", &one(&granule)));
    assert!(!plain.1.contains("without effect"), "{}", plain.1);
    assert_eq!(plain.0["content_sha256"], report["content_sha256"]);
}

#[test]
fn their_types_are_checked_and_all_faults_are_shown_at_once() {
    let text = with(
        "pipeline: {type: spatail}\nworker: {memory: much, disk: 1}\n",
        "  index: hierarchical\n  granule_workers: 0\n  shard_workers: 1.5\n  anonymous: maybe\n",
        "  streaming: spill\n  handoff: carrier-pigeon\n",
        "  store_layout: nested\n  pyramid: true\n  sweep: never\n  coverage_moc: 1\n",
        " sharded: often,",
    );
    let message = refused(parsed(&text), Kind::Config, &["config mine.yaml: line "]);
    let lines: Vec<&str> = message.lines().collect();
    for says in [
        "pipeline.type: unknown value 'spatail', did you mean 'spatial'",
        "worker.memory: expected a whole number from 0",
        "worker: unknown key 'disk'; known: memory, extra_disk",
        "data_source.index: expected a mapping",
        "data_source.granule_workers: is 0; it is 1 or more",
        "data_source.shard_workers: expected a whole number",
        "data_source.anonymous: expected true or false",
        "aggregation.streaming: expected a mapping",
        "aggregation.handoff: unknown value 'carrier-pigeon'",
        "output.store_layout: unknown value 'nested'",
        "output.pyramid: is neither false nor a mapping",
        "output.sweep: is neither true, false nor stages",
        "output.coverage_moc: expected true or false",
        "output.grid.sharded: expected true or false",
    ] {
        let of = lines.iter().filter(|line| line.contains(says));
        let of: Vec<&&str> = of.collect();
        assert_eq!(of.len(), 1, "{says}\n{message}");
        assert!(
            of[0].contains("line ") && of[0].contains(", column "),
            "{}",
            of[0]
        );
    }
    assert_eq!(lines.len(), 14, "{message}");
}

#[test]
fn pipelines_of_other_things_are_refused_by_what_they_are() {
    for (text, says) in [
        (
            "pipeline:\n  type: temporal\ndata_source:\n  collections: {a: {}}\n",
            "line 2, column 9: pipeline.type: is for series of grids in time, such as MERRA-2",
        ),
        (
            "data_source: {reader: xarray_s3}\n",
            "line 1, column 23: data_source.reader: is for grids in time, such as MERRA-2",
        ),
        (
            "data_source:\n  bands: {red: {asset: red}}\n",
            "line 2, column 3: data_source.bands: is for images in bands, such as those of Sentinel-2",
        ),
        (
            "data_source:\n  variables:\n    rx: '/{group}/rxwaveform'\n",
            "line 2, column 3: data_source.variables: is for waveforms of GEDI",
        ),
        (
            "data_source:\n  variables:\n    z: {synthesize: linspace, start: a, stop: b}\n",
            "line 2, column 3: data_source.variables: is for waveforms of GEDI",
        ),
    ] {
        let message = refused(parsed(text), Kind::Config, &["config mine.yaml: ", says]);
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}
