"""What tests of the module share."""

import pathlib

import pytest

import icefold


@pytest.fixture(scope="session")
def granules(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The granules of the demo."""
    return icefold.demo(tmp_path_factory.mktemp("demo") / "granules")


@pytest.fixture(scope="session")
def store(granules: list[str], tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Their store, with two overviews."""
    path = tmp_path_factory.mktemp("stores") / "photons.zarr"
    icefold.run("atl03", granules, path, overviews=[11, 10])
    return path


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Examples in docstrings write where they are."""
    monkeypatch.chdir(tmp_path)
