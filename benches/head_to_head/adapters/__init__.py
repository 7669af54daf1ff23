"""One module per peer, loaded by peer.py. Each offers

    prepare(data, threads, tasks) -> state    untimed: imports, copies into its own form
    run(state, task) -> result                timed: everything until the result is in memory
    answer(state, task, result) -> dict       untimed: ids and statistics as numpy arrays

`data` has numpy arrays: lon, lat where a task locates, ids, h (and s, h1..h7) where one groups, and
`order`; of workloads of granules it has `granules` (paths) and `pipeline`. A locate answer has
`sphere`: whether its cells are those of a sphere, not of the WGS84 ellipsoid. Names of statistics
are those of truth.py. An adapter of a device may offer `kernel_seconds(state)`: of the last run.
"""

from truth import SEVERAL, columns_of


def value_columns(data):
    """The columns besides ids and positions, in order."""
    return [name for name in data if name in ("h", "s") or (name[0] == "h" and name[1:].isdigit())]


def prefix(task, column):
    """What stands before the name of a statistic of this column."""
    return f"{column}_" if task in SEVERAL else ""


def located(data, threads):
    """The id of every photon, by healpix-geo: what an engine without HEALPix begins with."""
    import healpix_geo.nested
    import numpy as np

    return healpix_geo.nested.lonlat_to_healpix(
        data["lon"], data["lat"], np.uint8(data["order"]), ellipsoid="WGS84", num_threads=threads
    )


__all__ = ["columns_of", "located", "prefix", "value_columns"]
