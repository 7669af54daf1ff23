//! Compositions as outputs: of which surfaces and confidences a cell's photons are, in the words of zagg's pipeline files.
//!
//! Beside `outputs.rs`. The attributes say what the lanes of a word are, and of which digest's photons they are fractions.

use serde_json::{Map, Value, json};

use super::raw::{RawKind, RawOutput};
use super::{Composed, Definition, Dtype};
use crate::expr::{Comparison, Condition, Extreme, RowExpr, suggestion};

/// The function by its short name.
pub(super) const NAME: &str = "composition";
const OF_ZAGG: &str = "zagg.stats.composition.pack_composition";
/// The revision of the words.
const SPEC: &str = "zagg-composition/1";
/// The attribute that says what a word means.
const ATTRIBUTE: &str = "composition";
const LANES: [&str; 8] = [
    "land",
    "ocean",
    "sea_ice",
    "land_ice",
    "inland_water",
    "low",
    "med",
    "high",
];
const THRESHOLD: i64 = 2;

/// Where below the output something is wrong, and what.
type Wrong = (String, String);

/// Whether a function is this one.
pub(super) fn is_one(function: &str) -> bool {
    function == NAME || function == OF_ZAGG
}

/// The composition of a column's photons, and what it is in words.
pub(super) fn composition(
    column: String,
    raw: &RawOutput,
    columns: &[&str],
) -> Result<(Definition, String), Wrong> {
    let refuse = |below: &str, message: String| Err((below.to_owned(), message));
    if raw.kind.is_some_and(|kind| kind != RawKind::Scalar) {
        return refuse(
            ".kind",
            "is not scalar, and a composition is one number".to_owned(),
        );
    }
    if raw.condition.is_some() {
        let message = "stands beside a composition, whose lanes are of all photons; remove it";
        return refuse(".where", message.to_owned());
    }
    if let Some(dtype) = raw.dtype.filter(|dtype| *dtype != Dtype::U64) {
        let message = format!("is {}, and a composition is uint64", dtype.name());
        return refuse(".dtype", message);
    }
    let fill = raw
        .fill_value
        .as_ref()
        .map(super::shapes::RawScalar::to_f64);
    if fill.is_some_and(|fill| fill != Ok(0.0)) {
        let message = "is not 0, by which a cell without signal is known";
        return refuse(".fill_value", message.to_owned());
    }
    let Some(params) = &raw.params else {
        return refuse(
            "",
            format!("{NAME} needs params: the columns conf_land to conf_inland_water"),
        );
    };
    let others = params.common();
    let others = others.or(params.delta.map(|_| ".params.delta"));
    if let Some(key) = others.or(params.condition.as_ref().map(|_| ".params.where")) {
        return refuse(key, "is no parameter of a composition".to_owned());
    }
    let said = [
        ("conf_land", &params.conf_land),
        ("conf_ocean", &params.conf_ocean),
        ("conf_sea_ice", &params.conf_sea_ice),
        ("conf_land_ice", &params.conf_land_ice),
        ("conf_inland_water", &params.conf_inland_water),
    ];
    let mut confidences: [String; 5] = Default::default();
    for ((key, said), confidence) in said.into_iter().zip(&mut confidences) {
        let Some(name) = said else {
            return refuse(
                ".params",
                format!("{NAME} needs {key}, the column of a confidence"),
            );
        };
        if !columns.contains(&name.as_str()) {
            let hint = suggestion(name, columns.iter().copied());
            let message = format!("'{name}' is not in data_source.variables{hint}");
            return refuse(&format!(".params.{key}"), message);
        }
        confidence.clone_from(name);
    }
    let threshold = params.threshold.unwrap_or(THRESHOLD);
    let words = format!("{NAME} of confidences from {threshold}");
    let definition = Definition::Composition(Box::new(Composed {
        column,
        confidences,
        threshold,
    }));
    Ok((definition, words))
}

/// Completes what the attributes of a composition say of its words; `digests` are the outputs that are digests.
///
/// # Errors
/// The key below the output, and what does not agree with what is packed.
pub(super) fn complete(
    attributes: &mut Map<String, Value>,
    definition: &Definition,
    digests: &[&str],
) -> Result<(), Wrong> {
    let Definition::Composition(composed) = definition else {
        if attributes.contains_key(ATTRIBUTE) {
            let message = format!("is of function: {NAME} only");
            return Err((format!(".attrs.{ATTRIBUTE}"), message));
        }
        return Ok(());
    };
    let at = |below: &str| format!(".attrs.{ATTRIBUTE}{below}");
    let mut said = match attributes.remove(ATTRIBUTE) {
        None => Map::new(),
        Some(Value::Object(said)) => said,
        Some(_) => return Err((at(""), "is no mapping".to_owned())),
    };
    let own = [
        ("spec", json!(SPEC)),
        ("lanes", json!(LANES)),
        ("threshold", json!(composed.threshold)),
    ];
    for (key, value) in own {
        if let Some(other) = said.insert(key.to_owned(), value.clone())
            && other != value
        {
            let message = format!("is {other}, and what is packed is {value}");
            return Err((at(&format!(".{key}")), message));
        }
    }
    if let Some(of) = said.get("of")
        && !of.as_str().is_some_and(|of| digests.contains(&of))
    {
        let message = format!("is {of}, which is no digest among the outputs");
        return Err((at(".of"), message));
    }
    attributes.insert(ATTRIBUTE.to_owned(), Value::Object(said));
    Ok(())
}

impl Composed {
    /// Which photons are counted: all signal, and those of each lane; `None` where there can be none.
    pub fn counted(&self) -> (Condition<RowExpr>, [Option<Condition<RowExpr>>; 8]) {
        let column = |name: &String| RowExpr::Column(name.clone());
        let from = |left: RowExpr, op: Comparison, right: i64| Condition::Compare {
            op,
            left,
            right: RowExpr::Number(right as f64),
        };
        let mut all = self.confidences.iter().map(column);
        let first = all.next().unwrap_or(RowExpr::Number(f64::NAN));
        let strongest = all.fold(first, |a, b| {
            RowExpr::Extreme(Extreme::Maximum, Box::new(a), Box::new(b))
        });
        let surfaces = self.confidences.iter().map(|name| {
            let condition = from(column(name), Comparison::Ge, self.threshold);
            Some(condition)
        });
        let levels = [2, 3, 4].map(|level| {
            let condition = from(strongest.clone(), Comparison::Eq, level);
            (level >= self.threshold).then_some(condition)
        });
        let mut lanes: [Option<Condition<RowExpr>>; 8] = Default::default();
        for (lane, condition) in lanes.iter_mut().zip(surfaces.chain(levels)) {
            *lane = condition;
        }
        (from(strongest, Comparison::Ge, self.threshold), lanes)
    }
}
