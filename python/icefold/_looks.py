"""What the program does that writes no store, as functions."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from . import _icefold
from ._arguments import ConfigLike, Memory, Path, Progress, Watcher, machine, path, paths
from ._arguments import config as _config
from ._errors import ArgumentError
from ._icefold import Config
from ._report import Inspection, Verification


def verify(
    a: ConfigLike,
    b: Path | Iterable[Path],
    *,
    devices: Sequence[str] | None = None,
    set: Mapping[str, Any] | None = None,  # noqa: A002: as on the command line
    order: int | None = None,
    allow_external: Path | Iterable[Path] | None = None,
    threads: int | None = None,
    memory: Memory = None,
    progress: Progress = None,
) -> Verification:
    """Compares two stores, or several devices on the same granules, bit by bit.

    Parameters
    ----------
    a, b
        Two stores. With ``devices``: a config, and granules.
    devices
        Two devices or more: ``["cpu", "wgpu"]``.

    Returns
    -------
    Verification
        True where every bit is the same; ``["differences"]`` says what is not.

    Examples
    --------
    >>> import icefold
    >>> granules = icefold.demo("granules")
    >>> for threads in (1, 2):
    ...     report = icefold.run("atl03", granules, f"with{threads}.zarr", threads=threads)
    >>> bool(icefold.verify("with1.zarr", "with2.zarr"))
    True
    """
    if devices is None:
        if set or order is not None:
            raise ArgumentError("set and order change a config, and two stores are compared; give devices=[...]")
        if allow_external is not None or threads is not None or memory is not None:
            raise ArgumentError(
                "allow_external, threads and memory are about granules, and two stores are compared; give devices=[...]"
            )
        others = paths(b)
        if len(others) != 1 or isinstance(a, (Config, Mapping)):
            raise ArgumentError("verify compares two stores; to compare devices give devices=[...]")
        identical, text = _icefold.verify_stores(os.fspath(a), others[0])
    else:
        if len(devices) < 2 or isinstance(devices, str):
            raise ArgumentError(f'devices={devices!r}: give two or more, such as ["cpu", "wgpu"]')
        question = _config(a, set, order)
        settings = {
            "granules": paths(b),
            "external": paths(allow_external),
            "devices": list(devices),
            "machine": machine("auto", threads, memory),
        }
        with Watcher(progress) as callback:
            identical, text = _icefold.verify_devices(question, settings, callback)
    found = Verification(json.loads(text))
    found.identical = identical
    return found


def cite(store: Path, *, bibtex: bool = False) -> str:
    """What to cite of a store: the products that it was made of, with their DOIs, and icefold.

    Parameters
    ----------
    store
        What :func:`icefold.run` or the program wrote.
    bibtex
        As entries of a BibTeX file.

    Raises
    ------
    StoreError
        There is no store, or it does not say what it was made of: an older icefold or another program wrote it.

    Examples
    --------
    >>> import icefold
    >>> report = icefold.run("atl03", icefold.demo("granules"), "photons.zarr")
    >>> "@software{icefold," in icefold.cite("photons.zarr", bibtex=True)
    True
    """
    text, entries = _icefold.cite(path(store))
    return entries if bibtex else text.rstrip()


def inspect(what: Path, *, config: ConfigLike | None = None, all: bool = False) -> Inspection:  # noqa: A002
    """What a file or folder is: a granule, a table, a shard map, a report, a store, or pieces of one.

    Parameters
    ----------
    what
        The file or folder.
    config
        Of a granule: what a run with this config would read, and what that costs.
    all
        Of a granule: every dataset.

    Examples
    --------
    >>> import icefold
    >>> found = icefold.inspect(icefold.demo("granules")[0])
    >>> "ground tracks" in str(found)
    True
    """
    question = None if config is None else _config(config)
    text, shown = _icefold.inspect(path(what), question, all)
    found = Inspection(json.loads(text))
    if (question is not None or all) and "ground_tracks" not in found:
        raise ArgumentError(f"config and all are about a granule, and {path(what)} is none; leave them out")
    found.text = shown
    return found


def render(
    store: Path,
    variable: str,
    output: Path,
    *,
    order: int | None = None,
    time: str | int | None = None,
    title: str | None = None,
) -> str:
    """Draws one array of a store as a map, a PNG, and gives back its path.

    Parameters
    ----------
    store
        In any layout.
    variable
        The array.
    output
        The picture; its name ends in ``.png``. One that icefold drew is replaced.
    order
        Order of the cells; the finest where none is given.
    time
        Of a store with steps of time, which is drawn: a moment in it, or the number of its cycle, track or region.
    title
        In place of the store and the array.

    Raises
    ------
    ArgumentError
        No picture's name, a step that there is not, an array with several values for a cell.
    StoreError
        No store, or no such order or array in it.

    Examples
    --------
    >>> import icefold
    >>> report = icefold.run("atl03", icefold.demo("granules"), "drawn.zarr")
    >>> icefold.render("drawn.zarr", "h_mean", "map.png")
    'map.png'
    """
    when = None if time is None else str(time)
    _icefold.render(path(store), variable, path(output), (order, when, title))
    return path(output)


def devices() -> list[dict[str, str | None]]:
    """The devices of this machine: ``name``, ``model``, and why one is ``unusable``.

    Examples
    --------
    >>> import icefold
    >>> icefold.devices()[0]["name"]
    'cpu'
    """
    keys = ("name", "model", "unusable")
    return [dict(zip(keys, found)) for found in _icefold.devices()]


def demo(folder: Path) -> list[str]:
    """Writes synthetic ATL03 granules over Greenland into a folder, some MB, and gives back their paths.

    Examples
    --------
    >>> import icefold
    >>> len(icefold.demo("granules")) > 0
    True
    """
    return [os.fspath(granule) for granule in _icefold.demo_granules(path(folder))]
