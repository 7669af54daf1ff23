// segment: where keys change. Twin of `shaders/segment.wgsl` and `src/backend/cpu/segment.rs`.
//
// A piece is a run of equal keys inside one tile: segments are cut at tile boundaries, so that every
// piece is folded by one block; the pieces of a segment join exactly afterwards. On sorted keys
// pieces are segments, on photons where they stand they are runs.
//
// n: keys.
// tiles: pieces of each tile; once scanned, pieces of all tiles before it.
// facts: [0] 1 where some key is below the one before it; [1] the bits in which keys differ.
// starts: first item of each piece, ascending. heads: key of each piece.
// ranks: pieces that start before each strip.

// Launch: one block per tile of keys. Shared memory: 40 bytes. A thread owns every WORKGROUP-th key
// of the tile. Facts are gathered by OR, whose order does not matter.
ENTRY segment_count(
    u32 n, const u32* __restrict__ keys, u32* __restrict__ tiles, u32* __restrict__ facts) {
    __shared__ u32 tile_facts[2];
    const u32 lane = threadIdx.x, first_key = keys[0];
    if (lane < 2) {
        tile_facts[lane] = 0;
    }
    u32 count = 0, descends = 0, differing = 0;
#pragma unroll
    for (u32 item = 0; item < ITEMS; item++) {
        const u32 i = blockIdx.x * TILE + item * WORKGROUP + lane;
        if (i < n) {
            const u32 key = keys[i], before = keys[i == 0 ? 0 : i - 1];
            count += (i % TILE == 0 || before != key) ? 1 : 0;
            descends |= before > key ? 1 : 0;
            differing |= key ^ first_key;
        }
    }
#pragma unroll
    for (u32 reach = WARP / 2; reach > 0; reach /= 2) {
        descends |= __shfl_down_sync(ALL_LANES, descends, reach);
        differing |= __shfl_down_sync(ALL_LANES, differing, reach);
    }
    u32 total;
    scan_lanes(lane, count, total);
    if (lane % WARP == 0) {
        atomicOr(&tile_facts[0], descends);
        atomicOr(&tile_facts[1], differing);
    }
    __syncthreads();
    if (lane == 0) {
        tiles[blockIdx.x] = total;
    }
    if (lane < 2 && tile_facts[lane] != 0) {
        atomicOr(&facts[lane], tile_facts[lane]);
    }
}

// Launch: one block per tile of keys. Shared memory: 32 bytes. A thread owns one strip and the
// pieces that start in it. Exact: places come from counts, so no two pieces share one.
ENTRY segment(
    u32 n, const u32* __restrict__ keys, const u32* __restrict__ tiles,
    u32* __restrict__ starts, u32* __restrict__ heads, u32* __restrict__ ranks) {
    const u32 lane = threadIdx.x, first = blockIdx.x * TILE + lane * ITEMS;
    u32 own[ITEMS];
    load_strip(keys, first, n, 0, own);
    u32 before = lane > 0 && first < n ? keys[first - 1] : 0;
    // One bit per item of the strip.
    u32 marks = 0;
#pragma unroll
    for (u32 item = 0; item < ITEMS; item++) {
        const bool tile_begins = lane == 0 && item == 0;
        if (first + item < n && (tile_begins || own[item] != before)) {
            marks |= 1u << item;
        }
        before = own[item];
    }
    u32 total;
    u32 rank = tiles[blockIdx.x] + scan_lanes(lane, __popc(marks), total);
    ranks[blockIdx.x * WORKGROUP + lane] = rank;
#pragma unroll
    for (u32 item = 0; item < ITEMS; item++) {
        if ((marks >> item) & 1u) {
            starts[rank] = first + item;
            heads[rank] = own[item];
            rank++;
        }
    }
}
