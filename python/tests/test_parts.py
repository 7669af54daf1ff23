"""A store in parts, by executors and by dask."""

import pathlib
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import pytest

import icefold


@pytest.fixture(scope="module")
def whole(granules: list[str], tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    path = tmp_path_factory.mktemp("whole") / "whole.zarr"
    icefold.run("atl03", granules, path, overviews=[10])
    return path


def test_parts_of_processes_are_the_store_of_one_run(granules: list[str], whole: pathlib.Path) -> None:
    with ProcessPoolExecutor(2) as pool:
        report = icefold.run_parts(pool, "atl03", granules, "parts.zarr", overviews=[10], table="parts.parquet")
    assert report.whole
    assert icefold.verify(whole, "parts.zarr")
    assert pathlib.Path("parts.parquet").is_file()
    assert pathlib.Path("parts.map.json").is_file()
    assert not pathlib.Path("parts.zarr.pieces").exists()


def test_parts_of_dask_are_the_store_of_one_run(granules: list[str], whole: pathlib.Path) -> None:
    distributed = pytest.importorskip("distributed")
    cluster: Any = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
    )
    with cluster, distributed.Client(cluster) as client:
        report = icefold.run_parts(client, "atl03", granules, "dask.zarr", overviews=[10])
        again = icefold.run_parts(client, "atl03", granules, "dask.zarr", overviews=[10])
    assert report.whole and icefold.verify(whole, "dask.zarr")
    assert again["content_sha256"] == report["content_sha256"]


def test_a_map_that_is_there_is_used_and_parts_may_be_any_number(granules: list[str], whole: pathlib.Path) -> None:
    made = icefold.plan("atl03", granules, "a.json")
    with ThreadPoolExecutor(2) as pool:
        for parts in (1, made["shards"] + 7):
            report = icefold.run_parts(
                pool, "atl03", store=f"{parts}.zarr", map="a.json", parts=parts, overviews=[10]
            )
            assert report["pieces"]["of"] == made["shards"]
            assert icefold.verify(whole, f"{parts}.zarr")


def test_what_a_task_raises_is_raised_and_done_pieces_stay(granules: list[str], whole: pathlib.Path) -> None:
    icefold.plan("atl03", granules, "a.json")
    gone = pathlib.Path(granules[-1])
    aside = gone.with_suffix(".aside")
    gone.rename(aside)
    try:
        with ThreadPoolExecutor(1) as pool, pytest.raises(icefold.Error):
            icefold.run_parts(pool, "atl03", store="b.zarr", map="a.json", overviews=[10])
        assert not pathlib.Path("b.zarr").exists()
    finally:
        aside.rename(gone)
    with ThreadPoolExecutor(1) as pool:
        assert icefold.run_parts(pool, "atl03", store="b.zarr", map="a.json", overviews=[10]).whole
    assert icefold.verify(whole, "b.zarr")


def test_what_cannot_be_asked_is_refused_by_name(granules: list[str]) -> None:
    with pytest.raises(icefold.ArgumentError, match="client=int has no submit"):
        icefold.run_parts(3, "atl03", granules, "c.zarr")  # type: ignore[arg-type]
    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(icefold.ArgumentError, match="store is None"):
            icefold.run_parts(pool, "atl03", granules)
        with pytest.raises(icefold.ArgumentError, match="parts=0"):
            icefold.run_parts(pool, "atl03", granules, "c.zarr", parts=0)


def test_overwrite_begins_anew_whatever_was_asked_before(granules: list[str], whole: pathlib.Path) -> None:
    icefold.plan("atl03", granules, "d.json")
    for store in ("d.zarr", "e.zarr"):
        # One shard of another question, as a run that failed leaves it.
        icefold.run("atl03", store=store, plan="d.json", shards=range(0, 1), overviews=[11], device="cpu")
    with ThreadPoolExecutor(2) as pool:
        with pytest.raises(icefold.Error, match="begun with overviews"):
            icefold.run_parts(pool, "atl03", store="d.zarr", map="d.json", overviews=[10])
        icefold.run_parts(pool, "atl03", store="d.zarr", map="d.json", overviews=[10], overwrite=True)
        assert icefold.verify(whole, "d.zarr")
        # A store that stands is replaced, too.
        icefold.run_parts(pool, "atl03", store="e.zarr", map="d.json", overviews=[9], overwrite=True)
        icefold.run_parts(pool, "atl03", store="e.zarr", map="d.json", overviews=[10], overwrite=True)
    assert icefold.verify(whole, "e.zarr")


def test_files_that_a_map_of_objects_cannot_name_are_refused(granules: list[str]) -> None:
    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(icefold.ArgumentError, match="give granule_root"):
            icefold.run_parts(pool, "atl03", granules, "s3://bucket/f.zarr")
        with pytest.raises(icefold.ArgumentError, match="map s3://bucket/f.json is an object"):
            icefold.run_parts(pool, "atl03", f"file://{granules[0]}", "f.zarr", map="s3://bucket/f.json")
