//! Calls into the arrow and parquet libraries, whose decoders panic on some damaged files.
//!
//! Beside the line, for whoever reads tables and regions. Such a panic is an error of the file like any
//! other: it is caught here, and nothing of it is printed.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use crate::text::condensed;

thread_local! {
    /// Whether this thread is inside of [`guarded`].
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// What `call` gives, or in words why it failed.
///
/// What `call` worked on must not be used again after a failure: a panic may have left it half
/// changed.
pub(crate) fn guarded<T, E: ToString>(call: impl FnOnce() -> Result<T, E>) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let others = take_hook();
        set_hook(Box::new(move |panic| {
            if !GUARDED.get() {
                others(panic);
            }
        }));
    });
    let outer = GUARDED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(call));
    GUARDED.set(outer);
    match result {
        Ok(result) => result.map_err(|error| condensed(&error)),
        Err(panic) => Err(format!("damaged ({})", condensed(&words(&*panic)))),
    }
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::panic, reason = "the panic is what is caught")]
    fn a_panic_is_an_error_in_words() {
        let place = 7;
        let panicked = guarded(|| -> Result<(), String> { panic!("offset {place}\n beyond") });
        assert_eq!(panicked, Err("damaged (offset 7 beyond)".to_owned()));
        assert_eq!(guarded(|| Err::<(), _>("short")), Err("short".to_owned()));
        assert_eq!(guarded(|| Ok::<_, String>(1)), Ok(1));
    }
}
