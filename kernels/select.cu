// select: which photons of a stretch are kept, and their values brought together; for values that were decoded on the
// device (`unfilter.cu`) and stay there. Twins of `src/read/hdf5/select.rs`, `src/read/filters.rs` and
// `src/read/missing.rs`: the same reasons in the same order, to the photon; shaders have none.
//
// n: photons, or those that are kept. Values: one word each of KIND_F32, else two, aligned to 8 bytes: the bits of a
// number of the kind, in which it is compared as well.
// fates: of every photon FATE_KEPT so far, or which reason rejected it first, counted from 1; the first is its position.
// fills: bits of the values that mean null.
//
// Each launch reads what launches before it have written, and in one a photon has one thread, which alone writes what
// is of that photon. Where several write to one word it is a sum of integers, or the same value from all.

typedef unsigned char u8;

static constexpr u32 FATE_KEPT = 0, FATE_NO_POSITION = 1;
// As `kind_of` has them in `src/backend/cuda/picked.rs`.
static constexpr u32 KIND_F32 = 0, KIND_F64 = 1;

// As `Locator::accepts` has them.
static constexpr double MOST_LONGITUDE = 540.0, MOST_LATITUDE = 90.0;
// What programs fill gaps with (`src/read/oddities.rs`): netCDF's default, and the largest of both floats.
static constexpr double STRAY_NETCDF = 9.969209968386869e36;
static constexpr double STRAY_F32 = 3.4028234663852886e38, STRAY_F64 = 1.7976931348623157e308;
// Adding and subtracting TO_INTEGER rounds a number below it to an integer, half to even.
static constexpr double FAR = 1125899906842624.0;

__device__ __forceinline__ u32 photon_of_thread() { return blockIdx.x * WORKGROUP + threadIdx.x; }

__device__ __forceinline__ u64 bits_at(const u32* values, u32 kind, u32 i) {
    return kind == KIND_F32 ? values[i] : reinterpret_cast<const u64*>(values)[i];
}

__device__ __forceinline__ double float_of(u64 bits, u32 kind) {
    return kind == KIND_F32 ? static_cast<double>(__uint_as_float(static_cast<u32>(bits)))
                            : __longlong_as_double(static_cast<i64>(bits));
}

// Widening keeps order and equality, so floats are compared as the widest.
__device__ __forceinline__ bool lies_between(u64 bits, u64 low, u64 high, u32 kind) {
    if (kind > KIND_F64) {
        const i64 value = static_cast<i64>(bits);
        return value >= static_cast<i64>(low) && value <= static_cast<i64>(high);
    }
    const double value = float_of(bits, kind);
    return value >= float_of(low, kind) && value <= float_of(high, kind);
}

__device__ __forceinline__ bool is_null(u64 bits, const u64* fills, u32 fill_count, u32 kind) {
    bool is = false;
    for (u32 k = 0; k < fill_count; k++) {
        if (kind > KIND_F64) {
            is = is || bits == fills[k];
        } else {
            const double value = float_of(bits, kind), fill = float_of(fills[k], kind);
            is = is || value == fill || (value != value && fill != fill);
        }
    }
    return is;
}

// The fate of photons by their position. Launch: one thread per photon. Shared memory: none.
ENTRY_OF_4 select_positions(
    u32 n, const double* __restrict__ lon, const double* __restrict__ lat, u8* __restrict__ fates) {
    const u32 i = photon_of_thread();
    if (i < n) {
        const bool is_there = fabs(lon[i]) <= MOST_LONGITUDE && fabs(lat[i]) <= MOST_LATITUDE;
        fates[i] = static_cast<u8>(is_there ? FATE_KEPT : FATE_NO_POSITION);
    }
}

__device__ __forceinline__ bool contains(const u64* ids, u32 count, u64 id) {
    u32 low = 0, high = count;
    while (low < high) {
        const u32 middle = low + (high - low) / 2;
        if (ids[middle] < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < count && ids[low] == id;
}

// The fate of photons by the shard that they are in, where only some count: `fate` outside all that are wanted, the one
// behind it in a wanted shard for which the granule is not listed. Launch: one thread per photon. Shared memory: none.
// shards: of every photon. listed, wanted: ids, ascending; the first are those that count.
ENTRY_OF_4 select_shards(
    u32 n, u32 listed_count, u32 wanted_count, u32 fate, const u64* __restrict__ shards,
    const u64* __restrict__ listed, const u64* __restrict__ wanted, u8* __restrict__ fates) {
    const u32 i = photon_of_thread();
    if (i >= n || fates[i] != FATE_KEPT || contains(listed, listed_count, shards[i])) {
        return;
    }
    fates[i] = static_cast<u8>(fate + (contains(wanted, wanted_count, shards[i]) ? 1 : 0));
}

// The row of the geolocation segment of every photon. Launch: one thread per photon. Shared memory: none.
// starts: the first photon of each run of photons of one segment, ascending from 0. segments: the row of each run.
ENTRY_OF_4 select_spread(
    u32 n, u32 runs, const u32* __restrict__ starts, const u32* __restrict__ segments, u32* __restrict__ rows) {
    const u32 i = photon_of_thread();
    if (i >= n || runs == 0) {
        return;
    }
    // The last run that begins no later.
    u32 low = 0, high = runs;
    while (high - low > 1) {
        const u32 middle = low + (high - low) / 2;
        if (starts[middle] <= i) {
            low = middle;
        } else {
            high = middle;
        }
    }
    rows[i] = segments[low];
}

// Whether some photon that is kept so far, which is before any filter, has a value that looks like a fill value and is
// declared as none, or one outside the valid range: `found` is then 1. Launch: one thread per photon. Shared memory: none.
// strays: whether such are looked for. bounds: the valid range, where `ranged` is not 0. every: whether photons are
// looked at whatever their fate, as for positions.
ENTRY_OF_4 select_odd(
    u32 n, u32 kind, u32 strays, u32 ranged, u32 every, const u32* __restrict__ values,
    const u64* __restrict__ bounds, const u8* __restrict__ fates, u32* found) {
    const u32 i = photon_of_thread();
    if (i >= n || (every == 0 && fates[i] != FATE_KEPT)) {
        return;
    }
    const u64 bits = bits_at(values, kind, i);
    bool is_odd = false;
    if (strays != 0 && kind <= KIND_F64) {
        const double x = fabs(float_of(bits, kind));
        is_odd = x == STRAY_NETCDF || x == STRAY_F32 || x == STRAY_F64;
    }
    if (ranged != 0) {
        // NaN is neither below nor above.
        const bool is_nan = kind <= KIND_F64 && float_of(bits, kind) != float_of(bits, kind);
        is_odd = is_odd || (!is_nan && !lies_between(bits, bounds[0], bounds[1], kind));
    }
    if (is_odd) {
        atomicOr(found, 1u);
    }
}

// The fate of photons by a filter: rejected are nulls, and those that are in the ranges where others are kept (`inside`
// is 0), or in none of them. Launch: one thread per photon. Shared memory: none.
// fate: of those that are rejected. ranges: the least and the largest of each, both included.
ENTRY_OF_4 select_filter(
    u32 n, u32 kind, u32 fill_count, u32 range_count, u32 inside, u32 fate, const u32* __restrict__ values,
    const u64* __restrict__ fills, const u64* __restrict__ ranges, u8* __restrict__ fates) {
    const u32 i = photon_of_thread();
    if (i >= n || fates[i] != FATE_KEPT) {
        return;
    }
    const u64 bits = bits_at(values, kind, i);
    bool hit = false;
    for (u32 k = 0; k < range_count; k++) {
        hit = hit || lies_between(bits, ranges[2 * k], ranges[2 * k + 1], kind);
    }
    if (hit != (inside != 0) || is_null(bits, fills, fill_count, kind)) {
        fates[i] = static_cast<u8>(fate);
    }
}

// Which photons are null in this column and in all before it; behind the last column they are rejected. Launch: one
// thread per photon. Shared memory: none. first, last: whether the column is the first, and the last. nulls: 1 of those.
ENTRY_OF_4 select_null(
    u32 n, u32 kind, u32 fill_count, u32 first, u32 last, u32 fate, const u32* __restrict__ values,
    const u64* __restrict__ fills, u8* __restrict__ nulls, u8* __restrict__ fates) {
    const u32 i = photon_of_thread();
    if (i >= n) {
        return;
    }
    const bool is = (first != 0 || nulls[i] != 0) && is_null(bits_at(values, kind, i), fills, fill_count, kind);
    nulls[i] = static_cast<u8>(is ? 1 : 0);
    if (last != 0 && is && fates[i] == FATE_KEPT) {
        fates[i] = static_cast<u8>(fate);
    }
}

// How many photons of each tile are kept, and how many have each fate. Launch: one block per tile. Shared memory: a
// word a thread, and 32 bytes. A thread owns every WORKGROUP-th photon of the tile, and one fate. Sums of integers: any
// order is exact. rejected: a word for every fate below `fate_count`, 0 before; those that are kept are not counted there.
ENTRY_OF_4 select_count(
    u32 n, u32 fate_count, const u8* __restrict__ fates, u32* __restrict__ counts, u32* rejected) {
    __shared__ u32 found[WORKGROUP];
    const u32 lane = threadIdx.x, tile = blockIdx.x;
    found[lane] = 0;
    __syncthreads();
    u32 kept = 0;
    for (u32 item = 0; item < ITEMS; item++) {
        const u32 i = tile * TILE + item * WORKGROUP + lane;
        if (i < n) {
            const u32 fate = fates[i];
            if (fate == FATE_KEPT) {
                kept++;
            } else {
                atomicAdd(&found[fate], 1u);
            }
        }
    }
    u32 total;
    // Passes barriers, behind which all are counted.
    scan_lanes(lane, kept, total);
    if (lane == 0) {
        counts[tile] = total;
    }
    if (lane < fate_count && found[lane] != 0) {
        atomicAdd(&rejected[lane], found[lane]);
    }
}

// The photons that are kept, in order. Launch: one block per tile. Shared memory: 32 bytes. A thread owns the
// consecutive photons of its strip. before: how many are kept in all tiles before each. No two threads write one
// entry: each has the entries behind those that threads and tiles before it count.
ENTRY_OF_4 select_list(
    u32 n, u32 room, const u8* __restrict__ fates, const u32* __restrict__ before, u32* __restrict__ rows) {
    const u32 lane = threadIdx.x, tile = blockIdx.x, first = tile * TILE + lane * ITEMS;
    u32 kept = 0;
    for (u32 item = 0; item < ITEMS; item++) {
        kept += first + item < n && fates[first + item] == FATE_KEPT ? 1 : 0;
    }
    u32 total;
    u32 next = before[tile] + scan_lanes(lane, kept, total);
    for (u32 item = 0; item < ITEMS; item++) {
        if (first + item < n && fates[first + item] == FATE_KEPT && next < room) {
            rows[next++] = first + item;
        }
    }
}

// The values of photons in a list. Launch: one thread per photon of the list. Shared memory: none. of: photons that
// there are; others are not read. valid: a bit for each that is not null, lowest first, written by the first lane of a
// warp; not written where there are no fills. nulls: how many are null, added up.
ENTRY_OF_4 select_gather(
    u32 n, u32 of, u32 kind, u32 fill_count, const u32* __restrict__ rows, const u32* __restrict__ values,
    const u64* __restrict__ fills, u32* __restrict__ out, u32* __restrict__ valid, u32* nulls) {
    const u32 i = photon_of_thread();
    const u32 row = i < n ? rows[i] : of;
    const u64 bits = row < of ? bits_at(values, kind, row) : 0;
    if (i < n) {
        if (kind == KIND_F32) {
            out[i] = static_cast<u32>(bits);
        } else {
            reinterpret_cast<u64*>(out)[i] = bits;
        }
    }
    // The same for all threads.
    if (fill_count == 0) {
        return;
    }
    const bool is_valid = i < n && !is_null(bits, fills, fill_count, kind);
    const u32 votes = __ballot_sync(ALL_LANES, is_valid);
    if (threadIdx.x % WARP == 0 && i < n) {
        valid[i / WARP] = votes;
        const u32 missing = smaller(n - i, WARP) - static_cast<u32>(__popc(votes));
        if (missing != 0) {
            atomicAdd(nulls, missing);
        }
    }
}

// Which photons have a value that may be no whole number of units: their fate is FATE_KEPT, and that of others stays.
// Launch: one thread per photon. Shared memory: none. Twin of `part_of_float` in `src/stat/remains.rs`; the host looks
// at these photons again. scale: units of 1, then the number of units from which on nobody asks. Of integers: how many
// bits of a value are below the unit.
ENTRY_OF_4 select_remain(
    u32 n, u32 kind, u32 below_unit, const u32* __restrict__ values, const double* __restrict__ scale,
    u8* __restrict__ fates) {
    const u32 i = photon_of_thread();
    if (i >= n) {
        return;
    }
    const u64 bits = bits_at(values, kind, i);
    bool remains;
    if (kind > KIND_F64) {
        remains = (bits & ((1ull << below_unit) - 1)) != 0;
    } else {
        const double scaled = __dmul_rn(float_of(bits, kind), scale[0]);
        const double whole = __dsub_rn(__dadd_rn(scaled, TO_INTEGER), TO_INTEGER);
        remains = fabs(scaled) < scale[1] && fabs(scaled) < FAR && scaled != whole;
    }
    if (remains) {
        fates[i] = static_cast<u8>(FATE_KEPT);
    }
}
