"""What is read: by name, of lists, of searches and of an index; objects among it."""

import json
import pathlib
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

import icefold

SERVER = pathlib.Path(__file__).resolve().parents[2] / "tests" / "support" / "cloud" / "server.py"


def served(folder: pathlib.Path, *options: str) -> Iterator[str]:
    """A web server of a folder, until its input ends."""
    command = [sys.executable, str(SERVER), str(folder), *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        finally:
            server.kill()


@pytest.fixture(scope="module")
def web(granules: list[str]) -> Iterator[str]:
    yield from served(pathlib.Path(granules[0]).parent)


@pytest.fixture(scope="module")
def slow(granules: list[str]) -> Iterator[str]:
    yield from served(pathlib.Path(granules[0]).parent, "--latency", "30")


def found(web: str, granules: list[str]) -> list[dict[str, Any]]:
    """As earthaccess has what it found."""
    return [
        {
            "meta": {"concept-id": f"G{number}"},
            "umm": {
                "RelatedUrls": [
                    {"URL": f"{web}/{pathlib.Path(granule).name}", "Type": "GET DATA"},
                    {"URL": f"{web}/{pathlib.Path(granule).stem}.png", "Type": "GET RELATED VISUALIZATION"},
                ]
            },
        }
        for number, granule in enumerate(granules)
    ]


def test_an_index_spares_opening_and_changes_no_bit(granules: list[str], store: pathlib.Path) -> None:
    made = icefold.index(granules, "index.parquet")
    assert (made["granules"], made["new"], made["written"]) == (len(granules), len(granules), True)
    assert icefold.index(granules, "index.parquet")["same"] == len(granules)
    planned = icefold.plan("atl03", index="index.parquet", output="map.json")
    assert planned["photons"] == 0 and planned["not_opened"] == len(granules)
    report = icefold.run("atl03", index="index.parquet", store="a.zarr", overviews=[11, 10])
    assert report.whole and icefold.verify(store, "a.zarr")


def test_what_a_search_found_and_lists_are_granules(web: str, granules: list[str], store: pathlib.Path) -> None:
    search = found(web, granules)
    icefold.run("atl03", search, "search.zarr", overviews=[11, 10])
    assert icefold.verify(store, "search.zarr")
    # All of one answer, and a generator of what is found and of paths.
    icefold.run("atl03", {"hits": len(search), "items": search}, "answer.zarr", overviews=[11, 10])
    assert icefold.verify(store, "answer.zarr")
    icefold.run("atl03", (one for one in [granules[0], *search[1:]]), "mixed.zarr", overviews=[11, 10])
    assert icefold.verify(store, "mixed.zarr")
    lines = pathlib.Path("lines.txt")
    lines.write_text("# of today\n" + "".join(f"{web}/{pathlib.Path(each).name}\n" for each in granules))
    icefold.run("atl03", store="lines.zarr", granules_from=lines, overviews=[11, 10], anonymous=True)
    assert icefold.verify(store, "lines.zarr")
    with pytest.raises(icefold.ArgumentError, match="has 3 of 9 granules, one page"):
        icefold.run("atl03", {"hits": 9, "items": search[:1] * 3}, "page.zarr")
    with pytest.raises(icefold.ArgumentError, match="no link to data for granule #1"):
        icefold.plan("atl03", [{"umm": {}}], "none.json")


def test_objects_may_be_kept_whole(web: str, granules: list[str], store: pathlib.Path) -> None:
    urls = [f"{web}/{pathlib.Path(each).name}" for each in granules]
    icefold.run("atl03", urls, "kept.zarr", overviews=[11, 10], cache="cache")
    kept = [each for each in pathlib.Path("cache").rglob("*") if each.is_file()]
    assert sum(each.stat().st_size for each in kept) >= sum(pathlib.Path(each).stat().st_size for each in granules)
    assert icefold.verify(store, "kept.zarr")


def test_what_is_secret_in_a_url_is_written_nowhere(web: str, granules: list[str]) -> None:
    url = f"{web}/{pathlib.Path(granules[0]).name}?Signature=verysecret"
    report = icefold.run("atl03", [url], "a.zarr")
    assert web in json.dumps(report["command"])
    assert "verysecret" not in json.dumps(dict(report))
    for file in pathlib.Path().rglob("*"):
        assert not file.is_file() or b"verysecret" not in file.read_bytes(), file


def test_a_wish_to_stop_ends_waiting_for_a_network(slow: str, granules: list[str]) -> None:
    def stop(_: dict[str, Any]) -> None:
        raise RuntimeError("enough")

    began = time.monotonic()
    with pytest.raises(RuntimeError, match="enough"):
        icefold.run("atl03", [f"{slow}/{pathlib.Path(granules[0]).name}"], "a.zarr", progress=stop)
    assert time.monotonic() - began < 15
    assert not pathlib.Path("a.zarr").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"links": "ftp"}, "links='ftp'.*neither 'https' nor 's3'"),
        ({"links": "s3"}, "links='s3' chooses among links of a list or a search"),
        ({"index_check": "read"}, "index_check='read' is about an index"),
        ({"index_check": "none", "index": "i.parquet"}, "index_check='none'.*neither 'all' nor 'read'"),
        ({"anonymous": "no"}, "anonymous='no'.*neither True nor False"),
        ({"cache": 3}, "cache=3.*no path"),
        ({"granules_from": 3}, "granules_from=3.*no path"),
        ({"granules_from": "gone.txt"}, "gone.txt"),
        ({"index": "gone.parquet"}, "gone.parquet"),
        ({"granules_from": "a.txt", "plan": "a.json"}, "granules and plan both say what is read"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(
    arguments: dict[str, Any], said: str, granules: list[str]
) -> None:
    named = None if "plan" in arguments else granules
    with pytest.raises(icefold.Error, match=said):
        icefold.run("atl03", named, "a.zarr", **arguments)
    assert not pathlib.Path("a.zarr").exists()
