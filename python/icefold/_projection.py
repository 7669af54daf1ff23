"""Between longitude and latitude on WGS84 and the plane of a coordinate reference system."""

from __future__ import annotations

from typing import Any

from ._arguments import needed, shown
from ._errors import ArgumentError


class Projection:
    """Longitude and latitude on WGS84 to a CRS, and back."""

    def __init__(self, crs: Any) -> None:
        self.plain = str(crs).upper() in ("EPSG:4326", "4326", "OGC:CRS84")
        if self.plain:
            return
        pyproj = needed("pyproj", "a CRS other than EPSG:4326", "geo")
        try:
            self.crs = pyproj.CRS.from_user_input(crs)
        except pyproj.exceptions.CRSError as error:
            raise ArgumentError(f"crs={shown(crs)} is none: {error}; give one, such as 'EPSG:3413'") from error
        self.there = pyproj.Transformer.from_crs(4326, self.crs, always_xy=True)

    def forward(self, lon: Any, lat: Any) -> tuple[Any, Any]:
        return (lon, lat) if self.plain else self.there.transform(lon, lat)

    def back(self, x: Any, y: Any) -> tuple[Any, Any]:
        return (x, y) if self.plain else self.there.transform(x, y, direction="INVERSE")

    def same(self, other: Projection) -> bool:
        if self.plain or other.plain:
            return self.plain and other.plain
        return bool(self.crs == other.crs)

    def cell_width(self, order: int) -> float:
        """About the side of a HEALPix cell in units of the CRS."""
        degrees: float = 58.6 / 2**order
        if self.plain or self.crs.is_geographic:
            return degrees
        unit = float(self.crs.axis_info[0].unit_conversion_factor)
        return degrees * 111_195.0 / unit

    def axis(self, which: str) -> dict[str, str]:
        if self.plain or self.crs.is_geographic:
            words = {"x": ("longitude", "degrees_east"), "y": ("latitude", "degrees_north")}[which]
            return {"axis": which.upper(), "standard_name": words[0], "units": words[1]}
        said = {"axis": which.upper(), "standard_name": f"projection_{which}_coordinate"}
        return {**said, "units": _unit(str(self.crs.axis_info[0].unit_name))}

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


def _unit(name: str) -> str:
    """The unit of a CRS as CF writes it; those of other names by their own."""
    return {"metre": "m", "meter": "m", "kilometre": "km", "foot": "foot"}.get(name, name.replace(" ", "_"))
