"""Recomputes a store of joined granules with h5py, healpix-geo and numpy.

Run as `python join_check.py STORE ATL03 ATL08 ATL06`. Photons of ATL08 are found by the formula of the data
dictionaries, over whole arrays: `ph_index_beg + classed_pc_indx - 2`, from 0.
"""

import sys

import h5py
import healpix_geo
import numpy as np
import xarray as xr

NAN = np.float64("nan")


def known(dataset):
    values = dataset[:].astype("float64")
    if "_FillValue" in dataset.attrs:
        values[dataset[:] == dataset.attrs["_FillValue"]] = NAN
    return values


def track(photons, canopy, ice):
    heights, where = photons["heights"], photons["geolocation"]
    lat, lon = heights["lat_ph"][:], heights["lon_ph"][:]
    begin, count, number = (where[name][:] for name in ("ph_index_beg", "segment_ph_cnt", "segment_id"))
    joined = {name: np.full(lat.size, NAN) for name in ("class", "ph_h", "terrain", "h_li")}
    if canopy is not None:
        signal = canopy["signal_photons"]
        of = {int(n): i for i, n in enumerate(number)}
        place = np.array([of.get(int(n), -1) for n in signal["ph_segment_id"][:]])
        here = place >= 0
        rows = begin[place[here]] + signal["classed_pc_indx"][:][here] - 2
        joined["class"][rows] = known(signal["classed_pc_flag"])[here]
        joined["ph_h"][rows] = known(signal["ph_h"])[here]
        land = canopy["land_segments"]
        ends = zip(land["segment_id_beg"][:], land["segment_id_end"][:], known(land["terrain/h_te_best_fit"]))
        of_photon = np.repeat(number, count)
        for first, last, height in ends:
            joined["terrain"][(first <= of_photon) & (of_photon <= last)] = height
    if ice is not None:
        of_photon = np.repeat(number, count)
        rows = ice["land_ice_segments"]
        for n, height in zip(rows["segment_id"][:], known(rows["h_li"])):
            joined["h_li"][of_photon == n] = height
    conf = heights["signal_conf_ph"][:]
    return lat, lon, heights["h_ph"][:].astype("float64"), conf, joined


def main(store, atl03, atl08, atl06):
    with h5py.File(atl03) as photons, h5py.File(atl08) as canopy, h5py.File(atl06) as ice:
        tracks = [track(photons[name], canopy.get(name), ice.get(name)) for name in photons if name.startswith("gt")]
    lat, lon, h, conf = (np.concatenate([t[i] for t in tracks]) for i in range(4))
    joined = {name: np.concatenate([t[4][name] for t in tracks]) for name in tracks[0][4]}
    ds = xr.open_zarr(store, chunks=None)
    cells = healpix_geo.nested.lonlat_to_healpix(lon, lat, 12, ellipsoid="WGS84")
    ids = np.unique(cells)
    check("cell_ids", ds["cell_ids"].values, ids)
    of = [cells == cell for cell in ids]
    has = {name: ~np.isnan(values) for name, values in joined.items()}

    def each(function):
        return [function(inside) for inside in of]

    def total(values, which):
        return each(lambda inside: values[inside & which].sum() if (inside & which).any() else NAN)

    check("photons", ds["photons"].values, each(np.sum))
    check("classed", ds["classed"].values, each(lambda inside: (inside & has["class"]).sum()))
    check("ground", ds["ground"].values, total((joined["class"] == 1).astype("float64"), has["class"]))
    check("above", ds["above"].values, total(joined["ph_h"], has["ph_h"]))
    check("terrain", ds["terrain"].values, total(joined["terrain"], has["terrain"]))
    check("ice", ds["ice"].values, total(joined["h_li"], has["h_li"]))
    check("canopy", ds["canopy"].values, total(h, np.isin(joined["class"], [2, 3])))
    check("signal", ds["signal"].values, total(conf[:, 3].astype("float64"), np.full(h.size, True)))
    strong = (conf >= 4).any(axis=1)
    check("any", ds["any"].values, each(lambda inside: (inside & strong).sum()))
    check("every", ds["every"].values, each(lambda inside: (inside & (conf[:, [0, 3]] >= 0).all(axis=1)).sum()))
    print(f"{ids.size} cells, {h.size} photons, {has['class'].sum()} classed: numpy agrees")


def check(name, ours, theirs):
    theirs = np.asarray(theirs)
    if ours.shape != theirs.shape or not np.array_equal(ours.astype("float64"), theirs.astype("float64"), equal_nan=True):
        sys.exit(f"{name} is {ours} where numpy says {theirs}")


main(*sys.argv[1:])
