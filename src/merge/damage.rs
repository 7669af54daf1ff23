//! Tests: files that were changed.
