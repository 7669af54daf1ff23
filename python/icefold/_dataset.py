"""Cells as Datasets of xarray: of arrays, and of stores."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from . import _icefold
from ._arguments import Path
from ._errors import ArgumentError, StoreError

if TYPE_CHECKING:
    import xarray


def dataset(columns: dict[str, Any], order: int, latitude: str, attrs: dict[str, Any]) -> xarray.Dataset:
    """A Dataset of columns, one of them `cell_ids`, with the attributes that a store has."""
    import numpy
    import xarray

    from . import _accessor as _accessor

    of_ids, of_group, of_mapping = (json.loads(text) for text in _icefold.ids_are(order, latitude))
    arrays = {name: ("cells", array, {"grid_mapping": "crs"}) for name, array in columns.items() if name != "cell_ids"}
    coordinates = {
        "cell_ids": ("cells", columns["cell_ids"], of_ids),
        "crs": ((), numpy.int32(0), of_mapping),
    }
    dggs = {**of_group, "coordinate": "cell_ids", "compression": "none"}
    return xarray.Dataset(arrays, coordinates, {"dggs": dggs, "latitude": latitude, **attrs})


def orders(store: str) -> list[int]:
    """Orders of the cells that a store has, finest first."""
    if os.path.isdir(store):
        there = [name for name in os.listdir(store) if os.path.isfile(os.path.join(store, name, "zarr.json"))]
    else:
        import zarr

        there = list(zarr.open_group(store, mode="r").group_keys())
    return sorted((int(name) for name in there if name.isdigit()), reverse=True)


def open_store(store: Path, order: int | None = None, *, centers: bool = True, **options: Any) -> xarray.Dataset:
    """A store as a Dataset, with an index of cells and the accessor ``.icefold``.

    Parameters
    ----------
    store
        What :func:`icefold.run` or the program wrote, in the layout ``cells``.
    order
        Which order of the cells: an overview, or the finest where none is given.
    centers
        Whether coordinates ``longitude`` and ``latitude`` have the centre of every cell, degrees on WGS84.
    **options
        For ``xarray.open_zarr``, such as ``chunks={}`` for dask.

    Raises
    ------
    StoreError
        There is no store, or it has no such order.

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

    where = os.fspath(store)
    try:
        there = orders(where)
    except (OSError, ValueError) as error:
        raise StoreError(f"store {where} cannot be read: {error}") from error
    if not there and os.path.isdir(os.path.join(where, "rectilinear")):
        how = f"xarray.open_zarr({where!r}, group='rectilinear', consolidated=False)"
        raise StoreError(f"store {where} has rows and columns, and no cells of HEALPix; open it with {how}")
    if not there:
        raise StoreError(f"{where} is no store of icefold: it has no group of an order, such as {where}/12")
    if order is None:
        order = there[0]
    if order not in there:
        raise StoreError(f"store {where} has no order {order}; it has {', '.join(map(str, there))}")
    options = {"chunks": None, "consolidated": False, **options}
    found = xarray.open_zarr(where, group=str(order), **options)
    if "cell_ids" not in found.variables:
        raise StoreError(f"store {where} has no cell_ids at order {order}; open it with xarray.open_zarr")
    found = found.set_coords([name for name in ("cell_ids", "crs") if name in found.variables])
    return with_centers(found) if centers else found


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
