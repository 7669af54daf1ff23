"""What is read: granules by name, of lists, of searches and of an index; and how objects are asked for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Union

from ._arguments import Path, flag, maybe_path, paths, plain, shown, text
from ._errors import ArgumentError

# Paths, or what a search found: granules of earthaccess, items of STAC, an answer of CMR.
Granules = Union[Path, Mapping[str, Any], Iterable[Union[Path, Mapping[str, Any]]]]


def objects(anonymous: Any, allow_http: Any, cache: Any, scratch: Any) -> dict[str, Any]:
    """How objects are asked for, and sent."""
    return {
        "anonymous": flag(anonymous, "anonymous"),
        "allow_http": flag(allow_http, "allow_http"),
        "cache": maybe_path(cache, "cache"),
        "scratch": maybe_path(scratch, "scratch"),
    }


def reading(
    granules: Any,
    granules_from: Any,
    links: Any,
    index: Any,
    index_check: Any,
    of_objects: Mapping[str, Any],
) -> dict[str, Any]:
    """Granules, however they are said."""
    named, found = _named(granules)
    lists = paths(granules_from, "granules_from")
    of_index = maybe_path(index, "index")
    direct = _one_of(links, "links", ("https", "s3")) == "s3"
    if direct and not lists and not found:
        raise ArgumentError("links='s3' chooses among links of a list or a search, and none is given; leave it out")
    unasked = _one_of(index_check, "index_check", ("all", "read")) == "read"
    if unasked and of_index is None:
        raise ArgumentError("index_check='read' is about an index, and none is given; give index= its path, too")
    return {
        "named": named,
        "found": found,
        "lists": lists,
        "direct": direct,
        "index": of_index,
        "unasked": unasked,
        "objects": of_objects,
    }


def is_any(what: Mapping[str, Any]) -> bool:
    """Whether granules are said in any way but by an index."""
    return bool(what["named"] or what["found"] or what["lists"])


def _one_of(value: Any, name: str, words: tuple[str, str]) -> str:
    if text(value, name, words[0]) not in words:
        raise ArgumentError(f"{name}={shown(value)} is neither {words[0]!r} nor {words[1]!r}; give one of them")
    return str(value)


def _named(granules: Any) -> tuple[list[str], list[str]]:
    """Paths, and what searches found as JSON; of a generator there is one pass."""
    found = _document(granules)
    if found is not None:
        return [], [json.dumps(plain(found, "granules"))]
    if granules is None or not isinstance(granules, Iterable) or isinstance(granules, (str, bytes)) or hasattr(granules, "read"):
        return paths(granules, "granules"), []
    each = list(granules)
    documents = [(place, _document(one)) for place, one in enumerate(each)]
    searched = [plain(one, f"granules[{place}]") for place, one in documents if one is not None]
    others = [one for one, (_, document) in zip(each, documents) if document is None]
    return paths(others, "granules"), [json.dumps(searched)] if searched else []


def _document(granules: Any) -> Any:
    """What a search found, as JSON has it: a dict as it is, items of pystac as they write themselves."""
    if isinstance(granules, Mapping):
        return granules
    if callable(getattr(granules, "to_dict", None)) and type(granules).__module__.split(".")[0] == "pystac":
        return granules.to_dict()
    return None
