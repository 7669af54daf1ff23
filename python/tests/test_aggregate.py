"""Arrays to cells, against NumPy."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy
import pytest

import icefold

ORDER = 9


@pytest.fixture(scope="module")
def photons() -> dict[str, numpy.ndarray]:
    random = numpy.random.default_rng(7)
    n = 50_000
    return {
        "lon": -50.0 + random.normal(0.0, 2.0, n),
        "lat": 70.0 + random.normal(0.0, 1.0, n),
        "h": random.normal(1000.0, 300.0, n).astype("f4"),
        "sigma": random.uniform(0.1, 2.0, n),
    }


def naive(photons: dict[str, numpy.ndarray], of: str = "h") -> dict[int, numpy.ndarray]:
    """Values by cell, where cells are those of another library."""
    from healpix_geo import nested

    cells = nested.lonlat_to_healpix(photons["lon"], photons["lat"], ORDER, ellipsoid="WGS84")
    return {int(cell): photons[of][cells == cell].astype("f8") for cell in numpy.unique(cells)}


def test_statistics_are_those_of_numpy(photons):
    stats = ["count", "min", "max", "sum", "mean", "var", "std", "median", "q25"]
    found = icefold.aggregate(
        photons["lon"], photons["lat"], photons["h"], order=ORDER, stats=stats
    )
    expected = naive(photons)
    assert found["cell_ids"].values.tolist() == sorted(expected)
    for place, values in enumerate(expected[cell] for cell in sorted(expected)):
        row = {name: found[name].values[place] for name in stats}
        assert row["count"] == len(values)
        assert (row["min"], row["max"]) == (values.min(), values.max())
        assert (row["median"], row["q25"]) == (numpy.median(values), numpy.quantile(values, 0.25))
        numpy.testing.assert_allclose(row["sum"], values.sum(), rtol=1e-13)
        numpy.testing.assert_allclose(row["mean"], values.mean(), rtol=1e-13)
        numpy.testing.assert_allclose([row["var"], row["std"]], [values.var(), values.std()], rtol=1e-9, atol=1e-9)


def test_bits_depend_on_neither_threads_nor_order(photons):
    ask = {"order": ORDER, "stats": ["mean", "var", "q50"], "to": "numpy"}
    one = icefold.aggregate(photons["lon"], photons["lat"], photons["h"], threads=1, **ask)
    shuffled = numpy.random.default_rng(1).permutation(len(photons["h"]))
    other = icefold.aggregate(*(photons[name][shuffled] for name in ("lon", "lat", "h")), threads=2, **ask)
    assert one.keys() == other.keys()
    for name in one:
        assert one[name].tobytes() == other[name].tobytes(), name


def test_the_program_gives_the_same_bits(photons, tmp_path):
    for name, column in photons.items():
        numpy.save(tmp_path / f"{name}.npy", column)
    stats = ["count", "mean", "var", "median", "wmean"]
    program = [sys.executable, "-m", "icefold", "aggregate", "--input", str(tmp_path), "--cell-order", str(ORDER)]
    program += ["--stats", ",".join(stats), "--weights", "sigma", "--repeat", "1", "--json"]
    said = json.loads(subprocess.check_output(program))
    found = icefold.aggregate(
        photons["lon"], photons["lat"], {"h": photons["h"]}, weights=photons["sigma"], order=ORDER, stats=stats
    )
    assert found.attrs["content_sha256"] == said["content_sha256"]


def test_tables_give_what_arrays_give(photons):
    import pandas
    import pyarrow

    ask = {"order": ORDER, "stats": ["mean", "wmean"], "to": "numpy", "weights": "sigma"}
    arrays = icefold.aggregate(data=photons, values="h", **ask)
    half = len(photons["h"]) // 2
    batches = [
        pyarrow.record_batch({name: column[part] for name, column in photons.items()})
        for part in (slice(None, half), slice(half, None))
    ]
    frame = pandas.DataFrame(photons)
    for table in (pyarrow.table(photons), pyarrow.Table.from_batches(batches), frame):
        found = icefold.aggregate(data=table, values="h", **ask)
        for name in arrays:
            assert found[name].tobytes() == arrays[name].tobytes(), (type(table), name)


def test_nulls_of_tables_take_part_in_nothing():
    import pyarrow

    table = pyarrow.table({
        "lon": pyarrow.array([10.0, 10.0, None, 10.0]),
        "lat": pyarrow.array([70.0, 70.0, 70.0, 70.0], "f4"),
        "n": pyarrow.array([1, None, 3, 5], "u1"),
    })
    with pytest.warns(icefold.Note, match="1 of 4 photons have no position"):
        found = icefold.aggregate(data=table, values="n", order=4, stats=["count", "max", "mean"])
    assert found.attrs["photons_read"] == 4
    assert found.attrs["photons_kept"] == 2
    assert found.attrs["photons_rejected"] == "bad_coordinate: 1, null: 1"
    assert (found["count"].item(), found["max"].item(), found["mean"].item()) == (2, 5, 3.0)


def test_photons_that_are_nowhere_or_outside_are_counted(photons):
    lon = photons["lon"].copy()
    lon[:3] = [numpy.nan, 541.0, numpy.inf]
    box = (-50.0, 69.0, -48.0, 71.0)
    with pytest.warns(icefold.Note, match="3 of 50,000 photons have no position"):
        found = icefold.aggregate(lon, photons["lat"], photons["h"], order=ORDER, stats="count", region=box)
    inside = (lon >= box[0]) & (lon < box[2]) & (photons["lat"] >= box[1]) & (photons["lat"] < box[3])
    assert found["count"].sum() == inside.sum() == found.attrs["photons_kept"]
    outside = len(lon) - 3 - int(inside.sum())
    assert found.attrs["photons_rejected"] == f"bad_coordinate: 3, outside_region: {outside}"
    ring = [[-50, 69], [-48, 69], [-48, 71], [-50, 71], [-50, 69]]
    polygon = {"type": "Polygon", "coordinates": [ring]}
    with pytest.warns(icefold.Note, match="3 of 50,000"):
        same = icefold.aggregate(lon, photons["lat"], photons["h"], order=ORDER, stats="count", region=polygon)
    assert same.attrs["content_sha256"] == found.attrs["content_sha256"]


def test_arrays_are_read_where_they_lie_and_left_as_they_are(photons):
    frozen = {name: column.copy() for name, column in photons.items()}
    for column in frozen.values():
        column.flags.writeable = False
    icefold.aggregate(data=frozen, values="h", weights="sigma", order=ORDER, stats=["wmean", "median"])
    for name, column in frozen.items():
        assert (column == photons[name]).all(), name
    # Every second one is not contiguous: it is copied, and right.
    halves = {name: column[::2] for name, column in photons.items()}
    found = icefold.aggregate(data=halves, values="h", order=ORDER, stats="count")
    assert found["count"].sum() == len(halves["h"])


def test_integers_keep_all_their_digits():
    big = numpy.array([2**53 + 1, 2**53 + 3], "i8")
    found = icefold.aggregate([1.0, 1.0], [2.0, 2.0], big, order=3, stats=["min", "max"], to="numpy")
    assert (found["min"].item(), found["max"].item()) == (2**53 + 1, 2**53 + 3)


def test_no_photon_is_no_cell():
    empty = numpy.array([], "f8")
    found = icefold.aggregate(empty, empty, empty, order=3)
    assert found.sizes["cells"] == 0 and found.attrs["photons_read"] == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"lon": [1.0, 2.0], "lat": [1.0], "values": [1.0]}, "there are 2 longitudes"),
        ({"stats": ["meen"]}, "there is no statistic 'meen'"),
        ({"stats": []}, "stats is empty"),
        ({"stats": ["wmean"]}, "weights"),
        ({"order": 30}, "order=30 (int) is no whole number from 0 to 29"),
        ({"device": "abacus"}, "abacus"),
        ({"to": "excel"}, "to='excel'"),
        ({"latitude": "flat"}, "latitude='flat'"),
        ({"values": ["a"]}, "value is of <U1"),
        ({"values": [[1.0]]}, "shape"),
        ({"values": [1e300]}, "out of range"),
        ({"values": numpy.array([2**64 - 1], "u8")}, "beyond int64"),
        ({"values": numpy.ma.masked_array([1.0], [True])}, "masked"),
        ({"region": (1.0, 2.0, 3.0)}, "is no area"),
        ({"region": (0.0, 5.0, 1.0, -5.0)}, "south"),
        ({"lon": "lon"}, "give data="),
        ({"data": {"lon": [1.0], "lat": [1.0]}, "lon": "lon", "lat": "lat", "values": "h"}, "no column h"),
    ],
)
def test_what_cannot_be_honoured_is_refused(arguments, says):
    given = {"lon": [1.0], "lat": [1.0], "values": [1.0], **arguments}
    with pytest.raises((icefold.ArgumentError, icefold.DeviceError)) as caught:
        icefold.aggregate(**given)
    assert says in str(caught.value), str(caught.value)
    assert "--" not in str(caught.value)


def test_a_table_says_which_column_it_lacks():
    import pyarrow

    with pytest.raises(ValueError, match="data has no column h; it has lon, lat"):
        icefold.aggregate(data=pyarrow.table({"lon": [1.0], "lat": [1.0]}), values="h")
    with pytest.raises(icefold.ArgumentError, match="column h holds"):
        icefold.aggregate(data=pyarrow.table({"lon": [1.0], "lat": [1.0], "h": ["x"]}), values="h")


def test_cells_are_located_as_they_are_aggregated(photons):
    cells = icefold.locate(photons["lon"], photons["lat"], ORDER)
    found = icefold.aggregate(photons["lon"], photons["lat"], photons["h"], order=ORDER, stats="count")
    ids, counts = numpy.unique(cells, return_counts=True)
    assert (ids == found["cell_ids"].values).all() and (counts == found["count"].values).all()
    assert icefold.locate(10.0, 70.0, 8).shape == ()
    with pytest.raises(ValueError, match=r"lon\[1\] = NaN"):
        icefold.locate([1.0, numpy.nan], [1.0, 1.0])
