//! `icefold render`: pictures of stores.

use std::path::Path;

use super::granules::{Heights, one};
use super::{Site, refuse};
use crate::support::{icefold, stdout, succeed};

/// Width and height of a PNG file.
fn size(png: &[u8]) -> (u32, u32) {
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

#[test]
fn polar_and_other_data_are_drawn() {
    let site = Site::new();
    let polar = site.good("polar.h5", -45.0);
    let mut heights = Heights::along(10.0, 3000);
    heights.lat.iter_mut().for_each(|lat| *lat -= 60.0);
    let tropical = site.granule("tropical.h5", &[("gt1l", heights)]);
    let mut shapes = Vec::new();
    for granule in [polar, tropical] {
        succeed(site.run("atl03", &one(&granule)).arg("--overwrite"));
        let map = site.out("map.png");
        let mut render = icefold();
        render
            .arg("render")
            .arg(site.out("a.zarr"))
            .args(["h_mean", "-o"]);
        let output = succeed(render.arg(&map));
        assert_eq!(stdout(&output).trim(), map.to_str().unwrap());
        let png = std::fs::read(&map).unwrap();
        assert!(png.len() > 5_000, "{}", png.len());
        shapes.push(size(&png));
    }
    for (width, height) in shapes {
        assert!(
            width == 1400 && (740..=1360).contains(&height),
            "{width} x {height}"
        );
    }
}

#[test]
fn an_unknown_variable_lists_those_there_are() {
    let site = Site::new();
    succeed(&mut site.run("atl03", &one(&site.good("a.h5", -45.0))));
    let mut render = icefold();
    render
        .arg("render")
        .arg(site.out("a.zarr"))
        .args(["h_men", "-o"]);
    let says = ["a.zarr: has no array h_men; it has count, h_max, h_mean, h_median, h_min"];
    refuse(render.arg(site.out("map.png")), 1, &says);
    let mut render = icefold();
    render
        .arg("render")
        .arg(site.out("a.zarr"))
        .args(["h_mean", "-o"]);
    refuse(
        render.arg(site.out("none/map.png")),
        1,
        &["cannot write ", "none/map.png"],
    );
    assert_eq!(site.written(), ["a.run.json", "a.zarr"]);
}

#[test]
fn a_picture_is_what_its_name_says_and_other_names_are_refused() {
    let site = Site::new();
    succeed(&mut site.run("atl03", &one(&site.good("a.h5", -45.0))));
    let before = site.written();
    let render = |name: &str| {
        let mut render = icefold();
        render.arg("render").arg(site.out("a.zarr"));
        render.args(["h_mean", "-o"]).arg(site.out(name));
        render
    };
    for name in ["map.jpg", "map.tif", "map.png.eps"] {
        let extension = format!("a .{} file is not written", &name[name.len() - 3..]);
        let says = [name, &extension, "pictures are PNG, SVG or PDF"];
        refuse(&mut render(name), 2, &says);
    }
    refuse(
        &mut render("map"),
        2,
        &["map: its name does not say what it is", ".png"],
    );
    assert_eq!(site.written(), before);
    succeed(&mut render("map.PNG"));
    size(&std::fs::read(site.out("map.PNG")).unwrap());
    // Written twice: each is known as icefold's own.
    for (name, start) in [("map.svg", "<?xml"), ("map.Pdf", "%PDF-1.7")] {
        for _ in 0..2 {
            succeed(&mut render(name));
        }
        assert!(
            std::fs::read(site.out(name))
                .unwrap()
                .starts_with(start.as_bytes()),
            "{name}"
        );
    }
}

#[test]
fn a_style_is_asked_for_by_flags_and_nonsense_is_refused_by_name() {
    let site = Site::new();
    succeed(&mut site.run("atl03", &one(&site.good("a.h5", -45.0))));
    let before = site.written();
    let render = |flags: &[&str]| {
        let mut render = icefold();
        render.arg("render").arg(site.out("a.zarr"));
        render
            .args(["h_mean", "-o"])
            .arg(site.out("map.png"))
            .args(flags);
        render
    };
    for (flags, says) in [
        (&["--bbox", "-50,60,-40"][..], "--bbox has 3 numbers"),
        (
            &["--bbox", "-50,60,-40,95"],
            "--bbox [-50, 60, -40, 95] has north 95",
        ),
        (&["--bbox", "-500,60,-40,80"], "has west -500"),
        (
            &["--vmin", "5", "--vmax", "-5"],
            "--vmin 5 is not below --vmax -5",
        ),
        (
            &["--vmin", "1e30"],
            "--vmin 1000000000000000000000000000000 is not below ",
        ),
        (
            &["--cmap", "jet"],
            "--cmap jet is no name of colours; there are viridis, cividis, ",
        ),
        (&["--theme", "blue"], "a map is light or dark"),
        (&["--size", "100"], "--size 100 is no side of a map"),
        (&["--size", "2000by100"], "give pixels"),
        (&["--time", "all"], "has no steps of time"),
    ] {
        refuse(&mut render(flags), 2, &[says]);
    }
    assert_eq!(site.written(), before);
    let flags = [
        "--bbox",
        "-50,60,-40,85",
        "--vmin",
        "-10",
        "--vmax",
        "10",
        "--cmap",
        "RdBu_r",
    ];
    succeed(render(&flags).args(["--theme", "dark", "--size", "800x900", "--label", "height"]));
    assert_eq!(
        size(&std::fs::read(site.out("map.png")).unwrap()),
        (800, 900)
    );
}

#[test]
fn what_is_no_picture_of_icefold_is_never_drawn_over() {
    let site = Site::new();
    succeed(&mut site.run("atl03", &one(&site.good("a.h5", -45.0))));
    let render = |output: &Path| {
        let mut render = icefold();
        render.arg("render").arg(site.out("a.zarr"));
        render.args(["h_mean", "-o"]).arg(output);
        render
    };
    let drawn = site.path("thesis.png");
    let png = b"\x89PNG\r\n\x1a\n and more";
    for bytes in [&b"{\"schema_version\": 1}"[..], b"[1, 2]", png, b"text"] {
        std::fs::write(&drawn, bytes).unwrap();
        let says = "thesis.png: a file is there that is no picture of icefold";
        refuse(&mut render(&drawn), 2, &[says]);
        assert_eq!(std::fs::read(&drawn).unwrap(), bytes);
    }
    // Its own it replaces.
    let picture = site.path("map.png");
    for _ in 0..2 {
        succeed(&mut render(&picture));
    }
    refuse(
        &mut render(&site.path("map.json")),
        2,
        &["pictures are PNG, SVG or PDF"],
    );
    #[cfg(unix)]
    succeed(&mut render(Path::new("/dev/null")));
}

#[test]
fn an_overview_is_drawn_by_its_order() {
    let site = Site::new();
    let mut run = site.run("atl03", &one(&site.good("a.h5", -45.0)));
    succeed(run.args(["--overviews", "9,4"]));
    let render = |order: &str, map: &Path| {
        let mut render = icefold();
        render.arg("render").arg(site.out("a.zarr"));
        render.args(["h_mean", "--order", order, "-o"]).arg(map);
        render
    };
    let maps = ["12", "9"].map(|order| {
        let map = site.out(&format!("{order}.png"));
        succeed(&mut render(order, &map));
        std::fs::read(map).unwrap()
    });
    assert_ne!(maps[0], maps[1]);
    let says = ["has no order 8; it has 4, 9, 12"];
    refuse(&mut render("8", &site.out("8.png")), 1, &says);
}
