"""cdshealpix: cells of a sphere, cheaper than those of an ellipsoid."""

import astropy.units as u
import cdshealpix
import numpy as np
from astropy.coordinates import Latitude, Longitude



def prepare(data, threads, tasks):
    # It takes radians through astropy; converting here keeps that out of its time.
    lon = Longitude(np.radians(data["lon"]) * u.rad)
    lat = Latitude(np.radians(data["lat"]) * u.rad)
    return lon, lat, np.uint8(data["order"]), threads


def run(state, task):
    lon, lat, order, threads = state
    return cdshealpix.lonlat_to_healpix(lon, lat, order, num_threads=threads)


def answer(state, task, result):
    return {"ids": result.astype(np.uint64), "sphere": True}
