"""Stores of rows and columns, opened, cut and drawn."""

from __future__ import annotations

import pathlib

import numpy
import pytest
import xarray

import icefold

WIDTH = 2000.0


@pytest.fixture(scope="module")
def raster(granules, tmp_path_factory) -> pathlib.Path:
    """The granules of the demo on a polar grid, with overviews."""
    path = tmp_path_factory.mktemp("rasters") / "polar.zarr"
    icefold.run(polar(), granules, path, overviews=[2, 4])
    return path


def polar(**more) -> dict:
    return {
        "data_source": {
            "groups": ["gt1l", "gt1r", "gt2l", "gt2r", "gt3l", "gt3r"],
            "coordinates": {"latitude": "/{group}/heights/lat_ph", "longitude": "/{group}/heights/lon_ph"},
            "variables": {"h_ph": "/{group}/heights/h_ph"},
        },
        "aggregation": {
            "variables": {
                "count": {"function": "count", "source": "h_ph"},
                "h_mean": {"function": "mean", "source": "h_ph"},
            }
        },
        "output": {
            "grid": {
                "type": "rectilinear",
                "crs": "EPSG:3413",
                "resolution": WIDTH,
                "bounds": [-500_000, -500_000, 500_000, 500_000],
                "chunk_shape": [100, 100],
            }
        },
        **more,
    }


def test_rows_and_columns_open_with_every_overview(raster):
    report = icefold.inspect(raster)
    finest = icefold.open(raster)
    assert finest["h_mean"].dims == ("y", "x") and "crs" in finest.coords and report["orders"]
    assert finest["x"].values[1] - finest["x"].values[0] == WIDTH
    plain = xarray.open_zarr(raster, chunks=None)
    assert finest["h_mean"].values.tobytes() == plain["h_mean"].values.tobytes()
    assert int(finest["count"].sum()) > 0
    for width in (2, 4):
        found = icefold.open(raster, overview=width)
        xarray.testing.assert_identical(found, xarray.open_dataset(raster, engine="icefold", overview=width))
        assert found["x"].values[1] - found["x"].values[0] == width * WIDTH
        assert int(found["count"].sum()) == int(finest["count"].sum())
    lazy = pytest.importorskip("dask") and icefold.open(raster, chunks={})
    assert lazy["count"].chunks and int(lazy["count"].sum()) == int(finest["count"].sum())


def test_what_is_of_the_other_grid_is_refused_by_name(raster, store):
    with pytest.raises(icefold.StoreError, match=r"has rows and columns.*overview= one of the widths 2, 4"):
        icefold.open(raster, 12)
    with pytest.raises(icefold.StoreError, match="has no overview of cells 8 as wide; it has 2, 4"):
        icefold.open(raster, overview=8)
    with pytest.raises(icefold.ArgumentError, match="overview=2 is of rows and columns"):
        icefold.open(store, overview=2)
    ds = icefold.open(raster)
    with pytest.raises(icefold.ArgumentError, match="use .to_dataframe"):
        ds.icefold.to_geodataframe()
    with pytest.raises(icefold.ArgumentError, match=r"of EPSG:3413 already.*rio.reproject"):
        ds.icefold.to_raster("EPSG:4326")
    with pytest.raises(icefold.ArgumentError, match="cells are not resampled"):
        ds.icefold.to_raster(resolution=1000)
    with pytest.raises(icefold.ArgumentError, match="cell_ids"):
        _ = ds.icefold.order
    with pytest.raises(icefold.ConfigError, match="order 9 is of HEALPix cells.*rows and columns"):
        icefold.config(polar(), order=9)


def test_places_are_those_of_proj(raster):
    pyproj = pytest.importorskip("pyproj")
    ds = icefold.open(raster, centers=True)
    back = pyproj.Transformer.from_crs(3413, 4326, always_xy=True)
    lon, lat = back.transform(*numpy.meshgrid(ds["x"].values, ds["y"].values))
    numpy.testing.assert_allclose(ds["longitude"].values, lon, atol=1e-9)
    numpy.testing.assert_allclose(ds["latitude"].values, lat, atol=1e-9)
    assert "longitude" not in icefold.open(raster).coords
    xarray.testing.assert_identical(icefold.open(raster).icefold.centers(), ds)


def test_a_box_has_the_cells_whose_centres_lie_in_it(raster):
    ds = icefold.open(raster)
    known = icefold.open(raster, centers=True)
    seen = known["count"] > 0
    west, east = (float(known["longitude"].where(seen).quantile(q)) for q in (0.25, 0.5))
    south, north = (float(known["latitude"].where(seen).quantile(q)) for q in (0.25, 0.9))
    part = ds.icefold.sel_box(west, south, east, north)
    within = (known["latitude"] >= south) & (known["latitude"] <= north)
    within &= (known["longitude"] >= west) & (known["longitude"] <= east)
    assert 0 < float(part["count"].sum()) == float(known["count"].where(within).sum()) < float(known["count"].sum())
    assert part.sizes["y"] * part.sizes["x"] < ds.sizes["y"] * ds.sizes["x"] and part["h_mean"].attrs == ds["h_mean"].attrs
    middle = part["h_mean"].stack(cell=("y", "x")).dropna("cell")
    again = known["h_mean"].where(within).stack(cell=("y", "x")).dropna("cell")
    numpy.testing.assert_array_equal(middle.values, again.values)
    nothing = ds.icefold.sel_box(0, -80, 1, -79)
    assert dict(nothing.sizes) == {"y": 0, "x": 0}


def test_a_raster_is_one_already_and_is_drawn(raster):
    ds = icefold.open(raster, overview=4)
    assert ds.icefold.to_raster() is ds
    pytest.importorskip("pyproj")
    assert ds.icefold.to_raster(3413, 4 * WIDTH) is ds
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    import matplotlib.pyplot

    figure, ax = matplotlib.pyplot.subplots()
    drawn = ds.icefold.plot("h_mean", ax=ax)
    numpy.testing.assert_array_equal(numpy.asarray(drawn.get_array()).reshape(ds["h_mean"].shape), ds["h_mean"].values)
    assert ax.get_xlabel() == "projection x coordinate, m"
    with pytest.raises(icefold.ArgumentError, match="no array 'nothing' of rows and columns"):
        ds.icefold.plot("nothing")
    matplotlib.pyplot.close(figure)
    assert icefold.render(raster, "h_mean")[:8] == b"\x89PNG\r\n\x1a\n"


def test_rasterio_finds_the_place(raster, tmp_path):
    pytest.importorskip("rioxarray")
    ds = icefold.open(raster)
    assert ds.rio.crs.to_epsg() == 3413
    assert ds["h_mean"].rio.resolution() == (WIDTH, -WIDTH)


def test_steps_of_time_stay_in_front(granules):
    icefold.run(polar(time={"every": "month"}), granules, "steps.zarr")
    ds = icefold.open("steps.zarr")
    assert ds["h_mean"].dims == ("time", "y", "x")
    part = ds.icefold.sel_box(-180, 0, 180, 90)
    assert float(part["count"].sum()) == float(ds["count"].sum())
    with pytest.raises(icefold.ArgumentError, match="of steps of time select one first"):
        ds.icefold.plot("h_mean")


def test_a_run_writes_geotiff_with_its_store(granules):
    rasterio = pytest.importorskip("rasterio")
    report = icefold.run(polar(), granules, "polar.zarr", geotiff="geotiff", overviews=[2])
    assert sorted(path.name for path in pathlib.Path("geotiff").iterdir()) == ["count.tif", "h_mean.tif"]
    assert {file["name"] for file in report["geotiff"]["files"]} == {"count.tif", "h_mean.tif"}
    ds = icefold.open("polar.zarr")
    with rasterio.open("geotiff/h_mean.tif") as file:
        assert file.crs.to_epsg() == 3413 and file.transform.a == WIDTH
        drawn = file.read(1)
    numpy.testing.assert_array_equal(drawn, ds["h_mean"].values.astype(drawn.dtype))
    # Pieces have none; their store does.
    made = icefold.plan(polar(), granules, "map.json")
    with pytest.raises(icefold.ArgumentError, match=r"geotiff is written with the store.*finalize"):
        icefold.run(polar(), plan="map.json", shards="0..1", store="parts.zarr", geotiff="parts")
    for part in ("0..1", f"1..{made['shards']}"):
        icefold.run(polar(), plan="map.json", shards=part, store="parts.zarr", overviews=[2])
    icefold.finalize("parts.zarr", geotiff=pathlib.Path("parts"))
    for name in ("count.tif", "h_mean.tif"):
        assert pathlib.Path("parts", name).read_bytes() == pathlib.Path("geotiff", name).read_bytes()


def test_geotiff_that_cannot_be_is_refused_by_name(granules):
    with pytest.raises(icefold.ArgumentError, match="geotiff=tiffs is for rows and columns"):
        icefold.run("atl03", granules, "cells.zarr", geotiff="tiffs")
    with pytest.raises(icefold.ArgumentError, match="geotiff=True"):
        icefold.run(polar(), granules, "polar.zarr", geotiff=True)
    assert list(pathlib.Path().iterdir()) == []
