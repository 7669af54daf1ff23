// runs: consecutive photons in one cell, found where they stand, and a row for every cell. What
// `src/backend/cpu/runs.rs` does on the host; shaders have no twin, since WGSL has no f64.
//
// A piece is a run of photons in one cell, cut every TILE photons; a warp finds those of its TILE photons,
// and a place is taken for each from a counter. Pieces are in no order: what is added up from them is
// integers. The cells go to a table as they are found; afterwards each gets a row.
//
// Positions are located by the box (`boxes.cu`); photons of boxes that settle nothing are located one by
// one. So cells do not depend on where boxes were cut.
//
// n: photons. most: pieces that there is room for; a warp that finds none left, or that some cell found no
// slot, ends, and the host, which reads the counts, folds otherwise. pieces: first photon, photons, slot of the cell, 0.
// slots: `mask` + 1 of them, NO_CELL where free. counts: [0] pieces, those without room too; [1] cells for
// which PROBES slots are taken; [2] rows.

static constexpr u32 PROBES = 128;

struct Found {
    u32 most, mask;
    uint4* pieces;
    u64* slots;
    u32* counts;

    // Where a cell is in the table.
    __device__ __forceinline__ u32 slot_of(u64 cell) const {
        u32 at = static_cast<u32>((cell * 0x9e3779b97f4a7c15ull) >> 32) & mask;
#pragma unroll 1
        for (u32 probe = 0; probe < PROBES; probe++) {
            // Slots change once, from free to taken, so an old look at one costs an atomic more at worst.
            u64 there = *const_cast<const volatile u64*>(&slots[at]);
            if (there == NO_CELL) {
                there = atomicCAS(&slots[at], NO_CELL, cell);
            }
            if (there == NO_CELL || there == cell) {
                return at;
            }
            at = (at + 1) & mask;
        }
        atomicAdd(&counts[1], 1u);
        return 0;
    }

    __device__ __forceinline__ void write(u32 place, u64 cell, u32 start, u32 end) const {
        if (place < most) {
            pieces[place] = uint4{start, end - start, slot_of(cell), 0};
        }
    }
};

// The run that a warp is in, the same in all lanes.
struct Run {
    u64 cell;
    u32 start;
};

// The first of `number` new places in the list of pieces; beyond its end where there is no room, or where some
// cell found no slot: then nobody reads the list, and to go on would mean to look at PROBES slots for each piece.
__device__ __forceinline__ u32 places_for(const Found& found, u32 number) {
    u32 place = 0;
    if (threadIdx.x % WARP == 0) {
        const bool lost = *const_cast<const volatile u32*>(&found.counts[1]) != 0;
        place = lost ? found.most : atomicAdd(&found.counts[0], number);
    }
    return __shfl_sync(ALL_LANES, place, 0);
}

// The run ends before photon `end`; whether there was room for its piece.
__device__ __forceinline__ bool end_run(const Found& found, const Run& run, u32 end) {
    const u32 place = places_for(found, 1);
    if (threadIdx.x % WARP == 0) {
        found.write(place, run.cell, run.start, end);
    }
    return place < found.most;
}

// Photons from `first` on are in a cell; whether there is room.
__device__ __forceinline__ bool settle(const Found& found, Run& run, u64 cell, u32 first) {
    bool room = true;
    if (run.cell != cell && run.cell != NO_CELL) {
        room = end_run(found, run, first);
        run.start = first;
    }
    run.cell = cell;
    return room;
}

// Photons from `first` on, K neighbours in a lane, `count` of them, and the cell of each; whether there is
// room. A lane writes the pieces that end where its photons begin another.
template <u32 K>
__device__ __forceinline__ bool take(
    const Found& found, Run& run, const u64 (&own)[K], u32 first, u32 count) {
    const u32 lane = threadIdx.x % WARP, lower_lanes = (1u << lane) - 1;
    if (run.cell == NO_CELL) {
        run.cell = __shfl_sync(ALL_LANES, own[0], 0);
    }
    u64 before = __shfl_up_sync(ALL_LANES, own[K - 1], 1);
    before = lane == 0 ? run.cell : before;
    u32 votes[K], any = 0;
#pragma unroll
    for (u32 k = 0; k < K; k++) {
        const bool begins = lane * K + k < count && own[k] != (k == 0 ? before : own[k == 0 ? 0 : k - 1]);
        votes[k] = __ballot_sync(ALL_LANES, begins);
        any |= votes[k];
    }
    if (any == 0) {
        return true;
    }
    u32 total = 0, place = 0;
#pragma unroll
    for (u32 k = 0; k < K; k++) {
        total += __popc(votes[k]);
        place += __popc(votes[k] & lower_lanes);
    }
    const u32 taken = places_for(found, total);
    place += taken;
    // Where the run begins that the first of this lane's ends.
    u32 start = run.start;
    if ((any & lower_lanes) != 0) {
        const u32 from = WARP - 1 - __clz(any & lower_lanes);
#pragma unroll
        for (u32 k = 0; k < K; k++) {
            start = (votes[k] >> from) & 1u ? first + from * K + k : start;
        }
    }
#pragma unroll
    for (u32 k = 0; k < K; k++) {
        if ((votes[k] >> lane) & 1u) {
            const u32 at = first + lane * K + k;
            found.write(place, k == 0 ? before : own[k == 0 ? 0 : k - 1], start, at);
            start = at;
            place++;
        }
    }
    // The run that the last of all begins.
    const u32 from = WARP - 1 - __clz(any);
    u64 cell = 0;
#pragma unroll
    for (u32 k = 0; k < K; k++) {
        if ((votes[k] >> from) & 1u) {
            run.start = first + from * K + k;
            cell = own[k];
        }
    }
    run.cell = __shfl_sync(ALL_LANES, cell, from);
    return taken < found.most;
}

// Keys that a lane loads at once, and that a warp does; loads in flight.
static constexpr u32 QUAD = 4, STEP = WARP * QUAD, FLIGHT = 4;

// Runs of equal keys, which stand for cells. Memory of keys is a multiple of 16 bytes long.
// Launch: a warp for every TILE photons. Shared memory: none. A lane owns every WARP-th quad of keys.
// Which place a piece has depends on the order of warps; the set of pieces does not.
ENTRY_OF_4 runs_keys(
    u32 n, const u32* __restrict__ keys, u32 most, uint4* __restrict__ pieces, u32 mask, u64* slots,
    u32* counts) {
    const u32 lane = threadIdx.x % WARP;
    const u32 first = (blockIdx.x * WORKGROUP + threadIdx.x) / WARP * TILE;
    if (first >= n) {
        return;
    }
    const u32 end = first + TILE < n ? first + TILE : n;
    const Found found = {most, mask, pieces, slots, counts};
    const uint4* quads = reinterpret_cast<const uint4*>(keys);
    Run run = {NO_CELL, first};
#pragma unroll 1
    for (u32 at = first; at < end; at += FLIGHT * STEP) {
        bool differs = run.cell == NO_CELL;
        if (at + FLIGHT * STEP <= end) {
            const u32 current = static_cast<u32>(run.cell);
            u32 bits = 0;
#pragma unroll
            for (u32 i = 0; i < FLIGHT; i++) {
                const uint4 own = quads[at / QUAD + i * WARP + lane];
                bits |= (own.x ^ current) | (own.y ^ current) | (own.z ^ current) | (own.w ^ current);
            }
            differs |= bits != 0;
        } else {
            differs = true;
        }
        if (__ballot_sync(ALL_LANES, differs) == 0) {
            continue;
        }
#pragma unroll 1
        for (u32 step = at; step < end && step < at + FLIGHT * STEP; step += STEP) {
            const u32 mine = step + lane * QUAD;
            const uint4 quad = mine < end ? quads[mine / QUAD] : uint4{0, 0, 0, 0};
            const u64 own[QUAD] = {quad.x, quad.y, quad.z, quad.w};
            if (!take(found, run, own, step, end - step)) {
                return;
            }
        }
    }
    end_run(found, run, end);
}

// Photons of the largest and the smallest boxes.
static constexpr u32 LARGE_STEPS = 8, SMALL = PAIRS, LARGE = LARGE_STEPS * SMALL;
static_assert(BOXES * LARGE == TILE && BOXES * SMALL == LARGE, "boxes of both sizes fill what they are of");

// Photons of a box that does not lie in one cell: smaller boxes, and those of them one by one.
__device__ __forceinline__ bool take_apart(
    const Found& found, Run& run, const Positions& at, u32 first, u32 end) {
    const u32 lane = threadIdx.x % WARP;
    u64 cell;
    const u32 settled = boxes_in_one_cell<1, false>(at, first, cell);
#pragma unroll 1
    for (u32 box = 0; box < BOXES && first + box * SMALL < end; box++) {
        const u32 begin = first + box * SMALL;
        const u64 of_box = __shfl_sync(ALL_LANES, cell, box * CORNERS);
        bool room;
        if ((settled >> (box * CORNERS)) & 1u) {
            room = settle(found, run, of_box, begin);
        } else {
            u64 own[PAIR] = {};
#pragma unroll 1
            for (u32 k = 0; k < PAIR; k++) {
                const u32 photon = smaller(begin + lane * PAIR + k, end - 1);
                const u64 finest = finest_cell(at.lon[photon], at.lat[photon], at.authalic);
                own[0] = k == 0 ? finest >> (2 * (29 - at.order)) : own[0];
                own[1] = finest >> (2 * (29 - at.order));
            }
            room = take(found, run, own, begin, end - begin);
        }
        if (!room) {
            return false;
        }
    }
    return true;
}

// Runs of positions in one cell. order: of the cells. authalic: 1 on the ellipsoid. Memory of positions is
// a multiple of 16 bytes long.
// Launch: a warp for every TILE photons. Shared memory: none. A lane owns every WARP-th pair of positions,
// then a corner of a box. Which place a piece has depends on the order of warps; the set of pieces does not.
ENTRY_OF_3 runs(
    u32 n, u32 order, u32 authalic, const double* __restrict__ lon, const double* __restrict__ lat,
    u32 most, uint4* __restrict__ pieces, u32 mask, u64* slots, u32* counts) {
    const u32 first = (blockIdx.x * WORKGROUP + threadIdx.x) / WARP * TILE;
    if (first >= n) {
        return;
    }
    const u32 end = first + TILE < n ? first + TILE : n;
    const Found found = {most, mask, pieces, slots, counts};
    const Positions at = {n, order, authalic != 0, lon, lat};
    Run run = {NO_CELL, first};
    u64 cell = NO_CELL;
    u32 settled = 0;
    if (end == first + TILE) {
        settled = boxes_in_one_cell<LARGE_STEPS, true>(at, first, cell);
    }
#pragma unroll 1
    for (u32 box = 0; box < BOXES && first + box * LARGE < end; box++) {
        const u32 begin = first + box * LARGE, stop = begin + LARGE < end ? begin + LARGE : end;
        const bool whole = (settled >> (box * CORNERS)) & 1u;
        const u64 of_box = __shfl_sync(ALL_LANES, cell, box * CORNERS);
        const bool room = whole ? settle(found, run, of_box, begin)
                                : take_apart(found, run, at, begin, stop);
        if (!room) {
            return;
        }
    }
    end_run(found, run, end);
}

// A row for every cell of the table, all zero. slots: `number` of them. ranks: the row of each slot.
// most: rows that there is room for, in each of `passes` parts of `rows`. cells: by row.
// Launch: a thread for every slot. Shared memory: none. Which row a cell has depends on the order of
// warps; the set of cells does not, and the host sorts it.
ENTRY_OF_4 runs_cells(
    u32 number, const u64* __restrict__ slots, u32* __restrict__ ranks, u32 most, u32 passes,
    u64* __restrict__ cells, uint4* __restrict__ rows, u32* counts) {
    const u32 i = blockIdx.x * WORKGROUP + threadIdx.x, lane = threadIdx.x % WARP;
    const u64 cell = i < number ? slots[i] : NO_CELL;
    const u32 votes = __ballot_sync(ALL_LANES, cell != NO_CELL);
    if (votes == 0) {
        return;
    }
    u32 row = 0;
    if (lane == 0) {
        row = atomicAdd(&counts[2], static_cast<u32>(__popc(votes)));
    }
    row = __shfl_sync(ALL_LANES, row, 0) + __popc(votes & ((1u << lane) - 1));
    if (cell == NO_CELL) {
        return;
    }
    ranks[i] = row;
    if (row < most) {
        cells[row] = cell;
        for (u32 pass = 0; pass < passes; pass++) {
            uint4* words = rows + (static_cast<u64>(pass) * most + row) * (FOLD_WORDS / 2);
#pragma unroll
            for (u32 quad = 0; quad < FOLD_WORDS / 2; quad++) {
                words[quad] = uint4{0, 0, 0, 0};
            }
        }
    }
}

__device__ __forceinline__ void copy_quads(const uint4* from, uint4* to, u32 number, u32 first, u32 threads) {
    for (u32 quad = first; quad < number; quad += threads) {
        to[quad] = from[quad];
    }
}

// What the host reads, in memory of the host: the counts, then the cells in whole quads, then the rows of each
// pass without what is free between them. Only the counts where there was no room for all runs and cells, or
// where all of it takes more than `quads` quads. pieces, most: that there is room for. cells, rows: as
// `runs_cells` made them; memory of cells is a multiple of 16 bytes long.
// Launch: any number of blocks, of `threads` threads. Shared memory: none. A thread owns every `threads`-th quad.
ENTRY_OF_4 runs_rows(
    u32 pieces, u32 most, u32 passes, u32 threads, u32 quads, const u32* __restrict__ counts,
    const u64* __restrict__ cells, const u64* __restrict__ rows, u32* __restrict__ back) {
    const u32 first = blockIdx.x * WORKGROUP + threadIdx.x;
    const uint4 found = *reinterpret_cast<const uint4*>(counts);
    uint4* to = reinterpret_cast<uint4*>(back);
    if (first == 0) {
        to[0] = found;
    }
    const u32 number = found.z, of_cells = (number + 1) / 2, of_pass = number * (FOLD_WORDS / 2);
    const u64 all = 1 + of_cells + static_cast<u64>(passes) * of_pass;
    if (found.x > pieces || found.y != 0 || number > most || all > quads) {
        return;
    }
    copy_quads(reinterpret_cast<const uint4*>(cells), to + 1, of_cells, first, threads);
    for (u32 pass = 0; pass < passes; pass++) {
        const u64* from = rows + static_cast<u64>(pass) * most * FOLD_WORDS;
        copy_quads(reinterpret_cast<const uint4*>(from), to + 1 + of_cells + pass * of_pass, of_pass, first,
                   threads);
    }
}
