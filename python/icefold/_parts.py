"""A store in parts, by whoever can run functions elsewhere: a map, a task for each range of its shards, and the store."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from . import _icefold
from ._arguments import ConfigLike, Memory, Path, Region, flag, maybe_path, path, paths
from ._arguments import config as _config
from ._arguments import whole as _whole
from ._errors import ArgumentError
from ._icefold import Config
from ._looks import inspect
from ._plans import plan
from ._reading import Granules, is_any, objects, reading
from ._report import Report
from ._verbs import finalize, run

# Tasks for each worker, where nobody says: as some take longer, more than one, and few, as each opens the granules of its
# shards.
_TASKS = 4


class Client(Protocol):
    """What can run functions elsewhere: ``dask.distributed.Client``, or an executor of ``concurrent.futures``."""

    def submit(self, function: Any, /, *arguments: Any, **keywords: Any) -> Any:
        """Begins a call, and gives back a future with ``result()`` and ``cancel()``."""


def run_parts(
    client: Client,
    config: ConfigLike,
    granules: Granules | None = None,
    store: Path | None = None,
    *,
    granules_from: Path | Iterable[Path] | None = None,
    links: str = "https",
    index: Path | None = None,
    map: Path | None = None,  # noqa: A002: as in the other functions
    granule_root: Path | None = None,
    parts: int | None = None,
    set: Mapping[str, Any] | None = None,  # noqa: A002: as on the command line
    order: int | None = None,
    region: Region | None = None,
    cells_of_region: bool = False,
    layout: str | None = None,
    overviews: Sequence[int] = (),
    table: Path | None = None,
    report: Path | None = None,
    overwrite: bool = False,
    tolerant: bool = False,
    allow_empty: bool = False,
    allow_external: Path | Iterable[Path] | None = None,
    anonymous: bool = False,
    allow_http: bool = False,
    cache: Path | None = None,
    scratch: Path | None = None,
    device: str = "cpu",
    threads: int = 1,
    memory: Memory = None,
) -> Report:
    """Makes a store in parts, each a task of a client: a map first, then pieces of the store, then the store.

    The store has the bytes of one that :func:`run` makes, however many parts and workers there are. Called again after a
    failure, it goes on with the pieces that are done. Workers must see granules, map and store: on a file system that they
    share, or as ``s3://``.

    Parameters
    ----------
    client
        A ``dask.distributed.Client``, an executor of ``concurrent.futures``, or anything with such a ``submit``. Processes
        need the guard ``if __name__ == "__main__":`` where Python starts them anew.
    config, granules, store, granules_from, links, index
        As of :func:`run`. Without granules, those that the map lists. Workers have to see the index, too.
    map
        The shard map: made there of the granules, or read where none are given. Beside the store where it is not named
        (``out.map.json`` of ``out.zarr``).
    granule_root
        The folder that has the granules of the map, where the map does not say where they are: a map that is an object names
        granules that are files, and not their places.
    parts
        How many tasks, at most one for each shard; four for each worker where nothing is said.
    set, order, region, cells_of_region, layout, overviews, tolerant, allow_external, anonymous, allow_http, cache, scratch
        As of :func:`run`; folders are those of each worker.
    table, report, allow_empty
        As of :func:`finalize`.
    overwrite
        Begins anew, whatever the pieces that are there were asked for, and replaces the store: pieces go once, before the
        first task, so that called again with ``overwrite`` after a failure it does all shards again. Without, it goes on
        with the pieces that are done, which have to be of the same question.
    device, threads, memory
        Of each task, as of :func:`run`. More threads than a worker has are in each other's way.

    Returns
    -------
    Report
        Of the whole, as of :func:`finalize`.

    Raises
    ------
    Error
        As one of its classes: what a task raises, once those that have not begun are cancelled. Pieces that are done stay.

    Examples
    --------
    >>> import icefold
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> granules = icefold.demo("granules")
    >>> with ThreadPoolExecutor(2) as pool:
    ...     report = icefold.run_parts(pool, "atl03", granules, "in_parts.zarr", parts=3)
    >>> report.whole
    True
    """
    if not hasattr(client, "submit"):
        raise ArgumentError(
            f"client={type(client).__name__} has no submit; give a dask.distributed.Client or an executor of concurrent.futures"
        )
    if store is None:
        raise ArgumentError("store is None, and parts need a name that they share; give one")
    into = path(store, "store")
    at = maybe_path(map, "map") or _beside(into)
    # The area goes with the question; to the map it says which granules are needed.
    question = _config(config, set, order, region, flag(cells_of_region, "cells_of_region"))
    machine: dict[str, Any] = {"threads": threads, "memory": memory}
    access: dict[str, Any] = {
        "allow_external": paths(allow_external, "allow_external"),
        "anonymous": flag(anonymous, "anonymous"),
        "allow_http": flag(allow_http, "allow_http"),
        "cache": maybe_path(cache, "cache"),
        "scratch": maybe_path(scratch, "scratch"),
    }
    # What is said twice may come from a generator, of which there is one pass.
    no_list = isinstance(granules, (str, bytes, os.PathLike, Mapping)) or hasattr(granules, "read")
    if isinstance(granules, Iterable) and not no_list:
        granules = list(granules)
    lists = paths(granules_from, "granules_from")
    read = reading(granules, lists, links, index, "all", objects(anonymous, allow_http, cache, scratch))
    file = next((each for each in read["named"] if not _is_object(each)), None)
    if file is not None and granule_root is None and _is_object(at):
        raise ArgumentError(
            f"granule {file} is a file, and map {at} is an object, which does not say where files are; give granule_root, the "
            "folder in which every worker has them, or map, a path that all workers see"
        )
    if is_any(read) or (index is not None and map is None):
        plan(
            question,
            granules,
            at,
            granules_from=lists,
            links=links,
            index=index,
            tolerant=tolerant,
            **access,
            **machine,
        )
    shards = len(inspect(at, allow_http=access["allow_http"])["shards"])
    if shards == 0:
        raise ArgumentError(f"map {at} has no shard, so that there is nothing to do; check what is asked for")
    count = _TASKS * _workers(client) if parts is None else _whole(parts, "parts", 1, 2**30)
    count = min(count, shards)
    settings: dict[str, Any] = {
        "plan": at,
        "granule_root": maybe_path(granule_root, "granule_root"),
        "store": into,
        "layout": layout,
        "overviews": list(overviews),
        "tolerant": tolerant,
        "index": read["index"],
        **access,
        "device": device,
        **machine,
    }
    if flag(overwrite, "overwrite"):
        # A task begins only its own shards anew, and under the manifest that is there.
        _icefold.clear_pieces(into, access["allow_http"])
        settings["overwrite"] = True
    else:
        settings["resume"] = True
    ends = [each * shards // count for each in range(count + 1)]
    _done(client, question, settings, list(zip(ends, ends[1:])))
    return finalize(
        into,
        table=table,
        report=report,
        overwrite=overwrite,
        allow_empty=allow_empty,
        allow_http=access["allow_http"],
        scratch=access["scratch"],
        **machine,
    )


def _part(question: Config, first: int, last: int, settings: dict[str, Any]) -> int:
    """The pieces of some shards, on a worker; done again, it finds them done."""
    done = run(question, shards=range(first, last), allow_empty=True, **settings)
    return int(done["photons"]["kept"])


def _done(client: Client, question: Config, settings: dict[str, Any], ranges: list[tuple[int, int]]) -> None:
    """All parts, or what the first of them that fails raises."""
    # Dask takes two calls with the same arguments for one, and keeps the answer.
    keywords = {"pure": False} if hasattr(client, "scheduler_info") else {}
    futures = [client.submit(_part, question, first, last, settings, **keywords) for first, last in ranges]
    try:
        for future in futures:
            future.result()
    except BaseException:
        for future in futures:
            future.cancel()
        raise


def _workers(client: Client) -> int:
    """How many calls a client runs at the same time, as far as it says."""
    # Of Dask: threads by worker.
    nthreads: Callable[[], dict[str, int]] | None = getattr(client, "nthreads", None)
    if nthreads is not None:
        return max(1, sum(nthreads().values()))
    most = getattr(client, "_max_workers", None)
    return most if isinstance(most, int) and most > 0 else os.cpu_count() or 1


def _is_object(path: str) -> bool:
    scheme, found, _ = path.partition("://")
    return bool(found) and scheme.lower() != "file"


def _beside(store: str) -> str:
    return (store[: -len(".zarr")] if store.lower().endswith(".zarr") else store) + ".map.json"
