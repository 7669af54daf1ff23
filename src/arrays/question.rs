//! A question asked by names: which columns, which statistics, which cells.
//!
//! Beside the line: it becomes the config, job and schema that a pipeline file with these statistics would
//! give, so nothing else needs to know that there was no file.

use std::str::FromStr;

use super::words::{check_words, word};
use crate::config::{self, Change, Config};
use crate::error::{Error, Result, Setting, phrase};
use crate::finalize::{StoreSchema, schema};
use crate::grid::{Latitude, Order};
use crate::photon::SourceColumn;
use crate::region::Region;
use crate::stat::{Job, Resolution};

/// What the config of a question is called.
const NAME: &str = "aggregate";
/// Shards where cells are at least as fine: the answer does not depend on them.
const SHARD_ORDER: u8 = 6;

/// One statistic of a column.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::arrays::Statistic;
///
/// assert_eq!("q25".parse::<Statistic>()?, Statistic::Percentile(25));
/// assert_eq!(Statistic::WeightedMean.name(), "wmean");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    Count,
    Min,
    Max,
    Sum,
    Mean,
    Var,
    Std,
    Median,
    /// The quantile of so many hundredths.
    Percentile(u8),
    /// Weighted by another column.
    WeightedMean,
}

impl FromStr for Statistic {
    type Err = Error;

    /// `count`, `min`, `max`, `sum`, `mean`, `var`, `std`, `median`, `q25`, `wmean`.
    fn from_str(text: &str) -> Result<Self> {
        let percentile = text.strip_prefix('q').and_then(|p| p.parse().ok());
        Ok(match (text, percentile) {
            ("count", _) => Self::Count,
            ("min", _) => Self::Min,
            ("max", _) => Self::Max,
            ("sum", _) => Self::Sum,
            ("mean", _) => Self::Mean,
            ("var", _) => Self::Var,
            ("std", _) => Self::Std,
            ("median", _) => Self::Median,
            ("wmean", _) => Self::WeightedMean,
            (_, Some(percent @ 0..=100)) => Self::Percentile(percent),
            _ => {
                let message = format!("there is no statistic '{text}'");
                return Err(Error::argument(message).with_remedy(phrase![
                    "use count, min, max, sum, mean, var, std, median, q0 to q100, or wmean with ",
                    Setting::Weights
                ]));
            }
        })
    }
}

impl Statistic {
    /// The spelling that it is asked for by.
    pub fn name(self) -> String {
        match self {
            Self::Count => "count".to_owned(),
            Self::Min => "min".to_owned(),
            Self::Max => "max".to_owned(),
            Self::Sum => "sum".to_owned(),
            Self::Mean => "mean".to_owned(),
            Self::Var => "var".to_owned(),
            Self::Std => "std".to_owned(),
            Self::Median => "median".to_owned(),
            Self::Percentile(percent) => format!("q{percent}"),
            Self::WeightedMean => "wmean".to_owned(),
        }
    }

    /// Its definition in a pipeline file: all that is not a count or an extreme is float64.
    fn definition(self, source: &str, weights: &str) -> String {
        let (function, rest) = match self {
            Self::Count => ("count", ", dtype: int64".to_owned()),
            Self::Min => ("min", String::new()),
            Self::Max => ("max", String::new()),
            Self::Sum => ("sum", ", dtype: float64".to_owned()),
            Self::Mean => ("mean", ", dtype: float64".to_owned()),
            Self::Var => ("var", ", dtype: float64".to_owned()),
            Self::Std => ("std", ", dtype: float64".to_owned()),
            Self::Median => ("median", ", dtype: float64".to_owned()),
            Self::Percentile(percent) => {
                let q = f64::from(percent) / 100.0;
                ("quantile", format!(", params: {{q: {q}}}, dtype: float64"))
            }
            Self::WeightedMean => (
                "average",
                format!(", params: {{weights: \"{weights}\"}}, dtype: float64"),
            ),
        };
        format!("{{function: {function}, source: {source}{rest}}}")
    }
}

/// Names of columns.
///
/// ```
/// use icefold::arrays::Columns;
///
/// let columns = Columns {
///     lon: "lon_ph".to_owned(),
///     lat: "lat_ph".to_owned(),
///     values: vec!["h_ph".to_owned()],
///     weights: None,
/// };
/// assert_eq!(columns.values.len(), 1);
/// ```
#[derive(Debug, Clone)]
pub struct Columns {
    pub lon: String,
    pub lat: String,
    pub values: Vec<String>,
    /// Of weighted means.
    pub weights: Option<String>,
}

/// What is asked.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::arrays::{Columns, Question, Statistic};
/// use icefold::config::{Latitude, Order};
///
/// let columns = Columns {
///     lon: "lon".to_owned(),
///     lat: "lat".to_owned(),
///     values: vec!["h".to_owned()],
///     weights: None,
/// };
/// let cells = (Order::new(8).unwrap(), Latitude::AuthalicWgs84);
/// let question = Question::new(&columns, &[Statistic::Mean, Statistic::Std], cells, None)?;
/// assert_eq!(question.config.outputs[1].name, "std");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Question {
    pub config: Config,
    pub statistics: Vec<Statistic>,
}

impl Question {
    /// Statistics of each value column, per cell. With one value column an output has the
    /// statistic's name, with several the column's before it (`column_N` where that is no word).
    ///
    /// # Errors
    /// Nothing asked for, a name twice, a weighted mean without weights, an order beyond 29.
    pub fn new(
        columns: &Columns,
        statistics: &[Statistic],
        (order, latitude): (Order, Latitude),
        resolution: Option<Resolution>,
    ) -> Result<Self> {
        let repeated = |names: &[String]| {
            let mut seen = names.iter().enumerate();
            let repeated = seen.find(|(i, name)| names[..*i].contains(name));
            repeated.map(|(_, name)| name.clone())
        };
        let names: Vec<String> = statistics.iter().map(|s| s.name()).collect();
        for (what, names) in [(Setting::Stats, &names), (Setting::Values, &columns.values)] {
            if let Some(name) = repeated(names) {
                let message = format!(" has {name} twice; name it once");
                return Err(Error::argument(phrase![what, message]));
            }
            if names.is_empty() {
                let message = phrase![what, " is empty; name one at least"];
                return Err(Error::argument(message));
            }
        }
        let weighted = statistics.contains(&Statistic::WeightedMean);
        if weighted != columns.weights.is_some() {
            return Err(Error::argument(phrase![
                "wmean is weighted by the column that ",
                Setting::Weights,
                " names: give both or neither"
            ]));
        }
        check_words(columns)?;
        let yaml = pipeline(columns, statistics, (order, latitude), resolution);
        Ok(Self {
            config: config::parse_yaml(NAME, &yaml)?,
            statistics: statistics.to_vec(),
        })
    }

    /// The same question about points: positions are those in this column of tables, and no longitudes and latitudes.
    ///
    /// # Errors
    /// A name that no column can have.
    #[doc(hidden)]
    pub fn of_points(self, column: &str) -> Result<Self> {
        let points = serde_json::json!({"geometry": column});
        self.changed(&[Change::new("data_source.coordinates", points)])
    }

    /// The same question at times: keys of a config's `time` and their values, such as `every` and `month`.
    ///
    /// # Errors
    /// As of a config with these keys.
    #[doc(hidden)]
    pub fn at_times(self, keys: &[(String, String)]) -> Result<Self> {
        let of_time = |(key, value): &(String, String)| Change::new(format!("time.{key}"), value);
        self.changed(&keys.iter().map(of_time).collect::<Vec<_>>())
    }

    /// The same question on another grid, as a config's `output.grid` has it.
    ///
    /// # Errors
    /// As of a config with this grid.
    #[doc(hidden)]
    pub fn on_grid(self, grid: &str) -> Result<Self> {
        self.changed(&[Change::new("output.grid", grid)])
    }

    /// The same question about the photons of an area.
    #[doc(hidden)]
    #[must_use]
    pub fn within(mut self, region: Region) -> Self {
        self.config = self.config.within(region);
        self
    }

    fn changed(mut self, changes: &[Change]) -> Result<Self> {
        if !changes.is_empty() {
            let region = self.config.region.take();
            let changed = config::parse_yaml_with(NAME, &self.config.text, changes)?;
            self.config = match region {
                Some(region) => changed.within(region),
                None => changed,
            };
        }
        Ok(self)
    }

    /// The job and the answer's schema for columns of these types.
    ///
    /// # Errors
    /// A statistic that a column's type does not have.
    pub fn resolve(&self, sources: &[SourceColumn]) -> Result<(Job, StoreSchema)> {
        let job = Job::new(&self.config, sources);
        let schema = schema(&self.config, &job, sources)?;
        Ok((job, schema))
    }
}

/// The pipeline file that asks this of tables.
fn pipeline(
    columns: &Columns,
    statistics: &[Statistic],
    (order, latitude): (Order, Latitude),
    resolution: Option<Resolution>,
) -> String {
    // A JSON string is a YAML string.
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let unit = resolution.map_or(String::new(), |r| format!(", resolution: {r}"));
    let mut variables = String::new();
    for (i, name) in columns.values.iter().enumerate() {
        let path = quoted(name);
        variables.push_str(&format!("    {}: {{path: {path}{unit}}}\n", word(name, i)));
    }
    let mut weights = String::new();
    if let Some(name) = &columns.weights {
        let same = columns.values.iter().position(|value| value == name);
        weights = word(name, same.unwrap_or(columns.values.len()));
        if same.is_none() {
            variables.push_str(&format!("    {weights}: {}\n", quoted(name)));
        }
    }
    let mut outputs = String::new();
    let several = columns.values.len() > 1;
    for (i, name) in columns.values.iter().enumerate() {
        let source = word(name, i);
        for statistic in statistics {
            let output = if several {
                format!("{source}_{}", statistic.name())
            } else {
                statistic.name()
            };
            let definition = statistic.definition(&source, &weights);
            outputs.push_str(&format!("    {output}: {definition}\n"));
        }
    }
    format!(
        "data_source:\n  reader: table\n  coordinates: {{latitude: {}, longitude: {}}}\n  variables:\n\
         {variables}aggregation:\n  variables:\n{outputs}output:\n  grid: {{type: healpix, \
         indexing_scheme: nested, parent_order: {}, child_order: {order}}}\n  latitude: {}\n",
        quoted(&columns.lat),
        quoted(&columns.lon),
        order.get().min(SHARD_ORDER),
        latitude.name(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(values: &[&str], statistics: &[&str]) -> Result<Question> {
        let columns = Columns {
            lon: "lon".to_owned(),
            lat: "lat".to_owned(),
            values: values.iter().map(ToString::to_string).collect(),
            weights: statistics.contains(&"wmean").then(|| "s".to_owned()),
        };
        let statistics: Vec<Statistic> = statistics.iter().map(|s| s.parse().unwrap()).collect();
        let grid = (Order::new(12).unwrap(), Latitude::AuthalicWgs84);
        Question::new(&columns, &statistics, grid, None)
    }

    fn outputs(question: &Question) -> Vec<&str> {
        question
            .config
            .outputs
            .iter()
            .map(|o| o.name.as_str())
            .collect()
    }

    #[test]
    fn outputs_are_named_after_statistics_and_after_columns_where_there_are_several() {
        let one = ask(&["h"], &["count", "q25", "median", "wmean"]).unwrap();
        assert_eq!(outputs(&one), ["count", "q25", "median", "wmean"]);
        assert_eq!(one.config.variables.len(), 2);
        let two = ask(&["h", "a b"], &["min", "var"]).unwrap();
        assert_eq!(
            outputs(&two),
            ["h_min", "h_var", "column_1_min", "column_1_var"]
        );
        assert_eq!(two.config.variables[1].path, "a b");
        let shared = ask(&["s"], &["wmean"]).unwrap();
        assert_eq!(shared.config.variables.len(), 1);
    }

    #[test]
    fn what_is_not_a_question_is_refused_by_name() {
        for (values, statistics, says) in [
            (&["h", "h"][..], &["min"][..], "values has h twice"),
            (&["h"], &["min", "max", "min"], "stats has min twice"),
            (&[], &["min"], "values is empty"),
            (&["h"], &[], "stats is empty"),
        ] {
            let error = ask(values, statistics).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
        for wrong in ["", "q", "q101", "q-1", "mode", "Mean"] {
            assert!(wrong.parse::<Statistic>().is_err(), "{wrong}");
        }
    }
}
