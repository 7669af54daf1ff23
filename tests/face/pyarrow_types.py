"""The same photons as tables of other types: points of GeoArrow, dictionaries, structs, times, and brotli.

pyarrow_types.py FOLDER writes them there. Every seventh photon has no position, every eleventh no height.
"""

import datetime
import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

folder = Path(sys.argv[1])
n = 1000
i = np.arange(n)
lost = i % 7 == 0
lon, lat = np.full(n, -45.0), 70 + i * 1e-4
h = pa.array(np.round(np.sin(i * 0.37) * 40), pa.float32(), mask=i % 11 == 0)
k = pa.array(i % 50)
flag = pa.array(np.zeros(n), pa.int8())
others = {"h": h, "k": k, "flag": flag}
plain = {"lon": pa.array(lon, mask=lost), "lat": pa.array(lat, mask=lost)}


def write(name, columns, metadata=None, **how):
    table = pa.table(columns)
    if metadata:
        table = table.replace_schema_metadata(metadata)
    if name.endswith(".parquet"):
        pq.write_table(table, folder / name, row_group_size=300, **how)
    else:
        with pa.ipc.new_file(str(folder / name), table.schema) as writer:
            writer.write_table(table, max_chunksize=300)


def point(array, metadata="{}"):
    extension = {"ARROW:extension:name": "geoarrow.point", "ARROW:extension:metadata": metadata}
    return pa.field("place", array.type, metadata=extension), array


def with_point(array, metadata="{}"):
    field, array = point(array, metadata)
    schema = pa.schema([field, *(pa.field(name, a.type) for name, a in others.items())])
    return pa.table([array, *others.values()], schema=schema)


def write_points(name, array, metadata="{}"):
    table = with_point(array, metadata)
    if name.endswith(".parquet"):
        pq.write_table(table, folder / name, row_group_size=300)
    else:
        with pa.ipc.new_file(str(folder / name), table.schema) as writer:
            writer.write_table(table, max_chunksize=300)


write("plain.parquet", plain | others)
write("brotli.parquet", plain | others, compression="brotli")

# Points: structs of x, y and z, whose third is not read; lists of two and of three numbers.
z = np.full(n, np.nan)
separate = pa.StructArray.from_arrays([pa.array(v) for v in (lon, lat, z)], ["x", "y", "z"],
                                      mask=pa.array(lost))
pairs = pa.FixedSizeListArray.from_arrays(pa.array(np.ravel(np.column_stack([lon, lat]))), 2,
                                          mask=pa.array(lost))
triples = pa.FixedSizeListArray.from_arrays(pa.array(np.ravel(np.column_stack([lon, lat, z]))), 3,
                                            mask=pa.array(lost))
geographic = json.dumps({"crs": {"type": "GeographicCRS", "name": "WGS 84"}})
for kind, array in (("separate", separate), ("pairs", pairs), ("triples", triples)):
    write_points(f"{kind}.parquet", array, geographic)
    write_points(f"{kind}.arrow", array, json.dumps({"crs": "OGC:CRS84"}))
of_file = {"geo": json.dumps({"version": "1.1.0", "primary_column": "place", "columns": {
    "place": {"encoding": "point", "geometry_types": ["Point"]}}})}
write("geoparquet.parquet", {"place": separate} | others, of_file)

# Dictionaries of numbers.
coded = {"h": h.dictionary_encode(), "k": k.dictionary_encode(), "flag": flag}
write("dictionary.parquet", plain | coded)
write("dictionary.arrow", plain | coded)

# Fields of structs, one within another, beside what nothing reads.
text = pa.array([f"x{j}" for j in i])
inner = pa.StructArray.from_arrays([text, k], ["text", "k"])
outer = pa.StructArray.from_arrays([h, inner, pa.array([[1.5]] * n)], ["h", "in", "list"])
structs = plain | {"s": outer, "flag": flag}
write("structs.parquet", structs)
write("structs.arrow", structs)
missing = pa.StructArray.from_arrays([pa.array(np.zeros(n), pa.float32()), k], ["h", "k"],
                                     mask=pa.array(i % 2 == 0))
write("null_structs.parquet", plain | {"s": missing, "flag": flag})
write("null_structs.arrow", plain | {"s": missing, "flag": flag})

# Times: seconds since 2018, and dates and timestamps of the same; a photon every hour from the end of May 2019 on.
start = datetime.datetime(2019, 5, 31, tzinfo=datetime.timezone.utc)
epoch = datetime.datetime(2018, 1, 1, tzinfo=datetime.timezone.utc)
seconds = (start - epoch).total_seconds() + i * 3600.0
unix = int(start.timestamp()) + i * 3600
when = pa.array(seconds)
fields = [pa.field(name, a.type) for name, a in (plain | others).items()]
fields.append(pa.field("t", when.type, metadata={"units": "seconds since 2018-01-01"}))
table = pa.table([*plain.values(), *others.values(), when], schema=pa.schema(fields))
pq.write_table(table, folder / "seconds.parquet")
for unit, scale in (("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)):
    stamps = pa.array(unix * scale, pa.timestamp(unit))
    write(f"stamps_{unit}.parquet", plain | others | {"t": stamps})
    write(f"stamps_{unit}.arrow", plain | others | {"t": stamps.cast(pa.timestamp(unit, "America/Nuuk"))})
for suffix in ("parquet", "arrow"):
    write(f"stamps_listed.{suffix}", plain | others | {"t": pa.array(unix * 1000, pa.timestamp("ms")).dictionary_encode()})
write("dates.parquet", plain | others | {"t": pa.array(unix // 86400, pa.int32()).cast(pa.date32())})
write("dates64.arrow", plain | others | {"t": pa.array(unix // 86400 * 86400000).cast(pa.date64())})
scaled = pa.field("t", pa.timestamp("s"), metadata={"scale_factor": "2"})
table = pa.table([*plain.values(), *others.values(), pa.array(unix, pa.timestamp("s"))],
                 schema=pa.schema([*fields[:-1], scaled]))
pq.write_table(table, folder / "scaled.parquet")

# In folders that say the day.
for day, rows in (("2019-05-31", i[:24]), ("2019-06-01", i[24:48])):
    (folder / "days" / f"day={day}").mkdir(parents=True)
    pq.write_table(pa.table(plain | others).take(rows), folder / "days" / f"day={day}" / f"{day}.parquet")

# What is refused.
write("category.parquet", plain | others | {"k": text.dictionary_encode()})
polygons = pa.array([[[{"x": 0.0, "y": 0.0}]]] * n)
write_points("projected.parquet", separate, json.dumps({"crs": {"type": "ProjectedCRS", "name": "UTM 33"}}))
write_points("authority.parquet", separate, json.dumps({"crs": "EPSG:3413"}))
write("floats.parquet", {"place": pa.StructArray.from_arrays(
    [pa.array(lon, pa.float32()), pa.array(lat, pa.float32())], ["x", "y"])} | others)
write("polygons.parquet", {"place": polygons} | others, {"geo": json.dumps({
    "version": "1.1.0", "primary_column": "place", "columns": {"place": {"encoding": "polygon"}}})})

# Text, and numbers that say the same: land, sea ice, nothing, in turns; every seventeenth has neither.
which = [None if j % 17 == 0 else ["land", "sea ice", ""][j % 3] for j in range(n)]
number = pa.array([None if w is None else ["land", "sea ice", ""].index(w) for w in which], pa.int16())
words = pa.array(which, pa.string())
for name, text_of in {
    "words": words,
    "large": words.cast(pa.large_string()),
    "views": words.cast(pa.string_view()),
    "coded": words.dictionary_encode(),
    "wide": words.cast(pa.large_string()).dictionary_encode(),
}.items():
    columns = plain | others | {"surface": text_of, "number": number}
    write(f"{name}.arrow", columns)
    if name != "views":
        write(f"{name}.parquet", columns)
in_struct = pa.StructArray.from_arrays([words.dictionary_encode(), words], ["coded", "plain"])
for name in ["texts_in_structs.arrow", "texts_in_structs.parquet"]:
    write(name, plain | others | {"of": in_struct, "number": number})
(folder / "surface=sea ice").mkdir()
write("surface=sea ice/a.parquet", plain | others)


def batches(parts, options):
    """Record batches of which each has a dictionary of its own."""
    for part in parts:
        rows = slice(*part)
        columns = plain | others | {"surface": words, "number": number}
        columns = {name: array[rows] for name, array in columns.items()}
        columns["surface"] = columns["surface"].dictionary_encode()
        columns["k"] = columns["k"].dictionary_encode()
        yield pa.record_batch(list(columns.values()), list(columns))


parts = [(0, 1), (1, 30), (30, n)]
for name, deltas in [("grows.arrows", True), ("replaced.arrows", False)]:
    options = pa.ipc.IpcWriteOptions(emit_dictionary_deltas=deltas)
    all_batches = list(batches(parts, options))
    if deltas:
        # Each has the values of those before in front.
        known = {}
        for at, batch in enumerate(all_batches):
            columns = dict(zip(batch.schema.names, batch.columns))
            for column in ["surface", "k"]:
                values = columns[column].dictionary_decode()
                known[column] = known.get(column, []) + [
                    v for v in dict.fromkeys(values.to_pylist()) if v is not None and v not in known.get(column, [])
                ]
                places = [None if v is None else known[column].index(v) for v in values.to_pylist()]
                columns[column] = pa.DictionaryArray.from_arrays(
                    pa.array(places, pa.int32()), pa.array(known[column], values.type)
                )
            all_batches[at] = pa.record_batch(list(columns.values()), list(columns))
    with pa.ipc.new_stream(str(folder / name), all_batches[0].schema, options=options) as writer:
        for batch in all_batches:
            writer.write_batch(batch)
