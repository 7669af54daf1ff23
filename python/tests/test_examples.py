"""The examples of all docstrings."""

from __future__ import annotations

import doctest
import importlib
import os
import pkgutil
import shutil

import pytest

import icefold


def examples() -> list[doctest.DocTest]:
    names = [module.name for module in pkgutil.iter_modules(icefold.__path__)]
    modules = [icefold, *(importlib.import_module(f"icefold.{name}") for name in names if name != "__main__")]
    found = [test for module in modules for test in doctest.DocTestFinder(exclude_empty=True).find(module)]
    return [test for test in found if test.examples]


def copies(granules: list[str], folder: str) -> list[str]:
    os.makedirs(folder, exist_ok=True)
    return [shutil.copy(granule, folder) for granule in granules]


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
def test_examples_are_true(example, granules, monkeypatch):
    if not example.name.endswith(".demo"):
        # The same as the example would make: made once, and copied.
        monkeypatch.setattr(icefold, "demo", lambda folder: copies(granules, folder))
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    assert runner.run(example).failed == 0


def test_every_function_has_an_example():
    shown = {example.name.split(".")[-1] for example in examples()}
    functions = {name for name in icefold.__all__ if callable(getattr(icefold, name)) and name.islower()}
    assert functions - shown - {"open"} == set()
