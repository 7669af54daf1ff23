//! The store's arrays, resolved from the config and what the granules say of their columns.

use crate::config::{CellPolicy, Config, Definition, Dtype, GridConfig, Output, TimeAxis};
use crate::error::{Error, Result};
use crate::expr::{CellExpr, Relation};
use crate::photon::SourceColumn;
use crate::stat::{Channel, ColumnOrigin, Job, JobOutput, Measure, MeasureKind, TermSum};
use serde_json::Map;

use super::{Kind, OutputArray, StoreSchema, StoreSteps};

/// Decides dtype, fill value and attributes of every array.
///
/// # Errors
/// A declared dtype that cannot hold what the statistic gives for this column.
pub fn schema(config: &Config, job: &Job, sources: &[SourceColumn]) -> Result<StoreSchema> {
    let mut arrays = Vec::new();
    for (output, resolved) in config.outputs.iter().zip(&job.outputs) {
        match (resolved, &output.definition) {
            (JobOutput::Scalar(expr), _) => {
                arrays.push(scalar(config, output, expr, job, sources)?);
            }
            (JobOutput::Histogram(_), Definition::Histogram { edges, .. }) => {
                arrays.extend(histogram(output, edges));
            }
            (of @ JobOutput::Digest { column, .. }, &Definition::Digest { delta, coarser, .. }) => {
                let source = job.columns[*column].origin.variable();
                let source = source.map(|variable| &sources[variable]);
                let channels = of.channels(job).unwrap_or_default();
                let kind = Kind::Digest {
                    delta,
                    coarser,
                    channels,
                };
                arrays.push(digest(output, source, kind));
                arrays.extend(channels.all().map(|channel| words(output, channel)));
            }
            (JobOutput::Composition(_), _) => {
                let array = counts(output, "", Kind::Scalar);
                arrays.push(OutputArray {
                    dtype: Dtype::U64,
                    units: None,
                    ..array
                });
            }
            (JobOutput::OfChunk(expr), _) => {
                let array = scalar(config, output, expr, job, sources)?;
                arrays.push(OutputArray {
                    kind: Kind::OfChunk,
                    ..array
                });
            }
            (JobOutput::Vector(vector), _) => {
                let bins = vector.bins as u32;
                arrays.push(counts(output, "", Kind::Vector { bins }));
            }
            (JobOutput::Histogram(_) | JobOutput::Digest { .. }, _) => {
                unreachable!("a job's outputs are those of its config")
            }
        }
    }
    let steps = config.axis.as_ref().map(StoreSteps::all);
    let grid = GridConfig {
        steps: config.axis.as_ref().map_or(1, TimeAxis::count),
        ..config.grid
    };
    Ok(StoreSchema {
        grid,
        config_sha256: config.sha256.clone(),
        region: config.region.clone(),
        cells_of_region: config.cells == CellPolicy::Region,
        arrays,
        steps,
    })
}

fn scalar(
    config: &Config,
    output: &Output,
    expr: &CellExpr<Measure>,
    job: &Job,
    sources: &[SourceColumn],
) -> Result<OutputArray> {
    let single = match expr {
        CellExpr::Reduce(measure) => Some(measure),
        _ => None,
    };
    let source = single.and_then(|m| source_of(job, m, sources));
    let other = single.and_then(|m| other_of(job, m, sources));
    let natural = natural_dtype(single, source);
    let dtype = output.dtype.unwrap_or(natural);
    if !dtype.is_float() && natural.is_float() {
        return Err(Error::config(
            &config.name,
            format!(
                "output {}: dtype {} cannot hold {} of {}, which is {}; declare a float dtype",
                output.name,
                dtype.name(),
                output.statistic,
                output.source,
                natural.name()
            ),
        ));
    }
    let resolutions = resolutions(expr, job);
    let empty = if dtype.is_float() { f64::NAN } else { 0.0 };
    let units = source.and_then(|s| s.units.clone());
    Ok(OutputArray {
        name: output.name.clone(),
        dtype,
        fill_value: output.fill_value.unwrap_or(empty),
        statistic: output.statistic.clone(),
        source: output.source.clone(),
        resolution: (!resolutions.is_empty()).then(|| resolutions.join(", ")),
        units: match single.map(|m| m.kind) {
            Some(MeasureKind::Count | MeasureKind::Marks { .. }) => Some("1".to_owned()),
            Some(MeasureKind::Related { relation, .. }) => related_units(relation, source, other),
            Some(MeasureKind::Var { .. }) => units.map(|u| format!("{}^2", interval(&u))),
            Some(MeasureKind::Std { .. } | MeasureKind::Sum | MeasureKind::Mad) => {
                units.map(|u| interval(&u).to_owned())
            }
            _ => units,
        },
        long_name: output.long_name.clone().or_else(|| {
            let long_name = source?.long_name.as_ref()?;
            Some(format!("{} of {long_name}", output.statistic))
        }),
        kind: Kind::Scalar,
        attributes: output.attributes.clone(),
    })
}

/// The source column that a reduction is over; a weighted mean has that of its values.
fn source_of<'a>(
    job: &Job,
    measure: &Measure,
    sources: &'a [SourceColumn],
) -> Option<&'a SourceColumn> {
    let column = columns_of(job, measure)[0];
    let origin = &job.columns[column].origin;
    if let Some(variable) = origin.variable() {
        return Some(&sources[variable]);
    }
    let computed = match origin {
        ColumnOrigin::Where { of, .. } => of,
        origin => origin,
    };
    match (computed, measure.kind) {
        (ColumnOrigin::Derived { expr, .. }, MeasureKind::WeightedMean { .. }) => {
            let crate::expr::RowExpr::Binary(_, over, _) = expr else {
                return None;
            };
            let crate::expr::RowExpr::Column(name) = over.as_ref() else {
                return None;
            };
            sources.iter().find(|source| source.name == *name)
        }
        _ => None,
    }
}

/// The first column that a value is related to.
fn other_of<'a>(
    job: &Job,
    measure: &Measure,
    sources: &'a [SourceColumn],
) -> Option<&'a SourceColumn> {
    let other = *columns_of(job, measure).get(1)?;
    let variable = job.columns[other].origin.variable()?;
    Some(&sources[variable])
}

/// The columns of a measure in their roles: the value, then what it is related to.
fn columns_of(job: &Job, measure: &Measure) -> Vec<usize> {
    let MeasureKind::Related { joint, roles, .. } = measure.kind else {
        return vec![measure.column];
    };
    let others = &job.columns[measure.column].needs.joints[joint].others;
    let of = |&role: &u8| match role.checked_sub(1) {
        None => measure.column,
        Some(other) => others[usize::from(other)],
    };
    roles.places().iter().map(of).collect()
}

/// Units of what a value and another column have to do with each other; `None` where one of both has none that is known.
fn related_units(
    relation: Relation,
    value: Option<&SourceColumn>,
    other: Option<&SourceColumn>,
) -> Option<String> {
    let spread = |column: Option<&SourceColumn>| Some(interval(column?.units.as_ref()?).to_owned());
    // Of more than one word, or with a power or a slash.
    let factor = |units: String| {
        let word = units.chars().all(|c| c.is_alphabetic() || c == '_');
        if word { units } else { format!("({units})") }
    };
    match relation {
        Relation::Corr => Some("1".to_owned()),
        Relation::Cov { .. } => Some(format!(
            "{} {}",
            factor(spread(value)?),
            factor(spread(other)?)
        )),
        Relation::Slope | Relation::SlopeErr => Some(format!(
            "{}/{}",
            factor(spread(value)?),
            factor(spread(other)?)
        )),
        Relation::Intercept => value?.units.clone(),
        Relation::InterceptErr => spread(value),
    }
}

/// The unit of differences: `seconds` of `seconds since 2018-01-01`. A spread or a sum of times is
/// no date, and readers would decode one.
fn interval(units: &str) -> &str {
    units.split_once(" since ").map_or(units, |(unit, _)| unit)
}

fn natural_dtype(single: Option<&Measure>, source: Option<&SourceColumn>) -> Dtype {
    match (single.map(|m| m.kind), source) {
        (Some(MeasureKind::Count | MeasureKind::Marks { .. }), _) => Dtype::I32,
        (Some(MeasureKind::Min | MeasureKind::Max | MeasureKind::End { .. }), Some(source)) => {
            source.dtype
        }
        _ => Dtype::F32,
    }
}

/// Of the sums that an output is made of, each once.
fn resolutions(expr: &CellExpr<Measure>, job: &Job) -> Vec<String> {
    let mut found = Vec::new();
    expr.each_reduction(&mut |measure| {
        let resolution = match measure.kind {
            MeasureKind::Count
            | MeasureKind::Min
            | MeasureKind::Max
            | MeasureKind::Quantile { .. }
            | MeasureKind::Mad
            | MeasureKind::End { .. }
            | MeasureKind::Marks { .. } => return,
            MeasureKind::TermSum
            | MeasureKind::TermMean
            | MeasureKind::WeightedMean { .. }
            | MeasureKind::Related { .. } => TermSum::RESOLUTION.to_owned(),
            MeasureKind::Sum
            | MeasureKind::Mean
            | MeasureKind::Var { .. }
            | MeasureKind::Std { .. } => job.columns[measure.column].resolution.to_string(),
        };
        if !found.contains(&resolution) {
            found.push(resolution);
        }
    });
    found
}

/// Means and weights of centroids.
fn digest(output: &Output, source: Option<&SourceColumn>, kind: Kind) -> OutputArray {
    let long_name = || {
        let long_name = source?.long_name.as_ref()?;
        Some(format!("{} of {long_name}", output.statistic))
    };
    OutputArray {
        name: output.name.clone(),
        dtype: Dtype::F32,
        fill_value: 0.0,
        statistic: output.statistic.clone(),
        source: output.source.clone(),
        resolution: None,
        units: source.and_then(|source| source.units.clone()),
        long_name: output.long_name.clone().or_else(long_name),
        kind,
        attributes: output.attributes.clone(),
    }
}

/// Words of the centroids of a digest.
fn words(output: &Output, channel: Channel) -> OutputArray {
    let (suffix, what, source) = match channel {
        Channel::Location => ("locations", "cell that holds the photons", "positions"),
        Channel::Time => ("times", "period that holds the photons", "times"),
    };
    OutputArray {
        name: format!("{}_{suffix}", output.name),
        dtype: Dtype::U64,
        fill_value: 0.0,
        statistic: format!("{suffix} of {}", output.statistic),
        source: source.to_owned(),
        resolution: None,
        units: None,
        long_name: Some(format!("{what} of each centroid of {}", output.name)),
        kind: Kind::Words(channel),
        attributes: Map::new(),
    }
}

/// An array of counts.
fn counts(output: &Output, suffix: &str, kind: Kind) -> OutputArray {
    OutputArray {
        name: format!("{}{suffix}", output.name),
        dtype: output.dtype.unwrap_or(Dtype::I32),
        fill_value: output.fill_value.unwrap_or(0.0),
        statistic: output.statistic.clone(),
        source: output.source.clone(),
        resolution: None,
        units: Some("1".to_owned()),
        long_name: output.long_name.as_ref().map(|name| match suffix {
            "" => name.clone(),
            _ => format!("{name}, values {} the bins", suffix.trim_start_matches('_')),
        }),
        kind,
        attributes: output.attributes.clone(),
    }
}

/// Three arrays: the bins, and the counts below and above them.
fn histogram(output: &Output, edges: &[f64]) -> [OutputArray; 3] {
    let part = |suffix: &str, kind: Kind| counts(output, suffix, kind);
    [
        part(
            "",
            Kind::Histogram {
                edges: edges.to_vec(),
            },
        ),
        part("_below", Kind::Outside { above: false }),
        part("_above", Kind::Outside { above: true }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_units_by_units_of_differences() {
        let column = |units: &str| SourceColumn {
            name: "x".to_owned(),
            column_type: crate::photon::ColumnType::F64,
            dtype: Dtype::F64,
            units: Some(units.to_owned()),
            long_name: None,
        };
        let [h, t, v] = ["meters", "seconds since 2018-01-01", "m s-1"].map(column);
        let of = |relation, y, x| related_units(relation, Some(y), Some(x)).unwrap();
        assert_eq!(of(Relation::Slope, &h, &t), "meters/seconds");
        assert_eq!(of(Relation::SlopeErr, &v, &t), "(m s-1)/seconds");
        assert_eq!(of(Relation::Cov { ddof: 1 }, &h, &t), "meters seconds");
        assert_eq!(of(Relation::Corr, &h, &t), "1");
        assert_eq!(of(Relation::Intercept, &t, &h), "seconds since 2018-01-01");
        assert_eq!(of(Relation::InterceptErr, &t, &h), "seconds");
        assert_eq!(related_units(Relation::Slope, Some(&h), None), None);
    }

    #[test]
    fn a_spread_of_times_is_an_interval_and_heights_keep_their_unit() {
        assert_eq!(interval("seconds since 2018-01-01"), "seconds");
        assert_eq!(interval("meters"), "meters");
    }
}
