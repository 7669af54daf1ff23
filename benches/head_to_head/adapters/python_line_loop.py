"""The line with zagg's group loop: h5py, healpix-geo, then cell by cell in Python."""

from adapters.python_line import answer, close, photons, prepare, save
from adapters.zagg_loop import fold

__all__ = ["answer", "close", "prepare", "run"]


def run(state, task):
    return save(state, fold("groupby", *photons(state)))
