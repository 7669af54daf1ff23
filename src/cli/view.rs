//! `view`: a store as a page in a browser, written or served.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use clap::Args;

use super::near::near;
use super::out::{note, print};
use super::progress::Progress;
use super::signals::interrupted;
use crate::error::Result;
use crate::grid::Order;
use crate::pipeline::{Memory, parse_memory};
use crate::run::tidy_file;
use crate::view::{Viewed, check_page, serve, write_page};

/// The command line of `view`.
#[derive(Debug, Args)]
pub struct ViewArgs {
    /// The store
    pub store: PathBuf,
    /// The page to write, which has everything in it [default: none; it is served, and a browser opened]
    #[arg(short, long, value_name = "PAGE.html", conflicts_with_all = ["port", "no_open"])]
    pub output: Option<PathBuf>,
    /// The arrays to show [default: all that have one number for each cell]
    #[arg(long, value_name = "NAME,NAME", value_delimiter = ',')]
    pub variables: Vec<String>,
    /// The orders of cells to show [default: all]
    #[arg(long, value_name = "ORDER,ORDER", value_delimiter = ',')]
    #[arg(value_parser = clap::value_parser!(u8).range(0..=29))]
    pub order: Vec<u8>,
    /// Title of the page [default: the name of the store]
    #[arg(long)]
    pub title: Option<String>,
    /// Largest page to write
    #[arg(long, value_name = "SIZE", value_parser = parse_memory, requires = "output")]
    #[arg(default_value_t = Memory(Viewed::MAX_SIZE))]
    pub max_size: Memory,
    /// Port of 127.0.0.1 to serve on [default: any that is free]
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 0,
        hide_default_value = true
    )]
    pub port: u16,
    /// Open no browser
    #[arg(long)]
    pub no_open: bool,
}

pub fn view(args: &ViewArgs) -> Result<u8> {
    if let Some(output) = &args.output {
        check_page(output)?;
    }
    let store = near(&args.store)?;
    let viewed = Viewed {
        store: store.path().to_path_buf(),
        variables: args.variables.clone(),
        orders: args
            .order
            .iter()
            .filter_map(|order| Order::new(*order))
            .collect(),
        title: args.title.clone(),
        max_size: args.max_size.0,
    };
    let say_left_out = |left_out: &[(String, String)]| {
        for (name, why) in left_out {
            note(format_args!("note: {name} is left out: {why}"));
        }
    };
    if let Some(output) = &args.output {
        tidy_file(output, &Progress::of_notes())?;
        let page = store.outcome(write_page(&viewed, output))?;
        say_left_out(&page.left_out);
        print(&output.display().to_string())?;
        return Ok(0);
    }
    let stop = interrupted()?;
    let mut printed = Ok(());
    let served = serve(&viewed, args.port, &stop, |address, left_out| {
        say_left_out(left_out);
        note("serving on this machine alone; Ctrl-C ends it");
        printed = print(address);
        if !args.no_open && !open(address) {
            note("note: no browser was found; open the address in one");
        }
    });
    store.outcome(served)?;
    printed.map(|()| 0)
}

/// Opens an address in the browser of whoever sits here; false where there is none.
fn open(address: &str) -> bool {
    let (program, first): (&str, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        ("rundll32", &["url.dll,FileProtocolHandler"])
    } else {
        // Without a screen there is none.
        let screens = ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER"];
        if screens.iter().all(|name| std::env::var_os(name).is_none()) {
            return false;
        }
        ("xdg-open", &[])
    };
    let mut command = Command::new(program);
    command.args(first).arg(address);
    let quiet = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    quiet.spawn().is_ok()
}
