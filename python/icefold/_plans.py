"""What spares reading: maps of which granules each shard needs, and indexes of what granules are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from . import _icefold
from ._arguments import (
    ConfigLike,
    Memory,
    Path,
    Progress,
    Region,
    Watcher,
    flag,
    machine,
    path,
    paths,
    say,
)
from ._arguments import config as _config
from ._errors import ArgumentError
from ._reading import Granules, objects, reading


def plan(
    config: ConfigLike,
    granules: Granules | None = None,
    output: Path | None = None,
    *,
    granules_from: Path | Iterable[Path] | None = None,
    links: str = "https",
    index: Path | None = None,
    index_check: str = "all",
    set: Mapping[str, Any] | None = None,  # noqa: A002: as on the command line
    order: int | None = None,
    region: Region | None = None,
    tolerant: bool = False,
    allow_external: Path | Iterable[Path] | None = None,
    anonymous: bool = False,
    allow_http: bool = False,
    cache: Path | None = None,
    scratch: Path | None = None,
    threads: int | None = None,
    memory: Memory = None,
    progress: Progress = None,
) -> dict[str, Any]:
    """Reads positions of granules and writes a shard map: which granules each shard needs.

    A run over a map (``plan=``) holds the shards that are open, and no more; several machines can each make some of
    them (``shards="A..B"``), and :func:`finalize` makes the store. With an ``index`` no position is read of granules that
    it knows.

    Parameters are those of :func:`run`; ``output`` is the map, JSON, or Parquet where its name ends so.

    Returns
    -------
    dict
        ``shards``, ``granules``, ``pairs``, ``photons``, what was left out, and with an index how many granules were
        ``not_opened``.

    Raises
    ------
    GranuleError
        A granule that cannot be read, unless ``tolerant``.
    ConfigError, ArgumentError
        What cannot be asked, and a path that is not to be written to.

    Examples
    --------
    >>> import icefold
    >>> made = icefold.plan("atl03", icefold.demo("granules"), "shards.json")
    >>> report = icefold.run("atl03", plan="shards.json", granule_root="granules", store="mapped.zarr")
    >>> report.whole
    True
    """
    question = _config(config, set, order, region)
    if output is None:
        raise ArgumentError("output is None, and a shard map needs a name; give one")
    settings = {
        "reading": reading(
            granules, granules_from, links, index, index_check, objects(anonymous, allow_http, cache, scratch)
        ),
        "output": path(output, "output"),
        "tolerant": flag(tolerant, "tolerant"),
        "external": paths(allow_external, "allow_external"),
        "machine": machine("auto", threads, memory),
    }
    with Watcher(progress) as callback:
        text, whole, _, notes = _icefold.plan(question, settings, callback)
    say(notes, whole, False, f"plan {settings['output']}")
    found: dict[str, Any] = json.loads(text)
    return found


def index(
    granules: Granules | None = None,
    output: Path | None = None,
    *,
    granules_from: Path | Iterable[Path] | None = None,
    links: str = "https",
    config: ConfigLike | None = None,
    remove_gone: bool = False,
    tolerant: bool = False,
    allow_external: Path | Iterable[Path] | None = None,
    anonymous: bool = False,
    allow_http: bool = False,
    threads: int | None = None,
    memory: Memory = None,
    progress: Progress = None,
) -> dict[str, Any]:
    """Keeps what granules would be opened for in one file: where and when they are, and where their chunks lie.

    :func:`run` and :func:`plan` with ``index=`` open only the granules that can count, and fetch nothing of objects that is
    kept there. Called again, it opens what is new or has changed.

    Parameters
    ----------
    granules, granules_from, links, tolerant, allow_external, anonymous, allow_http, threads, memory, progress
        As of :func:`run`.
    output
        The index, a Parquet file: made, or brought up to date.
    config
        What says where positions are; the built-in one of each granule's product where none is given.
    remove_gone
        Takes granules out whose files are not there any more.

    Returns
    -------
    dict
        ``granules``, and of them ``new``, ``changed``, ``same`` and ``others``; what is ``gone``.

    Raises
    ------
    GranuleError
        A granule that cannot be read, unless ``tolerant``.
    ArgumentError, FileError
        A path that is not to be written to; a file that is no index.

    Examples
    --------
    >>> import icefold
    >>> made = icefold.index(icefold.demo("granules"), "index.parquet")
    >>> planned = icefold.plan("atl03", index="index.parquet", output="from_index.json")
    >>> planned["photons"], planned["not_opened"] == made["granules"]
    (0, True)
    """
    if output is None:
        raise ArgumentError("output is None, and an index needs a name; give one")
    settings = {
        "reading": reading(granules, granules_from, links, None, "all", objects(anonymous, allow_http, None, None)),
        "output": path(output, "output"),
        "remove_gone": flag(remove_gone, "remove_gone"),
        "tolerant": flag(tolerant, "tolerant"),
        "external": paths(allow_external, "allow_external"),
        "machine": machine("auto", threads, memory),
    }
    question = None if config is None else _config(config)
    with Watcher(progress) as callback:
        text, whole, _, notes = _icefold.index(question, settings, callback)
    say(notes, whole, False, f"index {settings['output']}")
    found: dict[str, Any] = json.loads(text)
    return found
