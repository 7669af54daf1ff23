//! `icefold verify`: two stores, or several devices on the same granules, bit by bit.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::ArgMatches;
use clap::parser::ValueSource;
use serde_json::json;

use crate::backend::DeviceChoice;
use crate::backend::choose::Guide;
use crate::error::{Error, Result};
use crate::run::{Granules, Verified, Verify};
use crate::store::VerifyReport;

use super::args::{ProgressArg, VerifyArgs};
use super::machine::{cache, threads};
use super::near::near;
use super::out::{print, print_json};
use super::progress::Progress;

/// Two stores.
pub fn stores(args: &VerifyArgs, matches: Option<&ArgMatches>) -> Result<u8> {
    let [b] = args.b.as_slice() else {
        return Err(Error::argument(format!(
            "verify compares two stores, and {} are given; to compare devices, name them with \
             --devices cpu,wgpu",
            args.b.len() + 1
        )));
    };
    if !args.access.allow_external.is_empty() {
        return Err(Error::argument(
            "--allow-external is about granules, and two stores are compared; leave it out, or name \
             devices with --devices",
        ));
    }
    if let Some(flag) = args.changes.given() {
        return Err(Error::argument(format!(
            "{flag} changes a config, and two stores are compared; leave it out, or name devices with --devices"
        )));
    }
    // The environment may say them for all verbs.
    let given = |id| matches.and_then(|m| m.value_source(id)) == Some(ValueSource::CommandLine);
    if let Some(flag) = ["memory", "threads"].into_iter().find(|flag| given(flag)) {
        return Err(Error::argument(format!(
            "--{flag} is about folding granules, and two stores are compared; leave it out, or name \
             devices with --devices"
        )));
    }
    let a = Path::new(&args.a);
    let (near_a, near_b) = (near(a)?, near(b)?);
    let said = |text: &str| near_a.said(&near_b.said(text));
    let compared = near_a.outcome(Verify::stores(near_a.path(), near_b.path()));
    let report: VerifyReport = near_b.outcome(compared)?;
    let identical = report.identical();
    if args.json {
        let differences = report.differences.iter().map(ToString::to_string);
        print_json(&json!({
            "a": a.display().to_string(),
            "b": b.display().to_string(),
            "identical": identical,
            "differences": differences.collect::<Vec<_>>(),
            "notes": report.notes,
            "content_hashes": {"a": report.content[0], "b": report.content[1]},
            "report": said(&report.to_string()),
        }))?;
    } else {
        print(&said(&report.to_string()))?;
    }
    if identical {
        return Ok(0);
    }
    Err(Error::mismatch(format!(
        "stores {} and {} differ",
        a.display(),
        b.display()
    )))
}

/// Several devices on the same granules: nothing is written.
pub fn devices(args: &VerifyArgs, interrupted: Arc<AtomicBool>) -> Result<u8> {
    let choices = choices(&args.devices)?;
    let config = args.changes.load(&args.a)?;
    let progress = Progress::new(ProgressArg::Auto, interrupted);
    let mut verify = Verify::new(config, Granules::named(&args.b))
        .external(args.access.folders()?)
        .threads(threads(args.threads))
        .memory(args.memory)
        .guide(Guide {
            folder: cache(),
            memory: None,
        })
        .watch(&progress);
    for (name, choice) in choices {
        verify = verify.on(name, choice);
    }
    let verified = verify.execute()?;
    show(args.json, &verified)?;
    if verified.identical() {
        return Ok(0);
    }
    Err(Error::mismatch(format!(
        "devices {} differ; ICEFOLD_HOST_STAGES=sort,segment,reduce forces stages to the host, one \
         or several, to find where",
        args.devices.join(", ")
    )))
}

/// The devices by their names, two or more.
fn choices(names: &[String]) -> Result<Vec<(String, DeviceChoice)>> {
    let names = whole(names);
    if names.len() < 2 {
        return Err(Error::argument(
            "--devices takes two devices or more with commas between them, as in cpu,wgpu",
        ));
    }
    let choice = |name: String| {
        let choice = name
            .parse::<DeviceChoice>()
            .map_err(|message| Error::device(name.clone(), message))?;
        Ok((name, choice))
    };
    names.into_iter().map(choice).collect()
}

/// A number behind a comma belongs to the name before it: `cuda:0,1` is one choice.
fn whole(names: &[String]) -> Vec<String> {
    let mut whole: Vec<String> = Vec::new();
    for name in names {
        let is_number = name.bytes().all(|byte| byte.is_ascii_digit()) && !name.is_empty();
        match whole.last_mut() {
            Some(last) if is_number && last.starts_with("cuda:") => {
                last.push(',');
                last.push_str(name);
            }
            _ => whole.push(name.clone()),
        }
    }
    whole
}

fn show(as_json: bool, verified: &Verified) -> Result<()> {
    let differences = &verified.differences;
    if as_json {
        let devices = verified.answers.iter().map(|answer| {
            json!({
                "device": answer.device,
                "details": answer.details,
                "seconds": answer.seconds,
                "cells": answer.cells(),
            })
        });
        return print_json(&json!({
            "identical": verified.identical(),
            "devices": devices.collect::<Vec<_>>(),
            "differences": differences,
        }));
    }
    let mut text = String::new();
    for answer in &verified.answers {
        let (device, seconds, cells) = (&answer.device, answer.seconds, answer.cells());
        text.push_str(&format!("{device:<12} {cells} cells in {seconds:.2} s\n"));
    }
    if verified.identical() {
        text.push_str("identical: every bit of every array");
    } else {
        text.push_str(&differences.join("\n"));
    }
    print(&text)
}
