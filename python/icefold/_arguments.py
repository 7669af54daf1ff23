"""Arguments as people give them, put into the shape that the compiled part takes."""

from __future__ import annotations

import json
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


def path(value: Path) -> str:
    return os.fspath(value)


def maybe_path(value: Path | None) -> str | None:
    return None if value is None else os.fspath(value)


def paths(value: Path | Iterable[Path] | None) -> list[str]:
    """One path or several."""
    if value is None:
        return []
    if isinstance(value, (str, os.PathLike)):
        return [os.fspath(value)]
    return [os.fspath(each) for each in value]


def machine(device: str, threads: int | None, memory: Memory) -> dict[str, Any]:
    return {"device": device, "threads": threads, "memory": memory}


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
    raise ArgumentError(f"{name}={value!r} is no whole number from {least} to {most}")


def region(value: Region) -> tuple[float, float, float, float] | tuple[str, str]:
    """`(west, south, east, north)`, GeoJSON, something with a `__geo_interface__`, or the path of a file."""
    if isinstance(value, (str, os.PathLike)):
        return ("file", os.fspath(value))
    shape: Any = getattr(value, "__geo_interface__", value)
    if isinstance(shape, Mapping):
        return ("geojson", json.dumps(_plain(shape)))
    try:
        numbers = [float(number) for number in shape]
    except (TypeError, ValueError):
        numbers = []
    if len(numbers) != 4:
        raise ArgumentError(f"region={value!r} is no box; give (west, south, east, north), GeoJSON or a file")
    return (numbers[0], numbers[1], numbers[2], numbers[3])


def _plain(value: Any) -> Any:
    """Tuples as lists, as JSON has them."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value


def config(
    value: Config | Path | Mapping[str, Any],
    set: Mapping[str, Any] | None = None,  # noqa: A002: as on the command line
    order: int | None = None,
    where: Region | None = None,
    cells_of_region: bool = False,
) -> Config:
    """A config by its name or path, as YAML text, as a dict, or as it is."""
    changes = [(str(key), json.dumps(each)) for key, each in (set or {}).items()]
    if order is not None:
        changes.append(("output.grid.child_order", str(whole(order, "order", 0, 29))))
    if isinstance(value, Config):
        found = Config.of_text(value.name, value.text, changes) if changes else value
    elif isinstance(value, Mapping):
        found = Config.of_text("config", json.dumps(_plain(value), indent=1), changes)
    else:
        text = os.fspath(value)
        found = Config.of_text("config", text, changes) if "\n" in text else Config.named(text, changes)
    if where is not None:
        found = found.within(region(where))
    return found.with_cells_of_region() if cells_of_region else found


def say(notes: Iterable[str], whole: bool = True, empty: bool = False, what: str = "") -> None:
    """Notes, and what is not as expected, as warnings at the caller's line."""
    for note in notes:
        warnings.warn(note, Note, stacklevel=3)
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
        elif progress:
            self.callback = self.show

    def show(self, facts: dict[str, Any]) -> None:
        if self.bar is None:
            from tqdm.auto import tqdm

            self.bar = tqdm(unit="granule", bar_format="{l_bar}{bar}| {n:.1f}/{total} granules{postfix}")
        self.bar.total = facts["granules"]
        self.bar.n = facts["read"]
        self.bar.set_postfix_str(f"{facts['photons']:,} photons", refresh=False)
        self.bar.refresh()

    def __enter__(self) -> Callable[[dict[str, Any]], object] | None:
        return self.callback

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()
