//! The configurations known by name, embedded as the YAML that a user would write.

use crate::expr::nearest;

/// A configuration known by its name.
///
/// ```
/// use icefold::config::{BuiltIn, built_in};
///
/// let forest: Option<&BuiltIn> = built_in().iter().find(|config| config.name == "atl08");
/// assert!(forest.is_some_and(|config| config.about().contains("canopy")));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuiltIn {
    /// The name that a config may be given by.
    pub name: &'static str,
    /// Its YAML, with comments that say where each choice comes from.
    pub text: &'static str,
}

impl BuiltIn {
    /// What it is about, in a line: the first of its comments.
    pub fn about(&self) -> &'static str {
        let first = self.text.lines().next().unwrap_or_default();
        first.trim_start_matches(['#', ' '])
    }
}

macro_rules! built_in {
    ($($name:literal),+ $(,)?) => {
        &[$(BuiltIn { name: $name, text: include_str!(concat!($name, ".yaml")) }),+]
    };
}

/// In the order of their names.
const CONFIGS: &[BuiltIn] = built_in![
    "atl03",
    "atl03-land",
    "atl03-land-ice",
    "atl03-ocean",
    "atl03-sea-ice",
    "atl06",
    "atl06-antarctica",
    "atl06-greenland",
    "atl07",
    "atl08",
    "atl10",
    "atl11",
    "atl12",
    "atl13",
    "atl24",
];

/// Every built-in configuration.
///
/// ```
/// use icefold::config::{built_in, load};
///
/// for config in built_in() {
///     assert!(load(config.name).is_ok());
/// }
/// ```
pub fn built_in() -> &'static [BuiltIn] {
    CONFIGS
}

/// The text of the built-in configuration called `name`.
pub(super) fn text(name: &str) -> Option<&'static str> {
    let mut configs = CONFIGS.iter();
    configs
        .find(|config| config.name == name)
        .map(|config| config.text)
}

/// The name of a built-in configuration that reads this product, where there is one: `atl06` of `ATL06`.
#[cfg(feature = "hdf5")]
pub(crate) fn of_product(product: &str) -> Option<&'static str> {
    let mut configs = CONFIGS.iter();
    let found = configs.find(|config| config.name.eq_ignore_ascii_case(product));
    found.map(|config| config.name)
}

/// The built-in name that was perhaps meant, for messages.
pub(super) fn meant(name: &str) -> String {
    let near = nearest(
        &name.to_lowercase(),
        CONFIGS.iter().map(|config| config.name),
    );
    near.map_or(String::new(), |near| format!(", did you mean {near}"))
}

/// Every built-in name, for messages.
pub(super) fn names() -> String {
    let names: Vec<&str> = CONFIGS.iter().map(|config| config.name).collect();
    match names.split_last() {
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}
