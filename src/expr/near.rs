//! Known names that were perhaps meant.
//!
//! Beside `functions.rs`; the configuration asks here, too.

/// `, did you mean 'x'` where a known name is near, else what is known.
pub(crate) fn suggestion<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match nearest(name, known.iter().copied()) {
        Some(near) => format!(", did you mean '{near}'"),
        None if known.is_empty() => "; none is known".into(),
        None => format!("; known: {}", known.join(", ")),
    }
}

/// The known name that was perhaps meant.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let known = known.into_iter();
    let nearest = known
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .min_by_key(|(distance, _)| *distance);
    let (distance, near) = nearest?;
    (distance <= (name.chars().count() / 3).max(1)).then_some(near)
}
