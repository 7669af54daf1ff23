//! Which beams of the laser are read: the key `data_source.beams`.
//!
//! Beside `source.rs`. Ground tracks are named by where they lie, and which of them a strong beam makes changes with the
//! orientation of the spacecraft: so beams are chosen by what a granule says of them (`src/read/hdf5/beam.rs`).

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, de};

use super::faults::Fault;

/// Beams that are read.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::config::{BeamChoice, load, parse_yaml};
///
/// let atl03 = load("atl03")?;
/// assert!(atl03.beams.is_none(), "all are read");
/// let strong = atl03.text.replace("data_source:\n", "data_source:\n  beams: strong\n");
/// let beams = parse_yaml("strong", &strong)?.beams.unwrap();
/// assert_eq!(beams.choice, BeamChoice::Strong);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beams {
    pub choice: BeamChoice,
    /// Leave out ground tracks whose beam changes on the way; else they are an error.
    pub exclude_transition: bool,
}

/// Which of the six beams.
///
/// ```
/// use icefold::config::BeamChoice;
///
/// // Strong beams have odd numbers.
/// assert_ne!(BeamChoice::Spots(vec![1, 3, 5]), BeamChoice::Strong);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BeamChoice {
    Strong,
    Weak,
    /// Those of these spots, 1 to 6, ascending.
    Spots(Vec<u8>),
}

/// `strong`, `weak`, or a mapping.
#[derive(Debug, Default)]
pub(super) struct RawBeams {
    kind: Option<RawBeam>,
    spots: Option<Vec<u64>>,
    transition: Option<RawTransition>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LongBeams {
    /// This or `spots`.
    #[serde(rename = "type")]
    kind: Option<RawBeam>,
    /// Numbers of spots, 1 to 6: odd ones are strong.
    spots: Option<Vec<u64>>,
    /// What becomes of a ground track whose beam changes on the way and is not told by an attribute.
    transition: Option<RawTransition>,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum RawBeam {
    Strong,
    Weak,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum RawTransition {
    Refuse,
    Exclude,
}

/// The beams, if the config chooses any.
pub(super) fn beams(raw: Option<&RawBeams>) -> Result<Option<Beams>, Fault> {
    let Some(raw) = raw else {
        return Ok(None);
    };
    let fault =
        |key: &str, message: String| Err(Fault::new(format!("data_source.beams{key}"), message));
    let choice = match (raw.kind, &raw.spots) {
        (Some(RawBeam::Strong), None) => BeamChoice::Strong,
        (Some(RawBeam::Weak), None) => BeamChoice::Weak,
        (None, Some(given)) => {
            if let Some(other) = given.iter().find(|spot| !(1..=6).contains(*spot)) {
                return fault(".spots", format!("has {other}; spots are 1 to 6"));
            }
            let mut spots: Vec<u8> = given.iter().map(|&spot| spot as u8).collect();
            spots.sort_unstable();
            spots.dedup();
            if spots.is_empty() || spots.len() < given.len() {
                return fault(
                    ".spots",
                    format!("{given:?} are not one or more spots, each once"),
                );
            }
            BeamChoice::Spots(spots)
        }
        (kind, _) => {
            let both = if kind.is_some() {
                "both type and spots"
            } else {
                "neither type nor spots"
            };
            return fault("", format!("has {both}; give strong, weak, or spots"));
        }
    };
    Ok(Some(Beams {
        choice,
        exclude_transition: raw.transition == Some(RawTransition::Exclude),
    }))
}

/// As configs, maps and explanations say it.
impl fmt::Display for Beams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.choice {
            BeamChoice::Strong => f.write_str("strong")?,
            BeamChoice::Weak => f.write_str("weak")?,
            BeamChoice::Spots(spots) => {
                let spots: Vec<String> = spots.iter().map(u8::to_string).collect();
                write!(f, "spots {}", spots.join(", "))?;
            }
        }
        f.write_str(if self.exclude_transition {
            ", those in transition excluded"
        } else {
            ""
        })
    }
}

impl<'de> Deserialize<'de> for RawBeams {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Beams;
        impl<'de> Visitor<'de> for Beams {
            type Value = RawBeams;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("strong, weak, or a mapping with spots or type, and transition")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<RawBeams, E> {
                let kind = match text {
                    // In place of a value that is wrong.
                    "" => None,
                    "strong" => Some(RawBeam::Strong),
                    "weak" => Some(RawBeam::Weak),
                    other => return Err(E::unknown_variant(other, &["strong", "weak"])),
                };
                Ok(RawBeams {
                    kind,
                    ..RawBeams::default()
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawBeams, A::Error> {
                let long = LongBeams::deserialize(MapAccessDeserializer::new(map))?;
                Ok(RawBeams {
                    kind: long.kind,
                    spots: long.spots,
                    transition: long.transition,
                })
            }
        }
        deserializer.deserialize_any(Beams)
    }
}

impl JsonSchema for RawBeams {
    fn schema_name() -> Cow<'static, str> {
        "Beams".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<RawBeam>();
        let long = generator.subschema_for::<LongBeams>();
        schemars::json_schema!({ "anyOf": [one, long] })
    }
}
