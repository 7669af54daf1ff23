//! JSON Schemas that know real configs and shard maps from wrong ones.

use serde_json::Value;

use super::from_code::partly;
use crate::support::granules::Heights;
use crate::support::site::Site;
use crate::support::{data, python, succeed};

/// Whether `value` fits `schema`, by the keywords that the schema uses; an unknown one is an error.
fn fits(root: &Value, schema: &Value, value: &Value) -> bool {
    let Some(schema) = schema.as_object() else {
        return schema
            .as_bool()
            .expect("a schema is an object or a truth value");
    };
    let any = |options: &Value| -> usize {
        let options = options.as_array().unwrap().iter();
        options.filter(|option| fits(root, option, value)).count()
    };
    schema.iter().all(|(keyword, rule)| match keyword.as_str() {
        "$ref" => {
            let pointer = rule.as_str().unwrap().trim_start_matches('#');
            fits(root, root.pointer(pointer).unwrap(), value)
        }
        "anyOf" => any(rule) > 0,
        "oneOf" => any(rule) == 1,
        "enum" => rule.as_array().unwrap().contains(value),
        "const" => rule == value,
        "type" => match rule {
            Value::Array(names) => names.iter().any(|name| is(name, value)),
            name => is(name, value),
        },
        "minimum" => value.as_f64().is_none_or(|x| x >= rule.as_f64().unwrap()),
        "maximum" => value.as_f64().is_none_or(|x| x <= rule.as_f64().unwrap()),
        "minItems" => value
            .as_array()
            .is_none_or(|items| items.len() as u64 >= rule.as_u64().unwrap()),
        "maxItems" => value
            .as_array()
            .is_none_or(|items| items.len() as u64 <= rule.as_u64().unwrap()),
        "items" => value
            .as_array()
            .is_none_or(|items| items.iter().all(|item| fits(root, rule, item))),
        "required" => value.as_object().is_none_or(|object| {
            let mut names = rule.as_array().unwrap().iter();
            names.all(|name| object.contains_key(name.as_str().unwrap()))
        }),
        "properties" => value.as_object().is_none_or(|object| {
            let mut known = object
                .iter()
                .filter_map(|(key, v)| Some((rule.get(key)?, v)));
            known.all(|(rule, value)| fits(root, rule, value))
        }),
        "additionalProperties" => value.as_object().is_none_or(|object| {
            let known = schema.get("properties").and_then(Value::as_object);
            let mut others = object
                .iter()
                .filter(|(key, _)| known.is_none_or(|known| !known.contains_key(*key)));
            others.all(|(_, value)| fits(root, rule, value))
        }),
        "$schema" | "$defs" | "title" | "description" | "format" | "default" => true,
        other => panic!("keyword {other}"),
    })
}

fn is(name: &Value, value: &Value) -> bool {
    match name.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("type {other}"),
    }
}

fn schema() -> Value {
    schema_of("config")
}

fn schema_of(format: &str) -> Value {
    match format {
        "config" => icefold::config::json_schema(),
        "plan" => icefold::plan::json_schema(),
        _ => icefold::report::json_schema(),
    }
}

/// Whether a run report is what its schema says.
pub(super) fn is_report(report: &Value) -> bool {
    let schema = schema_of("report");
    fits(&schema, &schema, report)
}

fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).expect("the file is YAML")
}

#[test]
fn the_schema_knows_the_built_in_configs_from_wrong_ones() {
    let schema = schema();
    assert_eq!(
        schema["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    let atl03 = include_str!("../../src/config/atl03.yaml");
    let atl06 = include_str!("../../src/config/atl06.yaml");
    assert!(fits(&schema, &schema, &yaml(atl03)));
    assert!(fits(&schema, &schema, &yaml(atl06)));
    for (piece, wrong) in [
        ("parent_order: 6", "paren_order: 6"),
        ("child_order: 12", "child_order: twelve"),
        ("op: ne", "op: nearly"),
        ("output:", "outputs:"),
    ] {
        assert!(atl03.contains(piece), "{piece}");
        let changed = yaml(&atl03.replace(piece, wrong));
        assert!(!fits(&schema, &schema, &changed), "{wrong}");
    }
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn the_schema_accepts_the_real_pipelines() {
    let schema = schema();
    let accepts = |name: &str| {
        let path = data().join("pipelines").join(name);
        let text = std::fs::read_to_string(path).unwrap();
        fits(&schema, &schema, &yaml(&text))
    };
    assert!(accepts("atl06.yaml"));
    // These grids are rectilinear.
    assert!(accepts("atl06_polar.yaml") && accepts("atl03.yaml"));
}

/// A run report with something of everything.
fn report(site: &Site) -> Value {
    let good = site.good("a.h5", -45.0);
    let bad = site.damaged("b.h5");
    let mut spoiled = Heights::along(-30.0, 1000);
    spoiled.h[990..].fill(1e9);
    let spoiled = site.granule("c.h5", &[("gt2r", spoiled)]);
    let run = site.code("atl03", &[&good, &bad, &spoiled]);
    let run = run.tolerant(true).overviews([11, 9]);
    partly(run.table(site.out("a.parquet"))).0
}

#[test]
fn the_schema_knows_run_reports_from_other_files() {
    let schema = schema_of("report");
    let report = report(&Site::new());
    assert!(fits(&schema, &schema, &report));
    undescribed(&schema, &schema, &report, "");
    for (pointer, wrong) in [
        ("/schema_version", serde_json::json!(2)),
        ("/photons/read", serde_json::json!(-1)),
        ("/photons/rejected_by/x", serde_json::json!("many")),
        ("/stages/decode", Value::Null),
        ("/stages/read/seconds", serde_json::json!("long")),
        (
            "/granules/done/0/ground_tracks/0/rows",
            serde_json::json!(1.5),
        ),
        ("/granules/failed/0/reason", Value::Null),
        ("/rejected_rows/first/0/value", serde_json::json!("high")),
        ("/overviews/0/order", serde_json::json!("11")),
        ("/outputs/count", serde_json::json!("hash")),
    ] {
        let mut changed = report.clone();
        if pointer.ends_with("/x") {
            changed["photons"]["rejected_by"]["x"] = wrong;
        } else {
            *changed.pointer_mut(pointer).unwrap() = wrong;
        }
        assert!(!fits(&schema, &schema, &changed), "{pointer}");
    }
    for key in report.as_object().unwrap().keys() {
        let mut changed = report.clone();
        changed.as_object_mut().unwrap().remove(key);
        assert!(!fits(&schema, &schema, &changed), "without {key}");
    }
}

/// Fails at a key that the schema does not name, but for what a device says of itself.
fn undescribed(root: &Value, schema: &Value, value: &Value, at: &str) {
    if let Some(pointer) = schema["$ref"].as_str() {
        let schema = root.pointer(pointer.trim_start_matches('#')).unwrap();
        return undescribed(root, schema, value, at);
    }
    if let Some(options) = schema["anyOf"].as_array() {
        let option = options.iter().find(|option| fits(root, option, value));
        return undescribed(root, option.unwrap(), value, at);
    }
    // Whatever a device says is its own.
    if *schema == Value::Bool(true) {
        return;
    }
    for (i, item) in value.as_array().into_iter().flatten().enumerate() {
        undescribed(root, &schema["items"], item, &format!("{at}/{i}"));
    }
    for (key, inner) in value.as_object().into_iter().flatten() {
        let described = match &schema["properties"][key] {
            Value::Null => &schema["additionalProperties"],
            described => described,
        };
        assert!(!described.is_null(), "{at}/{key} is not described");
        undescribed(root, described, inner, &format!("{at}/{key}"));
    }
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
fn a_validator_of_json_schema_accepts_run_reports() {
    let site = Site::new();
    report(&site);
    let schema = site.path("schema.json");
    std::fs::write(&schema, schema_of("report").to_string()).unwrap();
    let script = "import json, sys, jsonschema
schema, report = (json.load(open(path)) for path in sys.argv[1:])
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
validator.validate(report)
report['photons']['kept'] = 'some'
assert not validator.is_valid(report)";
    let report = site.out("a.run.json");
    succeed(python().args(["-c", script]).arg(&schema).arg(report));
}

#[test]
fn the_schema_knows_shard_maps_from_other_files() {
    let schema = schema_of("plan");
    let granule = serde_json::json!({"id": "a.h5", "s3": null, "https": "https://host/a.h5"});
    let map = serde_json::json!({
        "metadata": {"any": ["thing"]}, "grid_signature": {"type": "healpix"},
        "shard_keys": [11_570_310_392_668_225_542_u64], "granules": [[granule]],
    });
    assert!(fits(&schema, &schema, &map));
    for (pointer, wrong) in [
        ("/shard_keys/0", serde_json::json!("11570310392668225542")),
        ("/shard_keys/0", serde_json::json!(-1)),
        ("/granules/0", serde_json::json!("a.h5")),
        ("/granules/0/0/id", serde_json::json!(7)),
        ("/metadata", serde_json::json!("none")),
    ] {
        let mut changed = map.clone();
        *changed.pointer_mut(pointer).unwrap() = wrong;
        assert!(!fits(&schema, &schema, &changed), "{pointer}");
    }
    assert!(!fits(
        &schema,
        &schema,
        &serde_json::json!({"granules": []})
    ));
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn the_schema_accepts_the_real_shard_map() {
    let schema = schema_of("plan");
    let path = data().join("pipelines/shardmap_healpix_o9.json");
    let map: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert!(fits(&schema, &schema, &map));
}
