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
