"""Times and grids of arrays in memory, against runs and against single steps."""

from __future__ import annotations

import datetime

import numpy
import pytest
import xarray

import icefold

ORDER = 8
EPOCH = numpy.datetime64("2018-01-01", "ns")


@pytest.fixture(scope="module")
def photons() -> dict[str, numpy.ndarray]:
    random = numpy.random.default_rng(11)
    n = 20_000
    return {
        "lon": -50.0 + random.normal(0.0, 2.0, n),
        "lat": 70.0 + random.normal(0.0, 1.0, n),
        "h": random.normal(1000.0, 300.0, n).astype("f4"),
        "t": random.uniform(3.0e7, 6.0e7, n),
    }


def moments(seconds: numpy.ndarray, unit: str = "ns") -> numpy.ndarray:
    return (EPOCH + (seconds * 1e9).astype("i8").astype("m8[ns]")).astype(f"M8[{unit}]")


def ask(photons, **more):
    return icefold.aggregate(photons["lon"], photons["lat"], photons["h"], order=ORDER, **more)


@pytest.mark.parametrize("scale", [numpy.float32(1), numpy.float32(1e-6), numpy.float64(0.1)])
def test_each_step_has_the_bits_of_its_photons_alone(photons, scale):
    # Values that are no whole numbers of units have remainders beside their sums.
    photons = {**photons, "h": photons["h"] * scale}
    assert photons["h"].dtype == scale.dtype
    stats = ["count", "sum", "mean", "var", "median"]
    found = ask(photons, stats=stats, time={"dataset": photons["t"], "every": "month"})
    assert found["mean"].dims == ("time", "cells")
    assert found["count"].sum() == len(photons["h"]) == found.attrs["photons_kept"]
    when = moments(photons["t"])
    for step, (start, end) in enumerate(found["time_bnds"].values):
        inside = (when >= start) & (when < end)
        alone = ask({name: column[inside] for name, column in photons.items()}, stats=stats)
        at = found.isel(time=step)
        at = at.isel(cells=at["count"].values > 0)
        assert (at["cell_ids"].values == alone["cell_ids"].values).all()
        for name in stats:
            assert at[name].values.tobytes() == alone[name].values.tobytes(), (name, start)


def test_steps_are_those_of_the_program(photons, tmp_path):
    import json
    import subprocess
    import sys

    import pyarrow
    import pyarrow.parquet

    table = pyarrow.table({**photons, "t": pyarrow.array(moments(photons["t"]))})
    pyarrow.parquet.write_table(table, tmp_path / "photons.parquet")
    program = [sys.executable, "-m", "icefold", "aggregate", "photons.parquet", "--order", str(ORDER), "--to", "c.zarr"]
    program += ["--time", "dataset=t", "--time", "every=month", "--time", "from=2019-02", "--time", "to=2019-09-15"]
    said = json.loads(subprocess.check_output([*program, "--json"]))
    found = icefold.aggregate(
        data={**photons, "t": moments(photons["t"])},
        values="h",
        order=ORDER,
        time={"dataset": "t", "every": "month", "from": "2019-02", "to": datetime.date(2019, 9, 15)},
    )
    assert found.attrs["content_sha256"] == said["content_sha256"]
    rejected = ", ".join(f"{why}: {count}" for why, count in said["photons"]["rejected_by"].items())
    assert found.attrs["photons_rejected"] == rejected
    opened = icefold.open("c.zarr")
    assert opened["mean"].dims == ("time", "cells")
    for name in ("count", "mean", "cell_ids", "time", "time_bnds"):
        numpy.testing.assert_array_equal(found[name].values, opened[name].values)


@pytest.mark.parametrize("unit", ["ns", "us", "ms", "s"])
def test_moments_of_all_units_are_times(photons, unit):
    when = moments(photons["t"], unit)
    time = {"every": "P30D", "from": "2019-01-01", "to": "2019-12-31T12:00"}
    found = ask(photons, to="pandas", stats="count", time={"dataset": when, **time})
    inside = (when >= numpy.datetime64("2019-01-01")) & (when < numpy.datetime64("2019-12-31T12:00"))
    assert found["count"].sum() == inside.sum()
    first = found.index.get_level_values("time")
    assert first.min() == numpy.datetime64("2019-01-01")
    import pandas
    import pyarrow

    frame = pandas.DataFrame({**photons, "t": pandas.Series(when).dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo")})
    tables = [frame, pyarrow.table({**photons, "t": pyarrow.array(when)})]
    for table in tables:
        same = icefold.aggregate(
            data=table, values="h", order=ORDER, to="pandas", stats="count", time={"dataset": "t", **time}
        )
        pandas.testing.assert_frame_equal(found, same)


def test_photons_without_a_time_are_in_none(photons):
    when = moments(photons["t"])
    when[:5] = numpy.datetime64("NaT")
    found = ask(photons, stats="count", time={"dataset": when, "from": "2018", "to": "2030"})
    assert found["count"].dims == ("cells",)
    assert found["count"].sum() == len(when) - 5
    assert "time: before 2018-01-01T00:00:00Z: 5" in found.attrs["photons_rejected"]


def test_rows_have_the_step_beside_the_cell(photons):
    time = {"dataset": photons["t"], "edges": [2018, "2019-07", numpy.datetime64("2020-01"), 2021]}
    table = ask(photons, to="arrow", stats=["count", "mean"], time=time)
    assert table.column_names == ["cell_ids", "time", "count", "mean"]
    rows = ask(photons, to="numpy", stats=["count", "mean"], time=time)
    assert rows["time"].dtype == "M8[ns]" and (rows["count"] > 0).all()
    dense = ask(photons, stats=["count", "mean"], time=time)
    assert dense.sizes["time"] == 3
    assert dense["count"].sum() == rows["count"].sum() == len(photons["h"])
    picked = dense["mean"].sel(
        time=xarray.DataArray(rows["time"], dims="row"),
        cells=xarray.DataArray(numpy.searchsorted(dense["cell_ids"].values, rows["cell_ids"]), dims="row"),
    )
    assert picked.values.tobytes() == rows["mean"].tobytes()


def test_a_step_between_others_is_there_though_it_is_empty(photons):
    early = photons["t"] < 4.0e7
    late = photons["t"] > 5.0e7
    some = {name: column[early | late] for name, column in photons.items()}
    found = ask(some, stats=["count", "max"], time={"dataset": some["t"], "every": "month"})
    empty = found.isel(time=(found["count"].sum("cells") == 0).values)
    assert empty.sizes["time"] >= 2
    assert numpy.isnan(empty["max"].values).all() and (empty["count"].values == 0).all()
    nothing = ask({name: column[:0] for name, column in photons.items()}, time={"dataset": [], "every": "month"})
    assert dict(nothing.sizes) == {"time": 0, "cells": 0, "bnds": 2}


@pytest.mark.parametrize(
    ("time", "says"),
    [
        ("2019", "give a dict"),
        ({"every": "month"}, "time has no 'dataset'"),
        ({"dataset": [1.0], "form": "2019"}, "time has 'form'"),
        ({"dataset": [1.0]}, "neither from nor to"),
        ({"dataset": [1.0], "every": "fortnight"}, "fortnight"),
        ({"dataset": [1.0], "every": "cycle"}, "tables do not say"),
        ({"dataset": [1.0], "from": "yesterday"}, "is no time"),
        ({"dataset": numpy.array([1.0], "f4"), "every": "month"}, "float32"),
        ({"dataset": numpy.array(["2019-01-01"], "M8[ps]"), "every": "month"}, "finer than nanoseconds"),
        ({"dataset": ["2019-01-01"], "every": "month"}, "times are datetime64"),
        ({"dataset": [1.0, 2.0], "every": "month"}, "column time has 2"),
        ({"dataset": "t", "every": "month"}, "give data="),
    ],
)
def test_times_that_cannot_be_honoured_are_refused(time, says):
    with pytest.raises(icefold.ArgumentError) as caught:
        icefold.aggregate([1.0], [1.0], [1.0], time=time)
    assert says in str(caught.value), str(caught.value)
    assert "--" not in str(caught.value)


def test_a_grid_says_what_an_order_says(photons):
    by_order = ask(photons, stats="mean")
    for grid in (
        {"type": "healpix", "child_order": ORDER},
        {"type": "healpix", "indexing_scheme": "nested", "parent_order": 4, "child_order": ORDER},
        {"child_order": ORDER},
    ):
        found = icefold.aggregate(photons["lon"], photons["lat"], photons["h"], stats="mean", grid=grid)
        xarray.testing.assert_identical(found, by_order)
    named = ask(photons, stats="mean", grid="healpix")
    xarray.testing.assert_identical(named, by_order)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"grid": "rectilinear"}, "grid type 'rectilinear'"),
        ({"grid": {"type": "dggs-h3", "child_order": 3}}, "grid type 'dggs-h3'"),
        ({"grid": {"child_order": 3}, "order": 3}, "order and grid['child_order']"),
        ({"grid": {"child_order": 3, "indexing_scheme": "ring"}}, "indexing_scheme"),
        ({"grid": {"child_oder": 3}}, "child_order"),
        ({"grid": {"child_order": 33}}, "no whole number from 0 to 29"),
    ],
)
def test_other_grids_are_refused_by_name(arguments, says):
    with pytest.raises(icefold.ArgumentError) as caught:
        icefold.aggregate([1.0], [1.0], [1.0], **arguments)
    assert says in str(caught.value), str(caught.value)


def test_values_that_are_null_in_a_row_make_no_cell():
    import pyarrow

    table = pyarrow.table({
        "lon": [10.0, 10.0, 50.0],
        "lat": [70.0, 70.0, 10.0],
        "a": pyarrow.array([1.0, None, None]),
        "b": pyarrow.array([1, 2, None]),
    })
    both = icefold.aggregate(data=table, values=["a", "b"], order=4, stats="count")
    assert both.sizes["cells"] == 1 and both["b_count"].item() == 2
    assert both.attrs["photons_rejected"] == "null: 1"
