//! Outputs of several numbers (`kind: vector`), and numbers of all photons of a Zarr chunk (`chunk_precompute`).
//!
//! Beside `outputs.rs`. A vector is a histogram in the words of zagg's pipeline files, of which this much is read:
//!
//! ```text
//!   np.histogram(COLUMN, N, (LOW, HIGH))[0].astype('uint32')       COLUMN - SCALAR, too
//! ```
//!
//! A name of a chunk's number stands for its expression, so that one is either of the chunk or of the cell as a whole.

use super::faults::{Fault, Faults};
use super::histogram_call::{call, terms};
use super::raw::{RawChunkValue, RawKind, RawOutput, RawScope};
use super::shapes::Entries;
use super::{Anchored, Definition, Dtype, Scoped};
use crate::expr::{CellExpr, Reduction, ReductionKind, RowExpr, parse_scalar, reducer};

/// Numbers of a cell at most.
const MOST: u32 = 65_536;
const SECTION: &str = "aggregation.chunk_precompute";

/// Where below the output something is wrong, and what.
type Wrong = (&'static str, String);

/// The numbers of a Zarr chunk, by name: the expressions that they stand for.
pub(super) struct ChunkValues(Vec<(String, String)>);

impl ChunkValues {
    /// Checks each by itself; what is wrong is no name.
    pub fn of(
        raw: Option<&Entries<RawChunkValue>>,
        (columns, skip_nan): (&[&str], bool),
        faults: &mut Faults,
    ) -> Self {
        let mut found = Vec::new();
        // Without the source columns, no name of one is right or wrong.
        let entries = raw.filter(|_| !faults.covered("data_source.variables"));
        for (name, value) in entries.iter().flat_map(|entries| &entries.0) {
            let key = format!("{SECTION}.{name}");
            let checked = one(name, value, (columns, skip_nan));
            let checked = checked.map_err(|(below, message)| Fault::new(key + below, message));
            if let Some(expression) = faults.keep(checked) {
                found.push((name.clone(), expression));
            }
        }
        Self(found)
    }

    /// The text with expressions in place of names, and whether there was any.
    fn within(&self, text: &str) -> (String, bool) {
        self.replaced(text, |expression| format!("({expression})"))
    }

    fn replaced(&self, text: &str, by: impl Fn(&str) -> String) -> (String, bool) {
        let (mut out, mut any, mut rest) = (String::new(), false, text);
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
        while let Some(start) = rest.find(is_word) {
            let (before, from) = rest.split_at(start);
            let (word, after) =
                from.split_at(from.find(|c: char| !is_word(c)).unwrap_or(from.len()));
            out += before;
            match self.0.iter().find(|(name, _)| name == word) {
                Some((_, expression)) => {
                    any = true;
                    out += &by(expression);
                }
                None => out += word,
            }
            rest = after;
        }
        (out + rest, any)
    }

    /// A number of a cell, or of its chunk where it has names of such.
    fn scoped(&self, text: &str, (columns, skip_nan): (&[&str], bool)) -> Result<Scoped, String> {
        let told = |message| format!("'{}' {message}", text.trim());
        let (whole, of_chunk) = self.within(text);
        let expr = parse_scalar(&whole, columns, skip_nan).map_err(told)?;
        let (rest, _) = self.replaced(text, |_| "0.0".to_owned());
        let rest = parse_scalar(&rest, columns, skip_nan).map_err(told)?;
        if of_chunk && refused(&rest, &|_| true).is_some() {
            let message = "mixes numbers of a chunk with those of a cell; make all of it one of chunk_precompute";
            return Err(told(message.to_owned()));
        }
        match refused(&expr, &|reduction| !is_simple(reduction, of_chunk)) {
            None => Ok(Scoped { expr, of_chunk }),
            Some(reduction) => Err(told(format!(
                "has '{reduction}', and edges follow from count, sum, mean, min, max, var, std{} of columns",
                if of_chunk {
                    ""
                } else {
                    ", median and quantiles"
                }
            ))),
        }
    }

    /// The number of a chunk that an expression is, if it uses any.
    pub fn of_chunk(
        &self,
        text: &str,
        of: (&[&str], bool),
    ) -> Option<Result<(Definition, String), String>> {
        let (_, any) = self.within(text);
        any.then(|| {
            let number = self.scoped(text, of)?;
            let statistic = format!("{} of the Zarr chunk", number.expr);
            Ok((Definition::OfChunk(number.expr), statistic))
        })
    }
}

/// The expression of a chunk's number.
fn one(name: &str, value: &RawChunkValue, of: (&[&str], bool)) -> Result<String, Wrong> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if of.0.contains(&name)
        || reducer(name).is_some()
        || !name.chars().all(is_word)
        || name.starts_with(|c: char| c.is_ascii_digit())
    {
        let message = "a name of its own is made of letters, digits and '_', and is not that of a source column or a reduction";
        return Err(("", message.to_owned()));
    }
    if let Some(source) = value
        .source
        .as_ref()
        .filter(|source| !of.0.contains(&source.as_str()))
    {
        return Err((
            ".source",
            format!("'{source}' is not in data_source.variables"),
        ));
    }
    let text = match value.dtype {
        None | Some(Dtype::F64) => value.expression.clone(),
        Some(Dtype::F32) => format!("float32({})", value.expression),
        Some(other) => {
            let message = format!("is {}; such a number is float32 or float64", other.name());
            return Err((".dtype", message));
        }
    };
    let none = ChunkValues(Vec::new());
    let wrong = |message| (".expression", message);
    let number = none.scoped(&text, of).map_err(wrong)?;
    if refused(&number.expr, &|reduction| !is_simple(reduction, true)).is_some() {
        let message = format!(
            "'{}' has more than count, sum, mean, min, max, var and std of columns, which all cells of a chunk add up to",
            value.expression
        );
        return Err(wrong(message));
    }
    Ok(text)
}

/// The first reduction that is refused.
fn refused(expr: &CellExpr, is: &dyn Fn(&Reduction) -> bool) -> Option<String> {
    let mut found = None;
    expr.each_reduction(&mut |reduction| {
        if found.is_none() && is(reduction) {
            found = Some(CellExpr::Reduce(reduction.clone()).to_string());
        }
    });
    found
}

/// Whether edges may follow from a reduction: of chunks those that all cells add up to.
fn is_simple(reduction: &Reduction, of_chunk: bool) -> bool {
    use ReductionKind::{Count, Max, Mean, Min, Quantile, Std, Sum, Var};
    match reduction.kind {
        Count | Sum | Mean | Min | Max | Var { .. } | Std { .. } => true,
        Quantile { .. } => !of_chunk && matches!(reduction.over, RowExpr::Column(_)),
        _ => false,
    }
}

/// What goes with vectors and chunks only goes with nothing else.
pub(super) fn check(raw: &RawOutput, chunk: &ChunkValues) -> Result<(), Wrong> {
    let is_vector = raw.kind == Some(RawKind::Vector);
    if is_vector && raw.trailing_shape.is_none() {
        let message = "needs trailing_shape beside it: how many numbers a cell has".to_owned();
        return Err((".kind", message));
    }
    if is_vector && raw.function.is_some() {
        let message = "stands beside kind: vector, which has an expression: np.histogram(COLUMN, N, (LOW, HIGH))[0]";
        return Err((".function", message.to_owned()));
    }
    if is_vector && raw.params.is_some() {
        let message = "stands beside an expression, which has no params; write them in it";
        return Err((".params", message.to_owned()));
    }
    let fill = raw.fill_value.as_ref().and_then(|fill| fill.to_f64().ok());
    if is_vector && fill.is_some_and(|fill| fill.fract() != 0.0 || !fill.is_finite()) {
        let message = "is no whole number, and counts are whole numbers";
        return Err((".fill_value", message.to_owned()));
    }
    if !is_vector && raw.trailing_shape.is_some() {
        return Err((".trailing_shape", "is of kind: vector only".to_owned()));
    }
    let uses = raw
        .expression
        .as_ref()
        .is_some_and(|text| chunk.within(text).1);
    if raw.resolution == Some(RawScope::Chunk) && (!uses || is_vector) {
        let message =
            "is chunk, and the output is no expression of names of aggregation.chunk_precompute";
        return Err((".resolution", message.to_owned()));
    }
    if uses && raw.condition.is_some() {
        let message =
            "stands beside a number of a chunk, which is of all photons; remove one of them";
        return Err((".where", message.to_owned()));
    }
    Ok(())
}

/// The histogram that a vector is, and what it is in words.
pub(super) fn vector(
    raw: &RawOutput,
    chunk: &ChunkValues,
    of: (&[&str], bool),
) -> Result<(Definition, String), Wrong> {
    let Some(text) = &raw.expression else {
        let message =
            "a vector has an expression, np.histogram(COLUMN, N, (LOW, HIGH))[0], and no function";
        return Err(("", message.to_owned()));
    };
    let wrong = |message: String| (".expression", format!("'{text}' {message}"));
    let call = call(text).ok_or_else(|| {
        wrong("is not read: a vector is np.histogram(COLUMN, N, (LOW, HIGH))[0], or of COLUMN - SCALAR".to_owned())
    })?;
    let bins = raw.trailing_shape.unwrap_or_default();
    if call.bins.trim().parse::<u32>() != Ok(bins) || !(1..=MOST).contains(&bins) {
        let message = format!(
            "is {bins}, and the histogram has {} bins; they are equal, 1 to {MOST}",
            call.bins.trim()
        );
        return Err((".trailing_shape", message));
    }
    let is_said = |asked: &&str| raw.dtype.is_some_and(|dtype| dtype.name() == *asked);
    if let Some(asked) = call.dtype.filter(|asked| !is_said(asked)) {
        let found = raw.dtype.map_or("not said", Dtype::name);
        let message =
            format!("is {found}, and the expression makes {asked} of it; keep one, as dtype");
        return Err((".dtype", message));
    }
    let scoped = |text: &str| {
        chunk
            .scoped(text, of)
            .map_err(|message| (".expression", message))
    };
    let operand = call.of.trim();
    let end = operand
        .find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .unwrap_or(operand.len());
    let (column, rest) = operand.split_at(end);
    if !of.0.contains(&column) || !(rest.trim().is_empty() || rest.trim_start().starts_with('-')) {
        let message = format!(
            "counts '{operand}', which is no source column, or one less a number of the cell"
        );
        return Err(wrong(message));
    }
    // COLUMN - A + B is (COLUMN - A) + B: each term is added after the one before.
    let shifts =
        terms(rest).ok_or_else(|| wrong(format!("counts '{operand}', which compares numbers")))?;
    let shifts = shifts.into_iter().map(|term| scoped(&format!("0{term}")));
    let shifts = shifts.collect::<Result<Vec<Scoped>, Wrong>>()?;
    let vector = Anchored {
        column: column.to_owned(),
        shifts,
        low: scoped(call.low)?,
        high: scoped(call.high)?,
        bins,
    };
    let words = format!(
        "histogram of {operand} in {bins} bins from {} to {}",
        call.low.trim(),
        call.high.trim()
    );
    Ok((Definition::Vector(Box::new(vector)), words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_a_chunk_are_whole_words() {
        let values = ChunkValues(vec![("gain".to_owned(), "max(h)".to_owned())]);
        let (text, any) = values.within("gain + again * np.gain");
        assert_eq!((text.as_str(), any), ("(max(h)) + again * np.gain", true));
        assert!(!values.within("gains").1);
        let of = (&["h"][..], false);
        assert!(values.scoped("gain * 2", of).unwrap().of_chunk);
        assert!(!values.scoped("median(h) * 2", of).unwrap().of_chunk);
        assert!(
            values
                .scoped("gain - median(h)", of)
                .unwrap_err()
                .contains("mixes")
        );
        let number = ChunkValues(vec![("m".to_owned(), "median(h)".to_owned())]);
        assert!(
            number
                .scoped("m", of)
                .unwrap_err()
                .contains("has 'quantile(h, 0.5)'")
        );
    }
}
