// scan: sums of all earlier entries of an array of counts, for sort and segment. Reduce, then scan,
// then apply: no block waits for another. Twin of `shaders/scan.wgsl`.
//
// n: entries, at most TILE * TILE. Sums are below 2^32: the counts add up to a batch.
// counts: replaced by the sums of the counts before them.
// sums: one entry per tile of counts, and one more for the sum of all.

// Launch: one block per tile of counts. Shared memory: 32 bytes. A thread owns every WORKGROUP-th
// count of the tile. Writes the tile's sum.
ENTRY scan_reduce(u32 n, const u32* __restrict__ counts, u32* __restrict__ sums) {
    const u32 lane = threadIdx.x, tile = blockIdx.x;
    u32 sum = 0;
#pragma unroll
    for (u32 item = 0; item < ITEMS; item++) {
        const u32 i = tile * TILE + item * WORKGROUP + lane;
        sum += i < n ? counts[i] : 0;
    }
    u32 total;
    scan_lanes(lane, sum, total);
    if (lane == 0) {
        sums[tile] = total;
    }
}

// Launch: one block. Shared memory: 32 bytes. A thread owns one strip of sums. Replaces the sum of
// each tile by the sum of the tiles before it, and appends the sum of all.
ENTRY scan_sums(u32 n, u32* __restrict__ sums) {
    const u32 lane = threadIdx.x, tiles = tiles_of(n), first = lane * ITEMS;
    u32 own[ITEMS];
    load_strip(sums, first, tiles, 0, own);
    u32 sum = 0;
#pragma unroll
    for (u32 item = 0; item < ITEMS; item++) {
        sum += own[item];
    }
    u32 total;
    u32 before = scan_lanes(lane, sum, total);
#pragma unroll
    for (u32 item = 0; item < ITEMS; item++) {
        if (first + item < tiles) {
            sums[first + item] = before;
        }
        before += own[item];
    }
    if (lane == WORKGROUP - 1) {
        sums[tiles] = total;
    }
}

// Launch: one block per tile of counts. Shared memory: 32 bytes. A thread owns one strip of counts.
// Replaces each count by the sum of the counts before it.
ENTRY scan_apply(u32 n, u32* __restrict__ counts, const u32* __restrict__ sums) {
    const u32 lane = threadIdx.x, tile = blockIdx.x, first = tile * TILE + lane * ITEMS;
    u32 own[ITEMS];
    load_strip(counts, first, n, 0, own);
    u32 sum = 0;
#pragma unroll
    for (u32 item = 0; item < ITEMS; item++) {
        sum += own[item];
    }
    u32 total;
    u32 before = sums[tile] + scan_lanes(lane, sum, total);
#pragma unroll
    for (u32 item = 0; item < ITEMS; item++) {
        if (first + item < n) {
            counts[first + item] = before;
        }
        before += own[item];
    }
}
