//! Devices: which there are, and whether they give the same bits.
//!
//! ```sh
//! cargo run --example device -- granules/ cpu wgpu
//! ```

use std::path::Path;

use icefold::devices::find;
use icefold::{DeviceChoice, Error, Granules, Verify, config};

fn main() -> icefold::Result<()> {
    for device in devices() {
        println!("{device}");
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [granules, devices @ ..] = &arguments[..] {
        println!("{}", compared(granules.as_ref(), devices)?);
    }
    Ok(())
}

/// Names by which devices can be asked for.
pub fn devices() -> Vec<String> {
    let found = find().into_iter();
    let usable = found.filter(|device| device.unusable.is_none());
    usable.map(|device| device.name).collect()
}

/// Folds the granules of a folder on each device, and compares every bit.
pub fn compared(granules: &Path, devices: &[String]) -> icefold::Result<String> {
    let mut verify = Verify::new(config::load("atl03")?, Granules::found_in(granules)?);
    for name in devices {
        let choice: DeviceChoice = name
            .parse()
            .map_err(|message| Error::device(name.clone(), message))?;
        verify = verify.on(name, choice);
    }
    let verified = verify.execute()?;
    Ok(match verified.differences.first() {
        None => format!("{} devices, the same bits", verified.answers.len()),
        Some(first) => format!("they differ: {first}"),
    })
}
