//! The `aggregation.variables` section to typed outputs: functions, expressions, types and fills.

use super::attributes::attributes;
use super::faults::{Fault, Faults};
use super::operands::{Common, in_words, others, source_columns};
use super::params::RawParams;
use super::raw::{RawAggregation, RawKind, RawOutput};
use super::vectors::{self, ChunkValues};
use super::{Definition, Dtype, Output, composition, digests};
use crate::expr::{CellExpr, Condition, Parameters, REDUCERS, Reduction, ReductionKind, RowExpr};
use crate::expr::{bare, parse_cell, parse_condition, parse_row, reducer, suggestion};

/// Edges of a histogram at most: every occupied cell holds a count for each of its bins.
const MOST_EDGES: usize = 65_536;

/// Bytes of a long name at most.
const LONGEST_NAME: usize = 1000;

/// The outputs, in the order of the text.
/// `None` where one cannot be used, after all faults of all were added.
pub(super) fn outputs(
    aggregation: &RawAggregation,
    common: Common,
    faults: &mut Faults,
) -> Option<Vec<Output>> {
    let Common {
        columns, skip_nan, ..
    } = common;
    let raw = &aggregation.variables;
    let chunk = aggregation.chunk_precompute.as_ref();
    let chunk = &ChunkValues::of(chunk, (columns, skip_nan), faults);
    // Without the source columns, no name of one is right or wrong.
    if faults.covered("data_source.variables") {
        return None;
    }
    if raw.0.is_empty() {
        faults.add(Fault::new("aggregation.variables", "no output"));
    }
    let mut outputs = Vec::new();
    for (name, output) in &raw.0 {
        if faults.are_enough() {
            return None;
        }
        let reader = Reader {
            key: format!("aggregation.variables.{name}"),
            raw: output,
            chunk,
            columns,
            skip_nan,
            times: common.times,
        };
        outputs.push(reader.output(name, faults));
    }
    let mut outputs = outputs.into_iter().collect::<Option<Vec<Output>>>()?;
    let digests = outputs
        .iter()
        .filter(|output| matches!(output.definition, Definition::Digest { .. }));
    let digests: Vec<String> = digests.map(|output| output.name.clone()).collect();
    let digests: Vec<&str> = digests.iter().map(String::as_str).collect();
    for output in &mut outputs {
        let Output {
            attributes,
            definition,
            ..
        } = output;
        if let Err((below, message)) = composition::complete(attributes, definition, &digests) {
            let key = format!("aggregation.variables.{}{below}", output.name);
            faults.add(Fault::new(key, message));
        }
    }
    Some(outputs)
}

/// What an output's values can be, which decides the types that hold them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nature {
    /// Whole numbers from 0.
    Count,
    /// Values of a column, of the column's own type.
    Ordered,
    Float,
    /// Means and weights, as they are read by others.
    Centroids,
    /// Lanes of a word.
    Packed,
}

impl Nature {
    pub fn of(definition: &Definition) -> Self {
        let expr = match definition {
            Definition::Scalar(expr) => expr,
            Definition::Histogram { .. } | Definition::Vector(_) => return Self::Count,
            Definition::Digest { .. } => return Self::Centroids,
            Definition::Composition(_) => return Self::Packed,
            Definition::OfChunk(_) => return Self::Float,
        };
        match expr {
            CellExpr::Reduce(r) => match (&r.kind, &r.over) {
                (ReductionKind::Count | ReductionKind::Marks { .. }, _) => Self::Count,
                (
                    ReductionKind::Min | ReductionKind::Max | ReductionKind::End { .. },
                    RowExpr::Column(_),
                ) => Self::Ordered,
                _ => Self::Float,
            },
            _ => Self::Float,
        }
    }

    /// The type that is used where none is declared; `None`: the column's.
    pub fn default_dtype(self) -> Option<Dtype> {
        match self {
            Self::Count => Some(Dtype::I32),
            Self::Ordered => None,
            Self::Float | Self::Centroids => Some(Dtype::F32),
            Self::Packed => Some(Dtype::U64),
        }
    }
}

/// One output while it is read.
struct Reader<'a> {
    key: String,
    raw: &'a RawOutput,
    chunk: &'a ChunkValues,
    columns: &'a [&'a str],
    skip_nan: bool,
    times: &'a super::clock::TimeSource,
}

impl Reader<'_> {
    fn fault(&self, below: &str, message: impl Into<String>) -> Fault {
        Fault::new(format!("{}{below}", self.key), message)
    }

    fn output(&self, name: &str, faults: &mut Faults) -> Option<Output> {
        let checked = check_name(name).map_err(|message| self.fault("", message));
        faults.keep(checked);
        faults.keep(self.check_source());
        let long_name = faults.keep(self.long_name());
        let attributes = attributes(self.raw.attrs.as_ref());
        let attributes = attributes.map_err(|(below, message)| self.fault(&below, message));
        let attributes = faults.keep(attributes);
        faults
            .keep(digests::check(self.raw).map_err(|(below, message)| self.fault(below, message)));
        let checked = vectors::check(self.raw, self.chunk);
        faults.keep(checked.map_err(|(below, message)| self.fault(below, message)));
        let definition = match (&self.raw.function, &self.raw.expression) {
            (None, _) if self.raw.kind == Some(RawKind::Vector) => {
                let vector = vectors::vector(self.raw, self.chunk, (self.columns, self.skip_nan));
                vector.map_err(|(below, message)| self.fault(below, message))
            }
            (Some(function), None) => self.function(function),
            (None, Some(expression)) => self.expression(expression),
            (Some(_), Some(_)) => Err(self.fault("", "has both function and expression; keep one")),
            (None, None) => {
                let message = "has neither function nor expression; give one";
                Err(self.fault("", message))
            }
        };
        let definition = faults.keep(definition);
        let condition = faults.keep(self.condition());
        if faults.hole_in(&format!("{}.dtype", self.key)) {
            return None;
        }
        let ((definition, statistic), condition) = (definition?, condition?);
        let nature = Nature::of(&definition);
        if let Some(dtype) = self.raw.dtype {
            let checked = check_dtype(dtype, nature, &statistic);
            faults.keep(checked.map_err(|message| self.fault(".dtype", message)));
        }
        Some(Output {
            name: name.into(),
            dtype: self.raw.dtype,
            fill_value: faults
                .keep(self.fill(nature))?
                .filter(|_| nature != Nature::Centroids),
            source: source_columns(&definition, None).join(", "),
            definition,
            statistic: match &condition {
                Some(condition) => format!("{statistic} where {condition}"),
                None => statistic,
            },
            condition,
            long_name: long_name?,
            attributes: attributes?,
        })
    }

    fn long_name(&self) -> Result<Option<String>, Fault> {
        let Some(text) = &self.raw.long_name else {
            return Ok(None);
        };
        let text = text.trim();
        if text.is_empty() || text.contains(char::is_control) || text.len() > LONGEST_NAME {
            let message =
                format!("is not a line of 1 to {LONGEST_NAME} bytes that says what the values are");
            return Err(self.fault(".long_name", message));
        }
        Ok(Some(text.to_owned()))
    }

    /// The photons that take part.
    fn condition(&self) -> Result<Option<Condition<RowExpr>>, Fault> {
        let text = digests::condition(self.raw);
        let text = text.map_err(|(below, message)| self.fault(below, message))?;
        let Some((key, text)) = text else {
            return Ok(None);
        };
        let condition = parse_condition(&text, self.columns);
        let condition = condition.map_err(|message| self.fault(key, format!("'{text}' {message}")));
        condition.map(Some)
    }

    fn check_source(&self) -> Result<(), Fault> {
        let source = self.raw.source.as_deref();
        let Some(source) = source.filter(|source| !self.columns.contains(source)) else {
            return Ok(());
        };
        let hint = suggestion(source, self.columns.iter().copied());
        let message = format!("'{source}' is not in data_source.variables{hint}");
        Err(self.fault(".source", message))
    }

    fn expression(&self, text: &str) -> Result<(Definition, String), Fault> {
        if self.raw.params.is_some() {
            let message = "an expression has no params; write them in it";
            return Err(self.fault(".params", message));
        }
        let of_chunk = self.chunk.of_chunk(text, (self.columns, self.skip_nan));
        if let Some(number) = of_chunk {
            return number.map_err(|message| self.fault(".expression", message));
        }
        let expr = parse_cell(text, self.columns, self.skip_nan)
            .map_err(|message| self.fault(".expression", format!("'{text}' {message}")))?;
        let statistic = expr.to_string();
        Ok((Definition::Scalar(expr), statistic))
    }

    fn function(&self, name: &str) -> Result<(Definition, String), Fault> {
        let Some(source) = self.raw.source.clone() else {
            return Err(self.fault("", "key 'source' is missing; it names the column"));
        };
        let none = RawParams::default();
        let params = self.raw.params.as_ref().unwrap_or(&none);
        if matches!(bare(name), "histogram") {
            return self.histogram(source, params);
        }
        if digests::is_one(name) {
            let digest = digests::digest(source, self.raw, self.times);
            return digest.map_err(|(below, message)| self.fault(below, message));
        }
        if composition::is_one(name) {
            let composition = composition::composition(source, self.raw, self.columns);
            return composition.map_err(|(below, message)| self.fault(&below, message));
        }
        if let Some(key) = params.special().filter(|key| *key != ".params.where") {
            let message = format!("is of function: {} only", composition::NAME);
            return Err(self.fault(key, message));
        }
        let Some(reducer) = reducer(name) else {
            let known = ["histogram", digests::NAME, composition::NAME];
            let known = REDUCERS.into_iter().chain(known);
            let last = name.rsplit('.').next().unwrap_or(name);
            let hint = suggestion(last, known);
            let message = format!("unknown function '{name}'{hint}");
            return Err(self.fault(".function", message));
        };
        if params.edges.is_some() {
            return Err(self.fault(".params.edges", "only histogram takes edges"));
        }
        let weights =
            match &params.weights {
                Some(text) => Some(parse_row(text, self.columns).map_err(|message| {
                    self.fault(".params.weights", format!("'{text}' {message}"))
                })?),
                None => None,
            };
        let parameters = Parameters {
            q: params.q,
            ddof: params.ddof,
            weights,
            others: others(name, reducer, params, self.columns)
                .map_err(|(below, message)| self.fault(&below, message))?,
        };
        let kind = reducer
            .kind(parameters)
            .map_err(|message| self.fault(".params", format!("{name}: {message}")))?;
        let skip_nan = (self.skip_nan || reducer.skip_nan) && kind.may_skip_nan();
        let statistic = in_words(&kind, skip_nan);
        let reduction = Reduction {
            kind,
            over: RowExpr::Column(source),
            skip_nan,
        };
        Ok((Definition::Scalar(CellExpr::Reduce(reduction)), statistic))
    }

    fn histogram(&self, column: String, params: &RawParams) -> Result<(Definition, String), Fault> {
        let others = params.common().filter(|key| *key != ".params.edges");
        if others.or(params.special()).is_some() {
            return Err(self.fault(".params", "histogram takes edges only"));
        }
        let Some(edges) = &params.edges else {
            return Err(self.fault("", "histogram needs params.edges, ascending numbers"));
        };
        let ascending = edges.windows(2).all(|pair| pair[0] < pair[1]);
        if edges.len() < 2 || !ascending || !edges.iter().all(|edge| edge.is_finite()) {
            let message = "are not at least two finite ascending numbers";
            return Err(self.fault(".params.edges", message));
        }
        if edges.len() > MOST_EDGES {
            let message = format!(
                "are {}, and a histogram has at most {MOST_EDGES}; widen its bins",
                edges.len()
            );
            return Err(self.fault(".params.edges", message));
        }
        let edges = edges.clone();
        Ok((Definition::Histogram { column, edges }, "histogram".into()))
    }

    fn fill(&self, nature: Nature) -> Result<Option<f64>, Fault> {
        let Some(scalar) = &self.raw.fill_value else {
            return Ok(None);
        };
        let value = scalar.to_f64();
        let value = value.map_err(|message| self.fault(".fill_value", message))?;
        match self.raw.dtype.or(nature.default_dtype()) {
            Some(dtype) if !holds(dtype, value) => Err(self.fault(
                ".fill_value",
                format!("{} does not fit dtype {}", scalar.shown(), dtype.name()),
            )),
            _ => Ok(Some(value)),
        }
    }
}

/// Names become arrays of the store, beside its own.
fn check_name(name: &str) -> Result<(), String> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if matches!(name, "cell_ids" | "cells" | "crs" | "zarr.json") {
        return Err(format!(
            "the store has its own '{name}'; choose another name"
        ));
    }
    if name.is_empty()
        || !name.chars().all(is_word)
        || name.starts_with(['.', '-'])
        || name.starts_with("__")
    {
        return Err("an output's name is made of letters, digits, '_', '-' and '.', and starts with a letter, a digit or one '_'".into());
    }
    Ok(())
}

fn check_dtype(dtype: Dtype, nature: Nature, statistic: &str) -> Result<(), String> {
    match nature {
        Nature::Count if dtype == Dtype::F32 => Err(format!(
            "float32 holds whole numbers to 16777216 only; use int32 or int64 for '{statistic}'"
        )),
        Nature::Centroids if dtype != Dtype::F32 => Err(format!(
            "{} is not what '{statistic}' is of; its means and weights are float32",
            dtype.name()
        )),
        Nature::Float if !dtype.is_float() => Err(format!(
            "{} cannot hold '{statistic}'; use float32 or float64",
            dtype.name()
        )),
        _ => Ok(()),
    }
}

/// Whether a fill value is one of the type's values.
fn holds(dtype: Dtype, value: f64) -> bool {
    let Some(whole) = dtype.whole_numbers() else {
        return dtype == Dtype::F64 || !value.is_finite() || (value as f32).is_finite();
    };
    value.is_finite() && value.fract() == 0.0 && whole.contains(&(value as i128))
}
