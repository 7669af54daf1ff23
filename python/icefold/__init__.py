"""icefold folds ICESat-2 photons into cells of the Earth.

The same bits on every device, for any number of threads and any order of inputs, because sums are exact integers:
what the program `icefold` writes, this module gives.

>>> import icefold
>>> cells = icefold.aggregate([10.0, 10.001], [70.0, 70.001], [100.25, 101.5], order=8, stats=["count", "mean"])
>>> float(cells["mean"][0]), int(cells["count"][0])
(100.875, 2)

From granules to statistics on disk, and back as a Dataset of xarray:

    report = icefold.run("atl06", "granules/", "land_ice.zarr", overviews=[11, 10])
    ds = icefold.open("land_ice.zarr")
    ds.icefold.plot("h_mean")

`icefold.config()` lists the built-in configs, `icefold.inspect(path)` shows what a file or folder is.
"""

import sys as _sys

from ._aggregate import aggregate, locate, release
from ._dataset import open_store as open  # noqa: A001: as rasterio.open and h5py.File are called
from ._errors import (
    ArgumentError,
    ConfigError,
    DeviceError,
    Error,
    FileError,
    GranuleError,
    IncompleteWarning,
    MapError,
    MismatchError,
    Note,
    PiecesError,
    ReportError,
    StoppedError,
    StoreError,
)
from ._icefold import Config, __version__
from ._looks import cite, demo, devices, inspect, render, verify, view
from ._parts import Client, run_parts
from ._plans import index, plan
from ._report import Inspection, Page, Picture, Report, Verification
from ._verbs import config, finalize, run

__all__ = [
    "ArgumentError",
    "Client",
    "Config",
    "ConfigError",
    "DeviceError",
    "Error",
    "FileError",
    "GranuleError",
    "IncompleteWarning",
    "Inspection",
    "MapError",
    "MismatchError",
    "Note",
    "Page",
    "Picture",
    "PiecesError",
    "Report",
    "ReportError",
    "StoppedError",
    "StoreError",
    "Verification",
    "__version__",
    "aggregate",
    "cite",
    "config",
    "demo",
    "devices",
    "finalize",
    "index",
    "inspect",
    "locate",
    "open",
    "plan",
    "release",
    "render",
    "run",
    "run_parts",
    "verify",
    "view",
]

# Datasets that xarray opens by itself have the accessor, too, where xarray is in use.
if "xarray" in _sys.modules:
    from . import _accessor as _accessor
