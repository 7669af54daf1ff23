"""healpy: cells of a sphere, one thread."""

import healpy
import numpy as np



def prepare(data, threads, tasks):
    return data["lon"], data["lat"], 1 << int(data["order"])


def run(state, task):
    lon, lat, nside = state
    return healpy.ang2pix(nside, lon, lat, nest=True, lonlat=True)


def answer(state, task, result):
    return {"ids": result.astype(np.uint64), "sphere": True}
