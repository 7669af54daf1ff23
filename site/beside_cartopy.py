"""The pictures of docs/gallery.md beside what Matplotlib and Cartopy make of the same stores: for whoever judges them.

    beside_cartopy.py NATURAL_EARTH OUT

OUT gets a PNG for each store, icefold's map at the left and Cartopy's at the right, in one projection, one range and one palette.
NATURAL_EARTH is a folder of GeoJSON files of Natural Earth (ne_50m_land.json, ne_50m_glaciated_areas.json), as
`scripts/map-assets` has them. Needs cartopy, which the tests do without: what can be held in numbers, places and colours, is held by
`tests/conformance/pictures.rs`. ICEFOLD names the program, ICEFOLD_PACKAGES the folder of the module, as for `scripts/docs`.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

import cartopy.crs as ccrs
import gallery
import healpix_geo.nested as healpix
import matplotlib.pyplot as plt
import numpy as np
import run_pages
import shapely
import xarray as xr
from cartopy.feature import ShapelyFeature
from matplotlib.collections import PolyCollection

POLAR = {"EPSG:3413": dict(central_longitude=-45, true_scale_latitude=70), "EPSG:3031": dict(true_scale_latitude=-71)}


def system(code):
    make = ccrs.NorthPolarStereo if code == "EPSG:3413" else ccrs.SouthPolarStereo
    return make(globe=ccrs.Globe(ellipse="WGS84"), **POLAR[code])


def shapes(folder, name):
    features = json.loads((folder / f"{name}.json").read_text())["features"]
    return [shapely.geometry.shape(feature["geometry"]) for feature in features]


def cartopy_map(ax, store, variable, natural_earth, cmap, limits, label):
    """Outlines of cells by healpix-geo, projected by PROJ and filled by Matplotlib."""
    cells = xr.open_zarr(store, chunks=None)
    lon, lat = healpix.vertices(cells["cell_ids"].values, cells.attrs["dggs"]["refinement_level"], ellipsoid="WGS84")
    points = ax.projection.transform_points(ccrs.PlateCarree(), lon, lat)[..., :2]
    values = np.ma.masked_invalid(cells[variable].values)
    vmin, vmax = limits or np.percentile(values.compressed(), [2, 98])
    filled = PolyCollection(points, array=values, cmap=cmap, clim=(vmin, vmax), edgecolors="face", linewidths=0.3, zorder=3)
    low, high = points.min(axis=(0, 1)), points.max(axis=(0, 1))
    room = 0.05 * (high - low)
    ax.set_extent([low[0] - room[0], high[0] + room[0], low[1] - room[1], high[1] + room[1]], ax.projection)
    degrees = ccrs.PlateCarree()
    ax.add_feature(ShapelyFeature(shapes(natural_earth, "ne_50m_land"), degrees, facecolor="0.87", edgecolor="0.3", linewidth=0.8))
    ax.add_feature(ShapelyFeature(shapes(natural_earth, "ne_50m_glaciated_areas"), degrees, facecolor="0.98", edgecolor="0.6", linewidth=0.6))
    ax.add_collection(filled)
    ax.gridlines(draw_labels=True, linewidth=0.5, color="0.5", x_inline=False, y_inline=False)
    plt.colorbar(filled, ax=ax, extend="both", shrink=0.8, label=label)


def beside(out, name, store, variable, code, natural_earth, *, cmap="viridis", limits=None, label=""):
    picture = out / f".{name}.icefold.png"
    ends = [f"--vmin={limits[0]}", f"--vmax={limits[1]}"] if limits else []
    gallery.icefold("render", store, variable, "--cmap", cmap, *ends, "--label", label, "--title", name, "--size", "1100", "-o", picture)
    fig = plt.figure(figsize=(22, 9), dpi=80)
    left = fig.add_axes((0, 0, 0.5, 1))
    left.imshow(plt.imread(picture))
    left.set_axis_off()
    right = fig.add_axes((0.54, 0.08, 0.44, 0.84), projection=system(code))
    cartopy_map(right, store, variable, natural_earth, cmap, limits, label)
    fig.savefig(out / f"{name}.png")
    picture.unlink()


def main(natural_earth, out):
    out.mkdir(parents=True, exist_ok=True)
    data = run_pages.made("demo") / "icefold-demo"
    beside(out, "demo", data / "demo.zarr", "h_median", "EPSG:3413", natural_earth, label="h_median [m]")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = gallery.config_of("elevation-change.md", folder)
        gallery.icefold("run", config, data / "land_ice", "--region", data / "basin.geojson", "--order", "11", "--store", folder / "dhdt.zarr")
        beside(out, "change", folder / "dhdt.zarr", "dhdt", "EPSG:3413", natural_earth, cmap="RdBu", limits=(-5, 5), label="dh/dt [m/yr]")
        granules = os.environ.get("ICEFOLD_TEST_DATA")
        if granules:
            granule = Path(granules) / "icesat2/processed_ATL06_20190222155947_08580212_001_01.h5"
            gallery.icefold("run", "atl06", granule, "--order", "13", "--store", folder / "real.zarr")
            beside(out, "real", folder / "real.zarr", "h_mean", "EPSG:3031", natural_earth, label="height [m]")


if __name__ == "__main__":
    os.environ.update(MPLBACKEND="Agg")
    sys.path.insert(0, os.environ["ICEFOLD_PACKAGES"])
    main(*(Path(each).resolve() for each in sys.argv[1:]))
