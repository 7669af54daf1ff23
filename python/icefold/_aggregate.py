"""Photons in arrays to cells."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

from . import _icefold
from ._arguments import Region, machine, needed, plain, shown, texts, whole
from ._arguments import region as _region
from ._columns import columns, degrees
from ._errors import ArgumentError, Note

if TYPE_CHECKING:
    import numpy
    import numpy.typing
    import xarray

    Numbers = numpy.typing.ArrayLike
    Cells = numpy.typing.NDArray[numpy.uint64]

Latitude = Literal["authalic-wgs84", "geodetic-spherical"]
_LATITUDES = ("authalic-wgs84", "geodetic-spherical")
# Bytes of memory that a call may leave to the next one; 10**7 photons in no order leave 330 MB.
_KEPT_MOST = 512 * 2**20
_TO = ("xarray", "pandas", "arrow", "numpy")


@overload
def aggregate(
    lon: Numbers | str = ...,
    lat: Numbers | str = ...,
    values: Numbers | str | Sequence[str] | Mapping[str, Numbers] = ...,
    *,
    data: Any = ...,
    order: int | None = ...,
    stats: Sequence[str] | str = ...,
    weights: Numbers | str | None = ...,
    grid: Mapping[str, Any] | str | None = ...,
    region: Region | None = ...,
    time: Mapping[str, Any] | None = ...,
    latitude: Latitude = ...,
    resolution: int | None = ...,
    device: str = ...,
    threads: int | None = ...,
    to: Literal["xarray"] = ...,
) -> xarray.Dataset: ...


@overload
def aggregate(
    lon: Numbers | str = ...,
    lat: Numbers | str = ...,
    values: Numbers | str | Sequence[str] | Mapping[str, Numbers] = ...,
    *,
    data: Any = ...,
    order: int | None = ...,
    stats: Sequence[str] | str = ...,
    weights: Numbers | str | None = ...,
    grid: Mapping[str, Any] | str | None = ...,
    region: Region | None = ...,
    time: Mapping[str, Any] | None = ...,
    latitude: Latitude = ...,
    resolution: int | None = ...,
    device: str = ...,
    threads: int | None = ...,
    to: Literal["numpy"],
) -> dict[str, numpy.typing.NDArray[Any]]: ...


@overload
def aggregate(
    lon: Numbers | str = ...,
    lat: Numbers | str = ...,
    values: Numbers | str | Sequence[str] | Mapping[str, Numbers] = ...,
    *,
    data: Any = ...,
    order: int | None = ...,
    stats: Sequence[str] | str = ...,
    weights: Numbers | str | None = ...,
    grid: Mapping[str, Any] | str | None = ...,
    region: Region | None = ...,
    time: Mapping[str, Any] | None = ...,
    latitude: Latitude = ...,
    resolution: int | None = ...,
    device: str = ...,
    threads: int | None = ...,
    to: Literal["pandas", "arrow"],
) -> Any: ...


def aggregate(
    lon: Numbers | str = "lon",
    lat: Numbers | str = "lat",
    values: Numbers | str | Sequence[str] | Mapping[str, Numbers] = "h",
    *,
    data: Any = None,
    order: int | None = None,
    stats: Sequence[str] | str = ("count", "min", "max", "mean", "var"),
    weights: Numbers | str | None = None,
    grid: Mapping[str, Any] | str | None = None,
    region: Region | None = None,
    time: Mapping[str, Any] | None = None,
    latitude: Latitude = "authalic-wgs84",
    resolution: int | None = None,
    device: str = "auto",
    threads: int | None = None,
    to: Literal["xarray", "pandas", "arrow", "numpy"] = "xarray",
) -> Any:
    """Statistics of photons per cell, of arrays in memory.

    Parameters
    ----------
    lon, lat : array of shape (photons,), or name of a column
        Longitudes and geodetic latitudes on WGS84, degrees. Photons whose longitude is beyond +-540, whose latitude
        is beyond +-90, or where either is NaN, are left out: a warning says how many, and so do the attributes of a
        Dataset.
    values : array of shape (photons,), dict of such arrays, or names of columns
        What is aggregated: float32, float64 or integers. Others are converted as NumPy does, without loss. NaN takes
        part in counts and makes other statistics NaN, as in NumPy; nulls of a table take part in nothing.
    data : table, optional
        What has the columns: anything with ``__arrow_c_stream__`` (pyarrow, polars, duckdb), a DataFrame of pandas,
        points of geopandas (``lon`` and ``lat`` are then those of the points unless named), or a mapping.
    order : int
        HEALPix order of the cells, 0 to 29, 12 where none is given; their number is 12 * 4**order.
    stats : list of str
        ``count``, ``min``, ``max``, ``sum``, ``mean``, ``var``, ``std`` (with ``ddof`` 0), ``median``, ``q0`` to
        ``q100`` (linear), and ``wmean``, weighted by ``weights``.
    weights : array of shape (photons,), or name of a column
    grid : dict, optional
        In place of ``order``, a config's ``output.grid``: ``{"type": "healpix", "child_order": 12}``. Others than
        HEALPix with nested ids are refused.
    region
        Only photons of this area: ``(west, south, east, north)``, GeoJSON, something with a ``__geo_interface__``, or
        the path of a file.
    time : dict, optional
        Only photons of a time, and steps of time, with the keys of a config's ``time``: ``dataset`` has the times, an
        array or the name of a column (datetime64, moments of Arrow or pandas in UTC, or seconds since 2018-01-01 as
        ``delta_time`` of the products); ``from`` and ``to`` are a year, a month, a day or a moment, of which ``to`` is
        included as a whole; ``every`` (``"year"``, ``"season"``, ``"month"``, ``"P7D"``) or ``edges`` give arrays
        (time, cells), each step with the bits of its photons alone. Photons without a time are in none.
    latitude
        Which latitude is hashed: cells of equal area on the ellipsoid, or as most HEALPix programs have it.
    resolution : int
        Sums are exact in units of ``2**resolution``, chosen by the column's name where none is given: ``-34`` for
        heights, about 6e-11.
    device, threads
        On what it runs; changes no bit. For arrays ``"auto"`` is the CPU.
    to
        ``"xarray"``: a Dataset that xdggs understands. ``"pandas"``: a DataFrame with ``cell_ids`` as its index.
        ``"arrow"``: a Table of pyarrow. ``"numpy"``: a dict of arrays.

    Returns
    -------
    Dataset, DataFrame, Table or dict
        A row for every cell with a photon, ascending by ``cell_ids`` (uint64, nested). With several values an output
        is called ``VALUE_STATISTIC``. With steps of time a Dataset has arrays (time, cells), and all else a row for
        every cell and step with a photon, with ``time`` beside the cell: when the step begins.

    Raises
    ------
    ArgumentError
        Columns of different lengths, a statistic that there is not, a value beyond its resolution.

    Notes
    -----
    Arrays that are contiguous and of the right type are read where they lie, without the GIL; do not change them
    meanwhile. Threads, and up to 512 MiB of the memory that they worked in, stay for the next call, until
    :func:`icefold.release`.

    Examples
    --------
    >>> import icefold, numpy
    >>> lon, lat = numpy.array([10.0, 10.001, -45.0]), numpy.array([70.0, 70.001, 72.5])
    >>> cells = icefold.aggregate(lon, lat, numpy.array([100.25, 101.5, 2500.0]), order=8, stats=["count", "median"])
    >>> cells["median"].values
    array([ 100.875, 2500.   ])
    >>> import pandas
    >>> photons = pandas.DataFrame({"lon": lon, "lat": lat, "h": [1, 2, 3]})
    >>> icefold.aggregate(data=photons, values="h", order=8, stats="max", to="pandas")  # doctest: +NORMALIZE_WHITESPACE
              max
    cell_ids
    60254       2
    258816      3
    >>> times = numpy.array(["2019-06-02", "2019-06-30", "2019-08-01"], "datetime64[ns]")
    >>> of_months = icefold.aggregate(lon, lat, [1.0, 2.0, 3.0], order=8, stats="count",
    ...                               time={"dataset": times, "every": "month"})
    >>> of_months["count"].dims, of_months["count"].values.tolist()
    (('time', 'cells'), [[2, 0], [0, 0], [0, 1]])
    """
    for name, value, known in (("to", to, _TO), ("latitude", latitude, _LATITUDES)):
        if not isinstance(value, str) or value not in known:
            raise ArgumentError(f"{name}={value!r} is none of {', '.join(map(repr, known))}; give one of them")
    cell_order, of_grid = _grid(order, grid)
    keys, times = _time(time)
    names, source = columns(data, lon, lat, values, weights, times)
    if times is not None:
        keys.append(("dataset", json.dumps(names["time"])))
    asked = {
        **names,
        "stats": texts(stats, "stats", '["count", "mean"]'),
        "order": cell_order,
        "grid": of_grid,
        "latitude": latitude,
        "resolution": None if resolution is None else -whole(resolution, "resolution", -100, 60),
        "region": None if region is None else _region(region),
        "times": keys,
        "hashed": to == "xarray",
        "keep": _KEPT_MOST,
        "machine": machine(device, threads, None),
    }
    found = _icefold.aggregate(source, asked)
    nowhere = found["rejected_by"].get("bad_coordinate", 0)
    notes = [found["warning"]] if found["warning"] else []
    if nowhere:
        notes.append(f"{nowhere:,} of {found['read']:,} photons have no position and were left out")
    for note in notes:
        warnings.warn(note, Note, stacklevel=2)
    return _shaped(found, to)


def _grid(order: int | None, grid: Mapping[str, Any] | str | None) -> tuple[int, str | None]:
    """The order of the cells, and what a config says of the grid where more than the order is said."""
    if grid is None:
        return 12 if order is None else whole(order, "order", 0, 29), None
    if not isinstance(grid, (str, Mapping)):
        raise ArgumentError(f"grid={shown(grid)}: give a dict of a config's output.grid, such as {{'type': 'healpix'}}")
    said: dict[str, Any] = {"type": grid} if isinstance(grid, str) else dict(grid)
    kind = said.get("type", "healpix")
    if kind != "healpix":
        raise ArgumentError(
            f"grid type {kind!r}: photons in memory are aggregated into 'healpix' alone; give that, or make a run of it"
        )
    if "child_order" in said:
        if order is not None:
            raise ArgumentError("order and grid['child_order'] both say the order of the cells; give one of them")
        order = said["child_order"]
    order = 12 if order is None else whole(order, "order", 0, 29)
    written = {"type": kind, "indexing_scheme": "nested", "parent_order": min(6, order), **said, "child_order": order}
    return order, json.dumps(plain(written, "grid"))


def _time(time: Mapping[str, Any] | None) -> tuple[list[tuple[str, str]], Any]:
    """Keys of a config's `time` with YAML as their values, and the times themselves."""
    if time is None:
        return [], None
    example = 'such as {"dataset": times, "from": "2019-06", "every": "month"}'
    if not isinstance(time, Mapping):
        raise ArgumentError(f"time={shown(time)}: give a dict of a config's keys, {example}")
    said = dict(time)
    times = said.pop("dataset", None)
    if times is None:
        raise ArgumentError(f"time has no 'dataset', which are the times of the photons; give them, {example}")
    for key in said:
        if key not in ("from", "to", "every", "edges"):
            raise ArgumentError(f"time has {key!r}, and its keys are 'dataset', 'from', 'to', 'every' and 'edges'")
    keys = []
    for key, value in said.items():
        if value is not None:
            wanted = list(value) if key == "edges" and not isinstance(value, (str, Mapping)) and _many(value) else value
            keys.append((key, json.dumps(plain(wanted, f"time[{key!r}]"))))
    return keys, times


def _many(value: Any) -> bool:
    return hasattr(value, "__iter__") and getattr(value, "ndim", 1) > 0


def _shaped(found: dict[str, Any], to: str) -> Any:
    of_rows = found["columns"]
    when = _begins(found["edges"])
    if when is not None:
        of_rows = {"time" if place == 1 else name: column for place, (name, column) in enumerate(of_rows.items())}
        of_rows["time"] = when[found["steps"]]
    if to == "numpy":
        return of_rows
    if to == "arrow":
        return needed("pyarrow", "to='arrow'").table(of_rows)
    if to == "pandas":
        pandas = needed("pandas", "to='pandas'")
        cells = of_rows.pop("cell_ids")
        if when is None:
            return pandas.DataFrame(of_rows, index=pandas.Index(cells, name="cell_ids"))
        index = pandas.MultiIndex.from_arrays([cells, of_rows.pop("time")], names=["cell_ids", "time"])
        return pandas.DataFrame(of_rows, index=index)
    from ._dataset import dataset

    facts = {key: found[key] for key in ("read", "kept")}
    attrs: dict[str, Any] = {f"photons_{key}": value for key, value in facts.items()}
    attrs["photons_rejected"] = ", ".join(f"{why}: {count}" for why, count in found["rejected_by"].items()) or "none"
    attrs["content_sha256"] = found["content_sha256"]
    if when is None:
        return dataset(of_rows, found["order"], found["latitude"], attrs)
    arrays = _by_step(of_rows, found, len(when))
    return dataset(arrays, found["order"], found["latitude"], attrs, (when, _begins(found["edges"], True)))


def _by_step(of_rows: dict[str, Any], found: dict[str, Any], steps: int) -> dict[str, Any]:
    """Arrays (time, cells), with fill values where a cell has no photon at a step."""
    import numpy

    cells, place = numpy.unique(of_rows["cell_ids"], return_inverse=True)
    outputs = {name: column for name, column in of_rows.items() if name not in ("cell_ids", "time")}
    size = steps * len(cells) * sum(column.dtype.itemsize for column in outputs.values())
    if size > 2**32:
        raise ArgumentError(
            f"{steps} steps of {len(cells):,} cells are {size:,} bytes as arrays (time, cells), of which most are empty; "
            "use to='pandas' or to='arrow', which have rows for cells with photons"
        )
    arrays = {"cell_ids": cells}
    for name, column in outputs.items():
        array = numpy.full((steps, len(cells)), found["fills"][name], column.dtype)
        array[found["steps"], place] = column
        arrays[name] = array
    return arrays


def _begins(edges: Any, bounds: bool = False) -> Any:
    """When steps begin, or when they begin and end, as datetime64[ns]; None without steps."""
    import numpy

    if edges is None:
        return None
    whole = numpy.floor(edges)
    rest = numpy.rint((edges - whole) * 1e9).astype("m8[ns]")
    moments = numpy.datetime64("2018-01-01", "ns") + whole.astype("m8[s]").astype("m8[ns]") + rest
    return numpy.stack([moments[:-1], moments[1:]], axis=1) if bounds else moments[:-1]


def locate(lon: Numbers, lat: Numbers, order: int = 12, *, latitude: Latitude = "authalic-wgs84") -> Cells:
    """The cell of every position.

    Parameters
    ----------
    lon, lat : array
        Longitudes and geodetic latitudes on WGS84, degrees; of one shape.
    order : int
        HEALPix order, 0 to 29.
    latitude
        As for :func:`aggregate`.

    Returns
    -------
    array of uint64
        Nested ids, of the shape of the positions. They depend on nothing but the position: the same bits on every
        machine.

    Raises
    ------
    ArgumentError
        A position that is none: NaN, a latitude beyond +-90, a longitude beyond +-540.

    Examples
    --------
    >>> import icefold
    >>> icefold.locate([10.0, -45.0], [70.0, 72.5], order=8)
    array([ 60254, 258816], dtype=uint64)
    """
    import numpy

    if not isinstance(latitude, str):
        raise ArgumentError(f"latitude={shown(latitude)} is none of {', '.join(map(repr, _LATITUDES))}; give one of them")
    of_lon, of_lat = degrees(lon, "lon"), degrees(lat, "lat")
    if of_lon.shape != of_lat.shape:
        raise ArgumentError(f"lon has shape {of_lon.shape}, lat {of_lat.shape}; give as many of both")
    flat = [numpy.ascontiguousarray(each).ravel() for each in (of_lon, of_lat)]
    return _icefold.locate(flat[0], flat[1], whole(order, "order", 0, 29), latitude).reshape(of_lon.shape)


def release() -> int:
    """Gives back what :func:`aggregate` keeps for the next call: threads, and memory up to 512 MiB.

    Memory that is fresh from the system costs time at its first touch, so a loop of calls is faster where it stays; a
    notebook that goes on with something else may want it back.

    Returns
    -------
    int
        Bytes that were given back; 0 where nothing was kept.

    Examples
    --------
    >>> import icefold
    >>> cells = icefold.aggregate([10.0], [70.0], [1.0], order=8)
    >>> icefold.release() > 0
    True
    >>> icefold.release()
    0
    """
    return _icefold.release()
