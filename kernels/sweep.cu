// sweep: one pass of the stable radix sort of `sort.cu` without a count of each tile beforehand: all digits are
// counted in one read, and a tile learns from the tiles before it where its pairs go while it sorts them.
// Passes, digits and the permutation are those of `sort.cu`; shaders have no twin, because there a tile cannot
// wait for another.
//
// A tile takes its number from a counter when it begins, so every tile that it waits for has begun before it
// and is on the device: NVIDIA devices from sm_70 on let all warps that have begun go on, so waits end. Thread d
// of a block publishes how many pairs of digit d its tile has; looks at the tiles before, adding what each has,
// until one says the sum of itself and all before it; and publishes that sum. The value and what it is stand in one
// word, so nothing else has to be ordered.
//
// n: pairs. low: lowest bit of the digit. identity: 1 in the first pass, in which item i is i.
// counts: of each digit at each place, BINS times DIGITS; once summed, pairs of lower digits.

static constexpr u32 DIGITS = 4;

__device__ __forceinline__ u32 sweep_digit(u32 key, u32 low) {
    return (key >> low) & (BINS - 1);
}

// Launch: any number of blocks; `threads` of the launch. Shared memory: 4 KiB. A thread owns every
// `threads`-th quad of keys; memory of keys is a multiple of 16 bytes long. Counts are sums: the order of the
// atomics does not matter. counts are 0 before.
ENTRY_OF_4 sweep_count(u32 n, u32 threads, const u32* __restrict__ keys, u32* __restrict__ counts) {
    __shared__ u32 bins[DIGITS][BINS];
    const u32 lane = threadIdx.x;
#pragma unroll
    for (u32 place = 0; place < DIGITS; place++) {
        bins[place][lane] = 0;
    }
    __syncthreads();
    const uint4* quads = reinterpret_cast<const uint4*>(keys);
    const u32 whole = n / 4;
    for (u32 i = blockIdx.x * WORKGROUP + lane; i < (n + 3) / 4; i += threads) {
        const uint4 quad = quads[i];
        const u32 own[4] = {quad.x, quad.y, quad.z, quad.w};
#pragma unroll
        for (u32 k = 0; k < 4; k++) {
            if (i < whole || 4 * i + k < n) {
#pragma unroll
                for (u32 place = 0; place < DIGITS; place++) {
                    atomicAdd(&bins[place][sweep_digit(own[k], place * DIGIT_BITS)], 1u);
                }
            }
        }
    }
    __syncthreads();
#pragma unroll
    for (u32 place = 0; place < DIGITS; place++) {
        const u32 count = bins[place][lane];
        if (count != 0) {
            atomicAdd(&counts[place * BINS + lane], count);
        }
    }
}

// Launch: DIGITS blocks of BINS threads. Shared memory: 32 bytes. A thread owns a digit of the block's place.
// Replaces each count by the sum of those of lower digits.
ENTRY_OF_4 sweep_sums(u32* __restrict__ counts) {
    const u32 lane = threadIdx.x, at = blockIdx.x * BINS + lane;
    u32 total;
    const u32 count = counts[at];
    counts[at] = scan_lanes(lane, count, total);
}

// What a tile publishes of a digit: two bits that say what, then a number of pairs, below 2^30.
static constexpr u32 NOTHING = 0, OF_TILE = 1u << 30, UP_TO_TILE = 2u << 30, NUMBER = (1u << 30) - 1;
// Pairs of a tile, of a warp in it, and of a thread.
static constexpr u32 SWEPT_WARP = WARP * SWEEP_ITEMS, SWEPT = WORKGROUP * SWEEP_ITEMS;

// What this tile says of the thread's digit.
__device__ __forceinline__ volatile u32* said_of(u32* states, u32 tile) {
    return states + static_cast<u64>(tile) * BINS + threadIdx.x;
}

// Pairs of the thread's digit in all tiles before this one, which has published that it has `own`.
__device__ __forceinline__ u32 look_back(u32* states, u32 tile, u32 own) {
    if (tile == 0) {
        return 0;
    }
    u32 before = 0;
    volatile u32* other = said_of(states, tile - 1);
    for (;;) {
        const u32 said = *other;
        if (said / OF_TILE == NOTHING) {
            __nanosleep(20);
            continue;
        }
        before += said & NUMBER;
        if (said / OF_TILE == UP_TO_TILE / OF_TILE) {
            break;
        }
        other -= BINS;
    }
    *said_of(states, tile) = UP_TO_TILE | (before + own);
    return before;
}

// Launch: one block of BINS threads per tile of SWEPT pairs. Shared memory: 33 KiB. A thread owns SWEEP_ITEMS
// pairs of its warp while the tile is ranked, then every WORKGROUP-th place, so that pairs of one digit leave side by
// side. Stable: warps, items and lanes are ranked in the order of memory. Missing pairs of the last tile count
// as the highest digit and stand last, so they stay so. tiles: the counter, 0 before. states: NOTHING before.
ENTRY sweep(
    u32 n, u32 low, u32 identity, const u32* __restrict__ keys, const u32* __restrict__ items,
    const u32* __restrict__ counts, u32* tiles, u32* states, u32* __restrict__ keys_out,
    u32* __restrict__ items_out) {
    static_assert(WORKGROUP == BINS, "a thread per digit");
    // How many pairs of each digit each warp has; then where they begin in the tile.
    __shared__ u32 warp_bins[WARPS][BINS];
    // Where the pairs of each digit go, less where they begin in the tile.
    __shared__ u32 shifts[BINS];
    // The lanes that hold a digit, warp by warp, while ranks are found; then pairs on their way.
    __shared__ u32 exchange[SWEPT];
    __shared__ u32 taken;
    const u32 lane = threadIdx.x, in_warp = lane % WARP, warp = lane / WARP;
    u32* holders = exchange + warp * BINS;
    if (lane == 0) {
        taken = atomicAdd(tiles, 1u);
    }
#pragma unroll
    for (u32 other = 0; other < WARPS; other++) {
        warp_bins[other][lane] = 0;
        exchange[other * BINS + lane] = 0;
    }
    __syncthreads();
    const u32 tile = taken, first = tile * SWEPT, mine = first + warp * SWEPT_WARP + in_warp;

    // Items are on their way while keys are ranked.
    u32 own[SWEEP_ITEMS], item_of[SWEEP_ITEMS];
#pragma unroll
    for (u32 item = 0; item < SWEEP_ITEMS; item++) {
        const u32 i = mine + item * WARP;
        own[item] = i < n ? keys[i] : ALL_LANES;
    }
#pragma unroll
    for (u32 item = 0; item < SWEEP_ITEMS; item++) {
        const u32 i = mine + item * WARP;
        item_of[item] = identity ? i : (i < n ? items[i] : 0);
    }
    // Ranks are below 2^16, two in a word.
    u32 ranks[SWEEP_ITEMS / 2];
#pragma unroll
    for (u32 item = 0; item < SWEEP_ITEMS; item++) {
        const u32 digit = sweep_digit(own[item], low);
        atomicOr(&holders[digit], 1u << in_warp);
        __syncwarp();
        const u32 peers = holders[digit], so_far = warp_bins[warp][digit];
        // All have read before one of the peers counts them.
        __syncwarp();
        const u32 lower = peers & ((1u << in_warp) - 1);
        if (lower == 0) {
            warp_bins[warp][digit] = so_far + __popc(peers);
            holders[digit] = 0;
        }
        __syncwarp();
        const u32 rank = so_far + __popc(lower);
        ranks[item / 2] = item % 2 == 0 ? rank : ranks[item / 2] | rank << 16;
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
    *said_of(states, tile) = (tile == 0 ? UP_TO_TILE : OF_TILE) | of_digit;
    u32 total;
    const u32 begin = scan_lanes(lane, of_digit, total);
#pragma unroll
    for (u32 other = 0; other < WARPS; other++) {
        warp_bins[other][lane] += begin;
    }
    __syncthreads();
    // Keys change places through shared memory, before the tiles before have to be known.
#pragma unroll
    for (u32 item = 0; item < SWEEP_ITEMS; item++) {
        const u32 rank = item % 2 == 0 ? ranks[item / 2] & 0xffffu : ranks[item / 2] >> 16;
        const u32 place = rank + warp_bins[warp][sweep_digit(own[item], low)];
        ranks[item / 2] = item % 2 == 0 ? (ranks[item / 2] & 0xffff0000u) | place
                                        : (ranks[item / 2] & 0xffffu) | place << 16;
        exchange[place] = own[item];
    }
    shifts[lane] = counts[low / DIGIT_BITS * BINS + lane] + look_back(states, tile, of_digit) - begin;
    __syncthreads();
#pragma unroll
    for (u32 item = 0; item < SWEEP_ITEMS; item++) {
        const u32 place = item * WORKGROUP + lane, key = exchange[place];
        // Where the pair goes, in place of the key.
        own[item] = shifts[sweep_digit(key, low)] + place;
        // Places beyond the last pair of the last tile are those of missing pairs.
        if (first + place < n) {
            keys_out[own[item]] = key;
        }
    }
    __syncthreads();
#pragma unroll
    for (u32 item = 0; item < SWEEP_ITEMS; item++) {
        exchange[item % 2 == 0 ? ranks[item / 2] & 0xffffu : ranks[item / 2] >> 16] = item_of[item];
    }
    __syncthreads();
#pragma unroll
    for (u32 item = 0; item < SWEEP_ITEMS; item++) {
        const u32 place = item * WORKGROUP + lane;
        if (first + place < n) {
            items_out[own[item]] = exchange[place];
        }
    }
}
