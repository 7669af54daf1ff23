"""Looks at pages of stores with rows and columns, steps of time, and ids beyond 2^53: values under the mouse are those that
xarray reads.

    view_others.py STORE PAGE
"""

import sys

import healpix_geo.nested as healpix
import numpy
import pyproj
import xarray
import zarr
from browser import Browser
from view_page import mouse, same


def cells_of(data, step, rng):
    """Some cells: longitude, latitude, what the page calls them, and how values of one are taken from an array. Most have a
    value at the step."""
    array = data["h_mean"]
    if "cell_ids" in data:
        values = array.isel(time=step).values if "time" in array.dims else array.values
        there = numpy.flatnonzero(numpy.isfinite(values))
        picked = numpy.concatenate([rng.choice(there, size=5, replace=False), rng.choice(len(values), size=2, replace=False)])
        for at in picked:
            number = data["cell_ids"].values[at]
            lon, lat = healpix.healpix_to_lonlat(
                numpy.array([number]), data.attrs["dggs"]["refinement_level"], ellipsoid="WGS84")
            yield float((lon[0] + 180) % 360 - 180), float(lat[0]), f"cell {int(number)}", {"cells": at}
        return
    rows, columns = numpy.nonzero(numpy.isfinite(array.values))
    to_degrees = pyproj.Transformer.from_crs(data.attrs["crs"], "EPSG:4326", always_xy=True)
    for place in rng.choice(len(rows), size=6, replace=False):
        row, column = int(rows[place]), int(columns[place])
        lon, lat = to_degrees.transform(float(data["x"][column]), float(data["y"][row]))
        yield lon, lat, f"row {row}, column {column}", {"y": row, "x": column}


def main():
    store, page = sys.argv[1:3]
    data = xarray.open_zarr(store, chunks=None, mask_and_scale=False, decode_times=False)
    group = zarr.open_group(store, mode="r")
    rng = numpy.random.default_rng(3)
    steps = data.sizes.get("time", 1)
    seen = 0
    with Browser(420, 800) as browser:
        browser.open(f"file://{page}")
        browser.whole()
        # Narrow screens have the map above, and all of it is as wide as they are.
        assert browser.run("return document.documentElement.scrollWidth <= 420 && document.getElementById('map').clientWidth === 420")
        side = browser.run("return icefold.side()")
        for step in range(steps):
            if steps > 1:
                browser.run("""
                    const step = document.getElementById('step');
                    step.value = arguments[0];
                    step.dispatchEvent(new Event('change'))""", str(step))
                browser.whole()
            for lon, lat, name, place in cells_of(data, step, rng):
                browser.run("icefold.look(arguments[0], arguments[1], arguments[2])", lon, lat, 30 / side)
                browser.whole()
                browser.click(*mouse(browser, lon, lat))
                browser.until(f"document.getElementById('cell').innerText.includes({name!r})")
                table = browser.run("return Object.fromEntries([...document.querySelectorAll('#cell td[data-variable]')]"
                                    ".map(td => [td.dataset.variable, td.textContent]))")
                browser.key("Escape")
                assert "h_mean" in table, table
                for variable, text in table.items():
                    at = {**place, **({"time": step} if "time" in data[variable].dims else {})}
                    value = data[variable].isel(at).values[()]
                    if text == "none at this step":
                        fill = numpy.array(group[variable].fill_value, value.dtype)
                        assert fill.tobytes() == value.tobytes(), (variable, value, fill)
                    else:
                        assert same(text, value), (variable, text, value)
                        seen += 1
        errors = [line for line in browser.log() if line["level"] == "SEVERE"]
        assert not errors, errors
    assert seen >= 12, seen
    print(f"{seen} values of cells as xarray reads them")


if __name__ == "__main__":
    main()
