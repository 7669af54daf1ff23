"""The root of a store: which cells it opens to, if any."""

from __future__ import annotations

import json
import os
from typing import Any


def root_attributes(store: str) -> dict[str, Any]:
    """Attributes of the root of a store; none of a hive, which has no Zarr there."""
    if os.path.isdir(store):
        try:
            with open(os.path.join(store, "zarr.json"), encoding="utf-8") as file:
                return dict(json.load(file).get("attributes", {}))
        except FileNotFoundError:
            return {}
    import zarr

    return dict(zarr.open_group(store, mode="r").attrs)


def order_in(attributes: dict[str, Any]) -> int | None:
    """The order of the HEALPix cells that a group with these attributes has itself."""
    dggs = attributes.get("dggs") or {}
    return dggs.get("refinement_level") if "icefold" in attributes else None


def group_of(store: str, order: int) -> str | None:
    """The group of an order: none where the arrays are at the root, as those of the finest are."""
    return None if order_in(root_attributes(store)) == order else str(order)


def has_rows(store: str) -> bool:
    """Whether the root has the rows and columns of a raster itself."""
    return (root_attributes(store).get("icefold") or {}).get("layout") == "raster"
