//! Tests: why a configuration is refused, and what the message says.

use super::parse_yaml;
use super::tests::GOOD;

/// What to replace in the good text, with what, and what the message then holds; `\n` is a new line.
const CASES: &str = r#"
  groups: |   grups: | line 3, column 3: data_source: unknown key 'grups', did you mean 'groups'
op: ne, | oop: ne, | data_source.filters[0]: unknown key 'oop', did you mean 'op'
op: ne | op: nee | unknown value 'nee', did you mean 'ne'
resolution: 2^-30 | resolutoin: 1 | unknown key 'resolutoin', did you mean 'resolution'
type: healpix | type: healpx | output.grid.type: unknown value 'healpx', did you mean 'healpix'
type: healpix | type: rectilinear, crs: EPSG:4326 | output.grid: key 'resolution' is missing
type: healpix | crs: EPSG:4326, type: healpix | output.grid.crs: belongs to grids of type: rectilinear; this one has parent_order and child_order
indexing_scheme: nested | indexing_scheme: ring | 'ring' is not supported: cells are indexed nested
  groups: |   reader: netcdf\n  groups: | data_source.reader: unknown value 'netcdf'
parent_order: 6,  |  | output.grid: key 'parent_order' is missing
parent_order: 6 | parent_order: 13 | is 13, finer than child_order 12
child_order: 12 | child_order: 30 | is 30; an order is 0 to 29
parent_order: 6 | parent_order: -1 | is -1; an order is 0 to 29
chunk_inner: 8 | chunk_inner: 5 | is 5, not between parent_order 6 and child_order 12
chunk_inner: 8 | chunk_inner: eight | output.grid.chunk_inner: expected a whole number
column: 0 | column: -1 | data_source.filters[0].column: expected a whole number from 0
[gt1l, gt1r] | gt1l | data_source.groups: expected a list
value: -2 | value: [true] | data_source.filters[0].value: expected a number
op: ne, value: -2 | op: ge, value: abc | 'abc' is not a number; texts and names of an enum compare with eq, ne, in and not_in
op: ne, value: -2 | op: lt, value: a-b | 'a-b' is not a number
  groups: [gt1l, gt1r]\n |  | data_source: key 'groups' is missing
np.mean | np.meen | line 20, column 24: aggregation.variables.h_mean.function: unknown function 'np.meen', did you mean 'mean'
source: h_ph, dtype: int32 | source: h_pf | 'h_pf' is not in data_source.variables, did you mean 'h_ph'
function: np.mean,  |  | has neither function nor expression
function: np.mean | function: np.mean, expression: mean(h_ph) | has both function and expression
function: np.mean | expression: mean(h_p) | 'mean(h_p)' at column 6: unknown name 'h_p', did you mean 'h_ph'
function: np.mean | function: quantile, params: {q: 2} | quantile: q is 2, outside [0, 1]
function: np.mean | function: quantile | quantile needs q
function: np.mean | function: mean, params: {ddof: 1} | only var, std and cov take ddof
function: np.mean | function: average, params: {weights: 1/s} | unknown name 's'
function: np.mean | function: slope | slope needs params.x, a source column or an expression
function: np.mean | function: slope, params: {x: h_p} | h_mean.params.x: 'h_p' at column 1: unknown name 'h_p', did you mean 'h_ph'
function: np.mean | function: corr, params: {x: [h_ph, h_ph]} | corr: takes 1 operands beside the value, not 2
function: np.mean | function: slope, params: {x: [h_ph, h_ph, h_ph, h_ph]} | slope: takes 3 operands beside the value, not 4
function: np.mean | function: slope, params: {x: 3} | params.x: expected a text or a list of texts
function: np.mean | function: slope, params: {x: "3"} | slope: '3.0' uses no column
function: np.mean | function: slope, params: {x: []} | slope: needs another operand, as in slope(y, x)
function: np.mean | function: mean, params: {x: h_ph} | only cov, corr, slope, intercept and their errors take x
function: np.mean | function: slope, params: {by: h_ph} | only first and last take by
function: np.mean | function: first | first needs params.by
function: np.mean | function: slope, params: {x: h_ph, ddof: 1} | only var, std and cov take ddof
function: np.mean | function: n_cycle | unknown function 'n_cycle', did you mean 'n_cycles'
dtype: float32 | dtype: float23 | unknown value 'float23', did you mean 'float32'
dtype: float32 | dtype: int16 | int16 cannot hold 'mean'; use float32 or float64
dtype: int32 | dtype: float32 | float32 holds whole numbers to 16777216 only
fill_value: 0 | fill_value: 0.5 | 0.5 does not fit dtype int32
fill_value: 0 | fill_value: NaN | NaN does not fit dtype int32
dtype: float32 | fill_value: 1e39 | does not fit dtype float32
edges: [0, 1, 2.5] | edges: [0, 1, 1] | are not at least two finite ascending numbers
h_mean: | kind: vector\n    h_mean: | aggregation.variables.kind
function: np.mean | kind: vector, function: np.mean | h_mean.kind: needs trailing_shape beside it
function: np.mean | kind: vector, trailing_shape: 3, function: np.mean | h_mean.function: stands beside kind: vector
function: np.mean | trailing_shape: 3, function: np.mean | h_mean.trailing_shape: is of kind: vector only
function: np.mean | kind: vector, trailing_shape: 3, expression: "mean(h_ph)" | is not read: a vector is np.histogram(COLUMN
function: np.mean | kind: vector, trailing_shape: 3, expression: "np.histogram(h_ph, 4, (0, 1))[0]" | trailing_shape: is 3, and the histogram has 4 bins
function: np.mean | kind: vector, trailing_shape: 3, expression: "np.histogram(h_ph * 2, 3, (0, 1))[0]" | counts 'h_ph * 2', which is no source column
function: np.mean | kind: vector, trailing_shape: 3, expression: "np.histogram(h_ph, 3, (0, mad(h_ph)))[0]" | has 'mad(h_ph)', and edges follow from
function: np.mean | kind: vector, trailing_shape: 3, expression: "np.histogram(h_ph, 3, (0, 1))[0].astype('uint8')" | h_mean.dtype: is float32, and the expression makes uint8 of it
function: np.mean | resolution: chunk, function: np.mean | h_mean.resolution: is chunk, and the output is no expression of names
aggregation:\n | aggregation:\n  chunk_precompute: {low: {expression: median(h_ph)}}\n | chunk_precompute.low.expression: 'median(h_ph)' has more than count, sum, mean
aggregation:\n | aggregation:\n  chunk_precompute: {h_ph: {expression: min(h_ph)}}\n | chunk_precompute.h_ph: a name of its own
aggregation:\n | aggregation:\n  chunk_precompute: {low: {expression: min(h_p)}}\n | unknown name 'h_p', did you mean 'h_ph'
output:\n | output:\n  cells: occupied\n  aoi_mask: true\n | output.aoi_mask: is true, and output.cells is occupied
h_mean: | crs: | the store has its own 'crs'
h_mean: | a/b: | an output's name is made of
h_mean: | count: | the key is given twice
[gt1l, gt1r] | [gt1l, gt1l] | 'gt1l' is listed twice
[gt1l, gt1r] | [gt1l, a/b] | 'a/b' is not a group's name
"/{group}/heights/h_ph" | "/{beam}/heights/h_ph" | has a placeholder other than {group}
"/{group}/heights/h_ph" | "/gt1l/heights/h_ph" | all 2 ground tracks would read the same dataset
"/{group}/heights/h_ph" | h_ph | is not a dataset's path from the root
base_level: photons | base_level: photon | unknown level 'photon', did you mean 'photons'
to: photons | to: segments | links to 'segments'; a link leads to 'photons'
index_base: 1 | index_base: 2 | the first photon is 0 or 1
op: ne, value: -2 | op: in, value: -2 | in and not_in take values
column: 0 | level: segment, column: 0 | filters[0].level: unknown level 'segment', did you mean 'segments'
column: 0 | expression: h_ph > 1, column: 0 | has both expression and dataset
latitude: lat_ph | latitude: lat | but the base level's are
output:\n | output:\n  nan: drop\n | output.nan: unknown value 'drop'
output:\n | bounds: {}\noutput:\n | key 'bounds' is not supported
value: -2 | value: -02 | line 9, column 78: data_source.filters[0].value: '-02' has a 0 in front
value: -2 | value: 010 | octal number in YAML 1.1 and a decimal one in YAML 1.2; write 10, or quote it
child_order: 12 | child_order: 012 | output.grid.child_order: '012' has a 0 in front
edges: [0, 1, 2.5] | edges: [0, 01, 2.5] | params.edges[1]: '01' has a 0 in front
h_mean: | 010: | line 20, column 5: aggregation.variables.010: '010' has a 0 in front
base_level | quality_filter: {dataset: "/{group}/q", value: 1}\n  base_level | data_source.quality_filter: stands beside filters, where other readers of the format ignore it; write it as one of filters: {dataset: "/{group}/q", op: eq, value: 1}
index_base: 1} | index_base: 1}\n      variables: [dem_hh] | data_source.levels.segments.variables[0]: 'dem_hh' is not in data_source.variables, did you mean 'dem_h'
function: np.mean | long_name: "", function: np.mean | h_mean.long_name: is not a line of 1 to 1000 bytes
function: np.mean | long_name: "a\tb", function: np.mean | h_mean.long_name: is not a line
2^-30 | 1e-9 | is not a power of two
2^-30 | 2^-300 | from 2^-100 to 2^60
"#;

/// The same, for YAML itself.
const YAML_CASES: &str = r"
[gt1l, gt1r] | &tracks [gt1l, gt1r] | anchors are not accepted
[gt1l, gt1r] | *tracks | aliases are not accepted
[gt1l, gt1r] | !include tracks.yaml | includes are not accepted
[gt1l, gt1r] | !tracks [gt1l] | custom tag '!tracks' is not accepted
value: -2 | value: !!binary AAAA | tag '!!binary' is not accepted
h_mean: | <<: {a: b}\n    h_mean: | aggregation.variables.<<: merge keys are not accepted
[gt1l, gt1r] | [gt1l | line 4, column 14: illegal placement of ':'
output:\n | ---\noutput:\n | a second document
";

fn check(cases: &str) {
    for case in cases.trim_matches('\n').lines() {
        let parts: Vec<String> = case.split(" | ").map(|p| p.replace("\\n", "\n")).collect();
        let [from, to, expected] = parts.as_slice() else {
            panic!("{case}");
        };
        assert!(GOOD.contains(from), "{from}");
        let Err(error) = parse_yaml("x", &GOOD.replacen(from, to, 1)) else {
            panic!("accepted: {to}");
        };
        let message = error.to_string();
        assert!(message.starts_with("config x: line "), "{message}");
        assert!(message.contains(expected), "{to}: {message}: {expected}");
    }
}

#[test]
fn refusals_name_the_key_the_place_and_the_remedy() {
    check(CASES);
}

#[test]
fn yaml_that_could_surprise_is_refused() {
    check(YAML_CASES);
}

/// A pipeline with a fault of every kind; each line of the answer names its place.
const FAULTY: &str = r#"
data_source:
  groups: [gt1l, gt1l, a/b]
  coordinats: {latitude: "/{group}/lat", longitude: "/{group}/lon"}
  variables:
    h: "/{group}/h"
    s: {path: "/{beam}/s", resolution: 3}
    bad-name: "/{group}/x"
    n: 5
  filters:
    - {dataset: "/{group}/q", op: nee, value: 0}
    - {dataset: "/{group}/q", op: in, value: 0}
    - {dataset: "/{group}/q", op: gt, value: a-c}
  quality_filter: {dataset: "/{group}/q", value: 010}
aggregation:
  handoff: arow
  variables:
    count: {function: len, source: hh}
    mean: {function: maen, source: h}
    low: {function: min, source: h, dtyp: float32}
    crs: {function: max, source: h, fill_value: x}
    b: {expression: "sum(", dtype: int9}
output:
  grid: {type: healpix, parent_order: 7, child_order: 31, layout: hive}
  nan: drop
"#;

#[test]
fn all_faults_are_shown_at_once_each_with_its_place() {
    let message = parse_yaml("x", FAULTY).unwrap_err().to_string();
    let lines: Vec<&str> = message.lines().collect();
    let expected = [
        "config x: line 3, column 18: data_source.groups[1]: 'gt1l' is listed twice",
        "  line 3, column 24: data_source.groups[2]: 'a/b' is not a group's name",
        "  line 4, column 3: data_source: unknown key 'coordinats', did you mean 'coordinates'",
        "  line 7, column 5: data_source.variables.s: path '/{beam}/s' has a placeholder",
        "  line 7, column 40: data_source.variables.s.resolution: '3' is not a power of two",
        "  line 8, column 15: data_source.variables.bad-name: a source column's name",
        "  line 9, column 8: data_source.variables.n: expected a dataset path",
        "  line 11, column 35: data_source.filters[0].op: unknown value 'nee', did you mean 'ne'",
        "  line 12, column 7: data_source.filters[1]: in and not_in take values",
        "  line 13, column 46: data_source.filters[2].value: 'a-c' is not a number",
        "  line 14, column 3: data_source.quality_filter: stands beside filters",
        "  line 14, column 50: data_source.quality_filter.value: '010' has a 0 in front",
        "  line 16, column 12: aggregation.handoff: unknown value 'arow', did you mean 'arrow'",
        "  line 18, column 36: aggregation.variables.count.source: 'hh' is not in data_source",
        "  line 19, column 22: aggregation.variables.mean.function: unknown function 'maen'",
        "  line 20, column 37: aggregation.variables.low: unknown key 'dtyp', did you mean 'dtype'",
        "  line 21, column 5: aggregation.variables.crs: the store has its own 'crs'",
        "  line 21, column 49: aggregation.variables.crs.fill_value: 'x' is not a number",
        "  line 22, column 21: aggregation.variables.b.expression: 'sum('",
        "  line 22, column 36: aggregation.variables.b.dtype: unknown value 'int9'",
        "  and 3 more",
    ];
    assert_eq!(lines.len(), expected.len(), "{message}");
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.starts_with(expected), "{line}\n{expected}");
    }
}

#[test]
fn as_many_single_faults_as_a_text_has_are_shown_in_one_message() {
    // Faults that do not touch one another: their number in one text is the number of them.
    let edits = [
        ("groups: [gt1l, gt1r]", "groups: [gt1l, a/b]"),
        ("column: 0", "column: -1"),
        ("resolution: 2^-30", "resolutoin: 1"),
        ("index_base: 1", "index_base: 7"),
        ("np.mean", "np.meen"),
        ("edges: [0, 1, 2.5]", "edges: [0, 1, 1]"),
        ("child_order: 12", "child_order: 30"),
    ];
    for take in 1_u32..1 << edits.len() {
        let mut text = GOOD.to_owned();
        for (i, (from, to)) in edits.iter().enumerate() {
            if take >> i & 1 == 1 {
                assert!(text.contains(from), "{from}");
                text = text.replacen(from, to, 1);
            }
        }
        let message = parse_yaml("x", &text).unwrap_err().to_string();
        let shown = message.matches("line ").count() as u32;
        assert_eq!(shown, take.count_ones(), "{message}");
    }
}

#[test]
fn what_follows_from_a_fault_is_not_shown() {
    for (from, to) in [
        ("  variables:\n    h_ph", "  varables:\n    h_ph"),
        (
            "  variables:\n    h_ph",
            "  variables: 3\n  read_plam:\n    h_ph",
        ),
        ("data_source:", "data_sorce:"),
        ("aggregation:", "agregation:"),
        ("  grid: {type", "  gird: {type"),
        ("  levels:", "  lvels:"),
        ("base_level: photons", "base_level: [photons]"),
        ("count: {function: len", "count: {fnction: len"),
        ("source: h_ph, dtype: int32", "sorce: h_ph, dtype: int32"),
        ("op: ne, value: -2", "opp: in, values: [1]"),
        ("parent_order: 6", "parent_order: six"),
        ("child_order: 12", "child_order: 1e99"),
        ("dtype: int32, fill_value: 0", "dtype: int33, fill_value: 7"),
        ("{latitude: lat_ph,", "{latitude: [lat_ph],"),
    ] {
        assert!(GOOD.contains(from), "{from}");
        let message = parse_yaml("x", &GOOD.replacen(from, to, 1)).unwrap_err();
        let message = message.to_string();
        let faults = if to.contains("read_plam") { 2 } else { 1 };
        assert_eq!(message.matches("line ").count(), faults, "{to}: {message}");
    }
}

#[test]
fn a_text_of_faults_only_ends_soon() {
    let keys: Vec<String> = (0..5_000).map(|i| format!("key{i}: 1\n")).collect();
    let keys = keys.concat();
    let message = parse_yaml("x", &keys).unwrap_err().to_string();
    assert_eq!(message.lines().count(), 21);
    assert!(message.ends_with("\n  and 4983 more"), "{message}");
    let filters: String = (0..1_000)
        .map(|_| "    - {dataset: 1, op: x, value: []}\n")
        .collect();
    let text = GOOD.replacen(
        "  base_level",
        &format!("  filters:\n{filters}  base_level"),
        1,
    );
    let text = text.replacen(
        "  filters:\n    - {dataset: \"/{group}/heights",
        "  x:\n    - {dataset: \"",
        1,
    );
    assert!(parse_yaml("x", &text).is_err());
}

#[test]
fn size_and_depth_are_limited() {
    let deep = format!("data_source: {}{}", "[".repeat(200), "]".repeat(200));
    let message = parse_yaml("x", &deep).unwrap_err().to_string();
    assert!(message.contains("nested deeper than 32"), "{message}");
    let large = format!("#{}", "x".repeat(1 << 20));
    let message = parse_yaml("x", &large).unwrap_err().to_string();
    assert!(message.contains("1048577 bytes of YAML, the limit is 1048576"));
}

#[test]
fn what_is_no_pipeline_is_an_error_and_no_panic() {
    for text in [
        "",
        "[]",
        "3",
        "a: b",
        "\u{0}",
        "\t- x",
        "? [a]\n: b",
        "{",
        "- &a *a",
    ] {
        assert!(parse_yaml("x", text).is_err(), "{text}");
    }
    for end in (0..GOOD.len()).filter(|end| GOOD.is_char_boundary(*end)) {
        let _ = parse_yaml("x", &GOOD[..end]);
    }
}

#[test]
fn the_edges_of_a_histogram_are_limited() {
    let edges = |count: usize| {
        let edges: Vec<String> = (0..count).map(|edge| edge.to_string()).collect();
        parse_yaml("x", &GOOD.replace("0, 1, 2.5", &edges.join(", ")))
    };
    assert!(edges(65_536).is_ok());
    let message = edges(65_537).unwrap_err().to_string();
    assert!(
        message.contains("params.edges: are 65537, and a histogram has at most 65536"),
        "{message}"
    );
}
