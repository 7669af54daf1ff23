"""Looks at pages of `icefold view` in a browser: what they say is what xarray reads, and their pixels are where and as
they have to be.

    view_page.py STORE ADDRESS [--hostile]

ADDRESS is a page as a file, or served. With --hostile, what the store says is tried as HTML and script.
"""

import sys

import numpy
import xarray
from browser import Browser

# Every tenth of viridis, by its authors.
VIRIDIS = ["440154", "482374", "404387", "345e8d", "29788e", "208f8c", "22a784", "42be71", "79d151", "bade27", "fde724"]
# The part of it that maps have on light ground.
LIGHT = 0.97


def color_of(part):
    stops = numpy.array([[int(stop[at:at + 2], 16) for at in (0, 2, 4)] for stop in VIRIDIS])
    return [numpy.interp(numpy.clip(part, 0, 1) * LIGHT, numpy.linspace(0, 1, len(stops)), stops[:, k]) for k in range(3)]


def same(text, value):
    """Whether a text, read as the type of a value, is that value, and no shorter text is."""
    if text == "NaN":
        return bool(numpy.isnan(value))
    back = value.dtype.type(text)
    digits = len(text.replace("-", "").replace(".", "").split("e")[0].strip("0"))
    least = len(numpy.format_float_scientific(value, trim="-").split("e")[0].replace("-", "").replace(".", "").strip("0")) \
        if numpy.issubdtype(value.dtype, numpy.floating) else digits
    return back.tobytes() == value.tobytes() and digits <= least


def mouse(browser, lon, lat):
    x, y = browser.run("return icefold.pixelOf(arguments[0], arguments[1])", lon, lat)
    browser.move(x, y)
    return x, y


def centers(cells):
    if "cell_ids" in cells:
        import healpix_geo.nested as healpix

        ids = cells["cell_ids"].values
        lon, lat = healpix.healpix_to_lonlat(ids, cells.attrs["dggs"]["refinement_level"], ellipsoid="WGS84")
        return (numpy.asarray(lon) + 180) % 360 - 180, numpy.asarray(lat), ids
    raise AssertionError("these cells have no ids")


def main():
    store, address = sys.argv[1:3]
    cells = xarray.open_zarr(store, chunks=None)
    lon, lat, ids = centers(cells)
    names = [name for name, array in cells.data_vars.items() if array.dims == ("cells",) and name != "cell_ids"]
    if not address.startswith("http"):
        address = f"file://{address}"
    rng = numpy.random.default_rng(7)
    some = rng.choice(len(ids), size=min(12, len(ids)), replace=False)
    with Browser() as browser:
        browser.open(address)
        browser.whole()
        order = cells.attrs["dggs"]["refinement_level"]
        wide = numpy.sqrt(4 * numpy.pi / 12) * 6371007 / 2.0**order
        variable = browser.run("const s = document.getElementById('variable'); return s.options[s.selectedIndex].text")
        picked = sorted(browser.run("return [...document.getElementById('variable').options].map(o => o.text)"))
        assert picked == sorted(names), (picked, names)
        # Values and ids of cells under the mouse, and of a cell that is chosen all of them.
        for at in some:
            browser.run("icefold.look(arguments[0], arguments[1], arguments[2])", lon[at], lat[at], 24 / wide)
            browser.whole()
            assert browser.run("return icefold.order()") == order
            place = mouse(browser, lon[at], lat[at])
            tip = browser.until("!document.getElementById('tip').hidden && document.getElementById('tip').innerText")
            assert str(int(ids[at])) in tip, (tip, ids[at])
            text = browser.run("return document.querySelector('#tip .value').textContent").split(" ")[0]
            assert same(text, cells[variable].values[at]), (text, cells[variable].values[at])
            browser.click(*place)
            browser.until("!document.getElementById('cell').hidden && document.getElementById('cell').innerText"
                          f".includes('cell {int(ids[at])}')")
            table = browser.run("return Object.fromEntries([...document.querySelectorAll('#cell td[data-variable]')]"
                                ".map(td => [td.dataset.variable, td.textContent]))")
            assert sorted(table) == sorted(names)
            for name, text in table.items():
                assert same(text, cells[name].values[at]), (name, text, cells[name].values[at])
            browser.key("Escape")
        # Pixels: the range is that of the 2nd and the 98th percentile, and a cell has its colour in it.
        browser.run("document.activeElement.blur()")
        low, high = (float(browser.run(f"return document.getElementById('{end}').dataset.exact")) for end in ("low", "high"))
        values = cells[variable].values.astype(float)
        finite = numpy.sort(values[numpy.isfinite(values)])
        margin = 0 if len(finite) < 50 else len(finite) // 50
        assert (low, high) == (finite[margin], finite[-1 - margin]), (low, high, finite[margin], finite[-1 - margin])
        ranked = numpy.argsort(values)[: len(finite)]
        tried = ranked[numpy.linspace(0, len(ranked) - 1, 6).astype(int)]
        assert values[tried[0]] <= low and values[tried[-1]] >= high
        for at in tried:
            color = color_of((values[at] - low) / (high - low))
            browser.run("icefold.look(arguments[0], arguments[1], arguments[2])", lon[at], lat[at], 40 / wide)
            browser.whole()
            pixel = browser.run("""
                icefold.drawNow();
                const canvas = document.getElementById('cells');
                const gl = canvas.getContext('webgl2');
                const pixel = new Uint8Array(4);
                gl.readPixels(canvas.width >> 1, canvas.height >> 1, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
                return [...pixel]""")
            assert numpy.abs(numpy.array(pixel[:3]) - color).max() <= 14 and pixel[3] == 255, (values[at], pixel, color)
        # A cell is drawn as the polygon that it is: inside of its corners there is colour, a cell's width outside of all
        # cells there is none.
        inside = browser.run("""
            const canvas = document.getElementById('cells');
            const gl = canvas.getContext('webgl2');
            const all = new Uint8Array(4 * canvas.width * canvas.height);
            gl.readPixels(0, 0, canvas.width, canvas.height, gl.RGBA, gl.UNSIGNED_BYTE, all);
            let count = 0;
            for (let i = 3; i < all.length; i += 4) count += all[i] > 127;
            return count""")
        assert inside > 400, inside
        # What a frame costs is counted: a call for each block, four vertices for each cell, and a few bytes.
        browser.run("document.getElementById('whole').click()")
        browser.whole()
        counted = browser.run("return icefold.counted")
        assert counted["vertices"] == 4 * counted["cells"] and counted["bytes"] == 32 + 16 * counted["draws"], counted
        # Keys, buttons and the wheel move the map.
        def scale():
            return browser.run("return icefold.camera.scale")
        browser.run("document.getElementById('over').focus()")
        for act, grows in [(lambda: browser.key("+"), True), (lambda: browser.key("-"), False),
                           (lambda: browser.wheel(400, 400, -240), True),
                           (lambda: browser.run("document.getElementById('farther').click()"), False)]:
            before = scale()
            act()
            browser.until(f"icefold.camera.scale {'>' if grows else '<'} {before!r}")
        before = browser.run("return icefold.camera.x")
        browser.key("ArrowRight")
        browser.until(f"icefold.camera.x > {before!r}")
        assert browser.run("return document.getElementById('live').textContent")
        errors = [line for line in browser.log() if line["level"] == "SEVERE"]
        assert not errors, errors
        if "--hostile" in sys.argv:
            said = browser.run("return document.body.innerText + document.getElementById('title').textContent")
            assert "<img" in said and "onerror" in said, said
            assert browser.run("return document.images.length") == 0
            assert browser.run("return window.hacked === undefined")
            # What would run by itself is not allowed to.
            browser.run("const s = document.createElement('script'); s.textContent = 'window.hacked = 1'; document.body.append(s)")
            assert browser.run("return window.hacked === undefined")
    print(f"{len(some)} cells of {len(names)} variables as xarray reads them, {len(tried)} colours as known")


if __name__ == "__main__":
    main()
