"""A program that uses the package as its types say: checked by mypy and pyright, and never run."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy
import numpy.typing
import xarray

import icefold


def stores(granules: list[Path]) -> bool:
    built_in: dict[str, str] = icefold.config()
    config: icefold.Config = icefold.config("atl06", order=10, set={"output.nan": "skip"}, region=(-60, 59, -10, 84))
    report: icefold.Report = icefold.run(config, granules, "land_ice.zarr", overviews=[9, 8], progress=print)
    whole: bool = report.whole
    icefold.plan("atl06", granules, Path("map.json"), memory="1GiB")
    done: icefold.Report = icefold.finalize("land_ice.zarr", keep_pieces=True, table=Path("a.parquet"), table_geometry="point")
    icefold.run("atl06-greenland", granules, "km.zarr", geotiff=Path("geotiff"))
    same: icefold.Verification = icefold.verify("a.zarr", "b.zarr")
    drawn: icefold.Picture = icefold.render("land_ice.zarr", "h_mean", Path("map.png"), time=4)
    in_memory: bytes = icefold.render("land_ice.zarr", "h_mean")
    found: icefold.Inspection = icefold.inspect(granules[0], config={"output": {}})
    names: list[str | None] = [device["name"] for device in icefold.devices()]
    return "atl06" in built_in and whole and bool(same) and done.whole and bool(drawn.path or in_memory) and bool(found.text) and "cpu" in names


def arrays(lon: numpy.typing.NDArray[numpy.float64], h: numpy.typing.NDArray[numpy.float32]) -> Mapping[str, int]:
    cells: numpy.typing.NDArray[numpy.uint64] = icefold.locate(lon, lon, order=8)
    times = numpy.array(["2019-06-01"], "datetime64[ns]")
    found: xarray.Dataset = icefold.aggregate(lon, lon, {"h": h}, stats=["q95"], time={"dataset": times, "every": "month"})
    columns: dict[str, Any] = icefold.aggregate(lon, lat=lon, values=h, region=(-60, 59, -10, 84), to="numpy")
    icefold.aggregate(data={"lon": lon, "lat": lon, "h": h}, values=["h"], grid={"child_order": 8}, to="pandas")
    sizes: Mapping[str, int] = {str(name): size for name, size in icefold.open("a.zarr", 8).sizes.items()}
    return {**sizes, "cells": len(cells), "found": len(found)}


def errors() -> str:
    try:
        icefold.run("atl06", "granules", Path("land_ice.zarr"))
    except icefold.StoreError as error:
        return error.kind + (error.object or "")
    except icefold.Error as error:
        return str(error)
    return ""


def in_parts(pool: ThreadPoolExecutor) -> bool:
    report: icefold.Report = icefold.run_parts(pool, "atl06", "granules", Path("land_ice.zarr"), parts=4, threads=1)
    return report.whole
