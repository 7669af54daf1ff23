"""What is no argument: refused before anything is read, by the keyword, with the value and what to give."""

from __future__ import annotations

import pathlib

import numpy
import pytest

import icefold

NAN = float("nan")
NAMES = {"lon": "lon", "lat": "lat", "values": "h"}


def refused(call, says: str) -> None:
    with pytest.raises(icefold.ArgumentError) as caught:
        call()
    text = str(caught.value)
    assert says in text, text
    assert "--" not in text and isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"config": None}, "config=None (NoneType) is none; give a built-in name"),
        ({"config": 6}, "config=6 (int) is none"),
        ({"granules": 5}, "granules=5 (int) is no path"),
        ({"granules": b"a.h5"}, "granules=b'a.h5' (bytes) is no path"),
        ({"granules": ["a.h5", None]}, "granules[1]=None (NoneType) is no path"),
        ({"granules": {"a": "b"}}, "what granules names has neither features (STAC), items (CMR UMM-JSON)"),
        ({"granules": ""}, "granules='' (str) is no path"),
        ({"granules": "a\0.h5"}, "is no path"),
        ({"granules": []}, "no granules given"),
        ({"store": 5}, "store=5 (int) is no path"),
        ({"store": ["a.zarr"]}, "store=['a.zarr'] (list) is no path"),
        ({"table": True}, "table=True (bool) is no path"),
        ({"report": 1.5}, "report=1.5 (float) is no path"),
        ({"overviews": 11}, "overviews=11 (int) is no list of whole numbers; give one, such as [11, 10]"),
        ({"overviews": "11,10"}, "overviews='11,10' (str) is no list"),
        ({"overviews": [10.5]}, "overviews[0]=10.5 (float) is no whole number"),
        ({"overviews": [-1]}, "overviews[0]=-1 (int) is no whole number"),
        ({"overwrite": "no"}, "overwrite='no' (str) is neither True nor False"),
        ({"overwrite": 1}, "overwrite=1 (int) is neither"),
        ({"tolerant": None}, "tolerant=None (NoneType) is neither"),
        ({"resume": "yes"}, "resume='yes'"),
        ({"update": 1}, "update=1"),
        ({"allow_removal": None}, "allow_removal=None"),
        ({"keep_partials": "no"}, "keep_partials='no'"),
        ({"allow_empty": 0}, "allow_empty=0"),
        ({"cells_of_region": "all"}, "cells_of_region='all'"),
        ({"threads": 0}, "threads=0 (int) is no whole number from 1 to 1024"),
        ({"threads": -4}, "threads=-4"),
        ({"threads": "4"}, "threads='4' (str) is no whole number"),
        ({"threads": 2.0}, "threads=2.0 (float)"),
        ({"threads": True}, "threads=True (bool)"),
        ({"device": None}, "device=None (NoneType) is no text; give one, such as 'cpu'"),
        ({"memory": -1}, "memory=-1 (int) is no memory"),
        ({"memory": 1.5e9}, "is no memory; give bytes"),
        ({"memory": "lots"}, "memory"),
        ({"partials_memory": []}, "partials_memory=[] (list) is no memory"),
        ({"batch_rows": 0}, "batch_rows=0"),
        ({"checkpoint": -1}, "checkpoint=-1 (int) is no time; give seconds"),
        ({"checkpoint": "5m"}, "checkpoint='5m'"),
        ({"checkpoint": NAN}, "checkpoint=nan"),
        ({"layout": 5}, "layout=5 (int) is no text"),
        ({"layout": "rings"}, "no layout 'rings'"),
        ({"order": 30}, "order=30 (int) is no whole number from 0 to 29"),
        ({"order": "12"}, "order='12' (str)"),
        ({"set": ["output.nan"]}, "set=['output.nan'] (list) is no dict"),
        ({"set": {5: 1}}, "a key of set=5 (int) is no text"),
        ({"set": {"output.nan": object}}, "set has"),
        ({"set": {"output.nan": NAN}}, "which a config has no word for"),
        ({"region": (1, 2, 3)}, "is no area; give (west, south, east, north)"),
        ({"region": 5}, "region=5 (int) is no area"),
        ({"region": ("a", "b", "c", "d")}, "is no area"),
        ({"region": (True, False, True, True)}, "is no area"),
        ({"plan": "map.json", "shards": 3}, "shards=3 (int) is no part of a map"),
        ({"plan": "map.json", "shards": range(0, 8, 2)}, "is no part of a map"),
        ({"progress": "bar"}, "progress='bar' (str) is neither True nor False"),
        ({"progress": 5}, "progress=5"),
        ({"allow_external": 3}, "allow_external=3 (int) is no path"),
    ],
    ids=str,
)
def test_runs_name_what_is_no_argument(arguments, says, tmp_path):
    given = {"config": "atl03", "granules": "nothing/", "store": "none.zarr", **arguments}
    if "plan" in arguments:
        given.pop("granules")
    refused(lambda: icefold.run(**given), says)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: icefold.plan("atl03", "g", 5), "output=5 (int) is no path"),
        (lambda: icefold.plan("atl03", "g", "m.json", tolerant="no"), "tolerant='no'"),
        (lambda: icefold.plan("atl03", "g", "m.json", threads=0), "threads=0"),
        (lambda: icefold.finalize(None), "store=None (NoneType) is no path"),
        (lambda: icefold.finalize("a.zarr", keep_pieces=1), "keep_pieces=1"),
        (lambda: icefold.inspect(None), "what=None"),
        (lambda: icefold.inspect("a.h5", all="yes"), "all='yes'"),
        (lambda: icefold.inspect("a.h5", config=5), "config=5"),
        (lambda: icefold.demo(7), "folder=7"),
        (lambda: icefold.verify(1, "b.zarr"), "a=1 (int) is no path"),
        (lambda: icefold.verify("a.zarr", None), "verify compares two stores"),
        (lambda: icefold.verify("atl03", "g", devices="cpu"), "devices='cpu' (str): give two or more"),
        (lambda: icefold.verify("atl03", "g", devices=5), "devices=5 (int): give two or more"),
        (lambda: icefold.verify("atl03", "g", devices=["cpu", 1]), "devices[1]=1 (int) is no text"),
        (lambda: icefold.render(5, "h"), "store=5"),
        (lambda: icefold.render("a.zarr", 5), "variable=5 (int) is no text"),
        (lambda: icefold.render("a.zarr", "h", 5), "output=5"),
        (lambda: icefold.render("a.zarr", "h", order=True), "order=True (bool)"),
        (lambda: icefold.render("a.zarr", "h", time=1.5), "time=1.5 (float) names no step"),
        (lambda: icefold.render("a.zarr", "h", time=True), "time=True"),
        (lambda: icefold.render("a.zarr", "h", title=5), "title=5"),
        (lambda: icefold.open(None), "store=None"),
        (lambda: icefold.config("atl03", order=-1), "order=-1"),
        (lambda: icefold.config(order=3), "set, order and region change a config"),
    ],
)
def test_other_functions_name_what_is_no_argument(call, says, tmp_path):
    refused(call, says)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"lon": None}, "lon=None (NoneType) is no array of numbers"),
        ({"lon": 5.0}, "lon=5.0 (float) is no array"),
        ({"lon": (each for each in [1.0])}, "is no array of numbers; give one"),
        ({"lon": ["1"]}, "lon is of <U1, and columns are numbers"),
        ({"lon": [1.0 + 2.0j]}, "lon is of complex128"),
        ({"lat": [None]}, "lat is of object"),
        ({"lat": [[1.0]]}, "lat has shape (1, 1)"),
        ({"values": None}, "value=None (NoneType) is no array"),
        ({"values": {}}, "values is empty"),
        ({"values": [True]}, "value is of bool"),
        ({"values": {"lon": [1.0]}}, "values has 'lon'"),
        ({"values": {"": [1.0]}}, "values has an array without a name"),
        ({"values": {"a": [1.0, 2.0]}}, "column a has 2"),
        ({"values": [[1.0], [2.0, 3.0]]}, "is no array of numbers"),
        ({"values": numpy.array([1.0], "longdouble")}, "finer than float64"),
        ({"values": numpy.array(["2019"], "M8[D]")}, "datetime64"),
        ({"weights": 1.0, "stats": "wmean"}, "weights=1.0 (float) is no array"),
        ({"weights": [1.0]}, "wmean is weighted by the column that weights names"),
        ({"stats": None}, "stats=None (NoneType) is no list of texts"),
        ({"stats": [numpy.mean]}, "is no text; give one, such as 'count'"),
        ({"stats": {"count": 1}}, "is no list of texts"),
        ({"stats": "count,mean"}, "there is no statistic 'count,mean'"),
        ({"stats": ["count", "count"]}, "stats has count twice"),
        ({"order": 12.5}, "order=12.5 (float)"),
        ({"order": numpy.float64(3)}, "is no whole number"),
        ({"grid": 5}, "grid=5 (int): give a dict"),
        ({"grid": {"child_order": "3"}}, "order='3'"),
        ({"grid": {"parent_order": object()}}, "grid['parent_order'] has"),
        ({"resolution": 61}, "resolution=61 (int) is no whole number from -100 to 60"),
        ({"resolution": 0.5}, "resolution=0.5"),
        ({"threads": 0}, "threads=0"),
        ({"threads": "all"}, "threads='all'"),
        ({"device": 0}, "device=0 (int) is no text"),
        ({"to": None}, "to=None is none of 'xarray'"),
        ({"to": ["numpy"]}, "to=['numpy'] is none of"),
        ({"latitude": None}, "latitude=None is none of 'authalic-wgs84'"),
        ({"region": "-60,59,-10,84"}, "is no file; for a box give numbers, region=(-60,59,-10,84)"),
        ({"time": 5}, "time=5 (int): give a dict"),
        ({"time": [1.0]}, "time=[1.0] (list): give a dict"),
        ({"time": {"dataset": 5.0, "every": "month"}}, "time=5.0 (float) is no array"),
        ({"time": {"dataset": [True], "every": "month"}}, "times are datetime64"),
        ({"time": {"dataset": [1.0], "from": object()}}, "time['from'] has"),
        ({"time": {"dataset": [1.0], "from": NAN}}, "time['from'] has nan"),
        ({"time": {"dataset": [1.0], "edges": 2019}}, "edges"),
        ({"time": {"dataset": numpy.zeros(1, "f4"), "from": "2018"}}, "float32"),
        ({"data": 5, **NAMES}, "data=5 (int) is no table"),
        ({"data": [1.0], **NAMES}, "data=[1.0] (list) is no table"),
        ({"data": {"lon": [1.0], "lat": [1.0]}, **NAMES}, "data has no column h; it has lon, lat"),
        ({"data": {"lon": [1.0]}}, "lon=[1.0] (list) beside data="),
        ({"data": {"lon": [1.0]}, "lon": "lon", "lat": "lon", "values": []}, "lon and lat are both column lon"),
        ({"data": {"lon": [1.0]}, "lon": "lon", "lat": "lat", "values": 5}, "values=5 (int) beside data="),
        ({"data": {"lon": [1.0]}, "lon": "lon", "lat": "lat", "values": [5]}, "values[0]=5 (int) beside data="),
    ],
    ids=str,
)
def test_aggregate_names_what_is_no_argument(arguments, says):
    given = {"lon": [1.0], "lat": [1.0], "values": [1.0], **arguments}
    refused(lambda: icefold.aggregate(**given), says)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("1", 1.0), "lon='1' (str) is of <U1"),
        ((None, 1.0), "lon=None"),
        (([1.0, 2.0], [1.0]), "lon has shape (2,), lat (1,)"),
        ((numpy.ma.masked_array([1.0], [True]), [1.0]), "masked"),
        (([1.0], [91.0]), "lat[0] = 91"),
        ((1.0, 1.0, "12"), "order='12'"),
        (([[1.0], [1.0, 2.0]], [1.0]), "is no array of degrees"),
    ],
    ids=str,
)
def test_locate_names_what_is_no_argument(arguments, says):
    refused(lambda: icefold.locate(*arguments), says)


def test_the_accessor_names_what_is_no_argument():
    cells = icefold.aggregate([10.0], [70.0], [1.0], order=4)
    for call, says in (
        (lambda: cells.icefold.sel_box("a", 0, 1, 1), "box (a, 0, 1, 1): give degrees"),
        (lambda: cells.icefold.sel_box(0, 0, NAN, 1), "give degrees"),
        (lambda: cells.icefold.sel_box(0, 0, 181, 1), "give degrees"),
        (lambda: cells.icefold.to_raster(resolution=0), "resolution=0 (int) is no size of a pixel"),
        (lambda: cells.icefold.to_raster(resolution="1km"), "resolution='1km'"),
        (lambda: cells.icefold.to_raster(resolution=1e-9), "is too large"),
        (lambda: cells.isel(cells=slice(0, 0)).icefold.to_raster(), "has no cell"),
        (lambda: cells.drop_vars("cell_ids").icefold.order, "has no cell_ids"),
        (lambda: cells.icefold.plot(5), "there is no array 5"),
    ):
        refused(call, says)
    pytest.importorskip("pyproj")
    refused(lambda: cells.icefold.to_raster("EPSG:1"), "crs='EPSG:1' (str) is none")


def test_what_means_the_same_is_taken_as_it():
    lon, lat, h = numpy.array([10.0, 10.1]), numpy.array([70.0, 70.1]), numpy.array([1.0, 2.0])
    expected = icefold.aggregate(lon, lat, h, order=8, stats=["count"], to="numpy")
    for arguments in (
        {"order": numpy.int32(8), "stats": "count"},
        {"order": numpy.uint8(8), "stats": ("count",), "threads": numpy.int64(1)},
        {"order": 8, "stats": (name for name in ["count"]), "region": numpy.array([-180.0, -90.0, 180.0, 90.0])},
        {"grid": {"child_order": numpy.int64(8)}, "stats": ["count"], "device": "cpu"},
    ):
        found = icefold.aggregate(lon, lat, h, to="numpy", **arguments)
        assert {name: column.tolist() for name, column in found.items()} == {
            name: column.tolist() for name, column in expected.items()
        }


def test_paths_are_texts_paths_and_generators(granules):
    report = icefold.run(
        "atl03",
        (pathlib.Path(granule) for granule in granules),
        pathlib.Path("of_paths.zarr"),
        overviews=(order for order in numpy.array([11, 10])),
        overwrite=numpy.True_,
        checkpoint=numpy.float32(5),
        threads=numpy.int16(2),
        memory=numpy.int64(2**29),
    )
    assert len(report["command"]) == 2 + len(granules)
    assert icefold.inspect(pathlib.Path("of_paths.zarr"))["orders"]


def test_a_library_that_is_not_there_is_named(monkeypatch):
    import sys

    cells = icefold.aggregate([10.0], [70.0], [1.0], order=4)
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(ImportError, match=r"progress=True needs tqdm, which is not installed; pip install 'icefold\[progress\]'"):
        icefold.run("atl03", "nothing/", "none.zarr", progress=True)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"plot needs matplotlib, .*icefold\[geo\]"):
        cells.icefold.plot()
    monkeypatch.setitem(sys.modules, "pyproj", None)
    with pytest.raises(ImportError, match="needs pyproj"):
        cells.icefold.to_raster("EPSG:3413")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match="to='arrow' needs pyarrow"):
        icefold.aggregate([10.0], [70.0], [1.0], order=4, to="arrow")
