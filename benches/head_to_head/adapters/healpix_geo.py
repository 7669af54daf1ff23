"""healpix-geo on the WGS84 ellipsoid: the same cells as icefold."""

import healpix_geo.nested
import numpy as np



def prepare(data, threads, tasks):
    return data["lon"], data["lat"], np.uint8(data["order"]), threads


def run(state, task):
    lon, lat, order, threads = state
    return healpix_geo.nested.lonlat_to_healpix(
        lon, lat, order, ellipsoid="WGS84", num_threads=threads
    )


def answer(state, task, result):
    return {"ids": result, "sphere": False}
