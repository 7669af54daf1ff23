"""Maps as icefold draws them, against other programs: PROJ says where cells and coasts are, Matplotlib which colour a value has.

    picture_check.py STORE VARIABLE VMIN VMAX MAP.png CRS

The colours span VMIN to VMAX, as viridis on light paper. CRS is what PROJ projects by; of `degrees` the map has these as they are,
with longitudes shortened. Where the picture is on the plane is found from the extent of the cells alone; with that, every
outline of a cell and every coast has to be where PROJ has it, to two pixels.
"""

import pathlib
import sys
import zlib

import healpix_geo.nested as healpix
import matplotlib
import numpy as np
import pyproj
import rasterio
import xarray as xr
from affine import Affine
from rasterio.features import rasterize
from shapely.geometry import Polygon, box

EARTH = pathlib.Path(__file__).resolve().parents[2] / "src/picture/assets/earth.bin"
# Light paper: water, land, ice, ice shelves.
SEA, GROUND = (233, 239, 244), [(221, 219, 212), (250, 251, 252), (243, 247, 250)]
FRAME = (70, 76, 88)
# The part of viridis that maps have on light paper.
LIGHT = 0.97


def rings(layers):
    """Rings of Natural Earth in the program, layer by layer, in degrees: `scripts/map-assets` says how they are kept."""
    raw = memoryview(zlib.decompress(EARTH.read_bytes()[4:]))
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = raw[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def zigzag():
        value = varint()
        return value >> 1 if value % 2 == 0 else -(value + 1 >> 1)

    parts = [100, 100, 100, 200, 200, 200, 200]
    found = []
    for part in parts[: max(layers) + 1]:
        layer = []
        for _ in range(varint()):
            points, place = np.empty((varint(), 2)), (0, 0)
            for row in points:
                place = (place[0] + zigzag(), place[1] + zigzag())
                row[:] = place
            layer.append(points / part)
        found.append(layer)
    return [found[layer] for layer in layers]


def eroded(mask, pixels):
    """The mask without what is nearer to its edge than so many pixels."""
    for _ in range(pixels):
        inner = mask.copy()
        inner[1:] &= mask[:-1]
        inner[:-1] &= mask[1:]
        inner[:, 1:] &= mask[:, :-1]
        inner[:, :-1] &= mask[:, 1:]
        mask = inner
    return mask


def longest(row):
    """Begin and end of the longest run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], row.astype("i1"), [0]])))
    begins, ends = edges[::2], edges[1::2]
    if not len(begins):
        return (0, 0)
    best = (ends - begins).argmax()
    return begins[best], ends[best]


def frame_of(image):
    """The rectangle of the map, by the line around it."""
    line = (image == FRAME).all(axis=2)
    rows = [(y, *longest(row)) for y, row in enumerate(line)]
    widest = max(end - begin for _, begin, end in rows)
    rows = [row for row in rows if row[2] - row[1] >= widest - 4]
    columns = [longest(column) for column in line.T]
    assert widest > 300 and max(end - begin for begin, end in columns) > 100
    return rows[0][1], rows[0][0], rows[0][2], rows[-1][0] + 1


def is_colour(image):
    """Pixels of cells: ground, lines and letters are all nearly grey, viridis is not."""
    return image.max(axis=2).astype(int) - image.min(axis=2) > 45


def main():
    store, variable, vmin, vmax, picture, crs = sys.argv[1:]
    vmin, vmax = float(vmin), float(vmax)
    cells = xr.open_zarr(store, chunks=None)
    ids, order = cells["cell_ids"].values, cells.attrs["dggs"]["refinement_level"]
    values = cells[variable].values.astype("f8")
    with rasterio.open(picture) as file:
        image = np.moveaxis(file.read([1, 2, 3]), 0, 2)
    # Sides are curves on most maps: each is cut into eight.
    lon, lat = healpix.vertices(ids, order, ellipsoid="WGS84", step=8)
    if crs == "degrees":
        def project(lon, lat):
            # In the turn around the cells.
            return (np.asarray(lon) - middle + 180) % 360 - 180 + middle, np.asarray(lat)

        middle = np.degrees(np.angle(np.exp(1j * np.radians(lon)).mean()))
    else:
        project = pyproj.Transformer.from_crs(4326, crs, always_xy=True).transform
    x, y = project(lon, lat)
    outlines = [Polygon(zip(*corners)) for corners in zip(x, y)]

    left, top, right, bottom = frame_of(image)
    inner = np.zeros(image.shape[:2], bool)
    inner[top + 3 : bottom - 3, left + 3 : right - 3] = True
    coloured = is_colour(image) & inner
    # From the plane to pixels: the extent of the cells is that of their colours.
    rows, columns = np.flatnonzero(coloured.any(axis=1)), np.flatnonzero(coloured.any(axis=0))
    across = (columns[-1] + 1 - columns[0]) / (x.max() - x.min())
    down = (rows[-1] + 1 - rows[0]) / (y.max() - y.min())
    if crs == "degrees":
        shrink = across / down
        assert abs(shrink - np.cos(np.radians((lat.min() + lat.max()) / 2))) < 0.01, shrink
    else:
        assert abs(across / down - 1) < 0.005, (across, down)
    to_plane = Affine(1 / across, 0, x.min() - columns[0] / across, 0, -1 / down, y.max() + rows[0] / down)

    def mask_of(shapes, touched=False):
        return rasterize(shapes, image.shape[:2], transform=to_plane, all_touched=touched).astype(bool) if shapes else inner & False

    # Cells: what is within them is coloured, what is outside is not.
    drawn = mask_of(outlines)
    within, outside = eroded(drawn, 2) & inner, eroded(~drawn, 2) & inner
    assert within.sum() > 1000 and outside.sum() > 1000, (within.sum(), outside.sum())
    missing, strays = within & ~coloured, int((outside & coloured).sum())
    # Coasts and the graticule lie over cells: lines, and no more than that.
    assert missing.sum() <= 0.03 * within.sum() and not eroded(missing, 2).any() and strays == 0, (int(missing.sum()), strays)
    # Their colours are Matplotlib's of their values, at the middle of those that are wide enough.
    wide = np.sqrt(4 * np.pi / 12) * 6_371_007 / 2.0**order
    middles = healpix.healpix_to_lonlat(ids, order, ellipsoid="WGS84")
    places = np.array([~to_plane * place for place in zip(*project(*middles))])
    part = np.clip((values - vmin) / (vmax - vmin), 0, 1) * LIGHT
    expected = np.round(matplotlib.colormaps["viridis"](part)[:, :3] * 255)
    looked = near = 0
    for (column, row), colour in zip(places.astype(int), expected):
        if not within[row, column]:
            continue
        looked += 1
        # Lines of the graticule and coasts lie over cells: of nine pixels one is without.
        around = image[row - 1 : row + 2, column - 1 : column + 2].reshape(-1, 3).astype(int)
        near += bool((np.abs(around - colour).max(axis=1) <= 4).any())
    assert looked >= min(20, len(ids) // 2) and near >= 0.95 * looked, (looked, near)

    # Coasts: no water where there is land, no land where there is water, but for two pixels from the line.
    land, ice, shelves, lakes = rings([3, 4, 5, 6])
    window = box(*(to_plane * (left, bottom)), *(to_plane * (right, top)))
    near_by = window.buffer(0.1 * window.length)

    def polygons(layer):
        found = []
        for ring in layer:
            ring = np.concatenate([ring, ring[:1]])
            # Sides are lines of the plane of degrees: long ones are cut.
            step = np.linspace(0, 1, 8, endpoint=False)[:, None]
            ring = (ring[:-1, None] + step * (ring[1:] - ring[:-1])[:, None]).reshape(-1, 2)
            # In degrees a ring is as it is, and once more a turn to both sides.
            turns = [-360, 0, 360] if crs == "degrees" else [0]
            px, py = (ring[:, 0], ring[:, 1]) if crs == "degrees" else project(ring[:, 0], ring[:, 1])
            if not (np.isfinite(px).all() and np.isfinite(py).all()):
                continue
            polygons = [Polygon(zip(px + turn, py)) for turn in turns]
            found += [polygon for polygon in polygons if near_by.intersects(polygon.envelope)]
        return found

    ground = np.zeros_like(inner)
    # Holes of land, as the Caspian Sea, are rings of their own, and turn ground into water.
    for polygon in polygons(land):
        ground ^= mask_of([polygon])
    ground |= mask_of(polygons(shelves))
    water = mask_of(polygons(lakes), touched=True)
    free = outside.copy()
    # The scale bar stands there.
    unit = image.shape[1] / 1400
    free[int(bottom - 64 * unit) :, : int(left + 0.4 * (right - left))] = False
    is_sea = (image == SEA).all(axis=2) & free
    is_ground = np.logical_or.reduce([(image == colour).all(axis=2) for colour in GROUND]) & free
    firm, open_sea = eroded(ground & ~water, 2), eroded(~ground, 2)
    assert is_sea.sum() > 2000 and is_ground.sum() > 2000, (is_sea.sum(), is_ground.sum())
    drowned, stranded = int((is_sea & firm).sum()), int((is_ground & open_sea).sum())
    # Rims of letters on the map have the colour of water.
    assert drowned <= 3e-4 * is_ground.sum() and stranded <= 3e-4 * is_sea.sum(), (drowned, stranded)
    print(f"{len(ids)} cells of {wide:.0f} m, {looked} colours, {is_sea.sum()} pixels of water and {is_ground.sum()} of ground: "
          "PROJ and Matplotlib agree")


main()
