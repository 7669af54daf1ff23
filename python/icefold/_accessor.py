"""`Dataset.icefold`: what cells are good for: a box of them, polygons, a raster, a map.

Of HEALPix cells here; `_rasters.py` has the same of rows and columns.
"""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any

import xarray

from . import _icefold, _rasters
from ._arguments import flag, needed, shown
from ._dataset import grid_of, with_centers
from ._errors import ArgumentError
from ._projection import Projection

if TYPE_CHECKING:
    import geopandas as geopandas_


@xarray.register_dataset_accessor("icefold")  # type: ignore[no-untyped-call,unused-ignore]
class CellsAccessor:
    """What a Dataset of cells can do: HEALPix cells, and rows and columns of a store on a rectilinear grid."""

    def __init__(self, dataset: xarray.Dataset) -> None:
        self._dataset = dataset

    @property
    def order(self) -> int:
        """HEALPix order of the cells."""
        return grid_of(self._dataset)[0]

    @property
    def latitude(self) -> str:
        """Which latitude is hashed: ``authalic-wgs84`` or ``geodetic-spherical``."""
        return grid_of(self._dataset)[1]

    def centers(self) -> xarray.Dataset:
        """The same with coordinates ``longitude`` and ``latitude``: the centre of every cell, degrees on WGS84."""
        if _rasters.is_raster(self._dataset):
            return _rasters.with_centers(self._dataset)
        return with_centers(self._dataset)

    def _centers(self) -> tuple[Any, Any]:
        order, latitude = grid_of(self._dataset)
        return _icefold.centers(self._dataset["cell_ids"].values, order, latitude)

    def sel_box(self, west: float, south: float, east: float, north: float) -> xarray.Dataset:
        """Cells whose centre is in a box of degrees; across the antimeridian where ``west`` is beyond ``east``.

        Of rows and columns, the smallest part that has them all, in which other cells are NaN; integers become floats.

        Examples
        --------
        >>> import icefold
        >>> cells = icefold.aggregate([10.0, -45.0], [70.0, 72.5], [1.0, 2.0], order=8, stats="count")
        >>> int(cells.icefold.sel_box(-50, 70, -40, 75)["count"].sum())
        1
        """
        numbers = all(isinstance(each, Real) and not isinstance(each, bool) for each in (west, south, east, north))
        if not (numbers and -90 <= south <= north <= 90 and all(-180 <= each <= 180 for each in (west, east))):
            raise ArgumentError(
                f"box ({west}, {south}, {east}, {north}): give degrees, west and east within +-180, south below north"
            )
        raster = _rasters.is_raster(self._dataset)
        lon, lat = _rasters.centers(self._dataset) if raster else self._centers()
        within = (lon >= west) & (lon <= east) if west <= east else (lon >= west) | (lon <= east)
        within = within & (lat >= south) & (lat <= north)
        return _rasters.cut(self._dataset, within) if raster else self._dataset.isel(cells=within)

    def to_geodataframe(self, centers: bool = False) -> geopandas_.GeoDataFrame:
        """Cells as polygons of EPSG:4326, or as points; needs geopandas.

        Edges of cells are curves between their vertices; polygons have the vertices alone. A cell across the
        antimeridian has longitudes beyond 180.

        Examples
        --------
        >>> import icefold
        >>> cells = icefold.aggregate([10.0, -45.0], [70.0, 72.5], [1.0, 2.0], order=8, stats="max")
        >>> table = cells.icefold.to_geodataframe()
        >>> list(table.columns), table.crs.to_epsg(), table["max"].tolist()
        (['max', 'cell_ids', 'geometry'], 4326, [1.0, 2.0])
        """
        import numpy

        if _rasters.is_raster(self._dataset):
            raise ArgumentError(
                "the Dataset has rows and columns, and polygons are made of HEALPix cells; use .to_dataframe(), or a GIS"
            )
        geopandas = needed("geopandas", "to_geodataframe", "geo")
        shapely = needed("shapely", "to_geodataframe", "geo")
        centers = flag(centers, "centers")
        order, latitude = grid_of(self._dataset)
        table = self._dataset.drop_vars(["crs", "longitude", "latitude"], errors="ignore").to_dataframe().reset_index()
        cells = numpy.ascontiguousarray(table["cell_ids"].to_numpy(), "u8")
        if centers:
            geometry = shapely.points(*_icefold.centers(cells, order, latitude))
        else:
            corners = _icefold.vertices(cells, order, latitude)
            lon, lat = (numpy.reshape(each, (-1, 4)) for each in corners)
            lon = lon[:, :1] + (lon - lon[:, :1] + 180.0) % 360.0 - 180.0
            geometry = shapely.polygons(numpy.stack([lon, lat], axis=-1))
        made: geopandas_.GeoDataFrame = geopandas.GeoDataFrame(
            table.drop(columns="cells", errors="ignore"), geometry=geometry, crs=4326
        )
        return made

    def to_raster(self, crs: Any = None, resolution: float | None = None) -> xarray.Dataset:
        """A raster: every pixel has the values of the cell that its centre lies in.

        Parameters
        ----------
        crs
            Of the raster, anything that pyproj takes; EPSG:4326 where none is given, for others pyproj is needed. A Dataset
            of rows and columns has one already: that one, or none, is to be given.
        resolution
            Size of a pixel in units of the CRS; about a cell's where none is given.

        Returns
        -------
        Dataset
            Arrays (..., y, x) with the grid mapping ``spatial_ref``, as rioxarray and GDAL read them. Pixels in no
            cell are NaN in arrays of floats, and of integers, too, which become floats.

        Raises
        ------
        ArgumentError
            A CRS that is none, a resolution of which a raster would have more than 2**28 pixels, no cell at all.

        Examples
        --------
        >>> import icefold
        >>> cells = icefold.aggregate([10.0, 10.5], [70.0, 70.0], [1.0, 2.0], order=8, stats="max")
        >>> raster = cells.icefold.to_raster(resolution=0.05)
        >>> raster["max"].dims, float(raster["max"].max())
        (('y', 'x'), 2.0)
        """
        import numpy

        given = isinstance(resolution, Real) and not isinstance(resolution, bool)
        if resolution is not None and not (given and 0 < resolution < float("inf")):
            raise ArgumentError(f"resolution={shown(resolution)} is no size of a pixel; give a number above 0")
        if _rasters.is_raster(self._dataset):
            return _rasters.as_it_is(self._dataset, crs, resolution)
        order, latitude = grid_of(self._dataset)
        cells = self._dataset["cell_ids"].values
        if len(cells) == 0:
            raise ArgumentError("the Dataset has no cell, so a raster has no extent")
        projection = Projection("EPSG:4326" if crs is None else crs)
        corners = _icefold.vertices(cells, order, latitude)
        x, y = projection.forward(*corners)
        if resolution is None:
            resolution = projection.cell_width(order)
        edges = [numpy.floor(x.min() / resolution), numpy.ceil(x.max() / resolution)]
        rows = [numpy.ceil(y.max() / resolution), numpy.floor(y.min() / resolution)]
        width, height = int(edges[1] - edges[0]), int(rows[0] - rows[1])
        if width * height > 2**28:
            raise ArgumentError(
                f"a raster of {width} x {height} pixels is too large; select fewer cells, or give a coarser resolution"
            )
        across = (edges[0] + numpy.arange(width) + 0.5) * resolution
        down = (rows[0] - numpy.arange(height) - 0.5) * resolution
        found = self._pixels(projection, across, down)
        sizes = {"y": ("y", down, projection.axis("y")), "x": ("x", across, projection.axis("x"))}
        raster = {}
        for name, array in self._dataset.data_vars.items():
            if "cells" not in array.dims:
                continue
            picked = array.isel(cells=xarray.DataArray(numpy.maximum(found, 0), dims=("y", "x")))
            raster[name] = picked.where(xarray.DataArray(found >= 0, dims=("y", "x")))
            raster[name].attrs = {**array.attrs, "grid_mapping": "spatial_ref"}
        drawn = xarray.Dataset(raster).drop_vars(["cell_ids", "longitude", "latitude", "crs"], errors="ignore")
        return drawn.assign_coords({**sizes, "spatial_ref": ((), numpy.int32(0), projection.mapping())})

    def _pixels(self, projection: Projection, across: Any, down: Any) -> Any:
        """The place of each pixel's cell in the Dataset, or -1."""
        import numpy

        order, latitude = grid_of(self._dataset)
        cells = self._dataset["cell_ids"].values
        sorting = numpy.argsort(cells, kind="stable")
        ids = cells[sorting]
        found = numpy.full((len(down), len(across)), -1, "i8")
        for row, y in enumerate(down):
            lon, lat = projection.back(across, numpy.full(len(across), y))
            there = numpy.isfinite(lon) & numpy.isfinite(lat) & (numpy.abs(lat) <= 90.0)
            at = numpy.ascontiguousarray(lon[there]), numpy.ascontiguousarray(lat[there])
            of_pixel = _icefold.locate(*at, order, latitude)
            place = numpy.minimum(numpy.searchsorted(ids, of_pixel), len(ids) - 1)
            found[row, there] = numpy.where(ids[place] == of_pixel, sorting[place], -1)
        return found

    def plot(self, name: str | None = None, ax: Any = None, **options: Any) -> Any:
        """Draws an array as a map of cells; needs matplotlib.

        Parameters
        ----------
        name
            The array; the first one where none is given.
        ax
            Axes of matplotlib to draw on; the present ones where none are given.
        **options
            For the PolyCollection of HEALPix cells, or for ``pcolormesh`` of rows and columns.

        Returns
        -------
        What was drawn, to be changed with matplotlib.
        """
        import numpy

        plots = needed("matplotlib.pyplot", "plot", "geo")
        if _rasters.is_raster(self._dataset):
            return _rasters.plot(self._dataset, name, ax, options)
        collections = needed("matplotlib.collections", "plot", "geo")
        arrays = [str(key) for key, array in self._dataset.data_vars.items() if array.dims == ("cells",)]
        if name is None and arrays:
            name = arrays[0]
        if name not in arrays:
            raise ArgumentError(
                f"there is no array {name!r} of cells alone; draw one of {', '.join(arrays) or 'none'}, "
                "and of steps of time select one first"
            )
        order, latitude = grid_of(self._dataset)
        corners = _icefold.vertices(self._dataset["cell_ids"].values, order, latitude)
        lon, lat = (numpy.reshape(each, (-1, 4)) for each in corners)
        lon = lon[:, :1] + (lon - lon[:, :1] + 180.0) % 360.0 - 180.0
        if ax is None:
            ax = plots.gca()
        array = self._dataset[name]
        outlines: Any = numpy.stack([lon, lat], axis=-1)
        drawn = collections.PolyCollection(outlines, edgecolors="face", **{"linewidths": 0.2, **options})
        drawn.set_array(array.values)
        ax.add_collection(drawn)
        ax.autoscale_view()
        middle = numpy.radians(numpy.clip(lat.mean(), -80.0, 80.0)) if lat.size else 0.0
        ax.set_aspect(1.0 / numpy.cos(middle))
        ax.set_xlabel("longitude, degrees east")
        ax.set_ylabel("latitude, degrees north")
        units = array.attrs.get("units")
        ax.figure.colorbar(drawn, ax=ax, label=f"{name}, {units}" if units else name)
        return drawn
