"""Shard maps as Parquet, by pyarrow: as zagg's ShardMap.to_parquet lays them out, and what icefold writes read the same way.

    maps_check.py write MAP.json MAP.parquet    what zagg makes of a map in JSON
    maps_check.py read MAP.json MAP.parquet     both say the same
"""

import json
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

META = b"zagg:shardmap_meta"


class MortonIndex(pa.ExtensionType):
    """The type of mortie, which zagg registers: uint64, without parameters."""

    def __init__(self):
        super().__init__(pa.uint64(), "mortie.morton_index")

    def __arrow_ext_serialize__(self):
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type, serialized):
        return cls()


pa.register_extension_type(MortonIndex())


def write(json_map, path):
    with open(json_map) as file:
        map = json.load(file)
    words = np.array(map["shard_keys"], np.uint64)
    columns = {
        "shard_keys": pa.ExtensionArray.from_storage(MortonIndex(), pa.array(words, mask=words == 0)),
        "granules": pa.array([json.dumps(granules) for granules in map["granules"]]),
    }
    if "aoi_mask" in map:
        columns["aoi_mask"] = pa.array([json.dumps(mask) for mask in map["aoi_mask"]])
    meta = json.dumps({"metadata": map["metadata"], "grid_signature": map["grid_signature"]})
    table = pa.table(columns).replace_schema_metadata({META: meta.encode()})
    pq.write_table(table, path)


def read(json_map, path):
    with open(json_map) as file:
        map = json.load(file)
    table = pq.read_table(path)
    # The same as what zagg looks for, by the same names and types.
    assert table.schema.field("shard_keys").type == MortonIndex(), table.schema
    meta = json.loads(table.schema.metadata[META])
    keys = table["shard_keys"].combine_chunks()
    keys = getattr(keys, "storage", keys).fill_null(0).to_pylist()
    found = {
        "metadata": meta["metadata"],
        "grid_signature": meta["grid_signature"],
        "shard_keys": keys,
        "granules": [json.loads(text) for text in table["granules"].to_pylist()],
    }
    if "aoi_mask" in table.column_names:
        found["aoi_mask"] = [json.loads(text) for text in table["aoi_mask"].to_pylist()]
    assert found == map
    print(f"{len(keys)} shards of {len(table.column_names)} columns: pyarrow agrees")


{"write": write, "read": read}[sys.argv[1]](*sys.argv[2:])
