//! The shape of `params` of outputs, and of what else only some functions take.
//!
//! Below `raw.rs`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::shapes::Texts;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawParams {
    /// Of `quantile`: 0 to 1.
    pub q: Option<f64>,
    /// Of `average`: an elementwise expression or a source column.
    pub weights: Option<String>,
    /// Of `var` and `std`; 0 by default.
    pub ddof: Option<u32>,
    /// Of `histogram`: ascending bin edges, at least two.
    pub edges: Option<Vec<f64>>,
    /// Of `cov`, `corr`, `slope`, `intercept` and their errors: what the source goes with; for a fit a list of up to three.
    pub x: Option<Texts>,
    /// Of `first` and `last`: what says which photon is the first, such as the time.
    pub by: Option<Texts>,
    /// Of a t-digest: how many centroids it has, about; 512 by default.
    pub delta: Option<u32>,
    /// Of zagg's t-digest of some photons: which; as `where` beside the function, also with `&`, `|` and `~` between
    /// conditions in parentheses.
    #[serde(rename = "where")]
    pub condition: Option<String>,
    /// Of a composition: the columns of the confidences that a photon has for each surface.
    pub conf_land: Option<String>,
    pub conf_ocean: Option<String>,
    pub conf_sea_ice: Option<String>,
    pub conf_land_ice: Option<String>,
    pub conf_inland_water: Option<String>,
    /// Of a composition: the confidence from which a photon is signal; 2 by default.
    pub threshold: Option<i64>,
}

/// Where the photons of a centroid are: `leaf_id`, the finest cell that holds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawLocation {
    LeafId,
}

/// When the photons of a centroid are: a word for each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawTemporal {
    PerCentroid,
}

impl RawParams {
    /// The first key that is of digests of strata or of compositions only.
    pub fn special(&self) -> Option<&'static str> {
        // Without a rest: a new key is of somebody.
        let Self {
            q: _,
            weights: _,
            ddof: _,
            edges: _,
            x: _,
            by: _,
            delta: _,
            condition,
            conf_land,
            conf_ocean,
            conf_sea_ice,
            conf_land_ice,
            conf_inland_water,
            threshold,
        } = self;
        let keys = [
            (".params.where", condition.is_some()),
            (".params.conf_land", conf_land.is_some()),
            (".params.conf_ocean", conf_ocean.is_some()),
            (".params.conf_sea_ice", conf_sea_ice.is_some()),
            (".params.conf_land_ice", conf_land_ice.is_some()),
            (".params.conf_inland_water", conf_inland_water.is_some()),
            (".params.threshold", threshold.is_some()),
        ];
        keys.into_iter().find(|(_, said)| *said).map(|(key, _)| key)
    }

    /// The first key that other functions take.
    pub fn common(&self) -> Option<&'static str> {
        let keys = [
            (".params.q", self.q.is_some()),
            (".params.weights", self.weights.is_some()),
            (".params.ddof", self.ddof.is_some()),
            (".params.edges", self.edges.is_some()),
            (".params.x", self.x.is_some()),
            (".params.by", self.by.is_some()),
        ];
        keys.into_iter().find(|(_, said)| *said).map(|(key, _)| key)
    }
}
