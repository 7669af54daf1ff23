"""polars, its streaming engine."""

from adapters.polars import answer, collect, prepare

__all__ = ["answer", "prepare", "run"]


def run(state, task):
    return collect(state, task, "streaming")
