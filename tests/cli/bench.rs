//! `bench`: every time belongs to an answer that is the oracle's.

use super::json;
use crate::support::{icefold, stderr, stdout, succeed};

#[test]
fn every_device_is_held_to_the_oracle_and_timed() {
    let mut command = icefold();
    command.args(["bench", "--photons", "20000", "--threads", "2", "--json"]);
    command.args([
        "--workload",
        "shard12",
        "--workload",
        "zipf",
        "--device",
        "cpu",
    ]);
    let (found, _) = json(command.args(["--device", "wgpu"]), 0);
    assert_eq!(found["wrong"], serde_json::json!([]));
    let rows = found["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2 * 2 * 2, "{found}");
    for row in rows {
        assert!(row["photons_per_second"].as_f64() > Some(0.0), "{row}");
        assert!(row["fold_seconds"].as_array().unwrap().len() >= 5, "{row}");
    }
    // Both devices and both questions are about the same photons.
    let cells = |workload: &str| {
        let here = rows.iter().filter(|row| row["workload"] == workload);
        let mut cells: Vec<_> = here.map(|row| row["cells"].as_u64().unwrap()).collect();
        cells.dedup();
        cells
    };
    assert_eq!((cells("shard12").len(), cells("zipf").len()), (1, 1));
    assert!(found["copy_bytes_per_second"][0].as_f64() > Some(0.0));
}

#[test]
fn a_bench_ends_with_a_table() {
    let mut command = icefold();
    command.args([
        "bench",
        "--photons",
        "5000",
        "--device",
        "cpu",
        "--workload",
        "one_cell",
    ]);
    let text = stdout(&succeed(&mut command));
    let row = text.lines().find(|line| line.starts_with("cpu")).unwrap();
    assert!(
        row.contains("one_cell") && row.contains("locate_groupby"),
        "{text}"
    );
    assert!(text.contains("Memory copy: "), "{text}");
    let mut command = icefold();
    let output = command
        .args(["bench", "--workload", "two_cells"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("use shard12, shard19"),
        "{}",
        stderr(&output)
    );
}
