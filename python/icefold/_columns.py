"""Columns of arrays and tables, as the compiled part reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ._arguments import shown
from ._errors import ArgumentError

# How many of its counts a second has, by the unit of a moment in NumPy.
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def columns(data: Any, lon: Any, lat: Any, values: Any, weights: Any, times: Any) -> tuple[dict[str, Any], Any]:
    """Names of columns, and the columns: a capsule, or arrays."""
    if data is None:
        return _of_arrays(lon, lat, values, weights, times)
    names = {"lon": lon, "lat": lat, "values": _listed(values), "weights": weights, "time": times, "per_second": None}
    wanted = {"lon": lon, "lat": lat, **_others(names)}
    for said, name in wanted.items():
        if not isinstance(name, str):
            raise ArgumentError(f"{said}={shown(name)} beside data=, where it is the name of a column; give that")
    if hasattr(data, "geometry") and hasattr(data, "crs"):
        return names, _of_points(data, names)
    # A frame that is not computed yet, of which a few columns are wanted.
    if hasattr(data, "collect") and hasattr(data, "collect_schema"):
        there = data.collect_schema().names()
        _all_there(wanted, there)
        data = data.select(list(dict.fromkeys(wanted.values()))).collect()
    # pandas has a stream only beside pyarrow, and its columns are arrays of NumPy already.
    if hasattr(data, "__arrow_c_stream__") and not hasattr(data, "iloc"):
        return names, data.__arrow_c_stream__()
    fields = getattr(getattr(data, "dtype", None), "names", None)
    if fields is None and not isinstance(data, Mapping) and not hasattr(data, "columns"):
        raise ArgumentError(
            f"data={shown(data)} is no table; give one of pyarrow, polars, pandas, duckdb or geopandas, or a dict of arrays"
        )
    _all_there(wanted, data if fields is None else fields)
    return names, _arrays(data, names)


def _all_there(wanted: dict[str, str], there: Any) -> None:
    missing = [name for name in wanted.values() if name not in there]
    if missing:
        raise ArgumentError(f"data has no column {missing[0]}; it has {', '.join(map(str, there))}")


def _listed(values: Any) -> list[Any]:
    if isinstance(values, str):
        return [values]
    if isinstance(values, (bytes, Mapping)) or not isinstance(values, Iterable):
        raise ArgumentError(f"values={shown(values)} beside data=, where they are names of columns; give them")
    return list(values)


def _others(names: dict[str, Any]) -> dict[str, Any]:
    """Names of values, weights and times, by what they are said with."""
    others = {f"values[{place}]": name for place, name in enumerate(names["values"])}
    of = {"weights": names["weights"], "time['dataset']": names["time"]}
    return {**others, **{said: name for said, name in of.items() if name is not None}}


def _of_points(data: Any, names: dict[str, Any]) -> Any:
    """Points of geopandas: their positions, unless columns of positions are named."""
    others = _others(names)
    _all_there(others, data)
    table = {name: data[name] for name in others.values()}
    if names["lon"] in data and names["lat"] in data:
        return _arrays({**table, **{name: data[name] for name in (names["lon"], names["lat"])}}, names)
    if data.crs is not None and not data.crs.is_geographic:
        raise ArgumentError(f"points are in {data.crs.to_string()}, and positions are degrees; use .to_crs(4326)")
    points = data.geometry
    odd = sorted(set(points.geom_type.dropna()) - {"Point"})
    if odd:
        raise ArgumentError(f"data has geometries that are no points: {', '.join(odd)}; use .representative_point(), say")
    return _arrays({**table, names["lon"]: points.x, names["lat"]: points.y}, names)


def _of_arrays(lon: Any, lat: Any, values: Any, weights: Any, times: Any) -> tuple[dict[str, Any], Any]:
    for said, each in {"lon": lon, "lat": lat, "values": values, "weights": weights, "time['dataset']": times}.items():
        if isinstance(each, str):
            raise ArgumentError(f"{said}={each!r} is the name of a column, and nothing has columns; give data=, or an array")
    of_values = {str(name): each for name, each in values.items()} if isinstance(values, Mapping) else {"value": values}
    if not of_values:
        raise ArgumentError("values is empty; give one array at least")
    table = {"lon": lon, "lat": lat, "weights": weights, "time": times}
    for name in of_values:
        if not name:
            raise ArgumentError("values has an array without a name; give it one")
        if name in table:
            raise ArgumentError(f"values has {name!r}, which is the name of another argument; rename it")
    names = {
        "lon": "lon",
        "lat": "lat",
        "values": list(of_values),
        "weights": None if weights is None else "weights",
        "time": None if times is None else "time",
        "per_second": None,
    }
    return names, _arrays({**table, **of_values}, names)


def _arrays(table: Any, names: dict[str, Any]) -> tuple[Any, Any, list[Any]]:
    """Positions, values, weights that are no value, and times, which come last."""
    import numpy

    listed = list(names["values"])
    if names["weights"] is not None and names["weights"] not in listed:
        listed.append(names["weights"])
    if names["lon"] == names["lat"]:
        raise ArgumentError(f"lon and lat are both column {names['lon']}; name two")
    degrees = [numpy.ascontiguousarray(_numbers(table[names[of]], names[of]), "f8") for of in ("lon", "lat")]
    columns = [_values(table[name], name) for name in listed]
    if names["time"] is not None:
        times, names["per_second"] = _times(table[names["time"]], names["time"])
        columns.append(times)
    return degrees[0], degrees[1], columns


def _plain(column: Any, name: str) -> Any:
    """An array of one dimension, without a copy where that is possible."""
    import numpy

    if isinstance(column, numpy.ma.MaskedArray) and numpy.ma.is_masked(column):
        raise ArgumentError(f"{name} has masked values; fill them, or leave them out")
    # Of pandas' own types, and of Arrow's columns; those of NumPy know no nulls, and NaN is a number.
    of_arrow = getattr(column, "null_count", 0)
    nulls = hasattr(getattr(column, "dtype", None), "na_value") and getattr(column, "hasnans", False)
    if nulls or (of_arrow() if callable(of_arrow) else of_arrow):
        raise ArgumentError(
            f"{name} is of {getattr(column, 'dtype', type(column).__name__)} and has nulls, which NumPy has not; fill them, "
            "leave them out, or give data= a table of pyarrow or polars, of which a null takes part in nothing"
        )
    converted = getattr(column, "to_numpy", None)
    try:
        array = numpy.asarray(column) if converted is None else converted()
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"{name}={shown(column)} is no array of numbers: {error}; give one") from error
    if array.ndim == 0:
        raise ArgumentError(f"{name}={shown(column)} is no array of numbers; give one")
    if array.ndim != 1:
        raise ArgumentError(f"{name} has shape {array.shape}, and columns have one dimension; use .ravel()")
    return array


def degrees(positions: Any, name: str) -> Any:
    """Positions of any shape as float64."""
    import numpy

    if isinstance(positions, numpy.ma.MaskedArray) and numpy.ma.is_masked(positions):
        raise ArgumentError(f"{name} has masked values; fill them, or leave them out")
    try:
        array = numpy.asarray(positions)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"{name}={shown(positions)} is no array of degrees: {error}; give one") from error
    if array.dtype.kind not in "fiu":
        raise ArgumentError(f"{name}={shown(positions)} is of {array.dtype}, and positions are numbers, degrees; convert it")
    return array.astype("f8", copy=False)


def _numbers(column: Any, name: str) -> Any:
    array = _plain(column, name)
    if array.dtype.kind == "M":
        raise ArgumentError(
            f"{name} is of {array.dtype}, and columns are numbers: moments that choose photons or make steps go into "
            f"time={{'dataset': ...}}; to aggregate them, give seconds: ({name} - numpy.datetime64('2018-01-01')) / "
            "numpy.timedelta64(1, 's')"
        )
    if array.dtype.kind == "m":
        raise ArgumentError(
            f"{name} is of {array.dtype}, and columns are numbers; give seconds: {name} / numpy.timedelta64(1, 's')"
        )
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


def _times(column: Any, name: str) -> tuple[Any, int | None]:
    """Seconds since 2018 as they are, or moments as counts since 1970 and how many of these a second has."""
    import numpy

    of_pandas = getattr(column, "dt", column)
    if getattr(of_pandas, "tz", None) is not None and hasattr(of_pandas, "tz_convert"):
        of_pandas = of_pandas.tz_convert("UTC")
        column = getattr(of_pandas, "dt", of_pandas).tz_localize(None)
    array = _plain(column, name)
    if array.dtype.kind != "M":
        if array.dtype.kind not in "fiu":
            raise ArgumentError(
                f"{name} is of {array.dtype}, and times are datetime64 or seconds since 2018-01-01; convert it"
            )
        return _values(array, name), None
    unit, step = numpy.datetime_data(array.dtype)
    if unit in ("Y", "M", "W", "D", "h", "m"):
        unit = "s"
    if unit not in _PER_SECOND:
        raise ArgumentError(f"{name} is of {array.dtype}, which is finer than nanoseconds; convert it")
    if array.dtype != numpy.dtype(f"datetime64[{unit}]") or not array.dtype.isnative:
        array = array.astype(f"datetime64[{unit}]")
    return numpy.ascontiguousarray(array).view("i8"), _PER_SECOND[unit]
