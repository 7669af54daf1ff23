//! The integration suite: one program, one module per kind of test.
//!
//! Tests that read the real granules and reference answers show as ignored where those are absent,
//! tests that run Python where no environment was set up (`scripts/test` does both).

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected fails"
)]

mod cli;
mod conformance;
mod face;
mod fuzz;
mod golden;
mod granule;
mod kernels;
mod layout;
mod parity;
mod property;
mod support;

use support::data;
