// fold: what photons of pieces add up to, in the row of their cell. After `runs.cu`, which finds the pieces;
// the arithmetic of single values is in `part.cu`. What `src/backend/cpu/records.rs` does on the host;
// shaders have no twin: they fold runs by `segment.wgsl` and `reduce.wgsl`.
//
// A warp folds a piece at a time, its lanes side by side, and adds the sum of them to the row by atomics of
// integers, whose order does not matter. A row is FOLD_WORDS words of 64 bits: photons and values, NaN and
// positive infinities, negative infinities and values out of range, in 32 bits each; the complement of the
// smallest key, and the largest, so that 0 says none; then sums in limbs of 32 bits, each in a word.
//
// Why no word wraps: a piece has at most TILE photons, so its sum of q is below 2^60 and the parts of its sum
// of squares are below 2^60; it adds less than 2^45 to a limb, of at most 2^28 pieces that have that many
// photons together.
//
// counts, most, pieces: as `runs.cu` leaves them; nothing is done where that found too little room.
// ranks: the row of each slot. warps: of the launch. flags: FLAG_* bits. exponent: E of 2^-E.
// values: bits of values, by photon; memory is a multiple of 16 bytes long. valid: one bit per photon, lowest
// first: its value is not null; only with FLAG_NULLS.

struct Pass {
    const u32* counts;
    u32 most;
    const uint4* pieces;
    const u32* ranks;
    u32 warps;
    u64* rows;

    __device__ __forceinline__ u32 first() const {
        return (blockIdx.x * WORKGROUP + threadIdx.x) / WARP;
    }

    // Pieces there are, or none where there was no room for all.
    __device__ __forceinline__ u32 end() const {
        return counts[0] > most || counts[1] != 0 ? 0 : counts[0];
    }

    __device__ __forceinline__ u64* row_of(const uint4& piece) const {
        return rows + static_cast<u64>(ranks[piece.z]) * FOLD_WORDS;
    }
};

__device__ __forceinline__ bool is_valid(const u32* __restrict__ valid, u32 flags, u32 photon) {
    return !(flags & FLAG_NULLS) || ((valid[photon / 32] >> (photon % 32)) & 1u);
}

// Whether so many neighbours from `photon` on, a multiple of as many, are all valid.
template <u32 MANY>
__device__ __forceinline__ bool are_valid(const u32* __restrict__ valid, u32 flags, u32 photon) {
    const u32 all = (1u << MANY) - 1;
    return !(flags & FLAG_NULLS) || ((valid[photon / 32] >> (photon % 32)) & all) == all;
}

// Sums of the lanes' counts of special values, each of which has eight bits in a lane.
__device__ __forceinline__ void add_specials(u64* row, u32 specials) {
    u32 even = specials & 0x00ff00ffu, odd = (specials >> 8) & 0x00ff00ffu;
#pragma unroll
    for (u32 reach = WARP / 2; reach > 0; reach /= 2) {
        even += __shfl_xor_sync(ALL_LANES, even, reach);
        odd += __shfl_xor_sync(ALL_LANES, odd, reach);
    }
    if (threadIdx.x % WARP == 0) {
        add_count(row, 2, even & 0xffffu);
        add_count(row, 3, odd & 0xffffu);
        add_count(row, 4, even >> 16);
        add_count(row, 5, odd >> 16);
    }
}

// Loads of a warp that are under way at once.
static constexpr u32 IN_FLIGHT = 4;

// One column of floats; sums of moments.
template <class Load>
__device__ __forceinline__ void fold_floats(
    const Pass& pass, u32 flags, int exponent, const typename Load::Value::Bits* __restrict__ values,
    const u32* __restrict__ valid) {
    constexpr u32 EACH = Load::ITEMS_EACH, STEP = WARP * EACH;
    const u32 lane = threadIdx.x % WARP, limit = Load::limit(exponent, flags);
    const uint4* loads = reinterpret_cast<const uint4*>(values);
    // 1.5 * 2^(52-E).
    const u32 upper = static_cast<u32>(1023 + 52 - exponent) << 20 | 0x80000u;
    const double to_units = __hiloint2double(static_cast<int>(upper), 0);
    const u32 end = pass.end();
    const bool values_too = (flags & FLAG_VALUES) != 0;
    // Where no value is null, many are looked at together.
    const bool plainly = values_too && !(flags & FLAG_NULLS);
#pragma unroll 1
    for (u32 i = pass.first(); i < end; i += pass.warps) {
        const uint4 piece = pass.pieces[i];
        const u32 begin = piece.x, stop = piece.x + piece.y;
        Lane<Load> own;
        own.clear();
        // The first load holds the photon that the piece begins with.
        u32 at = begin - begin % EACH;
#pragma unroll 1
        while (at < stop) {
            const u32 mine = at + lane * EACH;
            u32 steps = IN_FLIGHT;
            bool done = false;
            if (plainly && at >= begin && at + IN_FLIGHT * STEP <= stop) {
                Load loaded[IN_FLIGHT];
#pragma unroll
                for (u32 j = 0; j < IN_FLIGHT; j++) {
                    loaded[j].words = loads[mine / EACH + j * WARP];
                }
                done = own.add_loaded(loaded, limit, to_units);
            } else {
                steps = 1;
                if (values_too && mine >= begin && mine + EACH <= stop
                    && are_valid<EACH>(valid, flags, mine)) {
                    Load loaded[1];
                    loaded[0].words = loads[mine / EACH];
                    done = own.add_loaded(loaded, limit, to_units);
                }
            }
            if (!done) {
#pragma unroll 1
                for (u32 item = 0; item < steps * EACH; item++) {
                    const u32 photon = mine + item / EACH * STEP + item % EACH;
                    if (photon >= begin && photon < stop && is_valid(valid, flags, photon)) {
                        own.values += 1;
                        if (values_too) {
                            own.add_any(values[photon], flags, exponent);
                        }
                    }
                }
            }
            at += steps * STEP;
        }
        u64* row = pass.row_of(piece);
        const bool special = own.gather();
        if (lane == 0) {
            own.add_to(row, piece.y);
        }
        if (special) {
            add_specials(row, own.specials);
        }
    }
}

__device__ __forceinline__ void add_part_sums(u64* row, const Moments& sums) {
    MomentLimbs limbs = {0, 0, sums.words[1], sums.words[2], sums.words[3], 0};
    sum_limbs(sums.words[0], limbs[0], limbs[1]);
    add_sums(row, limbs);
}
__device__ __forceinline__ void add_part_sums(u64* row, const Terms& sums) {
    add_sums(row, sums.words);
}

// One column of any type and sums, value by value.
template <class Value, class Sums>
__device__ __forceinline__ void fold_parts(
    const Pass& pass, u32 flags, int exponent, const typename Value::Bits* __restrict__ values,
    const u32* __restrict__ valid) {
    typedef Part<typename Value::Key, Sums> PartType;
    const u32 lane = threadIdx.x % WARP, end = pass.end();
#pragma unroll 1
    for (u32 i = pass.first(); i < end; i += pass.warps) {
        const uint4 piece = pass.pieces[i];
        PartType part;
        part.clear();
#pragma unroll 1
        for (u32 photon = piece.x + lane; photon < piece.x + piece.y; photon += WARP) {
            part.photons += 1;
            if (is_valid(valid, flags, photon)) {
                part.valid += 1;
                if (flags & FLAG_VALUES) {
                    part.add_value(Value(), values[photon], flags, exponent);
                }
            }
        }
#pragma unroll
        for (u32 reach = WARP / 2; reach > 0; reach /= 2) {
            // Lanes beyond the last give what is not read: that of lane 0 is the sum of all.
            part.add(part.above(reach));
        }
        if (lane == 0) {
            u64* row = pass.row_of(piece);
            add_count(row, 0, part.photons);
            add_count(row, 1, part.valid);
            add_count(row, 2, part.nan);
            add_count(row, 3, part.positive_infinity);
            add_count(row, 4, part.negative_infinity);
            add_count(row, 5, part.out_of_range);
            if (part.valid > part.nan && (flags & FLAG_VALUES)) {
                add_range(row, part.min, part.max);
            }
            add_part_sums(row, part.sums);
        }
    }
}

#define PASS const u32 *__restrict__ counts, u32 most, const uint4 *__restrict__ pieces, \
             const u32 *__restrict__ ranks, u32 warps, u32 flags, int exponent
#define COLUMN(BITS) const BITS *__restrict__ values, const u32 *__restrict__ valid, u64 *rows

// Launch, all of these: any number of blocks; a warp takes every `warps`-th piece. Shared memory: none. A lane
// owns every WARP-th load of the piece, or photon. Ordering: integers join in any order.

// float32.
ENTRY_OF_3 fold(PASS, COLUMN(u32)) {
    fold_floats<Quad>({counts, most, pieces, ranks, warps, rows}, flags, exponent, values, valid);
}

// float64.
ENTRY_OF_3 fold_f64(PASS, COLUMN(u64)) {
    fold_floats<Pair>({counts, most, pieces, ranks, warps, rows}, flags, exponent, values, valid);
}

// int64.
ENTRY_OF_3 fold_i64(PASS, COLUMN(u64)) {
    fold_parts<Integer64, Moments>({counts, most, pieces, ranks, warps, rows}, flags, exponent, values, valid);
}

// Sums of float64 terms.
ENTRY_OF_3 fold_terms(PASS, COLUMN(u64)) {
    fold_parts<Float64, Terms>({counts, most, pieces, ranks, warps, rows}, flags, exponent, values, valid);
}
