// reduce: pieces of equal keys into rows of partials. Twin of `shaders/reduce.wgsl` and
// `src/backend/cpu/reduce.rs`; the arithmetic is in `part.cu`.
//
// Threads map to items, never to cells. A thread folds the pieces of its strip; a piece that lies in
// it whole becomes a row at once. Of one that does not, the thread in whose strip it starts keeps
// its own part (the tail of the strip), and the heads of later strips come to it: added up in the
// warp, then in the slot of that thread.
//
// n: items. pieces: pieces. starts, heads, ranks: of pieces, as `segment.cu` writes them.
// flags: FLAG_* bits. exponent: E of the column's resolution 2^-E.
// order: which photon or record the i-th item is; the i-th itself without FLAG_ORDERED.
// values: bits of values, by photon. valid: one bit per photon, lowest first: its value is not null;
// only with FLAG_NULLS. rows: ROW_WORDS words each, by piece.

// Where pieces are.
struct Pieces {
    u32 n, count;
    const u32* starts;
    const u32* heads;
    const u32* ranks;

    __device__ __forceinline__ u32 end(u32 piece) const {
        return piece + 1 < count ? starts[piece + 1] : n;
    }

    // The piece of the first item of a strip.
    __device__ __forceinline__ u32 first_of(u32 strip) const {
        const u32 rank = ranks[strip];
        return rank < count && starts[rank] == strip * ITEMS ? rank : rank - 1;
    }
};

// Places in shared memory are spread so that threads that walk along their strips meet in no bank.
static constexpr u32 STAGED = TILE + TILE / ITEMS;

__device__ __forceinline__ u32 staged(u32 place) {
    return place + place / ITEMS;
}

// The parts of pieces that cross strips, one slot per thread: that in whose strip the piece starts.
template <class PartType>
struct Slots {
    u32 counts[COUNTS][WORKGROUP];
    typename PartType::Key min[WORKGROUP], max[WORKGROUP];
    u64 sums[PartType::Sums::WORDS][WORKGROUP];

    __device__ __forceinline__ void set(u32 slot, const PartType& part) {
        counts[0][slot] = part.photons;
        counts[1][slot] = part.valid;
        counts[2][slot] = part.nan;
        counts[3][slot] = part.positive_infinity;
        counts[4][slot] = part.negative_infinity;
        counts[5][slot] = part.out_of_range;
        min[slot] = part.min;
        max[slot] = part.max;
#pragma unroll
        for (u32 word = 0; word < PartType::Sums::WORDS; word++) {
            sums[word][slot] = part.sums.words[word];
        }
    }

    __device__ __forceinline__ void add(u32 slot, const PartType& part) {
        atomicAdd(&counts[0][slot], part.photons);
        atomicAdd(&counts[1][slot], part.valid);
        atomicAdd(&counts[2][slot], part.nan);
        atomicAdd(&counts[3][slot], part.positive_infinity);
        atomicAdd(&counts[4][slot], part.negative_infinity);
        atomicAdd(&counts[5][slot], part.out_of_range);
        atomicMin(&min[slot], part.min);
        atomicMax(&max[slot], part.max);
#pragma unroll
        for (u32 word = 0; word < PartType::Sums::WORDS; word++) {
            atomicAdd(&sums[word][slot], part.sums.words[word]);
        }
    }

    __device__ __forceinline__ PartType get(u32 slot) const {
        PartType part;
        part.photons = counts[0][slot];
        part.valid = counts[1][slot];
        part.nan = counts[2][slot];
        part.positive_infinity = counts[3][slot];
        part.negative_infinity = counts[4][slot];
        part.out_of_range = counts[5][slot];
        part.min = min[slot];
        part.max = max[slot];
#pragma unroll
        for (u32 word = 0; word < PartType::Sums::WORDS; word++) {
            part.sums.words[word] = sums[word][slot];
        }
        return part;
    }
};

// Folds the tile of this block: `add(part, i)` adds item i. `memory` holds the slots, after what `add` reads from
// unless it is FREE from the beginning: then the tail of a strip waits in its slot, not in registers. Every
// thread of the block calls it.
template <class PartType, bool FREE, class Add>
__device__ __forceinline__ void fold_tile(const Pieces& pieces, void* memory, u32* rows, Add add) {
    const u32 lane = threadIdx.x, strip = blockIdx.x * WORKGROUP + lane;
    const u32 first = strip * ITEMS;
    const u32 stop = first + ITEMS < pieces.n ? first + ITEMS : pieces.n;
    Slots<PartType>& slots = *static_cast<Slots<PartType>*>(memory);
    PartType head, tail;
    head.clear();
    tail.clear();
    if (FREE) {
        slots.set(lane, tail);
    }
    bool has_tail = false;
    u32 head_slot = lane, tail_piece = 0;
    if (first < stop) {
        u32 i = first, piece = pieces.first_of(strip);
        while (i < stop) {
            const u32 start = pieces.starts[piece], end = pieces.end(piece);
            const u32 until = end < stop ? end : stop;
            PartType part;
            part.clear();
            for (; i < until; i++) {
                add(part, i);
            }
            if (start < first) {
                head = part;
                head_slot = (start % TILE) / ITEMS;
            } else if (end > first + ITEMS) {
                if (FREE) {
                    slots.set(lane, part);
                } else {
                    tail = part;
                }
                has_tail = true;
                tail_piece = piece;
            } else {
                part.write(pieces.heads[piece], rows + static_cast<u64>(piece) * ROW_WORDS);
            }
            piece++;
        }
    }
    // All have read what `memory` held.
    __syncthreads();
    if (!FREE) {
        slots.set(lane, tail);
    }
    // Lanes whose heads belong to one slot are neighbours: the first of them gathers the others'.
    const u32 in_warp = lane % WARP;
#pragma unroll
    for (u32 reach = 1; reach < WARP; reach *= 2) {
        const PartType other = head.above(reach);
        const u32 other_slot = __shfl_down_sync(ALL_LANES, head_slot, reach);
        if (in_warp + reach < WARP && other_slot == head_slot) {
            head.add(other);
        }
    }
    const u32 slot_below = __shfl_up_sync(ALL_LANES, head_slot, 1);
    __syncthreads();
    if ((in_warp == 0 || slot_below != head_slot) && head.photons > 0) {
        slots.add(head_slot, head);
    }
    __syncthreads();
    if (has_tail) {
        slots.get(lane).write(pieces.heads[tail_piece], rows + static_cast<u64>(tail_piece) * ROW_WORDS);
    }
}

// Shared memory of a kernel that folds photons: values, then slots, and one bit per item of the tile.
template <class Value, class Sums>
struct PhotonMemory {
    static constexpr u32 VALUES = STAGED * sizeof(typename Value::Bits);
    static constexpr u32 SLOTS = sizeof(Slots<Part<typename Value::Key, Sums>>);
    u64 words[((VALUES > SLOTS ? VALUES : SLOTS) + 7) / 8];
    u32 valid[TILE / WARP];
};

// Shared memory of a kernel that folds records.
template <class Records>
struct RecordMemory {
    u64 words[(sizeof(Slots<Part<u64, Records>>) + 7) / 8];
};

// One column of photons. Values come to shared memory side by side, whatever their order, and each
// thread folds its strip from there.
template <class Value, class Sums>
__device__ __forceinline__ void reduce_photons(
    PhotonMemory<Value, Sums>& memory, const Pieces& pieces, u32 flags, int exponent, const u32* __restrict__ order,
    const typename Value::Bits* __restrict__ values, const u32* __restrict__ valid, u32* rows) {
    typedef typename Value::Bits Bits;
    typedef Part<typename Value::Key, Sums> PartType;
    u32* tile_valid = memory.valid;
    Bits* values_here = reinterpret_cast<Bits*>(memory.words);
    const u32 lane = threadIdx.x, tile_first = blockIdx.x * TILE;
    if (flags & (FLAG_VALUES | FLAG_NULLS)) {
#pragma unroll 4
        for (u32 item = 0; item < ITEMS; item++) {
            const u32 place = item * WORKGROUP + lane, i = tile_first + place;
            bool is_valid = false;
            if (i < pieces.n) {
                const u32 photon = (flags & FLAG_ORDERED) ? order[i] : i;
                is_valid = true;
                if (flags & FLAG_NULLS) {
                    is_valid = (valid[photon / 32] >> (photon % 32)) & 1u;
                }
                if (flags & FLAG_VALUES) {
                    values_here[staged(place)] = values[photon];
                }
            }
            const u32 votes = __ballot_sync(ALL_LANES, is_valid);
            if (lane % WARP == 0) {
                tile_valid[place / WARP] = votes;
            }
        }
    }
    __syncthreads();
    fold_tile<PartType, false>(pieces, memory.words, rows, [=](PartType& part, u32 i) {
        part.photons += 1;
        const u32 place = i - tile_first;
        if ((flags & FLAG_NULLS) && !((tile_valid[place / WARP] >> (place % WARP)) & 1u)) {
            return;
        }
        part.valid += 1;
        if (flags & FLAG_VALUES) {
            part.add_value(Value(), values_here[staged(place)], flags, exponent);
        }
    });
}

// Rows of records; item i is record order[i].
template <class Records>
__device__ __forceinline__ void reduce_rows(
    RecordMemory<Records>& memory, const Pieces& pieces, const u32* __restrict__ order,
    const u32* __restrict__ records, u32* rows) {
    typedef Part<u64, Records> PartType;
    fold_tile<PartType, true>(pieces, memory.words, rows, [=](PartType& part, u32 i) {
        part.add_record(records + static_cast<u64>(order[i]) * ROW_WORDS);
    });
}

#define PIECES u32 n, u32 pieces, const u32 *__restrict__ starts, const u32 *__restrict__ heads, \
               const u32 *__restrict__ ranks
#define OF_PHOTONS(BITS) u32 flags, int exponent, const u32 *__restrict__ order, \
               const BITS *__restrict__ values, const u32 *__restrict__ valid, u32 *rows

// Launch, all of these: one block per tile of items. A thread owns one strip of items in order.
// Ordering: parts are integers and join in any order.

// float32. Shared memory: 20 KiB.
ENTRY reduce(PIECES, OF_PHOTONS(u32)) {
    const Pieces at = {n, pieces, starts, heads, ranks};
    __shared__ PhotonMemory<Float32, Moments> memory;
    reduce_photons(memory, at, flags, exponent, order, values, valid, rows);
}

// float64. Shared memory: 35 KiB.
ENTRY reduce_f64(PIECES, OF_PHOTONS(u64)) {
    const Pieces at = {n, pieces, starts, heads, ranks};
    __shared__ PhotonMemory<Float64, Moments> memory;
    reduce_photons(memory, at, flags, exponent, order, values, valid, rows);
}

// int64. Shared memory: 35 KiB.
ENTRY reduce_i64(PIECES, OF_PHOTONS(u64)) {
    const Pieces at = {n, pieces, starts, heads, ranks};
    __shared__ PhotonMemory<Integer64, Moments> memory;
    reduce_photons(memory, at, flags, exponent, order, values, valid, rows);
}

// Sums of float64 terms. Shared memory: 35 KiB.
ENTRY reduce_terms(PIECES, OF_PHOTONS(u64)) {
    const Pieces at = {n, pieces, starts, heads, ranks};
    __shared__ PhotonMemory<Float64, Terms> memory;
    reduce_photons(memory, at, flags, exponent, order, values, valid, rows);
}

// Records with sums of integers. Shared memory: 26 KiB.
ENTRY reduce_records(
    PIECES, const u32* __restrict__ order, const u32* __restrict__ records, u32* rows) {
    const Pieces at = {n, pieces, starts, heads, ranks};
    __shared__ RecordMemory<MomentRecords> memory;
    reduce_rows(memory, at, order, records, rows);
}

// Records with sums of terms. Shared memory: 26 KiB.
ENTRY reduce_term_records(
    PIECES, const u32* __restrict__ order, const u32* __restrict__ records, u32* rows) {
    const Pieces at = {n, pieces, starts, heads, ranks};
    __shared__ RecordMemory<TermRecords> memory;
    reduce_rows(memory, at, order, records, rows);
}

// Brings value keys into the order of cells, for order statistics. NaN and null get the key with
// all bits set.
template <class Value>
__device__ __forceinline__ void keys_of_values(
    u32 n, u32 flags, const u32* __restrict__ order,
    const typename Value::Bits* __restrict__ values, const u32* __restrict__ valid,
    typename Value::Key* __restrict__ keys) {
#pragma unroll 4
    for (u32 item = 0; item < ITEMS; item++) {
        const u32 i = blockIdx.x * TILE + item * WORKGROUP + threadIdx.x;
        if (i >= n) {
            return;
        }
        const u32 photon = (flags & FLAG_ORDERED) ? order[i] : i;
        const bool is_valid =
            !(flags & FLAG_NULLS) || ((valid[photon / 32] >> (photon % 32)) & 1u);
        const typename Value::Bits bits = values[photon];
        keys[i] = is_valid && !is_nan(Value(), bits)
            ? key_of(Value(), bits) : static_cast<typename Value::Key>(~0ull);
    }
}

// Launch, all of these: one block per tile of items. Shared memory: none. A thread owns every
// WORKGROUP-th item of the tile.

ENTRY reduce_values(
    u32 n, u32 flags, const u32* __restrict__ order, const u32* __restrict__ values,
    const u32* __restrict__ valid, u32* __restrict__ keys) {
    keys_of_values<Float32>(n, flags, order, values, valid, keys);
}

ENTRY reduce_values_f64(
    u32 n, u32 flags, const u32* __restrict__ order, const u64* __restrict__ values,
    const u32* __restrict__ valid, u64* __restrict__ keys) {
    keys_of_values<Float64>(n, flags, order, values, valid, keys);
}

ENTRY reduce_values_i64(
    u32 n, u32 flags, const u32* __restrict__ order, const u64* __restrict__ values,
    const u32* __restrict__ valid, u64* __restrict__ keys) {
    keys_of_values<Integer64>(n, flags, order, values, valid, keys);
}
