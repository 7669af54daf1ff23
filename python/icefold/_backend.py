"""`xarray.open_dataset(store, engine="icefold")`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import xarray
from xarray.backends import BackendEntrypoint

from ._dataset import open_store


class IcefoldBackend(BackendEntrypoint):
    """Opens a store at one of its orders."""

    description = "Stores of icefold: statistics per HEALPix cell, or in rows and columns"
    url = "https://docs.xarray.dev/en/stable/internals/how-to-add-new-backend.html"
    open_dataset_parameters = ("filename_or_obj", "drop_variables", "order", "overview", "centers")

    def open_dataset(
        self,
        filename_or_obj: Any,
        *,
        drop_variables: str | Iterable[str] | None = None,
        order: int | None = None,
        overview: int | None = None,
        centers: bool | None = None,
    ) -> xarray.Dataset:
        dropped = {} if drop_variables is None else {"drop_variables": drop_variables}
        return open_store(filename_or_obj, order, overview=overview, centers=centers, **dropped)
