"""Arguments as people give them, put into the shape that the compiled part takes; what cannot be is refused by name."""

from __future__ import annotations

import importlib
import json
import math
import numbers
import operator
import os
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Union

from ._errors import ArgumentError, IncompleteWarning, Note
from ._icefold import Config

Path = Union[str, "os.PathLike[str]"]
Region = Union[Sequence[float], Mapping[str, Any], Path, Any]
Memory = Union[int, str, None]
Progress = Union[bool, Callable[[dict[str, Any]], object], None]
ConfigLike = Union[Config, Path, Mapping[str, Any]]

# As many as the program takes.
_MOST_THREADS = 1024


def shown(value: Any) -> str:
    """A value as messages have it: its type, and what it is where that is short."""
    text = repr(value)
    kind = type(value).__name__
    return kind if len(text) > 60 or "\n" in text else f"{text} ({kind})"


def path(value: Any, name: str) -> str:
    """A path as text."""
    if isinstance(value, (str, os.PathLike)):
        found = os.fspath(value)
        if isinstance(found, str) and found and "\0" not in found:
            return found
    raise ArgumentError(f"{name}={shown(value)} is no path; give a str or a pathlib.Path")


def maybe_path(value: Any, name: str) -> str | None:
    return None if value is None else path(value, name)


def paths(value: Any, name: str) -> list[str]:
    """One path or several."""
    if value is None:
        return []
    if isinstance(value, (str, os.PathLike)):
        return [path(value, name)]
    # Lines of an open file, and keys of a dict, are no paths.
    if isinstance(value, (bytes, Mapping)) or hasattr(value, "read") or not isinstance(value, Iterable):
        raise ArgumentError(f"{name}={shown(value)} is no path; give a path, or a list of them")
    return [path(each, f"{name}[{place}]") for place, each in enumerate(value)]


def flag(value: Any, name: str) -> bool:
    """True or False, of NumPy, too; texts such as "no" are true in Python, and nobody means that."""
    if isinstance(value, bool) or type(value).__name__ in ("bool", "bool_"):
        return bool(value)
    raise ArgumentError(f"{name}={shown(value)} is neither True nor False; give one of them")


def text(value: Any, name: str, example: str) -> str:
    if isinstance(value, str):
        return value
    raise ArgumentError(f"{name}={shown(value)} is no text; give one, such as {example!r}")


def maybe_text(value: Any, name: str, example: str) -> str | None:
    return None if value is None else text(value, name, example)


def whole(value: Any, name: str, least: int, most: int) -> int:
    """A whole number of a range; fractions are not cut off."""
    if not isinstance(value, bool):
        try:
            number = operator.index(value)
        except TypeError:
            pass
        else:
            if least <= number <= most:
                return number
    raise ArgumentError(f"{name}={shown(value)} is no whole number from {least} to {most}; give one")


def number(value: Any, name: str) -> float | None:
    """A number, or none."""
    if value is None:
        return None
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        return float(value)
    raise ArgumentError(f"{name}={shown(value)} is no number")


def wholes(value: Any, name: str, least: int, most: int, example: str) -> list[int]:
    """Whole numbers of a range."""
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        raise ArgumentError(f"{name}={shown(value)} is no list of whole numbers; give one, such as {example}")
    return [whole(each, f"{name}[{place}]", least, most) for place, each in enumerate(value)]


def texts(value: Any, name: str, example: str) -> list[str]:
    """One text or several."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, (bytes, Mapping)) or not isinstance(value, Iterable):
        raise ArgumentError(f"{name}={shown(value)} is no list of texts; give one, such as {example}")
    return [text(each, f"{name}[{place}]", "count") for place, each in enumerate(value)]


def seconds(value: Any, name: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, numbers.Real) and not isinstance(value, bool) and 0.0 <= float(value) < math.inf:
        return float(value)
    raise ArgumentError(f"{name}={shown(value)} is no time; give seconds from 0 on")


def memory(value: Any, name: str) -> int | str | None:
    """Bytes, or a text such as "4GiB", which the compiled part reads."""
    if value is None or isinstance(value, str):
        return value
    try:
        return whole(value, name, 1, 2**63 - 1)
    except ArgumentError:
        raise ArgumentError(f'{name}={shown(value)} is no memory; give bytes, or a text such as "4GiB"') from None


def machine(device: Any, threads: Any, of_memory: Any) -> dict[str, Any]:
    return {
        "device": text(device, "device", "cpu"),
        "threads": None if threads is None else whole(threads, "threads", 1, _MOST_THREADS),
        "memory": memory(of_memory, "memory"),
    }


def shards(value: Any) -> str | None:
    """`"A..B"`, or a range."""
    if isinstance(value, range) and value.step == 1 and value.start >= 0:
        return f"{value.start}..{value.stop}"
    if value is None or isinstance(value, str):
        return value
    raise ArgumentError(f'shards={shown(value)} is no part of a map; give "A..B", or range(A, B)')


def region(value: Region) -> tuple[float, float, float, float] | tuple[str, str]:
    """`(west, south, east, north)`, GeoJSON, something with a `__geo_interface__`, or the path of a file."""
    if isinstance(value, str) and len(value.split(",")) == 4 and not os.path.exists(value):
        # As the flag of the program has it.
        raise ArgumentError(f"region={value!r} is no file; for a box give numbers, region=({value})")
    if isinstance(value, (str, os.PathLike)):
        return ("file", path(value, "region"))
    shape: Any = getattr(value, "__geo_interface__", value)
    if isinstance(shape, Mapping):
        return ("geojson", json.dumps(plain(shape, "region")))
    bounds = list(shape) if isinstance(shape, Iterable) and not isinstance(shape, bytes) else []
    if len(bounds) != 4 or not all(isinstance(each, numbers.Real) and not isinstance(each, bool) for each in bounds):
        raise ArgumentError(f"region={shown(value)} is no area; give (west, south, east, north), GeoJSON or a file")
    west, south, east, north = (float(each) for each in bounds)
    return (west, south, east, north)


def plain(value: Any, name: str) -> Any:
    """What JSON has, of tuples, arrays, numbers of NumPy and dates."""
    if value is None or isinstance(value, (str, bool, int, float)):
        if isinstance(value, float) and not math.isfinite(value):
            raise ArgumentError(f"{name} has {value!r}, which a config has no word for; give a number")
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(each, f"{name}[{key!r}]") for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each, name) for each in value]
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if type(value).__module__ == "numpy":
        # A month is all of it, as in a text.
        return str(value) if value.dtype.kind == "M" and value.ndim == 0 else plain(value.tolist(), name)
    raise ArgumentError(f"{name} has {shown(value)}, which a config cannot; give texts, numbers, lists and dicts")


def config(
    value: Config | Path | Mapping[str, Any],
    set: Mapping[str, Any] | None = None,  # noqa: A002: as on the command line
    order: int | None = None,
    where: Region | None = None,
    cells_of_region: bool = False,
) -> Config:
    """A config by its name or path, as YAML text, as a dict, or as it is."""
    if set is not None and not isinstance(set, Mapping):
        raise ArgumentError(f'set={shown(set)} is no dict; give keys and values, such as {{"output.nan": "skip"}}')
    changes = [(text(key, "a key of set", "output.nan"), json.dumps(plain(each, "set"))) for key, each in (set or {}).items()]
    if order is not None:
        changes.append(("output.grid.child_order", str(whole(order, "order", 0, 29))))
    if isinstance(value, Config):
        found = Config.of_text(value.name, value.text, changes) if changes else value
    elif isinstance(value, Mapping):
        found = Config.of_text("config", json.dumps(plain(value, "config"), indent=1), changes)
    elif isinstance(value, (str, os.PathLike)):
        said = path(value, "config")
        found = Config.of_text("config", said, changes) if "\n" in said else Config.named(said, changes)
    else:
        raise ArgumentError(
            f"config={shown(value)} is none; give a built-in name (icefold.config() lists them), a path, YAML text or a dict"
        )
    if where is not None:
        found = found.within(region(where))
    return found.with_cells_of_region() if flag(cells_of_region, "cells_of_region") else found


def needed(module: str, what: str, extra: str | None = None) -> Any:
    """A module that icefold does without unless something is asked for that takes it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.split(".")[0]
        if error.name is not None and error.name.split(".")[0] != package:
            raise
        wanted = package if extra is None else f"'icefold[{extra}]'"
        raise ImportError(f"{what} needs {package}, which is not installed; pip install {wanted}", name=package) from None


def say(notes: Iterable[str], whole: bool = True, empty: bool = False, what: str = "") -> None:
    """Notes, and what is not as expected, as warnings at the caller's line."""
    for note in notes:
        warnings.warn(note.removeprefix("warning: "), Note, stacklevel=3)
    if not whole:
        warnings.warn(f"{what}: something was left out; the report says what", IncompleteWarning, stacklevel=3)
    if empty:
        warnings.warn(f"{what}: no photon was kept", IncompleteWarning, stacklevel=3)


class Watcher:
    """Shows progress: with tqdm, or by calling somebody; nobody where nothing is asked for."""

    def __init__(self, progress: Progress) -> None:
        self.callback: Callable[[dict[str, Any]], object] | None = None
        self.bar: Any = None
        if callable(progress):
            self.callback = progress
        elif progress is not None and flag(progress, "progress"):
            # Looked for before the work begins.
            self.tqdm = needed("tqdm.auto", "progress=True", "progress").tqdm
            self.callback = self.show

    def show(self, facts: dict[str, Any]) -> None:
        if self.bar is None:
            self.bar = self.tqdm(unit="granule", bar_format="{l_bar}{bar}| {n:.1f}/{total} granules{postfix}")
        self.bar.total = facts["granules"]
        self.bar.n = facts["read"]
        self.bar.set_postfix_str(f"{facts['photons']:,} photons", refresh=False)
        self.bar.refresh()

    def __enter__(self) -> Callable[[dict[str, Any]], object] | None:
        return self.callback

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()
