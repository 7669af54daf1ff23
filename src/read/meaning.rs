//! What the stored numbers of a dataset mean: which are missing, and what the others stand for.
//!
//! On the line: the readers pass the stored values of a block or a column through here. First come the fill
//! values and the valid range, both in stored values, then the packing (CF conventions, sections 2.5.1 and
//! 8.1).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::attributes::{Attribute, Attributes, Number};
use super::missing::{Fills, ValidRange};
use super::packing::Packing;
use crate::config::{Dtype, ValidRangePolicy};
use crate::photon::Values;

/// What the attributes of a dataset say of its values.
#[derive(Debug, Clone)]
pub(crate) struct Meaning {
    /// The type of what is stored.
    stored: Dtype,
    pub(super) packing: Option<Packing>,
    pub(super) fills: Fills,
    /// Why the valid range cannot be understood, where it cannot.
    pub(super) range: Result<Option<ValidRange>, String>,
    /// The range says nothing that does not hold in any case.
    pub(super) implied: bool,
    pub units: Option<String>,
    /// What is odd about the attributes, in words.
    pub warnings: Vec<String>,
}

/// The attributes of a dataset that were applied to its values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Applied {
    /// Dataset with `{group}` for the ground track, or column of tables.
    pub dataset: String,
    /// The type of what is stored, and of the values that it stands for.
    pub dtype: Dtype,
    pub read_as: Dtype,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale_factor: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub add_offset: Option<f64>,
    /// Stored values that are null.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fill_values: Vec<AppliedNumber>,
    /// Stored values below and above are null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_min: Option<AppliedNumber>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_max: Option<AppliedNumber>,
    /// Granules of which this is true.
    pub granules: u64,
}

/// A number of an attribute; text where JSON has no such number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum AppliedNumber {
    Integer(i64),
    Real(f64),
    Text(String),
}

impl Applied {
    /// Adds what was applied to a granule's datasets, each once, to what was to those of others.
    pub fn gather(all: &mut Vec<Self>, of_granule: Vec<Self>) {
        let mut once: Vec<Self> = Vec::new();
        for applied in of_granule {
            if !once.contains(&applied) {
                once.push(applied);
            }
        }
        for applied in once {
            let granules = applied.granules;
            let known = all.iter_mut().find(|known| {
                let of_one = Self {
                    granules,
                    ..(**known).clone()
                };
                of_one == applied
            });
            match known {
                Some(known) => known.granules += granules,
                None => all.push(applied),
            }
        }
    }
}

impl From<Number> for AppliedNumber {
    fn from(number: Number) -> Self {
        match number {
            Number::Int(n) => i64::try_from(n).map_or(Self::Text(n.to_string()), Self::Integer),
            Number::Float(x) if x.is_finite() => Self::Real(x),
            Number::Float(x) => Self::Text(x.to_string()),
        }
    }
}

impl Meaning {
    /// What attributes say of values that are stored as `stored`.
    ///
    /// The error names the attribute that cannot be honoured.
    pub fn new(attributes: &Attributes, stored: Dtype) -> Result<Self, String> {
        check_signs(attributes, stored)?;
        let mut warnings = Vec::new();
        let fills = Fills::new(attributes, stored, &mut warnings)
            .map_err(|why| format!("{why}; correct the attribute, or leave the granule out"))?;
        let packing = Packing::new(attributes, stored, fills.only_nan())?;
        let range = ValidRange::new(attributes, stored).and_then(|range| {
            let unclear = range.filter(|r| packing.is_some() && !stored.is_float() && r.is_float());
            match unclear {
                Some(_) => Err(format!(
                    "the valid range is of floats and the packed values are {}: whether it is of packed \
                     or of unpacked values is not said",
                    stored.name()
                )),
                None => Ok(range),
            }
        });
        Ok(Self {
            stored,
            packing,
            fills,
            range,
            implied: false,
            units: attributes.units.clone(),
            warnings,
        })
    }

    /// The type of the values that are meant.
    pub fn dtype(&self) -> Dtype {
        self.packing.map_or(self.stored, |packing| packing.to)
    }

    /// Whether values that look like fill values are to be told of: no attribute declares any.
    pub(super) fn suspects_strays(&self) -> bool {
        self.stored.is_float() && self.packing.is_none() && self.fills.declared.is_empty()
    }

    /// The range outside which values are null.
    pub(super) fn valid(&self) -> Option<&ValidRange> {
        let range = self.range.as_ref().ok().and_then(Option::as_ref);
        range.filter(|_| !self.implied)
    }

    /// Decides whether values outside the valid range are null.
    ///
    /// The error says why the range cannot be understood.
    pub fn settle(&mut self, policy: ValidRangePolicy) -> Result<(), String> {
        if policy == ValidRangePolicy::Ignore {
            self.range = Ok(None);
        }
        match &self.range {
            Ok(_) => Ok(()),
            Err(why) => Err(format!(
                "{why}; correct the attribute, or have valid ranges ignored with output.valid_range: \
                 ignore"
            )),
        }
    }

    /// As [`Meaning::settle`] for a coordinate that `low` to `high` bound in any case: a valid range
    /// that holds them all says nothing more.
    pub fn settle_within(&mut self, low: f64, high: f64) {
        if let (Ok(Some(range)), None) = (&self.range, self.packing)
            && range.holds(low, high)
        {
            self.implied = true;
        }
    }

    /// Refuses what links cannot honour: they need the stored integers as they are.
    ///
    /// The error names the attribute.
    pub fn check_unpacked(&self) -> Result<(), String> {
        let Some(packing) = self.packing else {
            return Ok(());
        };
        let name = if packing.scale.is_some() {
            "scale_factor"
        } else {
            "add_offset"
        };
        Err(format!(
            "attribute {name} packs it, and a link needs integers as they are; correct the attribute"
        ))
    }

    /// Whether values mean what is stored, and none is missing.
    pub fn is_plain(&self) -> bool {
        let ranges = !self.implied && matches!(self.range, Ok(Some(_)));
        self.packing.is_none() && self.fills.declared.is_empty() && !ranges
    }

    /// The values that stored ones stand for; `None` where they are these.
    pub fn unpack(&self, values: &Values) -> Option<Values> {
        let packing = self.packing?;
        Some(packing.unpack(values, self.stored))
    }

    /// The bounds of the valid range in words, for a warning.
    pub fn range(&self) -> String {
        let range = self.range.as_ref().ok().and_then(Option::as_ref);
        let declared = range.map_or([None, None], ValidRange::declared);
        match declared {
            [Some(low), Some(high)] => format!("valid_min {low} and valid_max {high}"),
            [Some(low), None] => format!("valid_min {low}"),
            [None, Some(high)] => format!("valid_max {high}"),
            [None, None] => "no valid range".to_owned(),
        }
    }

    /// What was applied; `None` where nothing was.
    pub fn applied(&self, dataset: &str) -> Option<Applied> {
        let range = self.range.as_ref().ok().and_then(Option::as_ref);
        if self.packing.is_none() && self.fills.declared.is_empty() && range.is_none() {
            return None;
        }
        let [low, high] = range.map_or([None, None], ValidRange::declared);
        Some(Applied {
            dataset: dataset.to_owned(),
            dtype: self.stored,
            read_as: self.dtype(),
            scale_factor: self.packing.and_then(|packing| packing.scale),
            add_offset: self.packing.and_then(|packing| packing.offset),
            fill_values: self.fills.declared.iter().map(|&n| n.into()).collect(),
            valid_min: low.map(Into::into),
            valid_max: high.map(Into::into),
            granules: 1,
        })
    }
}

/// `_Unsigned` says that the stored integers are others than their type says.
fn check_signs(attributes: &Attributes, stored: Dtype) -> Result<(), String> {
    let Some(Attribute::Text(text)) = attributes.get("_Unsigned") else {
        return Ok(());
    };
    let signed = stored.is_signed();
    let clash = match text.to_ascii_lowercase().as_str() {
        "true" => signed,
        "false" => !signed && !stored.is_float(),
        _ => false,
    };
    if clash {
        return Err(format!(
            "attribute _Unsigned is '{text}' and the values are {}, which is not read as another type; \
             store them in the type that is meant",
            stored.name()
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(pairs: &[(&str, &str)], stored: Dtype) -> Result<Meaning, String> {
        let attributes = Attributes::of_field(|name| {
            let found = pairs.iter().find(|(key, _)| *key == name);
            found.map(|(_, text)| (*text).to_owned())
        });
        Meaning::new(&attributes, stored)
    }

    #[test]
    fn fills_and_range_are_of_stored_values_and_apart() {
        let pairs = [
            ("_FillValue", "-1"),
            ("valid_range", "[0, 100]"),
            ("scale_factor", "0.5"),
        ];
        let meaning = meaning(&pairs, Dtype::I16).unwrap();
        let stored = Values::I64(vec![-1, 0, 100, 101].into());
        let meant = meaning.mark(&stored, None);
        let nulls: Vec<bool> = meant.nulls.unwrap().iter().map(|valid| !valid).collect();
        assert_eq!(nulls, [true, false, false, true]);
        let outside: Vec<bool> = meant.outside.unwrap().iter().collect();
        assert_eq!(outside, [false, false, false, true]);
        let unpacked = meaning.unpack(&stored).unwrap();
        assert_eq!(unpacked, Values::F64(vec![-0.5, 0.0, 50.0, 50.5].into()));
    }

    #[test]
    fn what_cannot_be_honoured_is_refused_by_the_name_of_the_attribute() {
        for (pairs, stored, says) in [
            (&[("scale_factor", "0")][..], Dtype::I8, "scale_factor is 0"),
            (
                &[("scale_factor", "[1, 2]")],
                Dtype::I8,
                "scale_factor has 2",
            ),
            (&[("add_offset", "inf")], Dtype::F32, "add_offset is inf"),
            (&[("add_offset", "low")], Dtype::F32, "add_offset is 'low'"),
            (
                &[("_FillValue", "none")],
                Dtype::F32,
                "_FillValue is 'none'",
            ),
            (&[("_Unsigned", "true")], Dtype::I8, "_Unsigned is 'true'"),
            (&[("_Unsigned", "false")], Dtype::U8, "_Unsigned is 'false'"),
        ] {
            let why = meaning(pairs, stored).unwrap_err();
            assert!(why.contains(says), "{why}");
        }
        assert!(meaning(&[("_Unsigned", "true")], Dtype::U8).is_ok());
        for (pairs, says) in [
            (
                &[("valid_range", "[0, 1]"), ("valid_max", "1")][..],
                "valid_range and valid_max",
            ),
            (&[("valid_range", "[0, 1, 2]")], "valid_range has 3"),
            (&[("valid_min", "low")], "valid_min is 'low'"),
            (
                &[("valid_min", "2"), ("valid_max", "1")],
                "from 2 to 1 holds no int16",
            ),
            (
                &[("valid_min", "0.5"), ("add_offset", "1")],
                "packed or of unpacked",
            ),
        ] {
            let mut meaning = meaning(pairs, Dtype::I16).unwrap();
            let why = meaning.clone().settle(ValidRangePolicy::Exclude);
            assert!(why.as_ref().is_err_and(|why| why.contains(says)), "{why:?}");
            assert_eq!(meaning.settle(ValidRangePolicy::Ignore), Ok(()));
        }
    }

    #[test]
    fn a_declared_fill_value_leaves_no_suspicion() {
        let declared = meaning(&[("_FillValue", "-9999")], Dtype::F32).unwrap();
        assert!(
            !declared
                .mark(&Values::F32(vec![f32::MAX].into()), None)
                .stray
        );
        let silent = meaning(&[], Dtype::F32).unwrap();
        assert!(silent.mark(&Values::F32(vec![f32::MAX].into()), None).stray);
    }
}
