"""Tables of other libraries: whatever holds the photons, the cells have the same bits."""

from __future__ import annotations

import numpy
import pytest

import icefold

ORDER = 9
ASK = {"values": ["h", "n"], "weights": "sigma", "order": ORDER, "stats": ["count", "mean", "median", "wmean"]}


@pytest.fixture(scope="module")
def photons() -> dict[str, numpy.ndarray]:
    random = numpy.random.default_rng(3)
    n = 20_000
    return {
        "lon": -50.0 + random.normal(0.0, 2.0, n),
        "lat": 70.0 + random.normal(0.0, 1.0, n),
        "h": random.normal(1000.0, 300.0, n).astype("f4"),
        "n": random.integers(-1000, 1000, n).astype("i4"),
        "sigma": random.uniform(0.1, 2.0, n),
        "track": numpy.repeat(["gt1l", "gt1r"], n // 2),
    }


def tables(photons):
    """Functions that make a table, by the name of what it is."""

    def of_arrow():
        import pyarrow

        return pyarrow.table(photons)

    def in_batches():
        table = of_arrow()
        import pyarrow

        return pyarrow.RecordBatchReader.from_batches(table.schema, table.to_batches(max_chunksize=3_000))

    def one_batch():
        return of_arrow().combine_chunks().to_batches()[0]

    def of_pandas():
        import pandas

        return pandas.DataFrame(photons)

    def of_pandas_with_its_types():
        return of_pandas().convert_dtypes()

    def of_pandas_on_arrow():
        return of_pandas().convert_dtypes(dtype_backend="pyarrow")

    def of_polars():
        return pytest.importorskip("polars").DataFrame(photons)

    def of_polars_later():
        polars = pytest.importorskip("polars")
        return polars.LazyFrame(photons).with_columns(polars.col("h") * 1)

    def of_duckdb():
        duckdb = pytest.importorskip("duckdb")
        of_arrow_table = of_arrow()
        connection = duckdb.connect()
        connection.register("photons", of_arrow_table)
        return connection.sql("SELECT * FROM photons")

    def of_geopandas():
        geopandas = pytest.importorskip("geopandas")
        rest = {name: column for name, column in photons.items() if name not in ("lon", "lat")}
        points = geopandas.points_from_xy(photons["lon"], photons["lat"])
        return geopandas.GeoDataFrame(rest, geometry=points, crs=4326)

    def of_xarray():
        import xarray

        return xarray.Dataset({name: ("photon", column) for name, column in photons.items()})

    def of_numpy_records():
        records = numpy.empty(len(photons["h"]), [(name, column.dtype) for name, column in photons.items()])
        for name, column in photons.items():
            records[name] = column
        return records

    def of_dask():
        dask = pytest.importorskip("dask.array")
        return {name: dask.from_array(column, 7_000) for name, column in photons.items() if name != "track"}

    return {make.__name__: make for make in list(locals().values()) if callable(make)}


NAMES = [
    "of_arrow",
    "in_batches",
    "one_batch",
    "of_pandas",
    "of_pandas_with_its_types",
    "of_pandas_on_arrow",
    "of_polars",
    "of_polars_later",
    "of_duckdb",
    "of_geopandas",
    "of_xarray",
    "of_numpy_records",
    "of_dask",
]


@pytest.mark.parametrize("name", NAMES)
def test_all_tables_give_the_bits_of_arrays(photons, name):
    expected = icefold.aggregate(data=photons, to="numpy", **ASK)
    found = icefold.aggregate(data=tables(photons)[name](), to="numpy", **ASK)
    assert found.keys() == expected.keys() and len(found["cell_ids"]) > 100
    for output in expected:
        assert found[output].tobytes() == expected[output].tobytes(), output


def test_every_table_is_in_the_list(photons):
    assert sorted(tables(photons)) == sorted(NAMES)


def test_answers_of_all_kinds_hold_the_same(photons):
    arrays = icefold.aggregate(data=photons, to="numpy", **ASK)
    dataset = icefold.aggregate(data=photons, to="xarray", **ASK)
    frame = icefold.aggregate(data=photons, to="pandas", **ASK)
    table = icefold.aggregate(data=photons, to="arrow", **ASK)
    assert frame.index.name == "cell_ids" and (frame.index == arrays["cell_ids"]).all()
    for name in arrays:
        assert dataset[name].values.tobytes() == arrays[name].tobytes()
        assert table[name].to_numpy().tobytes() == arrays[name].tobytes()
        if name != "cell_ids":
            assert frame[name].to_numpy().tobytes() == arrays[name].tobytes()


def test_nulls_are_told_from_numbers_in_all_tables(photons):
    import pyarrow

    n = pyarrow.array([1, None, 3], "i4")
    table = pyarrow.table({"lon": [10.0] * 3, "lat": [70.0] * 3, "n": n})
    ask = {"values": "n", "order": 4, "stats": ["count", "max"], "to": "numpy"}
    tables = [table]
    try:
        import polars
    except ImportError:
        pass
    else:
        tables += [polars.from_arrow(table), polars.from_arrow(table).lazy()]
    for each in tables:
        found = icefold.aggregate(data=each, **ask)
        assert (found["count"].tolist(), found["max"].tolist()) == ([2], [3]), type(each)
    for column in (n, pyarrow.chunked_array([n]), table.to_pandas().convert_dtypes()["n"]):
        with pytest.raises(icefold.ArgumentError, match="has nulls, which NumPy has not"):
            icefold.aggregate([10.0] * 3, [70.0] * 3, column, order=4)


def test_points_are_positions_in_degrees_alone(photons):
    geopandas = pytest.importorskip("geopandas")
    shapely = pytest.importorskip("shapely")
    points = geopandas.GeoDataFrame({"h": [1.0]}, geometry=[shapely.Point(10.0, 70.0)], crs=3413)
    with pytest.raises(icefold.ArgumentError, match=r"points are in EPSG:3413.*to_crs\(4326\)"):
        icefold.aggregate(data=points, values="h")
    line = geopandas.GeoDataFrame({"h": [1.0]}, geometry=[shapely.LineString([(0, 0), (1, 1)])], crs=4326)
    with pytest.raises(icefold.ArgumentError, match="no points: LineString"):
        icefold.aggregate(data=line, values="h")
    with pytest.raises(icefold.ArgumentError, match="data has no column dem; it has h, geometry"):
        icefold.aggregate(data=points.to_crs(4326), values="dem")
    # Positions that have columns of their own are taken from these.
    both = geopandas.GeoDataFrame({"h": [1.0], "lon": [20.0], "lat": [60.0]}, geometry=[shapely.Point(10.0, 70.0)], crs=4326)
    found = icefold.aggregate(data=both, values="h", order=8, to="numpy")
    assert found["cell_ids"].tolist() == [icefold.locate(20.0, 60.0, 8)]


def test_columns_that_nobody_asks_for_may_be_of_any_type():
    import pyarrow

    table = pyarrow.table({"lon": [10.0], "lat": [70.0], "h": [1.0], "what": [["a", "list"]]})
    for each in (table, table.to_reader()):
        assert icefold.aggregate(data=each, values="h", order=4)["count"].item() == 1
