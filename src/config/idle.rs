//! Keys that only the machinery of another reader of the format needs: workers, indices, credentials, chunks, caches.
//!
//! Beside `parse.rs`. zagg's `semantics.py` lists those that change none of its values; they change none here, are checked
//! for their types, and are named where a run says what it does.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, de};

use super::faults::{Fault, Faults};
use super::raw::RawConfig;
use super::shapes::Entries;

/// A mapping of whatever it holds.
pub(super) type RawBlock = Entries<serde_json::Value>;

/// What a worker of another scheduler has.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWorker {
    #[allow(dead_code, reason = "checked while parsing, has no effect")]
    memory: u64,
    #[allow(dead_code, reason = "checked while parsing, has no effect")]
    extra_disk: Option<bool>,
}

/// Which engine of another reader a file is for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPipeline {
    #[allow(dead_code, reason = "checked while parsing; there is one type")]
    #[serde(rename = "type")]
    kind: RawPipelineKind,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum RawPipelineKind {
    Spatial,
}

/// `true`, `false`, a word, or a mapping.
#[derive(Debug)]
pub(super) enum RawKnob {
    Switch(bool),
    Word(String),
    Block,
}

impl<'de> Deserialize<'de> for RawKnob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Knob;
        impl<'de> Visitor<'de> for Knob {
            type Value = RawKnob;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false, a word or a mapping")
            }

            fn visit_bool<E: de::Error>(self, on: bool) -> Result<RawKnob, E> {
                Ok(RawKnob::Switch(on))
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<RawKnob, E> {
                Ok(RawKnob::Word(word.into()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawKnob, A::Error> {
                RawBlock::deserialize(MapAccessDeserializer::new(map)).map(|_| RawKnob::Block)
            }
        }
        deserializer.deserialize_any(Knob)
    }
}

impl JsonSchema for RawKnob {
    fn schema_name() -> Cow<'static, str> {
        "Knob".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": ["boolean", "string", "object"] })
    }
}

/// The keys of a config that change nothing, in the order of the format; values that other readers refuse are faults.
pub(super) fn idle(raw: &RawConfig, faults: &mut Faults) -> Vec<&'static str> {
    let (source, output) = (&raw.data_source, &raw.output);
    for (key, number) in [
        ("granule_workers", source.granule_workers),
        ("shard_workers", source.shard_workers),
        ("read_workers", source.read_workers),
        ("write_buffer", source.write_buffer),
    ] {
        if number == Some(0) {
            faults.add(Fault::new(
                format!("data_source.{key}"),
                "is 0; it is 1 or more",
            ));
        }
    }
    if let Some(RawKnob::Switch(true) | RawKnob::Word(_)) = output.pyramid {
        let message = "is neither false nor a mapping";
        faults.add(Fault::new("output.pyramid", message));
    }
    match &output.sweep {
        None | Some(RawKnob::Switch(_)) => {}
        Some(RawKnob::Word(word)) if word == "stages" => {}
        Some(RawKnob::Word(_) | RawKnob::Block) => {
            faults.add(Fault::new(
                "output.sweep",
                "is neither true, false nor stages",
            ));
        }
    }
    let aggregation = &raw.aggregation;
    let mut outputs = aggregation.variables.0.iter();
    let tells = outputs.any(|(_, output)| output.temporal.is_some());
    let all = [
        ("pipeline", raw.pipeline.is_some()),
        ("worker", raw.worker.is_some()),
        ("data_source.driver", source.driver.is_some()),
        ("data_source.index", source.index.is_some()),
        (
            "data_source.granule_workers",
            source.granule_workers.is_some(),
        ),
        ("data_source.shard_workers", source.shard_workers.is_some()),
        ("data_source.read_workers", source.read_workers.is_some()),
        ("data_source.write_buffer", source.write_buffer.is_some()),
        ("data_source.anonymous", source.anonymous.is_some()),
        (
            "data_source.credentials_provider",
            source.credentials_provider.is_some(),
        ),
        ("data_source.source_region", source.source_region.is_some()),
        ("data_source.read_plan", source.read_plan.is_some()),
        ("aggregation.handoff", aggregation.handoff.is_some()),
        ("aggregation.streaming", aggregation.streaming.is_some()),
        ("aggregation.coordinates", aggregation.coordinates.is_some()),
        ("output.grid.sharded", output.grid.sharded.is_some()),
        (
            "output.grid.emit_cell_ids",
            output.grid.emit_cell_ids.is_some(),
        ),
        ("output.pyramid", output.pyramid.is_some()),
        ("output.sweep", output.sweep.is_some()),
        ("output.coverage_moc", output.coverage_moc.is_some()),
        (
            "output.consolidate_metadata",
            output.consolidate_metadata.is_some(),
        ),
        ("output.touch", output.touch.is_some()),
        ("output.product_name", output.product_name.is_some()),
        ("output.time_source", output.time_source.is_some() && !tells),
    ];
    let written = all.into_iter().filter(|(_, is_written)| *is_written);
    written.map(|(key, _)| key).collect()
}
