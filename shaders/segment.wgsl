// segment: where keys change. Twin of `src/backend/cpu/segment.rs`.
//
// A piece is a run of equal keys inside one tile: segments are cut at tile boundaries, so that every
// piece is folded by one workgroup; the pieces of a segment join exactly afterwards. On sorted keys
// pieces are segments, on photons where they stand they are runs.
//
// params.n: keys.

@group(0) @binding(1) var<storage, read> keys: array<u32>;
// Pieces of each tile; once scanned, pieces of all tiles before it.
@group(0) @binding(2) var<storage, read_write> tiles: array<u32>;
// First item of each piece, ascending.
@group(0) @binding(3) var<storage, read_write> starts: array<u32>;
// Key of each piece.
@group(0) @binding(4) var<storage, read_write> heads: array<u32>;
// Pieces that start before each strip.
@group(0) @binding(5) var<storage, read_write> ranks: array<u32>;

fn starts_piece(i: u32) -> bool {
    if (i >= params.n) {
        return false;
    }
    if (i % TILE == 0u) {
        return true;
    }
    return keys[i] != keys[i - 1u];
}

// Launch: one workgroup per tile of keys. Workgroup memory: 512 bytes. An invocation owns every
// WORKGROUP-th key of the tile.
@compute @workgroup_size(WORKGROUP)
fn segment_count(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let tile = tile_of(group, groups);
    if (tile >= tiles_of(params.n)) {
        return;
    }
    var count = 0u;
    for (var item = 0u; item < ITEMS; item++) {
        count += u32(starts_piece(tile * TILE + item * WORKGROUP + lane));
    }
    let before = scan_lanes(lane, count);
    if (lane == WORKGROUP - 1u) {
        tiles[tile] = before + count;
    }
}

// Launch: one workgroup per tile of keys. Workgroup memory: 512 bytes. An invocation owns one strip
// and the pieces that start in it. Exact: places come from counts, so no two pieces share one.
@compute @workgroup_size(WORKGROUP)
fn segment(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let tile = tile_of(group, groups);
    if (tile >= tiles_of(params.n)) {
        return;
    }
    let first = tile * TILE + lane * ITEMS;
    // One bit per item of the strip.
    var marks = 0u;
    for (var item = 0u; item < ITEMS; item++) {
        marks |= u32(starts_piece(first + item)) << item;
    }
    var rank = tiles[tile] + scan_lanes(lane, countOneBits(marks));
    ranks[tile * WORKGROUP + lane] = rank;
    while (marks != 0u) {
        let i = first + firstTrailingBit(marks);
        starts[rank] = i;
        heads[rank] = keys[i];
        rank++;
        marks &= marks - 1u;
    }
}
