//! The guard between a shard map and a config: both must mean the same shards.
//!
//! Beside the plan. A map serves every config with its *spatial* grid, whatever the config aggregates. The
//! spatial signature is that of the format: grid type, indexing scheme, both orders, and the layout name
//! `fullsphere`, which configs of this format imply.

use serde_json::{Map, Value, json};

use crate::config::{Config, GridConfig, TimeWindow};
use crate::error::{Action, Phrase, Result, Setting, phrase};
use crate::region::RegionFacts;

use super::map::ShardMap;
use super::rectilinear;

/// The keys that are compared, in the order of the format.
const SPATIAL: [&str; 5] = [
    "type",
    "indexing_scheme",
    "parent_order",
    "child_order",
    "layout",
];

/// The spatial signature of a grid.
pub(super) fn spatial_signature(grid: &GridConfig) -> Map<String, Value> {
    if let Some(grid) = grid.kind.rectilinear() {
        return rectilinear::signature(&grid);
    }
    let values = [
        json!(grid.kind.name()),
        json!(grid.kind.indexing()),
        json!(grid.shard_order.get()),
        json!(grid.cell_order.get()),
        json!("fullsphere"),
    ];
    SPATIAL.map(str::to_owned).into_iter().zip(values).collect()
}

/// What helps where a map was made for another config.
fn make_one() -> Phrase {
    phrase!["make a map for this config with ", Action::MakeMap]
}

impl ShardMap {
    /// Checks that the map's shards are those of the config's grid; gives back what is odd about it.
    ///
    /// Of a signature with more keys (older maps carry the output fields too) only the spatial keys
    /// count. A map without one is taken at the word of its keys. A map that says nothing of the
    /// latitude is on the authalic one, as the format's maps are.
    ///
    /// # Errors
    /// Another spatial grid, another latitude, shards of another order, another region, a time beyond the map's.
    pub fn check_grid(&self, config: &Config) -> Result<Vec<String>> {
        let mut odd = Vec::new();
        match &self.signature {
            Some(stored) => self.check_signature(stored, config)?,
            None => odd.push(format!(
                "shard map {} has no grid_signature: whether it was made for the grid of config {} \
                 cannot be told but for the order of its shards",
                self.path.display(),
                config.name
            )),
        }
        self.check_latitude(config.grid.kind.latitude(), &config.name)?;
        let wanted = config.grid.shard_order;
        if let Some(order) = self.order.filter(|order| *order != wanted) {
            return Err(self.error(format!(
                "its shard_keys are shards of order {order}, those of config {} of order {wanted} \
                 (parent_order)",
                config.name
            ))
            .with_remedy(phrase![make_one(), ", or set parent_order"]));
        }
        self.check_region(config)?;
        self.check_time(config)?;
        odd.extend(self.other_positions(config));
        Ok(odd)
    }

    fn check_signature(&self, stored: &Map<String, Value>, config: &Config) -> Result<()> {
        let ours = spatial_signature(&config.grid);
        let keys = || ours.keys().map(String::as_str);
        let differing: Vec<String> = keys()
            .filter(|&key| !rectilinear::same(stored.get(key), ours.get(key)))
            .map(|key| {
                let stored = stored
                    .get(key)
                    .map_or("absent".to_owned(), Value::to_string);
                format!("{key} is {stored} in the map, {} in the config", ours[key])
            })
            .collect();
        if differing.is_empty() {
            return Ok(());
        }
        let spatial: Map<String, Value> = keys()
            .filter_map(|key| Some((key.to_owned(), stored.get(key)?.clone())))
            .collect();
        Err(self.error(format!(
            "was made for another grid than that of config {}: {}",
            config.name,
            differing.join(", ")
        ))
        .with_remedy(phrase![
            make_one(),
            format!(
                ", or run the config that the map was made for\n  map    {}\n  config {}\n  stored {}",
                Value::Object(spatial),
                Value::Object(ours),
                Value::Object(stored.clone()),
            )
        ]))
    }

    fn check_latitude(&self, wanted: &str, config: &str) -> Result<()> {
        let (found, how) = match self.metadata.get("latitude") {
            None | Some(Value::Null) => (json!(self.grid().latitude()), "by default"),
            Some(found) => (found.clone(), "by metadata.latitude"),
        };
        if found == wanted {
            return Ok(());
        }
        Err(self.error(format!(
            "its shards are on the latitude {found} ({how}), those of config {config} on \"{wanted}\""
        ))
        .with_remedy(phrase![make_one(), ", or set output.latitude"]))
    }

    /// A map of a region lists nothing of what lies outside it: it serves that region only.
    fn check_region(&self, config: &Config) -> Result<()> {
        let Some(stored) = self
            .metadata
            .get("region")
            .filter(|region| !region.is_null())
        else {
            return Ok(());
        };
        let wanted = config.region.as_ref();
        let is_wanted = |sha256: &str| wanted.is_some_and(|region| region.sha256() == sha256);
        if stored
            .get("sha256")
            .and_then(Value::as_str)
            .is_some_and(is_wanted)
        {
            return Ok(());
        }
        let stored = serde_json::from_value::<RegionFacts>(stored.clone());
        let stored = stored.map_or_else(
            |_| "one that cannot be read".to_owned(),
            |region| region.to_string(),
        );
        let wanted = wanted.map_or("none".to_owned(), |region| region.facts().to_string());
        Err(self
            .error(format!(
                "was made for a region, {stored}, and config {} has {wanted}",
                config.name
            ))
            .with_remedy(phrase![
                "give the same with ",
                Setting::Region,
                ", or ",
                make_one()
            ]))
    }

    /// A map of a time lists nothing of what lies outside it: it serves what is within.
    fn check_time(&self, config: &Config) -> Result<()> {
        // Other programs' maps may say something else under this name.
        let ours = self.metadata.get("source").and_then(Value::as_str) == Some("icefold");
        let Some(stored) = self
            .metadata
            .get("time")
            .filter(|time| ours && !time.is_null())
        else {
            return Ok(());
        };
        let wanted = TimeWindow::of(config);
        let stored = serde_json::from_value::<TimeWindow>(stored.clone());
        if let (Ok(stored), Some(wanted)) = (&stored, &wanted)
            && stored.holds(wanted)
        {
            return Ok(());
        }
        let stored = stored.map_or_else(
            |_| "one that cannot be read".to_owned(),
            |stored| stored.to_string(),
        );
        let wanted = wanted.map_or("all times".to_owned(), |wanted| wanted.to_string());
        Err(self
            .error(format!(
                "was made for a time, {stored}, and config {} has {wanted}, which is not within",
                config.name
            ))
            .with_remedy(phrase![
                "set time.from and time.to within that, or ",
                make_one()
            ]))
    }

    /// A map made from other positions than the config reads may lack shards with photons.
    fn other_positions(&self, config: &Config) -> Option<String> {
        let positions = self.metadata.get("positions")?;
        let same = |key: &str, ours: &str| positions.get(key).and_then(Value::as_str) == Some(ours);
        let tracks = positions.get("ground_tracks").and_then(Value::as_array);
        let beams = positions.get("beams").and_then(Value::as_str);
        let has = |track: &String| tracks.is_some_and(|t| t.iter().any(|t| t == track));
        let covers = same("latitude", &config.latitude)
            && same("longitude", &config.longitude)
            && config.ground_tracks.iter().all(has)
            && beams.is_none_or(|beams| {
                config
                    .beams
                    .as_ref()
                    .is_some_and(|own| own.to_string() == beams)
            });
        (!covers).then(|| {
            format!(
                "shard map {} was made from other positions ({positions}) than config {} reads \
                 ({} {} in {}): photons outside its shards are counted as outside_shards",
                self.path.display(),
                config.name,
                config.latitude,
                config.longitude,
                config.ground_tracks.join(" ")
            )
        })
    }
}
