"""What makes stores, as functions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, overload

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
    maybe_path,
    maybe_text,
    path,
    paths,
    say,
    seconds,
    wholes,
)
from ._arguments import memory as _memory
from ._arguments import shards as _shards
from ._arguments import whole as _whole
from ._arguments import config as _config
from ._errors import ArgumentError
from ._icefold import Config
from ._reading import Granules, is_any, objects, reading
from ._report import Report


@overload
def config(name: None = None) -> dict[str, str]: ...


@overload
def config(
    name: ConfigLike,
    *,
    set: Mapping[str, Any] | None = None,  # noqa: A002: as on the command line
    order: int | None = None,
    region: Region | None = None,
) -> Config: ...


def config(
    name: ConfigLike | None = None,
    *,
    set: Mapping[str, Any] | None = None,  # noqa: A002: as on the command line
    order: int | None = None,
    region: Region | None = None,
) -> Config | dict[str, str]:
    """A config, or the built-in ones with what each is for.

    Parameters
    ----------
    name
        A built-in name, the path of a YAML file, YAML text, or a dict of the same keys.
    set
        Keys and values in place of what it says: ``{"data_source.filters[0].value": 4}``; None takes a key out.
    order
        Order of the cells, 0 to 29, in place of the config's.
    region
        The area that photons are kept of: ``(west, south, east, north)`` in degrees, GeoJSON as a dict, anything with
        a ``__geo_interface__`` (shapely, geopandas), or the path of a file.

    Raises
    ------
    ConfigError
        What is wrong with it, all of it, each with its place.

    Examples
    --------
    >>> import icefold
    >>> icefold.config("atl06", order=10)
    <icefold.Config atl06: count, h_min, h_max, h_mean, h_sem, h_variance, h_q25, h_q50, h_q75 in cells of order 10>
    >>> "atl03" in icefold.config()
    True
    """
    if name is None:
        if set or order is not None or region is not None:
            raise ArgumentError("set, order and region change a config, and none is named; give its name first")
        return dict(_icefold.built_in())
    return _config(name, set, order, region)


def run(
    config: ConfigLike,
    granules: Granules | None = None,
    store: Path | None = None,
    *,
    granules_from: Path | Iterable[Path] | None = None,
    links: str = "https",
    index: Path | None = None,
    index_check: str = "all",
    plan: Path | None = None,
    granule_root: Path | None = None,
    shards: str | range | None = None,
    set: Mapping[str, Any] | None = None,  # noqa: A002: as on the command line
    order: int | None = None,
    region: Region | None = None,
    cells_of_region: bool = False,
    layout: str | None = None,
    overviews: Sequence[int] = (),
    table: Path | None = None,
    table_geometry: str | None = None,
    geotiff: Path | None = None,
    report: Path | None = None,
    overwrite: bool = False,
    resume: bool = False,
    checkpoint: float | None = None,
    update: bool = False,
    allow_removal: bool = False,
    keep_partials: bool = False,
    tolerant: bool = False,
    hash_granules: bool = False,
    allow_empty: bool = False,
    allow_external: Path | Iterable[Path] | None = None,
    anonymous: bool = False,
    allow_http: bool = False,
    cache: Path | None = None,
    scratch: Path | None = None,
    device: str = "auto",
    threads: int | None = None,
    memory: Memory = None,
    partials_memory: Memory = None,
    batch_rows: int | None = None,
    progress: Progress = None,
) -> Report:
    """Reads every granule once and writes statistics per cell as a Zarr store, or pieces of one.

    Parameters
    ----------
    config
        A built-in name, a path, YAML text, a dict, or what :func:`icefold.config` gives.
    granules
        Granules, folders of them, or tables where the config reads those; paths and URLs as text. Also what a search
        found: ``earthaccess.search_data(...)``, items of pystac, an answer of CMR as a dict.
    store
        Where the store goes; that of the config where none is given.
    granules_from, links
        Files or ``https://`` URLs that list granules: plain lines, items of STAC, what CMR or earthaccess answered. Where a
        list or a search has several links to a file, ``"https"`` ones are followed, or ``"s3"`` ones, which NASA's buckets
        allow within their region.
    index, index_check
        An index, which :func:`icefold.index` makes: granules that cannot count are not opened, and of objects nothing is
        fetched that is kept there. Without granules, all that it knows are read. ``"all"`` objects are asked whether they
        are what the index knows, or those that are ``"read"``, when they are.
    plan, granule_root, shards
        A shard map in place of granules, the folder that has its granules, and which of its shards: ``"A..B"``
        or ``range(A, B)``.
    set, order, region, cells_of_region
        What is said in place of the config, as for :func:`icefold.config`; and whether the store has all cells of the
        region, those without a photon, too.
    layout
        ``"cells"``: occupied cells. ``"fullsphere"``: all cells of the Earth. ``"hive"``: a Zarr for each shard, as
        zagg has them. ``"raster"``: rows and columns. That of the config, or ``"cells"``, where none is given; of
        rectilinear grids ``"raster"``.
    overviews
        Coarser orders that the store has, too, such as ``[11, 10, 9]``; of rectilinear grids widths of their cells in
        cells, such as ``[2, 4]``.
    table, table_geometry
        The cells as a table, too: ``.parquet`` or ``.arrow``; with ``"polygon"`` its rows have the outlines of their cells, with
        ``"point"`` the middles (GeoParquet, which GeoPandas and QGIS open), with ``"none"``, as where it is not given, longitude
        and latitude as numbers alone.
    geotiff
        A folder: the arrays of rows and columns as Cloud Optimized GeoTIFF, too, named together with the store. Of HEALPix
        cells :func:`icefold.open` and ``.icefold.to_raster`` give a raster, and ``icefold export`` writes one.
    report
        Where ``run.json`` goes, in place of beside the store.
    overwrite, resume
        Replaces what is there; goes on with a run that was interrupted. ``checkpoint`` is the seconds from one time that
        what is merged and not finished is saved to the next.
    update, allow_removal, keep_partials
        Adds to the store that is there: ``granules`` are all that it is to have, and only what is new is made; takes
        granules out that are not among them; keeps partials beside the store, with which an update reads only what is
        new.
    tolerant
        Leaves out granules and rows that cannot be used, and reports them, in place of stopping at the first.
    hash_granules
        Whether the store has the SHA-256 of every byte of each granule, for which each is read once more.
    allow_empty
        No warning where no photon is kept.
    allow_external
        Folders that granules may lead to by links, beside their own.
    anonymous, allow_http, cache
        Of objects: not signed, whatever credentials there are; ``http://`` of other machines, too, where whoever is on the
        way may change what comes; a folder in which whole objects are kept, and looked for first.
    scratch
        The folder in which is made what is sent to ``s3://`` then; that of temporary files where none is given.
    device, threads, memory, partials_memory, batch_rows
        On what it runs: ``"auto"`` (a CUDA device where the job will be done sooner there, else the CPU), ``"cpu"``,
        ``"cuda:0"``, ``"wgpu"``; worker threads; memory in bytes or as ``"4GiB"``. None of them changes a bit of the
        result; ``report["device"]`` says what was taken, and why.
    progress
        True for a bar of tqdm, or a function that is called a few times a second with a dict of ``granules``,
        ``granules_done``, ``read`` (granules, with parts) and ``photons``. An exception of it stops the run.

    Returns
    -------
    Report
        Every photon accounted for.

    Raises
    ------
    Error
        As one of its classes. A run that fails or is stopped (also by Ctrl-C) leaves nothing that looks whole.

    Examples
    --------
    >>> import icefold
    >>> granules = icefold.demo("granules")
    >>> report = icefold.run("atl03", granules, "photons.zarr", overviews=[11, 10])
    >>> photons = report["photons"]
    >>> photons["read"] == photons["kept"] + photons["rejected"]
    True
    >>> report.open(order=10).sizes["cells"] > 0
    True
    """
    read = reading(
        granules, granules_from, links, index, index_check, objects(anonymous, allow_http, cache, scratch)
    )
    if plan is not None and is_any(read):
        raise ArgumentError("granules and plan both say what is read; give one of them")
    if plan is None and (is_any(read) or index is not None) and (shards is not None or granule_root is not None):
        raise ArgumentError(
            "shards and granule_root are about a shard map, and the run has none; give plan= in place of granules"
        )
    question = _config(config, set, order, region, cells_of_region)
    settings = {
        "reading": read,
        "plan": maybe_path(plan, "plan"),
        "granule_root": maybe_path(granule_root, "granule_root"),
        "shards": _shards(shards),
        "store": maybe_path(store, "store"),
        "table": maybe_path(table, "table"),
        "table_geometry": _geometry(table_geometry, table),
        "geotiff": maybe_path(geotiff, "geotiff"),
        "report": maybe_path(report, "report"),
        "layout": maybe_text(layout, "layout", "cells"),
        "overviews": wholes(overviews, "overviews", 0, 255, "[11, 10]"),
        "overwrite": flag(overwrite, "overwrite"),
        "resume": flag(resume, "resume"),
        "checkpoint": seconds(checkpoint, "checkpoint"),
        "update": flag(update, "update"),
        "allow_removal": flag(allow_removal, "allow_removal"),
        "keep_partials": flag(keep_partials, "keep_partials"),
        "tolerant": flag(tolerant, "tolerant"),
        "hash_granules": flag(hash_granules, "hash_granules"),
        "external": paths(allow_external, "allow_external"),
        "partials_memory": _memory(partials_memory, "partials_memory"),
        "batch_rows": None if batch_rows is None else _whole(batch_rows, "batch_rows", 1, 2**30),
        "command": ["icefold.run", question.name, *read["named"]],
        "machine": machine(device, threads, memory),
    }
    allow_empty = flag(allow_empty, "allow_empty")
    with Watcher(progress) as callback:
        where, (text, whole, empty, notes) = _icefold.run(question, settings, callback)
    done = _report(where, text, whole, notes)
    say(notes, whole, empty and not allow_empty, f"run into {where}")
    return done


def _geometry(given: str | None, table: Path | None) -> str | None:
    """Geometries of a table, if there is one."""
    if given is not None and table is None:
        raise ArgumentError(f"table_geometry={given!r} is of a table, and none is written; give table= its path, too")
    return maybe_text(given, "table_geometry", "polygon")


def _report(where: str, text: str, whole: bool, notes: list[str]) -> Report:
    done = Report(json.loads(text))
    done.store, done.whole, done.notes = where, whole, notes
    return done


def finalize(
    store: Path,
    *,
    table: Path | None = None,
    table_geometry: str | None = None,
    geotiff: Path | None = None,
    report: Path | None = None,
    overwrite: bool = False,
    keep_pieces: bool = False,
    allow_empty: bool = False,
    allow_http: bool = False,
    scratch: Path | None = None,
    threads: int | None = None,
    memory: Memory = None,
    progress: Progress = None,
) -> Report:
    """Makes the store of the pieces that runs over parts of a shard map wrote.

    Parameters are those of :func:`run`; with ``keep_pieces`` the pieces stay.

    Returns
    -------
    Report
        Of the whole: the photons of all pieces.

    Raises
    ------
    PiecesError
        Shards that are not done, or pieces of another run.
    StoreError
        A store is there already, and ``overwrite`` is not given.

    Examples
    --------
    >>> import icefold
    >>> granules = icefold.demo("granules")
    >>> made = icefold.plan("atl03", granules, "shards.json")
    >>> half = made["shards"] // 2
    >>> for part in (f"0..{half}", f"{half}.."):
    ...     done = icefold.run("atl03", plan="shards.json", granule_root="granules", shards=part, store="parts.zarr")
    >>> icefold.finalize("parts.zarr").whole
    True
    """
    settings = {
        "store": path(store, "store"),
        "table": maybe_path(table, "table"),
        "table_geometry": _geometry(table_geometry, table),
        "geotiff": maybe_path(geotiff, "geotiff"),
        "report": maybe_path(report, "report"),
        "overwrite": flag(overwrite, "overwrite"),
        "keep_pieces": flag(keep_pieces, "keep_pieces"),
        "command": ["icefold.finalize", path(store, "store")],
        "objects": objects(False, allow_http, None, scratch),
        "machine": machine("auto", threads, memory),
    }
    allow_empty = flag(allow_empty, "allow_empty")
    with Watcher(progress) as callback:
        where, (text, whole, empty, notes) = _icefold.finalize(settings, callback)
    done = _report(where, text, whole, notes)
    say(notes, whole, empty and not allow_empty, f"finalize {where}")
    return done
