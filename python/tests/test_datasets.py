"""Stores and cells as Datasets of xarray."""

from __future__ import annotations

import numpy
import pytest
import xarray

import icefold


def test_a_store_opens_at_every_order(store):
    finest = icefold.open(store)
    assert finest.icefold.order == 12
    for order in (12, 11, 10):
        found = icefold.open(store, order)
        by_xarray = xarray.open_dataset(store, engine="icefold", order=order)
        xarray.testing.assert_identical(found, by_xarray)
        assert found["count"].sum() == finest["count"].sum()
    with pytest.raises(icefold.StoreError, match="has no order 9; it has 12, 11, 10"):
        icefold.open(store, 9)
    with pytest.raises(icefold.StoreError):
        icefold.open("nothing.zarr")


@pytest.mark.parametrize("layout", ["fullsphere", "hive"])
def test_stores_of_all_layouts_open_with_the_same_cells(granules, layout):
    order = 9
    for name in ("cells", layout):
        icefold.run("atl03", granules, f"{name}.zarr", order=order, layout=name)
    expected, found = icefold.open("cells.zarr"), icefold.open(f"{layout}.zarr")
    assert set(found.data_vars) == set(expected.data_vars) and found.icefold.order == order
    assert (found["cell_ids"].values == expected["cell_ids"].values).all()
    for name in expected.data_vars:
        assert found[name].values.tobytes() == expected[name].values.tobytes(), name
        assert found[name].attrs["statistic"] == expected[name].attrs["statistic"]
    numpy.testing.assert_array_equal(found["longitude"].values, expected["longitude"].values)
    assert len(found.icefold.sel_box(-180, -90, 180, 90)["cell_ids"]) == len(expected["cell_ids"])
    dropped = icefold.open(f"{layout}.zarr", drop_variables="h_mean")
    assert "h_mean" not in dropped
    with pytest.raises(icefold.ArgumentError, match="chunks"):
        icefold.open(f"{layout}.zarr", chunks={})
    icefold.render(f"{layout}.zarr", "h_mean", "map.png")


def test_overviews_of_a_hive_open(granules):
    icefold.run("atl03", granules, "flat.zarr", order=9, overviews=[7, 6])
    icefold.run("atl03", granules, "hive.zarr", order=9, layout="hive", overviews=[7, 6])
    for order in (9, 7, 6):
        expected, found = icefold.open("flat.zarr", order), icefold.open("hive.zarr", order)
        assert (found["cell_ids"].values == expected["cell_ids"].values).all()
        assert found["count"].values.tobytes() == expected["count"].values.tobytes()
    with pytest.raises(icefold.StoreError, match="has no order 8"):
        icefold.open("hive.zarr", 8)


def test_steps_of_the_full_sphere_open_as_those_of_cells(granules):
    for layout in ("cells", "fullsphere"):
        icefold.run("atl03", granules, f"{layout}.zarr", order=7, layout=layout, set={"time": {"every": "month"}})
    expected, found = icefold.open("cells.zarr"), icefold.open("fullsphere.zarr")
    assert found["count"].dims == expected["count"].dims == ("time", "cells")
    for name in (*expected.data_vars, "time", "time_bnds", "cell_ids"):
        numpy.testing.assert_array_equal(found[name].values, expected[name].values)


def test_maps_are_drawn_as_the_program_draws_them(store, tmp_path):
    import subprocess
    import sys

    picture = icefold.render(store, "h_mean", "ours.png", order=11)
    assert picture.path == "ours.png" and "PNG of" in repr(picture)
    program = [sys.executable, "-m", "icefold", "render", str(store), "h_mean", "-o", "its.png", "--order", "11"]
    subprocess.run(program, check=True, stdout=subprocess.DEVNULL)
    assert (tmp_path / "ours.png").read_bytes() == (tmp_path / "its.png").read_bytes() == picture
    before = sorted(path.name for path in tmp_path.iterdir())
    in_memory = icefold.render(store, "h_mean", order=numpy.int64(11))
    assert in_memory == picture and in_memory.path is None and in_memory._repr_png_() == bytes(picture)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    (tmp_path / "theirs.png").write_bytes(b"a picture of somebody's")
    for output, says in (("map.jpg", "pictures are PNG"), ("theirs.png", "no picture of icefold")):
        with pytest.raises(icefold.ArgumentError, match=says):
            icefold.render(store, "h_mean", output)
    with pytest.raises(icefold.ArgumentError, match="time names a step"):
        icefold.render(store, "h_mean", "map.png", time="2019-06")
    with pytest.raises(icefold.Error):
        icefold.render(store, "nothing", "map.png")


def test_a_page_is_that_of_the_program_and_shown_in_a_frame_of_its_own(store, tmp_path):
    import subprocess
    import sys

    page = icefold.view(store, ["h_mean", "count"], "ours.html", order=[10, 11], title="<b>Ice</b>")
    assert page.path == "ours.html" and page.startswith("<!doctype html>") and "page of" in repr(page)
    program = [sys.executable, "-m", "icefold", "view", str(store), "-o", "its.html", "--order", "10,11"]
    program += ["--variables", "h_mean,count", "--title", "<b>Ice</b>"]
    subprocess.run(program, check=True, stdout=subprocess.DEVNULL)
    assert (tmp_path / "ours.html").read_bytes() == (tmp_path / "its.html").read_bytes() == page.encode()
    assert "&lt;b&gt;Ice&lt;/b&gt;" in page and "<b>Ice" not in page
    frame = icefold.view(store, "h_mean", order=10)._repr_html_()
    assert frame.startswith("<iframe srcdoc=") and "allow-same-origin" not in frame and "<script" not in frame
    for asked, says in (
        ({"order": 9.5}, "order=9.5"),
        ({"order": 8}, "order=8 is none of its orders"),
        ({"variables": 5}, "variables=5"),
        ({"variables": "h"}, "has no array h"),
        ({"max_size": 1000}, "max_size"),
        ({"output": "page.pdf"}, "a page is HTML"),
    ):
        with pytest.raises(icefold.Error, match=says):
            icefold.view(store, **asked)


def test_maps_look_as_asked(store, tmp_path):
    plain = icefold.render(store, "h_mean")
    dark = icefold.render(store, "h_mean", theme="dark", cmap="magma_r", vmin=0, vmax=numpy.float32(2), size=(800, 700), label="h")
    assert dark != plain and int.from_bytes(dark[16:20], "big") == 800 and int.from_bytes(dark[20:24], "big") == 700
    drawing = icefold.render(store, "h_mean", "map.svg", bbox=(-50, 60, -40, 80))
    assert drawing._repr_svg_().lstrip().startswith("<") and drawing._repr_png_() is None and "SVG of" in repr(drawing)
    paper = icefold.render(store, "h_mean", tmp_path / "map.pdf")
    assert paper[:5] == b"%PDF-" and paper._repr_png_() is None and paper._repr_svg_() is None
    for look, says in (
        ({"theme": "blue"}, "theme='blue'"),
        ({"cmap": "jet2"}, "cmap"),
        ({"vmin": 2, "vmax": 1}, "vmin"),
        ({"vmin": "low"}, "vmin='low'"),
        ({"bbox": (0, 0, 1)}, "is no"),
        ({"size": 10}, "size"),
        ({"size": 1.5}, "size"),
        ({"label": 5}, "label=5"),
    ):
        with pytest.raises(icefold.ArgumentError, match=says):
            icefold.render(store, "h_mean", **look)


def test_centres_lie_in_their_cells(store):
    ds = icefold.open(store)
    cells = icefold.locate(ds["longitude"], ds["latitude"], 12)
    assert (cells == ds["cell_ids"].values).all()


def test_xdggs_understands_cells(store):
    pytest.importorskip("xdggs")
    for ds in (icefold.open(store), icefold.aggregate([10.0], [70.0], [1.0], order=8)):
        plain = ds.drop_vars(["longitude", "latitude", "crs"], errors="ignore")
        decoded = plain.dggs.decode(convention="xdggs")
        centers = decoded.dggs.cell_centers()
        of_ours = ds.icefold.centers()
        numpy.testing.assert_allclose(centers["latitude"].values, of_ours["latitude"].values, atol=1e-9)
        turned = (centers["longitude"].values - of_ours["longitude"].values + 180) % 360
        numpy.testing.assert_allclose(turned, 180, atol=1e-9)


def test_datasets_decode_with_xdggs_as_they_are(store):
    xdggs = pytest.importorskip("xdggs")
    for ds in (icefold.open(store), icefold.open(store, centers=False), icefold.aggregate([10.0], [70.0], [1.0], order=8)):
        decoded = ds.pipe(xdggs.decode)
        info = decoded.dggs.grid_info
        assert (info.level, info.indexing_scheme) == (ds.icefold.order, "nested")
        of_ours = ds.icefold.centers()
        centers = decoded.dggs.cell_centers()
        numpy.testing.assert_allclose(centers["latitude"].values, of_ours["latitude"].values, atol=1e-9)
        # An index finds the cells of positions, and the arrays are as they were.
        place = {"latitude": of_ours["latitude"].values[:5], "longitude": of_ours["longitude"].values[:5]}
        picked = decoded.dggs.sel_latlon(**place)
        assert (picked["cell_ids"].values == ds["cell_ids"].values[:5]).all()
        for name in ds.data_vars:
            assert decoded[name].values.tobytes() == ds[name].values.tobytes(), name


def test_arrays_may_be_those_of_dask(store):
    pytest.importorskip("dask")
    ds = icefold.open(store, chunks={})
    assert ds["h_mean"].chunks is not None
    plain = icefold.open(store)
    assert float(ds["h_mean"].max()) == float(plain["h_mean"].max())
    box = ds.icefold.sel_box(-180, -90, 180, 90)
    assert box["h_mean"].chunks is not None and box.sizes == plain.sizes
    xarray.testing.assert_equal(ds.compute(), plain)


def test_what_is_aggregated_in_memory_says_what_a_store_says(store):
    ds = icefold.open(store)
    cells = icefold.aggregate(ds["longitude"].values, ds["latitude"].values, ds["h_mean"].values, order=12)
    assert (cells["cell_ids"].values == ds["cell_ids"].values).all()
    assert cells["cell_ids"].attrs == ds["cell_ids"].attrs
    assert cells["crs"].attrs == ds["crs"].attrs
    assert cells.attrs["dggs"] == ds.attrs["dggs"]


def test_a_box_has_the_cells_whose_centres_lie_in_it():
    lon, lat = [179.0, -179.0, 10.0], [10.0, 10.0, 10.0]
    cells = icefold.aggregate(lon, lat, [1.0, 2.0, 3.0], order=6, stats="max")
    assert sorted(cells.icefold.sel_box(175, 0, -175, 20)["max"].values) == [1.0, 2.0]
    assert cells.icefold.sel_box(0, 0, 20, 20)["max"].values.tolist() == [3.0]
    with pytest.raises(icefold.ArgumentError, match="south below north"):
        cells.icefold.sel_box(0, 20, 20, 0)


def test_pixels_of_a_raster_have_the_values_of_their_cells(store):
    ds = icefold.open(store)
    raster = ds.icefold.to_raster(resolution=0.02)
    lon, lat = numpy.meshgrid(raster["x"], raster["y"])
    of_pixel = icefold.locate(lon, lat, 12)
    values = dict(zip(ds["cell_ids"].values.tolist(), ds["h_mean"].values))
    expected = numpy.array([values.get(cell, numpy.nan) for cell in of_pixel.ravel().tolist()])
    numpy.testing.assert_array_equal(raster["h_mean"].values.ravel(), expected)
    assert numpy.isfinite(expected).sum() > 0
    assert raster["spatial_ref"].attrs["grid_mapping_name"] == "latitude_longitude"


def test_rasters_of_a_projection_lie_where_they_should(store):
    pyproj = pytest.importorskip("pyproj")
    ds = icefold.open(store, 10)
    raster = ds.icefold.to_raster("EPSG:3413", 5000.0)
    back = pyproj.Transformer.from_crs(3413, 4326, always_xy=True)
    x, y = numpy.meshgrid(raster["x"], raster["y"])
    of_pixel = icefold.locate(*back.transform(x, y), 10)
    values = dict(zip(ds["cell_ids"].values.tolist(), ds["h_mean"].values))
    expected = numpy.array([values.get(cell, numpy.nan) for cell in of_pixel.ravel().tolist()])
    numpy.testing.assert_array_equal(raster["h_mean"].values.ravel(), expected)
    assert raster["spatial_ref"].attrs["grid_mapping_name"] == "polar_stereographic"


def test_polygons_hold_their_centres(store):
    pytest.importorskip("geopandas")
    shapely = pytest.importorskip("shapely")
    ds = icefold.open(store, 10)
    polygons = ds.icefold.to_geodataframe()
    points = ds.icefold.to_geodataframe(centers=True)
    assert shapely.contains(polygons.geometry.values, points.geometry.values).all()
    assert (polygons["h_mean"].to_numpy() == ds["h_mean"].values).all()


def test_cells_are_drawn(store, tmp_path):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    drawn = icefold.open(store).icefold.plot("h_mean")
    assert len(drawn.get_paths()) == icefold.open(store).sizes["cells"]
    plt.savefig(tmp_path / "map.png")
    with pytest.raises(icefold.ArgumentError, match="draw one of"):
        icefold.open(store).icefold.plot("nothing")
