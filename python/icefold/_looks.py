"""What the program does that writes no store, as functions."""

from __future__ import annotations

import json
import numbers
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from . import _icefold
from ._arguments import (
    ConfigLike,
    Memory,
    Path,
    Progress,
    Watcher,
    flag,
    machine,
    maybe_text,
    number,
    path,
    paths,
    region,
    shown,
    text,
    texts,
    whole,
    wholes,
)
from ._arguments import config as _config
from ._errors import ArgumentError
from ._icefold import Config
from ._report import Inspection, Page, Picture, Verification


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

    Raises
    ------
    StoreError
        A store that cannot be read.
    DeviceError
        A device that there is not.
    ArgumentError
        What belongs to the other question: granules beside stores, or stores beside devices.

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
        others = paths(b, "b")
        if len(others) != 1 or isinstance(a, (Config, Mapping)):
            raise ArgumentError("verify compares two stores; to compare devices give devices=[...]")
        identical, said = _icefold.verify_stores(path(a, "a"), others[0])
    else:
        names = [] if isinstance(devices, str) or not isinstance(devices, Iterable) else list(devices)
        if len(names) < 2:
            raise ArgumentError(f'devices={shown(devices)}: give two or more, such as ["cpu", "wgpu"]')
        question = _config(a, set, order)
        settings = {
            "granules": paths(b, "b"),
            "external": paths(allow_external, "allow_external"),
            "devices": [text(name, f"devices[{place}]", "cpu") for place, name in enumerate(names)],
            "machine": machine("auto", threads, memory),
        }
        with Watcher(progress) as callback:
            identical, said = _icefold.verify_devices(question, settings, callback)
    found = Verification(json.loads(said))
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
    text, entries = _icefold.cite(path(store, "store"))
    return entries if flag(bibtex, "bibtex") else text.rstrip()


def inspect(
    what: Path,
    *,
    config: ConfigLike | None = None,
    all: bool = False,  # noqa: A002: as on the command line
    allow_http: bool = False,
) -> Inspection:
    """What a file or folder is: a granule, a table, a shard map, a report, a store, or pieces of one.

    Parameters
    ----------
    what
        The file or folder.
    config
        Of a granule: what a run with this config would read, and what that costs.
    all
        Of a granule: every dataset.
    allow_http
        Whether ``http://`` is taken of other machines, too, where whoever is on the way may change what comes.

    Returns
    -------
    Inspection
        Facts as a dict, whose keys depend on what it is; as text what ``icefold inspect`` prints.

    Raises
    ------
    Error
        There is nothing, or nothing that icefold knows.

    Examples
    --------
    >>> import icefold
    >>> found = icefold.inspect(icefold.demo("granules")[0])
    >>> "ground tracks" in str(found)
    True
    """
    question = None if config is None else _config(config)
    where, everything = path(what, "what"), flag(all, "all")
    said, found_text = _icefold.inspect(where, question, everything, flag(allow_http, "allow_http"))
    found = Inspection(json.loads(said))
    if (question is not None or everything) and "ground_tracks" not in found:
        raise ArgumentError(f"config and all are about a granule, and {where} is none; leave them out")
    found.text = found_text
    return found


def render(
    store: Path,
    variable: str,
    output: Path | None = None,
    *,
    order: int | None = None,
    time: Any = None,
    title: str | None = None,
    bbox: Sequence[float] | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
    cmap: str | None = None,
    theme: str = "light",
    size: int | tuple[int, int] | None = None,
    label: str | None = None,
) -> Picture:
    """Draws one array of a store as a map with coasts and ice: PNG, SVG or PDF, as ``icefold render`` does.

    Parameters
    ----------
    store
        In any layout, rows and columns among them.
    variable
        The array.
    output
        Where the picture goes; its name ends in ``.png``, ``.svg`` or ``.pdf``. One that icefold drew is replaced. Nothing
        is written where none is given, and the picture is a PNG.
    order
        Order of the cells; the finest where none is given.
    time
        Of a store with steps of time, which is drawn: a moment in it (a text, a date, datetime64), or the number of its
        cycle, track or region; ``"all"`` draws a map of each, with one range of colours.
    title
        In place of the store and the array.
    bbox
        The part of the Earth that is shown, degrees: (west, south, east, north); as far as there are cells where none is
        given.
    vmin, vmax
        Values at the ends of the colours, in the units of the array; found in the values where they are not given.
    cmap
        Colours by name, such as ``"viridis"`` or ``"RdBu"``; turned round with ``_r`` behind it.
    theme
        ``"light"`` or ``"dark"`` paper.
    size
        Width in pixels, or width and height.
    label
        Heading of the colour bar.

    Returns
    -------
    Picture
        The bytes of the picture, shown in Jupyter.

    Raises
    ------
    ArgumentError
        No picture's name, a step that there is not, an array with several values for a cell, a look that cannot be.
    StoreError
        No store, or no such order or array in it.

    Examples
    --------
    >>> import icefold
    >>> report = icefold.run("atl03", icefold.demo("granules"), "drawn.zarr")
    >>> picture = icefold.render("drawn.zarr", "h_mean")
    >>> picture[:4]
    b'\\x89PNG'
    >>> icefold.render("drawn.zarr", "h_mean", "map.png").path
    'map.png'
    """
    where, name = path(store, "store"), text(variable, "variable", "h_mean")
    if theme not in ("light", "dark"):
        raise ArgumentError(f"theme={shown(theme)} is no paper; give 'light' or 'dark'")
    look = {
        "order": None if order is None else whole(order, "order", 0, 29),
        "time": _step(time),
        "title": maybe_text(title, "title", "Greenland"),
        "bbox": None if bbox is None else _box(bbox),
        "vmin": number(vmin, "vmin"),
        "vmax": number(vmax, "vmax"),
        "cmap": maybe_text(cmap, "cmap", "viridis"),
        "dark": theme == "dark",
        "size": _size(size),
        "label": maybe_text(label, "label", "height [m]"),
    }
    if output is not None:
        drawn = path(output, "output")
        _icefold.render(where, name, drawn, look)
        # A pipe or a device has taken it.
        return Picture(_bytes(drawn) if os.path.isfile(drawn) else b"", drawn)
    # Importing icefold does not wait for it.
    import tempfile

    with tempfile.TemporaryDirectory(prefix="icefold-") as folder:
        drawn = os.path.join(folder, "map.png")
        _icefold.render(where, name, drawn, look)
        return Picture(_bytes(drawn))


def view(
    store: Path,
    variables: str | Iterable[str] | None = None,
    output: Path | None = None,
    *,
    order: int | Iterable[int] | None = None,
    title: str | None = None,
    max_size: int = 64 << 20,
) -> Page:
    """Makes a page to look around in a store, as ``icefold view`` does; Jupyter shows it.

    Parameters
    ----------
    store
        In any layout, rows and columns among them.
    variables
        The arrays that can be chosen; all that have one number for each cell where none is given.
    output
        Where the page goes; its name ends in ``.html``. One that icefold made is replaced. Nothing is written where none is
        given.
    order
        The orders of cells; all that the store has where none is given.
    title
        In place of the name of the store.
    max_size
        Bytes of the page at most.

    Returns
    -------
    Page
        The page as HTML, with everything in it.

    Raises
    ------
    ArgumentError
        No page's name.
    StoreError
        No store, or no such order or array in it; a page that would be larger than ``max_size``.

    Examples
    --------
    >>> import icefold
    >>> report = icefold.run("atl03", icefold.demo("granules"), "seen.zarr")
    >>> icefold.view("seen.zarr", "h_mean")[:15]
    '<!doctype html>'
    """
    where = path(store, "store")
    names = [] if variables is None else texts(variables, "variables", "['h_mean', 'count']")
    if order is None:
        orders = []
    elif isinstance(order, Iterable):
        orders = wholes(order, "order", 0, 29, "[12, 9]")
    else:
        orders = [whole(order, "order", 0, 29)]
    most = whole(max_size, "max_size", 0, 1 << 62)
    to = None if output is None else path(output, "output")
    return Page(_icefold.view(where, names, orders, maybe_text(title, "title", "Greenland"), most, to), to)


def _box(bbox: Any) -> list[float]:
    found = region(bbox)
    if len(found) != 4:
        raise ArgumentError(f"bbox={shown(bbox)} is no box; give (west, south, east, north) in degrees")
    return list(found)


def _size(size: Any) -> tuple[int, int | None] | None:
    if size is None:
        return None
    if isinstance(size, tuple) and len(size) == 2:
        return whole(size[0], "size", 1, 2**31), whole(size[1], "size", 1, 2**31)
    return whole(size, "size", 1, 2**31), None


def _bytes(where: str) -> bytes:
    with open(where, "rb") as file:
        return file.read()


def _step(time: Any) -> str | None:
    """The step of time that is drawn, as the program has it."""
    if time is None or isinstance(time, str):
        return time
    if hasattr(time, "isoformat"):
        return str(time.isoformat())
    if type(time).__name__ == "datetime64":
        return str(time)
    if isinstance(time, numbers.Integral) and not isinstance(time, bool):
        return str(int(time))
    raise ArgumentError(f"time={shown(time)} names no step; give a moment, such as '2019-06', or a number")


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
    return [os.fspath(granule) for granule in _icefold.demo_granules(path(folder, "folder"))]
