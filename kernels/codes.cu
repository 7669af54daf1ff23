// codes: prefix codes of RFC 1951 as tables in shared memory, for `deflate.cu`. A code is canonical: those of one length
// follow each other, and shorter ones are before them. Twin of `shaders/inflate.wgsl`.
//
// A code is decoded by a table of its next few bits; a longer code by comparing, length by length, with the first
// code that is longer (`limits`), and its symbol is found in `sorted`, where symbols stand in the order of their codes.
// Both are made without counters that lanes share: each lane looks through all lengths for those that it owns. A
// decoder is one lane or a warp (`Group`); what differs is who writes, and that a warp waits for its lanes.

static constexpr u32 LONGEST = 15;
static constexpr u32 LITERAL_SYMBOLS = 288, DISTANCE_SYMBOLS = 32, LENGTH_SYMBOLS = 19;
// Bits of the table of the code of lengths, which has no longer codes.
static constexpr u32 LENGTH_BITS = 7;
// In place of an entry: the code is longer than the table's bits. No literal is as large.
static constexpr u32 LONGER = 0xffffu;

// What a decoder has in shared memory: tables of the next bits, the symbols of both codes in the order of the codes,
// and numbers of each length. An entry is a symbol, then its length in the lowest 4 bits, or LONGER where the code is.
// While the lengths of a block are read, they stand in the first table, and the code of lengths behind it.
template <u32 LITERAL_BITS, u32 DISTANCE_BITS>
struct Tables {
    static constexpr u32 FIRST_BITS = LITERAL_BITS, SECOND_BITS = DISTANCE_BITS;
    u16 literals[1u << LITERAL_BITS];
    u16 distances[1u << DISTANCE_BITS];
    u16 sorted[LITERAL_SYMBOLS + DISTANCE_SYMBOLS];
    u16 limits[2][LONGEST + 1], shifts[2][LONGEST + 1], counts[2][LONGEST + 1];

    __device__ __forceinline__ u8* lengths() { return reinterpret_cast<u8*>(literals); }
    // Room of the code of lengths, of which nothing is needed once lengths are read.
    __device__ __forceinline__ u16* length_table() { return sorted; }
    __device__ __forceinline__ u16* length_sorted() { return sorted + (1u << LENGTH_BITS); }
    __device__ __forceinline__ u8* length_lengths() {
        return reinterpret_cast<u8*>(sorted + (1u << LENGTH_BITS) + LENGTH_SYMBOLS);
    }
};

// One code, where it stands in the tables.
struct Code {
    u16* table;
    u16* sorted;
    u16* limits;
    u16* shifts;
    u16* counts;
};

template <class T>
__device__ __forceinline__ Code literal_code(T& tables) {
    return {tables.literals, tables.sorted, tables.limits[0], tables.shifts[0], tables.counts[0]};
}
template <class T>
__device__ __forceinline__ Code distance_code(T& tables) {
    return {tables.distances, tables.sorted + LITERAL_SYMBOLS, tables.limits[1], tables.shifts[1], tables.counts[1]};
}
template <class T>
__device__ __forceinline__ Code length_code(T& tables) {
    return {tables.length_table(), tables.length_sorted(), tables.limits[1], tables.shifts[1], tables.counts[1]};
}

// The bits of a code as a number of LONGEST bits, the first bit highest.
__device__ __forceinline__ u32 as_code(u32 bits) { return __brev(bits) >> (32 - LONGEST); }

// The entry of a code that is longer than `bits`, the bits of a table.
__device__ __forceinline__ u32 long_entry(const Code& code, u32 window, u32 bits) {
    const u32 wanted = as_code(window);
    u32 length = bits + 1;
#pragma unroll 1
    while (length < LONGEST && wanted >= code.limits[length]) {
        length++;
    }
    const u32 place = (wanted >> (LONGEST - length)) + code.shifts[length];
    return static_cast<u32>(code.sorted[place & 0xffffu]) << 4 | length;
}

// Counts the lengths of `n` symbols and puts the symbols in the order of their codes; whether it is a code that is
// accepted. Afterwards a lane may write where the lengths were.
template <class Group>
__device__ __forceinline__ bool sort_code(const Group& group, const Code& code, const u8* lengths, u32 n) {
#pragma unroll 1
    for (u32 length = group.lane; length <= LONGEST; length += Group::LANES) {
        u32 count = 0;
#pragma unroll 4
        for (u32 symbol = 0; symbol < n; symbol++) {
            count += lengths[symbol] == length ? 1 : 0;
        }
        code.counts[length] = static_cast<u16>(count);
    }
    group.wait();
    u32 used = 0;
#pragma unroll 1
    for (u32 length = 1; length <= LONGEST; length++) {
        used += static_cast<u32>(code.counts[length]) << (LONGEST - length);
    }
#pragma unroll 1
    for (u32 length = 1 + group.lane; length <= LONGEST; length += Group::LANES) {
        u32 first = 0, place = 0;
#pragma unroll 1
        for (u32 shorter = 1; shorter < length; shorter++) {
            first = (first + code.counts[shorter]) << 1;
            place += code.counts[shorter];
        }
        code.limits[length] = static_cast<u16>((first + code.counts[length]) << (LONGEST - length));
        code.shifts[length] = static_cast<u16>(place - first);
#pragma unroll 1
        for (u32 symbol = 0; symbol < n; symbol++) {
            if (lengths[symbol] == length) {
                code.sorted[place] = static_cast<u16>(symbol);
                place++;
            }
        }
    }
    group.wait();
    const bool is_one_bit = code.counts[1] == 1 && used == 1u << (LONGEST - 1);
    return used == 1u << LONGEST || used == 0 || is_one_bit;
}

// Fills the table of the next `bits` bits. A code of one symbol or none gives that symbol, or symbol 0, for either
// bit, as in libdeflate.
template <class Group>
__device__ __forceinline__ void fill_table(const Group& group, const Code& code, u32 bits) {
    const u32 last = code.limits[LONGEST];
    const u32 only = last == 0 ? 0 : code.sorted[0];
#pragma unroll 1
    for (u32 i = group.lane; i < 1u << bits; i += Group::LANES) {
        const u32 wanted = as_code(i);
        u32 length = 1;
#pragma unroll 1
        while (length <= bits && wanted >= code.limits[length]) {
            length++;
        }
        u32 entry = LONGER;
        if (last < 1u << LONGEST) {
            entry = only << 4 | 1;
        } else if (length <= bits) {
            const u32 place = (wanted >> (LONGEST - length)) + code.shifts[length];
            entry = static_cast<u32>(code.sorted[place & 0xffffu]) << 4 | length;
        }
        code.table[i] = static_cast<u16>(entry);
    }
}
