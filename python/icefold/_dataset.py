"""Cells as Datasets of xarray: of arrays, and of stores."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from . import _icefold
from ._arguments import Path, flag, path, whole
from ._errors import ArgumentError, Error, Note, StoreError
from ._root import group_of, order_in, root_attributes

if TYPE_CHECKING:
    import xarray


def dataset(
    columns: dict[str, Any], order: int, latitude: str, attrs: dict[str, Any], steps: tuple[Any, Any] | None = None
) -> xarray.Dataset:
    """A Dataset of columns, one of them `cell_ids`, with the attributes that a store has; `steps` of arrays (time,
    cells) are when they begin, and when they begin and end."""
    import numpy
    import xarray

    from . import _accessor as _accessor

    of_ids, of_group, of_mapping = (json.loads(text) for text in _icefold.ids_are(order, latitude))
    dims = ("cells",) if steps is None else ("time", "cells")
    arrays = {name: (dims, array, {"grid_mapping": "crs"}) for name, array in columns.items() if name != "cell_ids"}
    coordinates: dict[str, Any] = {
        "cell_ids": ("cells", columns["cell_ids"], of_ids),
        "crs": ((), numpy.int32(0), of_mapping),
    }
    if steps is not None:
        said = {"standard_name": "time", "long_name": "start of the step", "axis": "T", "bounds": "time_bnds"}
        coordinates["time"] = ("time", steps[0], said)
        coordinates["time_bnds"] = (("time", "bnds"), steps[1])
    dggs = {**of_group, "coordinate": "cell_ids", "compression": "none"}
    return xarray.Dataset(arrays, coordinates, {"dggs": dggs, "latitude": latitude, **attrs})


def orders(store: str, groups: list[str]) -> list[int]:
    """Orders of the cells that a store has, finest first."""
    if os.path.isdir(store):
        return _icefold.store_orders(store)
    at = order_in(root_attributes(store))
    there = {int(name) for name in groups if name.isdigit()}
    return sorted(there if at is None else there | {at}, reverse=True)


def open_store(
    store: Path,
    order: int | None = None,
    *,
    overview: int | None = None,
    centers: bool | None = None,
    **options: Any,
) -> xarray.Dataset:
    """A store as a Dataset, with an index of cells and the accessor ``.icefold``.

    Parameters
    ----------
    store
        What :func:`icefold.run` or the program wrote, in any layout, and zagg's own stores on HEALPix. Those in the
        layouts ``cells`` and ``raster`` are read as they are needed, and may be URLs; of ``fullsphere`` and ``hive``, which
        have values of all cells, the occupied ones are read at once.
    order
        Which order of the cells: an overview, or the finest where none is given.
    overview
        Of rows and columns, which overview: how many times as wide its cells are; the finest where none is given.
    centers
        Whether coordinates ``longitude`` and ``latitude`` have the centre of every cell, degrees on WGS84. Where nothing
        is said, of HEALPix cells they do; rows and columns have ``x`` and ``y``.
    **options
        For ``xarray.open_zarr``, such as ``chunks={}`` for dask; of the layouts ``cells`` and ``raster``.

    Returns
    -------
    Dataset
        Arrays (cells) with the coordinate ``cell_ids`` (uint64, nested), or (y, x) with ``x`` and ``y``; with steps of
        time (time, ...). The coordinate ``crs`` says the reference system.

    Raises
    ------
    StoreError
        There is no store, or it has no such order or overview.
    ArgumentError
        An option that the layout does not have.

    Examples
    --------
    >>> import icefold
    >>> report = icefold.run("atl03", icefold.demo("granules"), "photons.zarr")
    >>> ds = icefold.open("photons.zarr")
    >>> ds["h_mean"].dims, ds["longitude"].attrs["units"]
    (('cells',), 'degrees_east')
    """
    import xarray

    from . import _accessor as _accessor
    from . import _rasters

    where = path(store, "store")
    shown_centers = centers is None or flag(centers, "centers")
    try:
        groups = _rasters.groups(where)
        widths = _rasters.widths(groups)
        there = [] if widths else orders(where, groups)
    except (OSError, ValueError) as error:
        if isinstance(error, Error):
            raise
        raise StoreError(f"store {where} cannot be read: {error}") from error
    if widths:
        if order is not None:
            raise _rasters.no_order(where, order, widths)
        found = _rasters.open_raster(where, widths, overview, options)
        return _rasters.with_centers(found) if centers and shown_centers else found
    if overview is not None:
        raise ArgumentError(f"overview={overview!r} is of rows and columns, and store {where} has HEALPix cells; give order=")
    if not there:
        raise StoreError(f"{where} is no store of icefold: it has no group of an order, such as {where}/12")
    order = there[0] if order is None else whole(order, "order", 0, 29)
    if order not in there:
        raise StoreError(f"store {where} has no order {order}; it has {', '.join(map(str, there))}")
    group = group_of(where, order)
    if os.path.isdir(where) and not os.path.isdir(os.path.join(where, group or "", "cell_ids")):
        found = _of_all_cells(where, order, options)
        return with_centers(found) if shown_centers else found
    options = {"chunks": None, **options}
    found = xarray.open_zarr(where, group=group, **options)
    if "cell_ids" not in found.variables:
        raise StoreError(f"store {where} has no cell_ids at order {order}; open it with xarray.open_zarr")
    found = found.set_coords([name for name in ("cell_ids", "crs", "time_bnds") if name in found.variables])
    return with_centers(found) if shown_centers else found


def _of_all_cells(store: str, order: int, options: dict[str, Any]) -> xarray.Dataset:
    """The occupied cells of a store whose arrays have all cells: the layouts fullsphere and hive."""
    import warnings

    import numpy

    dropped = options.pop("drop_variables", None) or ()
    dropped = {dropped} if isinstance(dropped, str) else set(dropped)
    if options:
        raise ArgumentError(
            f"{', '.join(options)}: options of xarray.open_zarr are for the layout cells, and the occupied cells of "
            f"{store} are read at once; leave them out"
        )
    read = _icefold.read_store(store, order)
    if read["lists"]:
        message = f"{', '.join(read['lists'])}: lists of values for each cell are left out; read them with zarr"
        warnings.warn(message, Note, stacklevel=4)
    attributes = json.loads(read["attributes"])
    found = dataset({"cell_ids": read["cell_ids"]}, order, read["latitude"], {})
    found.attrs = {**attributes, "dggs": found.attrs["dggs"], "latitude": read["latitude"]}
    axis, steps = _steps(store, order, attributes)
    for name, (values, dtype, shape, at_steps, said) in read["arrays"].items():
        if name in dropped:
            continue
        array = numpy.frombuffer(values, numpy.dtype(dtype).newbyteorder("<")).reshape(shape)
        bins = [f"{name}_bins"] if len(shape) > 1 + at_steps else []
        if at_steps:
            array = numpy.moveaxis(array, 1, 0)
        # As arrays of NumPy are otherwise: of the machine's byte order, and not shared.
        array = array.astype(array.dtype.newbyteorder("="))
        dims = [*([axis] if at_steps else []), "cells", *bins]
        found[name] = (dims, array, {"grid_mapping": "crs", **json.loads(said)})
    return found.assign_coords(steps)


def _steps(store: str, order: int, attributes: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The name of the dimension of steps, and its coordinates, where there are steps of time."""
    import xarray

    axis = (attributes.get("icefold") or {}).get("axis")
    if axis is None:
        return "", {}
    lazy = xarray.open_zarr(store, group=group_of(store, order), chunks=None)
    return axis, {name: lazy[name].variable.load() for name in (axis, "time_bnds") if name in lazy.variables}


def grid_of(found: xarray.Dataset) -> tuple[int, str]:
    """Order of the cells of a Dataset, and which latitude is hashed."""
    if "cell_ids" not in found.variables:
        raise ArgumentError("the Dataset has no cell_ids; use one of icefold.open or icefold.aggregate")
    attrs = found["cell_ids"].attrs
    if "level" not in attrs:
        raise ArgumentError("cell_ids do not say their level; use a Dataset of icefold.open or icefold.aggregate")
    if "latitude" in found.attrs:
        return int(attrs["level"]), str(found.attrs["latitude"])
    ellipsoid = attrs.get("ellipsoid", "WGS84")
    name = ellipsoid.get("name", "WGS84") if isinstance(ellipsoid, dict) else str(ellipsoid)
    return int(attrs["level"]), "geodetic-spherical" if name.lower() == "sphere" else "authalic-wgs84"


def with_centers(found: xarray.Dataset) -> xarray.Dataset:
    """The same with the centre of every cell as coordinates."""
    order, latitude = grid_of(found)
    lon, lat = _icefold.centers(found["cell_ids"].values, order, latitude)
    east = {"units": "degrees_east", "standard_name": "longitude", "long_name": "longitude of the cell's centre"}
    north = {"units": "degrees_north", "standard_name": "latitude", "long_name": "latitude of the cell's centre"}
    return found.assign_coords(longitude=("cells", lon, east), latitude=("cells", lat, north))
