//! The canonical form of a configuration and its SHA-256.
//!
//! Configurations with the same hash ask the same question of the same granules, and their stores have the
//! same bytes: names of files, comments, spelling, the order of keys and anything written out at its default
//! do not count.

use serde_json::json;
use sha2::{Digest, Sha256};

use super::outputs::Nature;
use super::{
    CellPolicy, Config, Definition, Filter, GranuleKind, Join, Output, Scoped, ValidRangePolicy,
    Variable,
};
use crate::digest::hex;
use crate::expr::{CellExpr, Condition, Reduction, ReductionKind, RowExpr};

/// The hash in hex.
pub(super) fn sha256(config: &Config) -> String {
    hex(&Sha256::digest(canonical(config).as_bytes()))
}

/// One line per fact; names and paths are quoted, so no two configurations share a text.
fn canonical(config: &Config) -> String {
    let mut tracks = config.ground_tracks.clone();
    tracks.sort();
    let variables = config.variables.iter();
    let mut variables: Vec<String> = variables.map(|v| variable(v, &config.joins)).collect();
    variables.sort();
    let mut outputs: Vec<String> = config.outputs.iter().map(output).collect();
    outputs.sort();
    let read = match config.granules {
        GranuleKind::Hdf5 => format!("ground_tracks {tracks:?}"),
        GranuleKind::Table => "table".to_owned(),
    };
    let mut lines = vec![
        "icefold config 1".to_owned(),
        read,
        format!("coordinates {:?} {:?}", config.latitude, config.longitude),
    ];
    let types = config.types.iter();
    lines.extend(types.map(|(name, kind)| format!("type {name:?} {}", kind.name())));
    if let Some(beams) = &config.beams {
        lines.push(format!("beams {beams:?}"));
    }
    lines.extend(variables);
    lines.extend(
        config
            .joins
            .iter()
            .map(|join| format!("join {:?} {join}", join.name)),
    );
    lines.extend(config.filters.iter().map(filter));
    let conditions = config.conditions.iter();
    lines.extend(conditions.map(|c| format!("condition {}", condition(c, &row))));
    lines.extend(config.said.iter().map(|said| format!("said {said:?}")));
    if let Some(axis) = &config.axis {
        // Not how the config says it: equal edges are the same steps.
        lines.push(format!("axis {:?} {:?}", axis.steps, axis.whole));
    }
    if let Some(region) = &config.region {
        lines.push(format!("region {}", region.sha256()));
    }
    if let Some(link) = &config.link {
        lines.push(format!(
            "link {:?} {:?} {:?} {:?} {} {:?} {:?}",
            link.level,
            link.path,
            link.index_beg,
            link.count,
            link.index_base,
            link.latitude,
            link.longitude
        ));
    }
    lines.extend(outputs);
    let grid = &config.grid;
    let chunk = grid.chunk_order.map_or(String::new(), |c| c.to_string());
    lines.push(format!(
        "grid {} {} shard {} chunk {chunk:?} cell {} {}",
        grid.kind.name(),
        grid.kind.indexing(),
        grid.shard_order,
        grid.cell_order,
        grid.kind.latitude()
    ));
    if let Some(rectilinear) = grid.kind.rectilinear() {
        lines.push(rectilinear.canonical());
    }
    if config.cells != CellPolicy::Occupied {
        lines.push(format!("cells {:?}", config.cells));
    }
    lines.push(format!("nulls {:?}", config.nulls));
    lines.push(format!("duplicates {:?}", config.duplicates));
    if config.valid_range != ValidRangePolicy::Exclude {
        lines.push(format!("valid_range {:?}", config.valid_range));
    }
    lines.join("\n")
}

fn variable(variable: &Variable, joins: &[Join]) -> String {
    let resolution = variable.resolution.map_or(String::new(), |r| r.to_string());
    let column = variable.column;
    let column = column.map_or(String::new(), |column| format!(" column {column}"));
    let cycle = variable.cycle;
    let cycle = cycle.map_or(String::new(), |cycle| format!(" cycle {cycle}"));
    let join = variable.join.map(|join| &joins[join].name);
    let join = join.map_or(String::new(), |name| format!(" join {name:?}"));
    format!(
        "variable {:?} {:?} {resolution:?} {}{column}{cycle}{join}",
        variable.name, variable.path, variable.per_segment
    )
}

fn filter(filter: &Filter) -> String {
    let mut values = filter.values.clone();
    values.sort_by(f64::total_cmp);
    let mut words = filter.words.clone();
    words.sort();
    let words = if words.is_empty() {
        String::new()
    } else {
        format!(" words {words:?}")
    };
    let level = if filter.per_segment {
        " per segment"
    } else {
        ""
    };
    format!(
        "filter {:?} {:?} {:?} {values:?} {}{words}{level}",
        filter.dataset, filter.column, filter.op, filter.keep
    )
}

fn output(output: &Output) -> String {
    let dtype = output
        .dtype
        .or(Nature::of(&output.definition).default_dtype());
    let fill = output
        .fill_value
        .or(dtype.map(|dtype| if dtype.is_float() { f64::NAN } else { 0.0 }));
    let definition = match &output.definition {
        Definition::Scalar(expr) => cell(expr),
        Definition::Histogram { column, edges } => format!("histogram {column:?} {edges:?}"),
        Definition::Digest {
            column,
            delta,
            coarser,
            told,
        } => {
            let location = if told.location { " location" } else { "" };
            let time = told.time.as_ref();
            let time = time.map_or(String::new(), |(times, clock)| {
                format!(" time {times:?} {clock:?}")
            });
            format!("digest {column:?} {delta} {coarser}{location}{time}")
        }
        Definition::Composition(composed) => format!("composition {composed:?}"),
        Definition::OfChunk(expr) => format!("chunk {}", cell(expr)),
        Definition::Vector(vector) => {
            let scoped = |of: &Scoped| {
                let scope = if of.of_chunk { "chunk " } else { "" };
                format!("({scope}{})", cell(&of.expr))
            };
            let mut shifts: Vec<String> = vector.shifts.iter().map(scoped).collect();
            if shifts.is_empty() {
                // A shift by nothing is written as one by 0.0.
                shifts.push("(0.0)".to_owned());
            }
            format!(
                "vector {:?} {} {} {} {}",
                vector.column,
                vector.bins,
                shifts.join(" "),
                scoped(&vector.low),
                scoped(&vector.high)
            )
        }
    };
    let dtype = dtype.map_or("column", super::Dtype::name);
    // It is in the store's attributes, so that stores of one hash have the same bytes.
    let long_name = output.long_name.as_ref();
    let long_name = long_name.map_or(String::new(), |text| format!(" long_name {text:?}"));
    let only = output.condition.as_ref();
    let only = only.map_or(String::new(), |c| format!(" where {}", condition(c, &row)));
    let attributes = Some(&output.attributes).filter(|attributes| !attributes.is_empty());
    let attributes = attributes.map_or(String::new(), |attributes| {
        format!(" attributes {}", json!(attributes))
    });
    format!(
        "output {:?} {dtype} {fill:?} {definition}{only}{long_name}{attributes}",
        output.name
    )
}

fn cell(expr: &CellExpr) -> String {
    match expr {
        CellExpr::Number(value) => format!("{value:?}"),
        CellExpr::Reduce(reduction) => self::reduction(reduction),
        CellExpr::Neg(a) => format!("(neg {})", cell(a)),
        CellExpr::Binary(op, a, b) => format!("({op:?} {} {})", cell(a), cell(b)),
        CellExpr::Unary(function, a) => format!("({function:?} {})", cell(a)),
        CellExpr::Extreme(which, a, b) => format!("({which:?} {} {})", cell(a), cell(b)),
        CellExpr::Where(c, a, b) => {
            format!("(where {} {} {})", condition(c, &cell), cell(a), cell(b))
        }
        CellExpr::Truth(c) => format!("(truth {})", condition(c, &cell)),
    }
}

fn reduction(reduction: &Reduction) -> String {
    let kind = match &reduction.kind {
        ReductionKind::WeightedMean { weights } => format!("WeightedMean {}", row(weights)),
        ReductionKind::Related { relation, others } => {
            let others: Vec<String> = others.iter().map(row).collect();
            format!("{relation:?} by {}", others.join(" "))
        }
        ReductionKind::End { end, by } => format!("{end:?} by {}", row(by)),
        kind => format!("{kind:?}"),
    };
    let skip = if reduction.skip_nan { "skip" } else { "keep" };
    format!("[{kind} {skip} {}]", row(&reduction.over))
}

fn row(expr: &RowExpr) -> String {
    match expr {
        RowExpr::Number(value) => format!("{value:?}"),
        RowExpr::Column(name) => format!("{name:?}"),
        RowExpr::Neg(a) => format!("(neg {})", row(a)),
        RowExpr::Binary(op, a, b) => format!("({op:?} {} {})", row(a), row(b)),
        RowExpr::Unary(function, a) => format!("({function:?} {})", row(a)),
        RowExpr::Extreme(which, a, b) => format!("({which:?} {} {})", row(a), row(b)),
        RowExpr::Where(c, a, b) => format!("(where {} {} {})", condition(c, &row), row(a), row(b)),
        RowExpr::Truth(c) => format!("(truth {})", condition(c, &row)),
        RowExpr::UnlessNan(a, b) => format!("(unless-nan {} {})", row(a), row(b)),
    }
}

fn condition<E>(of: &Condition<E>, side: &dyn Fn(&E) -> String) -> String {
    let both = |a, b| format!("{} {}", condition(a, side), condition(b, side));
    match of {
        Condition::Compare { op, left, right } => {
            format!("({op:?} {} {})", side(left), side(right))
        }
        Condition::IsNan(x) => format!("(is-nan {})", side(x)),
        Condition::IsFinite(x) => format!("(is-finite {})", side(x)),
        Condition::Bits { test, of, mask } => format!("({test:?} {} {mask})", side(of)),
        Condition::And(a, b) => format!("(and {})", both(a, b)),
        Condition::Or(a, b) => format!("(or {})", both(a, b)),
        Condition::Not(a) => format!("(not {})", condition(a, side)),
    }
}
