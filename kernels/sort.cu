// sort: one pass of a stable radix sort of (key, item) pairs by a digit of DIGIT_BITS bits. Twin of
// `shaders/sort.wgsl` and `src/backend/cpu/sort.rs`. Passes run from the lowest digit up, over the
// digits in which keys differ.
//
// Reduce, then scan: `sort_count` counts the digits of each tile, `scan.cu` turns counts into
// places, `sort` moves pairs. Stable, so equal keys keep their order and the result is one
// permutation, whatever the device.
//
// n: pairs. low: lowest bit of the digit. identity: 1 in the first pass, in which item i is i.
// counts: count of digit d in tile t at d * tiles + t; once scanned, where those pairs go.

__device__ __forceinline__ u32 digit_of(u32 key, u32 low) {
    return (key >> low) & (BINS - 1);
}

// Launch: one block per tile of pairs. Shared memory: 1 KiB. A thread owns every WORKGROUP-th pair
// of the tile. Counts are sums: the order of the atomics does not matter.
ENTRY sort_count(u32 n, u32 low, const u32* __restrict__ keys, u32* __restrict__ counts) {
    __shared__ u32 bins[BINS];
    const u32 lane = threadIdx.x, tile = blockIdx.x, tiles = tiles_of(n);
    for (u32 digit = lane; digit < BINS; digit += WORKGROUP) {
        bins[digit] = 0;
    }
    __syncthreads();
#pragma unroll
    for (u32 item = 0; item < ITEMS; item++) {
        const u32 i = tile * TILE + item * WORKGROUP + lane;
        if (i < n) {
            atomicAdd(&bins[digit_of(keys[i], low)], 1u);
        }
    }
    __syncthreads();
    for (u32 digit = lane; digit < BINS; digit += WORKGROUP) {
        counts[digit * tiles + tile] = bins[digit];
    }
}

// The lanes of the warp that hold this digit.
__device__ __forceinline__ u32 lanes_of(u32 digit) {
    u32 peers = ALL_LANES;
#pragma unroll
    for (u32 bit = 0; bit < DIGIT_BITS; bit++) {
        const bool set = (digit >> bit) & 1u;
        const u32 votes = __ballot_sync(ALL_LANES, set);
        peers &= set ? votes : ~votes;
    }
    return peers;
}

// Pairs of one warp are WARP * ITEMS neighbours: item j of lane l is the (j * WARP + l)-th of them.
static constexpr u32 WARP_ITEMS = WARP * ITEMS;

// Launch: one block per tile of pairs, of BINS threads. Shared memory: 26 KiB. A thread owns ITEMS
// pairs of its warp while the tile is ranked, then every WORKGROUP-th place, so that pairs of one
// digit leave side by side. Stable: warps, items and lanes are ranked in the order of memory.
// Missing pairs of the last tile count as the highest digit and stand last, so they stay so.
ENTRY sort(
    u32 n, u32 low, u32 identity, const u32* __restrict__ keys, const u32* __restrict__ items,
    const u32* __restrict__ counts, u32* __restrict__ keys_out, u32* __restrict__ items_out) {
    static_assert(WORKGROUP == BINS, "a thread per digit");
    // How many pairs of each digit each warp has; then where they begin in the tile.
    __shared__ u32 warp_bins[WARPS][BINS];
    // Where the pairs of each digit go, less where they begin in the tile.
    __shared__ u32 shifts[BINS];
    __shared__ u32 exchange[TILE];
    const u32 lane = threadIdx.x, in_warp = lane % WARP, warp = lane / WARP;
    const u32 first = blockIdx.x * TILE, mine = warp * WARP_ITEMS + in_warp;
    const u32 tiles = tiles_of(n);
#pragma unroll
    for (u32 other = 0; other < WARPS; other++) {
        warp_bins[other][lane] = 0;
    }
    __syncthreads();

    u32 own[ITEMS], places[ITEMS];
#pragma unroll
    for (u32 item = 0; item < ITEMS; item++) {
        const u32 i = first + mine + item * WARP;
        own[item] = i < n ? keys[i] : ALL_LANES;
    }
    const u32 lower_lanes = (1u << in_warp) - 1;
#pragma unroll
    for (u32 item = 0; item < ITEMS; item++) {
        const u32 digit = digit_of(own[item], low), peers = lanes_of(digit);
        const u32 so_far = warp_bins[warp][digit];
        // All have read before one of the peers counts them.
        __syncwarp();
        if ((peers & lower_lanes) == 0) {
            warp_bins[warp][digit] = so_far + __popc(peers);
        }
        __syncwarp();
        places[item] = so_far + __popc(peers & lower_lanes);
    }
    __syncthreads();

    // The thread's digit is its lane.
    u32 of_digit = 0;
#pragma unroll
    for (u32 other = 0; other < WARPS; other++) {
        const u32 here = warp_bins[other][lane];
        warp_bins[other][lane] = of_digit;
        of_digit += here;
    }
    u32 total;
    const u32 begin = scan_lanes(lane, of_digit, total);
#pragma unroll
    for (u32 other = 0; other < WARPS; other++) {
        warp_bins[other][lane] += begin;
    }
    shifts[lane] = counts[lane * tiles + blockIdx.x] - begin;
    __syncthreads();

    // Keys change places through shared memory, then items do.
#pragma unroll
    for (u32 item = 0; item < ITEMS; item++) {
        places[item] += warp_bins[warp][digit_of(own[item], low)];
        exchange[places[item]] = own[item];
    }
    __syncthreads();
    u32 targets[ITEMS];
#pragma unroll
    for (u32 item = 0; item < ITEMS; item++) {
        const u32 place = item * WORKGROUP + lane, key = exchange[place];
        targets[item] = shifts[digit_of(key, low)] + place;
        // Places beyond the last pair of the last tile are those of missing pairs.
        if (first + place < n) {
            keys_out[targets[item]] = key;
        }
    }
    __syncthreads();
#pragma unroll
    for (u32 item = 0; item < ITEMS; item++) {
        const u32 i = first + mine + item * WARP;
        exchange[places[item]] = identity ? i : (i < n ? items[i] : 0);
    }
    __syncthreads();
#pragma unroll
    for (u32 item = 0; item < ITEMS; item++) {
        const u32 place = item * WORKGROUP + lane;
        if (first + place < n) {
            items_out[targets[item]] = exchange[place];
        }
    }
}
