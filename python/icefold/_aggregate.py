"""Photons in arrays to cells."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from . import _icefold
from ._arguments import Memory, Region, machine, region as _region
from ._errors import ArgumentError, Note

if TYPE_CHECKING:
    import numpy
    import numpy.typing

    Numbers = numpy.typing.ArrayLike
    Cells = numpy.typing.NDArray[numpy.uint64]

Latitude = Literal["authalic-wgs84", "geodetic-spherical"]


def aggregate(
    lon: Numbers | str = "lon",
    lat: Numbers | str = "lat",
    values: Numbers | str | Sequence[str] | Mapping[str, Numbers] = "h",
    *,
    data: Any = None,
    order: int = 12,
    stats: Sequence[str] | str = ("count", "min", "max", "mean", "var"),
    weights: Numbers | str | None = None,
    region: Region | None = None,
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
        HEALPix order of the cells, 0 to 29; their number is 12 * 4**order.
    stats : list of str
        ``count``, ``min``, ``max``, ``sum``, ``mean``, ``var``, ``std`` (with ``ddof`` 0), ``median``, ``q0`` to
        ``q100`` (linear), and ``wmean``, weighted by ``weights``.
    weights : array of shape (photons,), or name of a column
    region
        Only photons of this area: ``(west, south, east, north)``, GeoJSON, something with a ``__geo_interface__``, or
        the path of a file.
    latitude
        Which latitude is hashed: cells of equal area on the ellipsoid, or as most HEALPix programs have it.
    resolution : int
        Sums are exact in units of ``2**resolution``, chosen by the column's name where none is given: ``-34`` for
        heights, about 6e-11.
    device, threads
        On what it runs; changes no bit.
    to
        ``"xarray"``: a Dataset that xdggs understands. ``"pandas"``: a DataFrame with ``cell_ids`` as its index.
        ``"arrow"``: a Table of pyarrow. ``"numpy"``: a dict of arrays.

    Returns
    -------
    Dataset, DataFrame, Table or dict
        A row for every cell with a photon, ascending by ``cell_ids`` (uint64, nested). With several values an output
        is called ``VALUE_STATISTIC``.

    Raises
    ------
    ArgumentError
        Columns of different lengths, a statistic that there is not, a value beyond its resolution.

    Notes
    -----
    Arrays that are contiguous and of the right type are read where they lie, without the GIL; do not change them
    meanwhile.

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
    """
    if to not in ("xarray", "pandas", "arrow", "numpy"):
        raise ArgumentError(f"to={to!r} is none of 'xarray', 'pandas', 'arrow' and 'numpy'")
    names, source = _columns(data, lon, lat, values, weights)
    asked = {
        **names,
        "stats": [stats] if isinstance(stats, str) else [str(each) for each in stats],
        "order": int(order),
        "latitude": latitude,
        "resolution": None if resolution is None else -int(resolution),
        "region": None if region is None else _region(region),
        "machine": machine(device, threads, None),
    }
    found = _icefold.aggregate(source, asked)
    nowhere = found["rejected_by"].get("bad_coordinate", 0)
    notes = [found["warning"]] if found["warning"] else []
    if nowhere:
        notes.append(f"{nowhere:,} of {found['read']:,} photons have no position and were left out")
    for note in notes:
        warnings.warn(note, Note, stacklevel=2)
    return _shaped(found, asked, to)


def _shaped(found: dict[str, Any], asked: dict[str, Any], to: str) -> Any:
    columns = found["columns"]
    if to == "numpy":
        return columns
    if to == "arrow":
        import pyarrow

        return pyarrow.table(columns)
    if to == "pandas":
        import pandas

        cells = columns.pop("cell_ids")
        return pandas.DataFrame(columns, index=pandas.Index(cells, name="cell_ids"))
    from ._dataset import dataset

    facts = {key: found[key] for key in ("read", "kept")}
    attrs: dict[str, Any] = {f"photons_{key}": value for key, value in facts.items()}
    attrs["photons_rejected"] = ", ".join(f"{why}: {count}" for why, count in found["rejected_by"].items()) or "none"
    attrs["content_sha256"] = found["content_sha256"]
    return dataset(columns, asked["order"], asked["latitude"], attrs)


def _columns(data: Any, lon: Any, lat: Any, values: Any, weights: Any) -> tuple[dict[str, Any], Any]:
    """Names of columns, and the columns: a capsule, or arrays."""
    if data is None:
        return _of_arrays(lon, lat, values, weights)
    if hasattr(data, "geometry") and hasattr(data, "crs"):
        return _of_points(data, lon, lat, values, weights)
    listed = [values] if isinstance(values, str) else list(values)
    for name in (lon, lat, *listed, *([] if weights is None else [weights])):
        if not isinstance(name, str):
            raise ArgumentError("with data=, lon, lat, values and weights are names of its columns")
    names = {"lon": lon, "lat": lat, "values": listed, "weights": weights}
    # pandas has a stream only beside pyarrow, and its columns are arrays of NumPy already.
    if hasattr(data, "__arrow_c_stream__") and not hasattr(data, "iloc"):
        return names, data.__arrow_c_stream__()
    missing = [name for name in (lon, lat, *listed, *([] if weights is None else [weights])) if name not in data]
    if missing:
        raise ArgumentError(f"data has no column {missing[0]}; it has {', '.join(map(str, data))}")
    return names, _arrays(data, names)


def _of_points(data: Any, lon: Any, lat: Any, values: Any, weights: Any) -> tuple[dict[str, Any], Any]:
    """Points of geopandas: their positions, unless columns of positions are named."""
    if data.crs is not None and not data.crs.is_geographic:
        raise ArgumentError(f"points are in {data.crs.to_string()}, and positions are degrees; use .to_crs(4326)")
    listed = [values] if isinstance(values, str) else list(values)
    table = {name: data[name] for name in (*listed, *([] if weights is None else [weights]))}
    for name, of_point in ((lon, data.geometry.x), (lat, data.geometry.y)):
        table[name] = data[name] if name in data else of_point
    names = {"lon": lon, "lat": lat, "values": listed, "weights": weights}
    return names, _arrays(table, names)


def _of_arrays(lon: Any, lat: Any, values: Any, weights: Any) -> tuple[dict[str, Any], Any]:
    if any(isinstance(each, str) for each in (lon, lat, values, weights)):
        raise ArgumentError("names of columns need what has them: give data=, or arrays in place of names")
    of_values = dict(values) if isinstance(values, Mapping) else {"value": values}
    if not of_values:
        raise ArgumentError("values is empty; give one array at least")
    table = {"lon": lon, "lat": lat, "weights": weights}
    for name in of_values:
        if name in table:
            raise ArgumentError(f"values has {name!r}, which is the name of another argument; rename it")
    names = {
        "lon": "lon",
        "lat": "lat",
        "values": [str(name) for name in of_values],
        "weights": None if weights is None else "weights",
    }
    return names, _arrays({**table, **of_values}, names)


def _arrays(table: Any, names: dict[str, Any]) -> tuple[Any, Any, list[Any]]:
    import numpy

    listed = list(names["values"])
    if names["weights"] is not None and names["weights"] not in listed:
        listed.append(names["weights"])
    degrees = [numpy.ascontiguousarray(_numbers(table[names[of]], names[of]), "f8") for of in ("lon", "lat")]
    return degrees[0], degrees[1], [_values(table[name], name) for name in listed]


def _numbers(column: Any, name: str) -> Any:
    """An array of one dimension, without a copy where that is possible."""
    import numpy

    if isinstance(column, numpy.ma.MaskedArray) and numpy.ma.is_masked(column):
        raise ArgumentError(f"{name} has masked values; fill them, or leave them out")
    array = column.to_numpy() if hasattr(column, "to_numpy") else numpy.asarray(column)
    if array.ndim != 1:
        raise ArgumentError(f"{name} has shape {array.shape}, and columns have one dimension; use .ravel()")
    if array.dtype.kind not in "fiu":
        raise ArgumentError(f"{name} is of {array.dtype}, and columns are numbers; convert it")
    return array


def _values(column: Any, name: str) -> Any:
    """As float32, float64 or int64, whichever holds all of it."""
    import numpy

    array = _numbers(column, name)
    if array.dtype.kind == "f":
        if array.dtype.itemsize > 8:
            raise ArgumentError(f"{name} is of {array.dtype}, which is finer than float64; convert it")
        return numpy.ascontiguousarray(array, "f4" if array.dtype.itemsize <= 4 else "f8")
    if array.dtype == numpy.uint64 and array.size and int(array.max()) > numpy.iinfo("i8").max:
        raise ArgumentError(f"{name} has {array.max()}, which is beyond int64; convert it")
    return numpy.ascontiguousarray(array, "i8")


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

    Examples
    --------
    >>> import icefold
    >>> icefold.locate([10.0, -45.0], [70.0, 72.5], order=8)
    array([ 60254, 258816], dtype=uint64)
    """
    import numpy

    lon, lat = (numpy.asarray(each, "f8") for each in (lon, lat))
    if lon.shape != lat.shape:
        raise ArgumentError(f"lon has shape {lon.shape}, lat {lat.shape}; give as many of both")
    flat = [numpy.ascontiguousarray(each).ravel() for each in (lon, lat)]
    return _icefold.locate(flat[0], flat[1], int(order), latitude).reshape(lon.shape)
