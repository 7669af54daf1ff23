"""Stores on rectilinear grids: rows and columns of a map projection, in the layout raster."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

from ._arguments import needed, shown, whole
from ._errors import ArgumentError, StoreError
from ._projection import Projection
from ._root import has_rows

if TYPE_CHECKING:
    import xarray

# The group of the finest cells; overviews have their width behind it.
_GROUP = "rectilinear"


def widths(groups: list[str]) -> list[int]:
    """Widths of the cells of overviews among the groups of a store, and 1 of the finest ones."""
    rest = [name.removeprefix(_GROUP) for name in groups if name.startswith(_GROUP)]
    return sorted(1 if not name else int(name[1:]) for name in rest if not name or name[1:].isdigit())


def open_raster(store: str, there: list[int], overview: int | None, options: dict[str, Any]) -> xarray.Dataset:
    """A store of rows and columns, read as it is needed."""
    import xarray

    width = 1 if overview is None else whole(overview, "overview", 1, 1024)
    if width not in there:
        known = ", ".join(str(each) for each in there if each > 1) or "none"
        raise StoreError(f"store {store} has no overview of cells {width} as wide; it has {known}")
    group = f"{_GROUP}_{width}" if width > 1 else None if has_rows(store) else _GROUP
    options = {"chunks": None, "decode_coords": "all", **options}
    found: xarray.Dataset = xarray.open_zarr(store, group=group, **options)
    return found


def is_raster(dataset: xarray.Dataset) -> bool:
    """Whether a Dataset has rows and columns in a plane that it names, and no cells."""
    return "cell_ids" not in dataset.variables and "x" in dataset.dims and "y" in dataset.dims and "crs" in dataset.attrs


def centers(dataset: xarray.Dataset) -> tuple[Any, Any]:
    """Longitude and latitude of the middle of every cell, degrees, as arrays (y, x)."""
    import numpy

    x, y = numpy.meshgrid(dataset["x"].values, dataset["y"].values)
    lon, lat = Projection(dataset.attrs["crs"]).back(x, y)
    return (lon + 180.0) % 360.0 - 180.0, lat


def with_centers(dataset: xarray.Dataset) -> xarray.Dataset:
    """The same with the centre of every cell as coordinates."""
    lon, lat = centers(dataset)
    east = {"units": "degrees_east", "standard_name": "longitude", "long_name": "longitude of the cell's centre"}
    north = {"units": "degrees_north", "standard_name": "latitude", "long_name": "latitude of the cell's centre"}
    return dataset.assign_coords(longitude=(("y", "x"), lon, east), latitude=(("y", "x"), lat, north))


def cut(dataset: xarray.Dataset, within: Any) -> xarray.Dataset:
    """The rows and columns that have a cell of these, and no value in other cells."""
    import numpy
    import xarray

    rows, columns = numpy.flatnonzero(within.any(axis=1)), numpy.flatnonzero(within.any(axis=0))
    down = slice(rows[0], rows[-1] + 1) if len(rows) else slice(0, 0)
    across = slice(columns[0], columns[-1] + 1) if len(columns) else slice(0, 0)
    part, kept = dataset.isel(y=down, x=across), xarray.DataArray(within[down, across], dims=("y", "x"))
    of_cells = {name: array for name, array in part.data_vars.items() if {"y", "x"} <= set(array.dims)}
    return part.assign({name: array.where(kept).assign_attrs(array.attrs) for name, array in of_cells.items()})


def as_it_is(dataset: xarray.Dataset, crs: Any, resolution: Any) -> xarray.Dataset:
    """The Dataset, which is a raster already, where nothing else is asked for."""
    own = dataset.attrs["crs"]
    width = abs(float(dataset["x"][1] - dataset["x"][0])) if dataset.sizes["x"] > 1 else None
    other_crs = crs is not None and not Projection(crs).same(Projection(own))
    if other_crs or (resolution is not None and width is not None and not math.isclose(resolution, width, rel_tol=1e-6)):
        raise ArgumentError(
            f"the Dataset has rows and columns of {own} already, and cells are not resampled; make a run with the grid that is "
            "wanted, or resample with ds.rio.reproject(...) of rioxarray"
        )
    return dataset


def plot(dataset: xarray.Dataset, name: Any, ax: Any, options: dict[str, Any]) -> Any:
    """Draws an array of rows and columns in their plane."""
    arrays = [str(key) for key, array in dataset.data_vars.items() if array.dims == ("y", "x")]
    if name is None and arrays:
        name = arrays[0]
    if name not in arrays:
        raise ArgumentError(
            f"there is no array {name!r} of rows and columns alone; draw one of {', '.join(arrays) or 'none'}, "
            "and of steps of time select one first"
        )
    ax = needed("matplotlib.pyplot", "plot", "geo").gca() if ax is None else ax
    array = dataset[name]
    drawn = ax.pcolormesh(dataset["x"].values, dataset["y"].values, array.values, **{"shading": "nearest", **options})
    ax.set_aspect("equal")
    for axis, write in (("x", ax.set_xlabel), ("y", ax.set_ylabel)):
        said = dataset[axis].attrs
        write(f"{said.get('standard_name', axis)}, {said.get('units', '')}".replace("_", " "))
    units = array.attrs.get("units")
    ax.figure.colorbar(drawn, ax=ax, label=f"{name}, {units}" if units else name)
    return drawn


def groups(store: str) -> list[str]:
    """Names of the groups of a store that has no list of them in Python yet, that of rows and columns at its root too."""
    if os.path.isdir(store):
        there = [entry.name for entry in os.scandir(store) if entry.is_dir()]
    else:
        import zarr

        there = list(zarr.open_group(store, mode="r").group_keys())
    return [*there, *([_GROUP] if has_rows(store) else [])]


def no_order(store: str, order: Any, there: list[int]) -> StoreError:
    known = ", ".join(str(each) for each in there if each > 1)
    remedy = f"leave it out, or give overview= one of the widths {known}" if known else "leave it out"
    return StoreError(f"store {store} has rows and columns, and an order, here {shown(order)}, is of HEALPix cells; {remedy}")
