//! Colours of summaries: on terminals only, and not where `NO_COLOR` is set. Python's `pty` is the terminal.

use std::process::Command;

use super::Site;
use crate::support::{icefold, python, stderr, stdout, succeed};

/// Runs a command with a terminal as standard output, and prints what that showed.
const ON_A_TERMINAL: &str = "
import os, subprocess, sys
master, slave = os.openpty()
child = subprocess.Popen(sys.argv[1:], stdout=slave, stderr=subprocess.DEVNULL)
os.close(slave)
shown = b''
while True:
    try:
        part = os.read(master, 4096)
    except OSError:
        break
    if not part:
        break
    shown += part
sys.stdout.buffer.write(shown.replace(b'\\r\\n', b'\\n'))
sys.exit(child.wait())
";

/// The same command line, for a terminal.
fn on_a_terminal(command: &Command) -> Command {
    let mut shown = python();
    shown.args(["-c", ON_A_TERMINAL]).arg(command.get_program());
    shown.args(command.get_args());
    shown.env("TERM", "xterm").env_remove("NO_COLOR");
    shown
}

#[cfg(unix)]
#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
fn a_summary_has_colours_on_a_terminal_only_and_none_with_no_color() {
    let site = Site::new();
    let granules = site.three();
    let run = |name: &str| {
        let mut run = icefold();
        run.args(["run", "atl03"]).args(&granules);
        run.arg("--store").arg(site.out(name));
        run
    };
    let piped = succeed(&mut run("piped.zarr"));
    assert!(!stdout(&piped).contains('\u{1b}'), "{}", stdout(&piped));

    let coloured = succeed(&mut on_a_terminal(&run("coloured.zarr")));
    let text = stdout(&coloured);
    assert!(
        text.contains("    kept          \u{1b}[32m "),
        "{text:?}{}",
        stderr(&coloured)
    );

    let mut plain = on_a_terminal(&run("plain.zarr"));
    let plain = succeed(plain.env("NO_COLOR", "1"));
    assert!(!stdout(&plain).contains('\u{1b}'), "{}", stdout(&plain));
    assert!(stdout(&plain).contains("    kept           "));
    // An empty one counts as none, as no-color.org says.
    let mut empty = on_a_terminal(&run("empty.zarr"));
    assert!(stdout(&succeed(empty.env("NO_COLOR", ""))).contains('\u{1b}'));
}
