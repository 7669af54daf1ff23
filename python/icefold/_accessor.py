"""`Dataset.icefold`: what cells are good for: a box of them, polygons, a raster, a map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import xarray

from . import _icefold
from ._dataset import grid_of, with_centers
from ._errors import ArgumentError

if TYPE_CHECKING:
    import geopandas


@xarray.register_dataset_accessor("icefold")  # type: ignore[no-untyped-call,unused-ignore]
class CellsAccessor:
    """What a Dataset of cells can do."""

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
        return with_centers(self._dataset)

    def _centers(self) -> tuple[Any, Any]:
        order, latitude = grid_of(self._dataset)
        return _icefold.centers(self._dataset["cell_ids"].values, order, latitude)

    def sel_box(self, west: float, south: float, east: float, north: float) -> xarray.Dataset:
        """Cells whose centre is in a box of degrees; across the antimeridian where ``west`` is beyond ``east``.

        Examples
        --------
        >>> import icefold
        >>> cells = icefold.aggregate([10.0, -45.0], [70.0, 72.5], [1.0, 2.0], order=8, stats="count")
        >>> int(cells.icefold.sel_box(-50, 70, -40, 75)["count"].sum())
        1
        """
        if not (-90 <= south <= north <= 90 and all(-180 <= each <= 180 for each in (west, east))):
            raise ArgumentError(
                f"box ({west}, {south}, {east}, {north}): give degrees, west and east within +-180, south below north"
            )
        lon, lat = self._centers()
        within = (lon >= west) & (lon <= east) if west <= east else (lon >= west) | (lon <= east)
        return self._dataset.isel(cells=within & (lat >= south) & (lat <= north))

    def to_geodataframe(self, centers: bool = False) -> geopandas.GeoDataFrame:
        """Cells as polygons of EPSG:4326, or as points; needs geopandas.

        Edges of cells are curves between their vertices; polygons have the vertices alone. A cell across the
        antimeridian has longitudes beyond 180.
        """
        import geopandas
        import numpy
        import shapely

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
        return geopandas.GeoDataFrame(table.drop(columns="cells", errors="ignore"), geometry=geometry, crs=4326)

    def to_raster(self, crs: str | int = "EPSG:4326", resolution: float | None = None) -> xarray.Dataset:
        """A raster: every pixel has the values of the cell that its centre lies in.

        Parameters
        ----------
        crs
            Of the raster; others than EPSG:4326 need pyproj.
        resolution
            Size of a pixel in units of the CRS; about a cell's where none is given.

        Returns
        -------
        Dataset
            Arrays (..., y, x) with the grid mapping ``spatial_ref``, as rioxarray and GDAL read them. Pixels in no
            cell are NaN in arrays of floats, and of integers, too, which become floats.
        """
        import numpy

        order, latitude = grid_of(self._dataset)
        cells = self._dataset["cell_ids"].values
        if len(cells) == 0:
            raise ArgumentError("the Dataset has no cell, so a raster has no extent")
        projection = _Projection(crs)
        corners = _icefold.vertices(cells, order, latitude)
        x, y = projection.forward(*corners)
        if resolution is None:
            resolution = projection.cell_width(order)
        if not resolution > 0:
            raise ArgumentError(f"resolution={resolution} is no size of a pixel; give one above 0")
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

    def _pixels(self, projection: _Projection, across: Any, down: Any) -> Any:
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
        """Draws an array as a map of cells; needs matplotlib. Options go to its PolyCollection."""
        import matplotlib.pyplot
        import numpy
        from matplotlib.collections import PolyCollection

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
            ax = matplotlib.pyplot.gca()
        array = self._dataset[name]
        outlines: Any = numpy.stack([lon, lat], axis=-1)
        drawn = PolyCollection(outlines, edgecolors="face", **{"linewidths": 0.2, **options})
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


class _Projection:
    """Longitude and latitude on WGS84 to a CRS, and back."""

    def __init__(self, crs: str | int) -> None:
        self.plain = str(crs).upper() in ("EPSG:4326", "4326", "OGC:CRS84")
        if self.plain:
            return
        from pyproj import CRS, Transformer

        self.crs = CRS.from_user_input(crs)
        self.there = Transformer.from_crs(4326, self.crs, always_xy=True)

    def forward(self, lon: Any, lat: Any) -> tuple[Any, Any]:
        return (lon, lat) if self.plain else self.there.transform(lon, lat)

    def back(self, x: Any, y: Any) -> tuple[Any, Any]:
        return (x, y) if self.plain else self.there.transform(x, y, direction="INVERSE")

    def cell_width(self, order: int) -> float:
        """About the side of a cell in units of the CRS."""
        degrees: float = 58.6 / 2**order
        if self.plain or self.crs.is_geographic:
            return degrees
        unit = float(self.crs.axis_info[0].unit_conversion_factor)
        return degrees * 111_195.0 / unit

    def axis(self, which: str) -> dict[str, str]:
        if self.plain or self.crs.is_geographic:
            words = {"x": ("longitude", "degrees_east"), "y": ("latitude", "degrees_north")}[which]
            return {"axis": which.upper(), "standard_name": words[0], "units": words[1]}
        return {"axis": which.upper(), "standard_name": f"projection_{which}_coordinate", "units": "m"}

    def mapping(self) -> dict[str, Any]:
        if not self.plain:
            wkt = self.crs.to_wkt()
            return {**self.crs.to_cf(), "crs_wkt": wkt, "spatial_ref": wkt}
        wkt = (
            'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],'
            'AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],'
            'UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AUTHORITY["EPSG","4326"]]'
        )
        return {
            "grid_mapping_name": "latitude_longitude",
            "semi_major_axis": 6378137.0,
            "inverse_flattening": 298.257223563,
            "crs_wkt": wkt,
            "spatial_ref": wkt,
        }
