"""What one call of aggregate leaves to the next, and what takes a config elsewhere."""

from __future__ import annotations

import multiprocessing
import pickle
import sys
import threading
from typing import Any

import numpy
import pytest

import icefold


def ask(n: int = 200_000, threads: int = 2) -> bytes:
    """Bits of an answer about photons in no order."""
    random = numpy.random.default_rng(3)
    lon, lat, h = random.uniform(-60, -20, n), random.uniform(60, 80, n), random.normal(0, 100, n).astype("f4")
    found = icefold.aggregate(lon, lat, h, order=9, stats=["count", "mean", "var"], threads=threads, to="numpy")
    return b"".join(column.tobytes() for column in found.values())


def resident() -> int:
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))


def test_answers_are_the_same_with_what_is_kept_and_without():
    icefold.release()
    first = ask()
    assert ask() == first and ask(threads=3) == first
    icefold.aggregate([10.0], [70.0], {"a": [1], "b": [2.0]}, order=5, stats=["median", "sum"])
    assert ask() == first
    assert icefold.release() > 0 and icefold.release() == 0
    assert ask() == first


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read from /proc")
def test_memory_goes_back_when_it_is_asked_for():
    icefold.release()
    # Blocks of more than 32 MiB, which glibc returns by themselves, and smaller ones, which it does not.
    ask(5_000_000)
    before = resident()
    given = icefold.release()
    assert given > 60_000_000, given
    assert before - resident() > given / 2, (before, resident(), given)


def test_a_call_that_needs_more_than_the_limit_keeps_nothing(monkeypatch):
    icefold.release()
    expected = ask()
    kept = icefold.release()
    assert kept > 0
    monkeypatch.setattr("icefold._aggregate._KEPT_MOST", kept - 1)
    assert ask() == expected and icefold.release() == 0
    monkeypatch.setattr("icefold._aggregate._KEPT_MOST", 2 * kept)
    assert ask() == expected and icefold.release() > 0


def test_threads_that_call_at_the_same_time_have_the_same_bits():
    expected, found = ask(), []
    workers = [threading.Thread(target=lambda: found.append(ask())) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert found == [expected] * 6


def _put(queue: Any) -> None:
    queue.put((ask(), icefold.release() > 0))


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_process_that_was_forked_begins_anew():
    expected = ask()
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    process = context.Process(target=_put, args=(queue,))
    process.start()
    assert queue.get(timeout=60) == (expected, True)
    process.join(60)
    assert process.exitcode == 0
    # This one still has its own.
    assert ask() == expected


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"order": 9, "set": {"output.nan": "skip", "data_source.filters": None}},
        {"region": (170, -78, -170, -75)},
        {"region": {"type": "Polygon", "coordinates": [[[0, 70], [10.1, 70], [5, 75.3], [0, 70]]]}},
    ],
)
def test_configs_survive_pickling(asked):
    config = icefold.config("atl06", **asked)
    again = pickle.loads(pickle.dumps(config))
    assert again == config and (again.name, again.text, again.order) == (config.name, config.text, config.order)
    assert repr(again) == repr(config) and hash(again) == hash(config)


def test_a_pickled_config_needs_none_of_its_files_and_runs_the_same(granules, tmp_path):
    region = tmp_path / "region.geojson"
    region.write_text('{"type": "Polygon", "coordinates": [[[-60, 60], [-30, 60], [-30, 84], [-60, 84], [-60, 60]]]}')
    file = tmp_path / "mine.yaml"
    file.write_text(icefold.config("atl03").text + f"\nregion: {{file: {region}}}\n")
    config = icefold.config(file)
    pickled = pickle.dumps(config)
    region.unlink()
    file.unlink()
    again = pickle.loads(pickled)
    assert again == config
    a, b = (icefold.run(each, granules, tmp_path / f"{i}.zarr") for i, each in enumerate((config, again)))
    assert a["content_sha256"] == b["content_sha256"]


def test_a_pickle_of_another_question_is_refused():
    config = icefold.config("atl06")
    rebuild, (name, text, region, whole, _) = config.__reduce__()
    with pytest.raises(icefold.ArgumentError, match="another version of icefold"):
        rebuild(name, text, region, whole, "0" * 64)


def test_moments_among_values_are_refused_with_the_way_out():
    for array, says in [
        (numpy.array(["2019-06-02"], "M8[ns]"), "time={'dataset': ...}"),
        (numpy.array([5], "m8[s]"), "numpy.timedelta64(1, 's')"),
    ]:
        with pytest.raises(icefold.ArgumentError) as error:
            icefold.aggregate([10.0], [70.0], array)
        assert says in str(error.value), error.value


def test_rasters_have_the_units_of_their_system(granules, tmp_path):
    pytest.importorskip("pyproj")
    icefold.run("atl03", granules, tmp_path / "a.zarr", order=8)
    cells = icefold.open(tmp_path / "a.zarr")
    polar = "+proj=stere +lat_0=90 +lat_ts=70 +lon_0=-45 +datum=WGS84"
    for crs, resolution, units in [
        ("EPSG:3413", 20_000, ("m", "m")),
        ("EPSG:4326", 0.5, ("degrees_north", "degrees_east")),
        (f"{polar} +units=km", 20, ("km", "km")),
        (f"{polar} +units=us-ft", 60_000, ("US_survey_foot", "US_survey_foot")),
    ]:
        raster = cells.icefold.to_raster(crs, resolution)
        assert (raster["y"].attrs["units"], raster["x"].attrs["units"]) == units, crs


def test_granules_are_hashed_where_that_is_asked_for(granules, tmp_path):
    import hashlib

    import zarr

    icefold.run("atl03", granules, tmp_path / "a.zarr", hash_granules=True)
    made = zarr.open_group(tmp_path / "a.zarr", path="provenance", mode="r").attrs["granules"]
    hashes = {hashlib.sha256(open(path, "rb").read()).hexdigest() for path in granules}
    assert {granule["sha256"] for granule in made} <= hashes and made
    assert "synthetic granule" in icefold.cite(tmp_path / "a.zarr")
    assert "doi" not in icefold.cite(tmp_path / "a.zarr", bibtex=True)
