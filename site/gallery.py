"""Pictures of docs/gallery.md: `gallery.py FOLDER`.

Those of synthetic granules are drawn always, those of real ones where ICEFOLD_TEST_DATA names the folder that has them.
Real granules are NASA's, from NSIDC: public domain, to be cited. Each picture stays below 300 kB.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import run_pages

SITE = Path(__file__).resolve().parent
HOW_TO = SITE.parent / "docs/how-to"
PROGRAM = os.environ["ICEFOLD"]
LARGEST = 300_000


def icefold(*arguments):
    subprocess.run([PROGRAM, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)


def config_of(page, folder):
    """The first config of a page, as a file."""
    text = (HOW_TO / page).read_text()
    found = re.search(r"^```yaml\n# ([\w.]+)\n(.*?)^```", text, re.M | re.S)
    path = folder / found[1]
    path.write_text(found[2])
    return path


def change(out, folder):
    data = run_pages.made("demo") / "icefold-demo"
    config = config_of("elevation-change.md", folder)
    icefold("run", config, data / "land_ice", "--region", data / "basin.geojson", "--order", "11", "--store", folder / "dhdt.zarr")
    icefold("render", folder / "dhdt.zarr", "dhdt", "--cmap", "RdBu", "--vmin", "-5", "--vmax", "5", "--size", "1000",
            "--title", "Rate of elevation change, synthetic", "--label", "dh/dt [m/yr]", "-o", out / "change.png")
    icefold("render", folder / "dhdt.zarr", "dhdt_err", "--cmap", "magma", "--theme", "dark", "--size", "1000",
            "--title", "Its standard error", "--label", "[m/yr]", "-o", out / "change_error.png")


def raster(out, folder):
    data = run_pages.made("demo") / "icefold-demo"
    icefold("run", "atl06-greenland", data / "land_ice", "--store", folder / "km.zarr")
    icefold("render", folder / "km.zarr", "h_mean", "--bbox=-50.5,68.3,-44,70.1", "--size", "1000",
            "--title", "Cells of 1 km, EPSG:3413, synthetic", "--label", "height [m]", "-o", out / "raster.png")


def canopy(out, folder):
    import icefold as module
    import matplotlib.pyplot as plt

    data = run_pages.made("forest")
    config = config_of("canopy-height.md", folder)
    icefold("run", config, data / "granules", "--order", "15", "--store", folder / "canopy.zarr")
    ds = module.open(folder / "canopy.zarr")
    latitude = ds["latitude"].values if "latitude" in ds.coords else centers(ds)
    order = latitude.argsort()
    fig, ax = plt.subplots(figsize=(8, 3.2), dpi=110)
    ground, top = ds["ground"].values[order], (ds["ground"] + ds["rh98"]).values[order]
    ax.fill_between(latitude[order], ground, top, color="#7fb77e", label="98 % of the canopy's photons lie below")
    ax.plot(latitude[order], ground, color="#6b4f2a", label="ground")
    ax.set(xlabel="latitude [°N]", ylabel="height above the ellipsoid [m]", title="Ground and canopy in cells of 200 m, synthetic")
    ax.legend(frameon=False, loc="upper left", ncols=2)
    ax.set_ylim(110, 205)
    ax.spines[["top", "right"]].set_visible(False)
    fig.tight_layout()
    fig.savefig(out / "canopy.png")


def centers(ds):
    import xdggs

    return xdggs.decode(ds).dggs.cell_centers()["latitude"].values


def real(out, folder):
    """ATL06 release 001 of 22 February 2019, a subset: what is on it is drawn where its cells are."""
    data = os.environ.get("ICEFOLD_TEST_DATA")
    if not data:
        print("gallery: ICEFOLD_TEST_DATA is not set: the picture of real granules stays as it is")
        return
    granule = Path(data) / "icesat2/processed_ATL06_20190222155947_08580212_001_01.h5"
    icefold("run", "atl06", granule, "--order", "13", "--store", folder / "real.zarr")
    icefold("render", folder / "real.zarr", "h_mean", "--cmap", "viridis", "--size", "1000",
            "--title", "ATL06 of 22 February 2019", "--label", "height [m]", "-o", out / "real.png")


def main(out):
    out.mkdir(parents=True, exist_ok=True)
    sys.path.insert(0, os.environ["ICEFOLD_PACKAGES"])
    run_pages.made("demo")
    for draw in (change, raster, canopy, real):
        with tempfile.TemporaryDirectory() as folder:
            draw(out, Path(folder))
    for picture in sorted(out.glob("*.png")):
        size = picture.stat().st_size
        print(f"{size:8} {picture.name}")
        if size > LARGEST:
            sys.exit(f"{picture} has {size} bytes, and {LARGEST} are the most")


if __name__ == "__main__":
    os.environ.update(MPLBACKEND="Agg")
    main(Path(sys.argv[1]).resolve())
