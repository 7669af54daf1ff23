//! The configurations known by name, embedded as the YAML that a user would write.

/// Names and texts.
const CONFIGS: [(&str, &str); 2] = [
    ("atl03", include_str!("atl03.yaml")),
    ("atl06", include_str!("atl06.yaml")),
];

/// The text of the built-in configuration called `name`.
pub(super) fn text(name: &str) -> Option<&'static str> {
    let mut configs = CONFIGS.iter();
    configs.find(|(n, _)| *n == name).map(|(_, text)| *text)
}

/// Every built-in name, for messages.
pub(super) fn names() -> Vec<&'static str> {
    CONFIGS.iter().map(|(name, _)| *name).collect()
}
