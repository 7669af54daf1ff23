//! `icefold demo`: the whole line, on granules that it makes first: photons around the pole, and land ice of a basin over
//! four years.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use crate::config::{self, Config};
use crate::demo::{LAND_ICE, basin, write_granules, write_land_ice};
use crate::error::{Error, Result};
use crate::features::Feature;
use crate::picture::{Drawn, MapStyle, PICTURE, draw_with};
use crate::place::{Inputs, check_file, write_document};
use crate::run::{Granules, Outcome, Run, tidy_file};
use crate::text;

use super::args::{DemoArgs, ProgressArg};
use super::machine::{command_line, threads};
use super::out::{note, print, print_painted, print_summary};
use super::paint::{proposal, shows_colours};
use super::progress::Progress;
use super::run::show_standing;
use super::words::CommandLine;

/// One fold of the demo: what is read, and what comes of it.
struct Fold {
    heading: &'static str,
    config: Config,
    granules: Vec<PathBuf>,
    store: PathBuf,
    report: PathBuf,
    all_of_region: bool,
}

pub fn demo(args: &DemoArgs, interrupted: Arc<AtomicBool>) -> Result<u8> {
    Feature::Hdf5.needed_for("make granules")?;
    Feature::Picture.needed_for("draw the maps of the demo")?;
    let out = &args.out;
    let threads = threads(args.machine.threads);
    // Making granules and drawing share these; whoever built them before had the same arguments.
    let _ = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global();
    let progress = Progress::new(ProgressArg::Auto, interrupted);
    let photons = make(&out.join("granules"), "ATL03", write_granules)?;
    let land_ice = make(&out.join("land_ice"), "ATL06", write_land_ice)?;
    own_document(&out.join("basin.geojson"), &basin())?;
    own_document(&out.join("land_ice.yaml"), LAND_ICE)?;
    let maps = [out.join("map.png"), out.join("land_ice.png")];
    let inputs = Inputs::of(photons.iter().chain(&land_ice).map(|granule| &**granule));
    for map in &maps {
        check_file(map, PICTURE, true, &inputs)?;
        tidy_file(map, &progress)?;
    }
    let region = format!("{}", out.join("basin.geojson").display());
    let folds = [
        Fold {
            heading: "folded synthetic ATL03 photons into HEALPix cells of order 12 (1.6 km)",
            config: config::load("atl03")?,
            granules: photons,
            store: out.join("demo.zarr"),
            report: out.join("run.json"),
            all_of_region: false,
        },
        Fold {
            heading: "folded synthetic ATL06 land ice heights of a basin into cells of order 11 (3.2 km), year by year",
            config: super::run::within(config::parse_yaml("land_ice", LAND_ICE)?, Some(&region))?,
            granules: land_ice,
            store: out.join("land_ice.zarr"),
            report: out.join("land_ice.json"),
            all_of_region: true,
        },
    ];
    for fold in folds {
        fold.execute(args, threads, &progress)?;
    }
    draw_maps(out, &maps)?;
    if args.json {
        return Ok(0);
    }
    print_summary(&written(out))?;
    print_proposals(out)?;
    Ok(0)
}

fn make(
    folder: &Path,
    product: &str,
    write: impl FnOnce(&Path) -> Result<Vec<PathBuf>>,
) -> Result<Vec<PathBuf>> {
    note(format_args!(
        "making synthetic granules of {product} in {} ...",
        folder.display()
    ));
    let started = Instant::now();
    let made = write(folder)?;
    let seconds = started.elapsed().as_secs_f64();
    note(format_args!(
        "made {} granules in {seconds:.1} s",
        made.len()
    ));
    Ok(made)
}

/// Writes a text of the demo's. One that somebody changed is theirs.
fn own_document(path: &Path, text: &str) -> Result<()> {
    match std::fs::read_to_string(path) {
        Ok(there) if there == text => Ok(()),
        Ok(_) => Err(Error::argument(format!(
            "cannot write {}: a file is there that is not as the demo wrote it; move it away, or choose another folder",
            path.display()
        ))),
        Err(_) => write_document(path, text.as_bytes()),
    }
}

impl Fold {
    fn execute(self, args: &DemoArgs, threads: usize, progress: &Progress) -> Result<()> {
        let outcome = Run::new(self.config, Granules::named(self.granules))
            .into_store(&self.store)
            // The store of an earlier demo is the demo's own.
            .overwrite(true)
            .cells_of_region(self.all_of_region)
            .report(&self.report)
            .device(args.machine.choice()?)
            .threads(threads)
            .command(command_line())
            .dialect(&CommandLine)
            .watch(progress)
            .execute()?;
        match &outcome {
            Outcome::Standing(standing) => show_standing(standing, args.json),
            // One document: of the photons, whose content is what the demo is known by.
            Outcome::Store(_) | Outcome::Pieces(_) if args.json && self.all_of_region => Ok(()),
            Outcome::Store(done) | Outcome::Pieces(done) if args.json => {
                print(&done.report.to_json())
            }
            Outcome::Store(done) | Outcome::Pieces(done) => {
                let summary = done.report.summary(&done.tally);
                print_summary(&format!("\n{}\n{summary}", self.heading))
            }
        }
    }
}

fn draw_maps(out: &Path, [photons, land_ice]: &[PathBuf; 2]) -> Result<()> {
    let drawn = Drawn {
        variable: "h_median",
        order: None,
        time: None,
        title: Some("icefold demo: median photon height, synthetic ATL03"),
    };
    draw_with(&out.join("demo.zarr"), drawn, &MapStyle::new(), photons)?;
    let drawn = Drawn {
        variable: "above_dem",
        order: None,
        time: Some("all"),
        title: Some("icefold demo: a glacier that thins, synthetic ATL06"),
    };
    let style = MapStyle::new()
        .cmap("RdBu")?
        .values(Some(-8.0), Some(8.0))?
        .size(1120, None)?
        .label("above DEM of 2019 [m]");
    draw_with(&out.join("land_ice.zarr"), drawn, &style, land_ice)
}

fn written(out: &Path) -> String {
    let out = out.display();
    format!(
        "
wrote
  {out}/demo.zarr       statistics of photons, one row per occupied cell; a map of them in map.png
  {out}/land_ice.zarr   heights of the ice in the basin, by year; a map of their change in land_ice.png
  {out}/land_ice.yaml   the question that was asked, and basin.geojson, the area: yours to change
  {out}/run.json        a run report: every photon accounted for, every time, every hash; land_ice.json the other
  {out}/granules/, {out}/land_ice/   the granules it was made from

try next
"
    )
}

/// What can be run from here as it is printed.
fn proposals(program: &str, out: &str) -> Vec<(String, &'static str)> {
    let python = format!(
        "python3 -c 'import sys, xarray as xr; print(xr.open_zarr(sys.argv[1], chunks=None))' {out}/land_ice.zarr"
    );
    let proposed = [
        (
            "inspect OUT/land_ice.zarr",
            "what is in the store, and where it is from",
        ),
        (
            "render OUT/land_ice.zarr h_median --time 2020 -o ice.png",
            "another map: heights of 2020",
        ),
        (
            "view OUT/land_ice.zarr -o page.html",
            "a page to look around in: open it in a browser",
        ),
        (
            "run OUT/land_ice.yaml OUT/land_ice --region OUT/basin.geojson --cells-of-region --store again.zarr --threads 1",
            "the same question again, on one thread",
        ),
        (
            "verify OUT/land_ice.zarr again.zarr",
            "the same bits, whatever the threads",
        ),
        ("cite OUT/land_ice.zarr", "what to cite of it"),
        (
            "run atl06-greenland OUT/land_ice --store km.zarr",
            "a built-in config: rows and columns of 1 km ...",
        ),
        (
            "export km.zarr h_mean -o geotiff",
            "... as GeoTIFF, for QGIS",
        ),
    ];
    let mut all: Vec<_> = proposed
        .into_iter()
        .map(|(command, meaning)| {
            (
                format!("{program} {}", command.replace("OUT", out)),
                meaning,
            )
        })
        .collect();
    all.push((python, "in Python, with xarray and zarr installed"));
    all
}

fn print_proposals(out: &Path) -> Result<()> {
    let colours = shows_colours();
    let program = program();
    let lines = proposals(&program, &word(out));
    let text: String = lines
        .iter()
        .map(|(command, meaning)| proposal(&text::one_line(command), meaning, colours))
        .collect();
    print_painted(&text)
}

/// How this program is called from here: by its name where the shell finds it, else by its path.
fn program() -> String {
    const NAME: &str = "icefold";
    let Ok(this) = std::env::current_exe() else {
        return NAME.to_owned();
    };
    let whole = |path: &Path| path.canonicalize().ok();
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&paths)
        .map(|folder| folder.join(NAME))
        .find(|path| path.is_file());
    if found.is_some_and(|found| whole(&found) == whole(&this)) {
        return NAME.to_owned();
    }
    let here = std::env::current_dir().unwrap_or_default();
    word(&from_here(&this, &here))
}

/// The path of a program as a shell in this folder finds it: a name alone it would look for elsewhere.
fn from_here(program: &Path, here: &Path) -> PathBuf {
    match program.strip_prefix(here) {
        Ok(inside) if inside.components().count() == 1 => Path::new(".").join(inside),
        Ok(inside) => inside.to_owned(),
        Err(_) => program.to_owned(),
    }
}

/// A path as a word of a shell.
fn word(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || "/._-+".contains(c);
    if text.chars().all(plain) {
        text.into_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_words_of_a_shell() {
        assert_eq!(word(Path::new("icefold-demo")), "icefold-demo");
        assert_eq!(word(Path::new("my demo")), "'my demo'");
        assert_eq!(word(Path::new("it's")), r"'it'\''s'");
    }

    #[test]
    fn a_program_is_named_as_the_shell_finds_it() {
        let named = |program: &str, here: &str| {
            let path = from_here(Path::new(program), Path::new(here));
            path.to_string_lossy().into_owned()
        };
        assert_eq!(named("/a/icefold", "/a"), "./icefold");
        assert_eq!(named("/a/target/demo/icefold", "/a"), "target/demo/icefold");
        assert_eq!(named("/opt/icefold", "/a"), "/opt/icefold");
    }

    #[test]
    fn a_document_that_was_changed_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("land_ice.yaml");
        own_document(&path, "a").unwrap();
        own_document(&path, "a").unwrap();
        let message = own_document(&path, "b").unwrap_err().to_string();
        assert!(message.contains("land_ice.yaml"), "{message}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "a");
    }
}
