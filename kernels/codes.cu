// codes: prefix codes of RFC 1951 as tables in shared memory, for `rounds.cu` and `deflate.cu`. A code is canonical: those
// of one length follow each other, and shorter ones are before them. Twin of `shaders/inflate.wgsl`.
//
// A code is decoded by a table of its next few bits; a longer code by comparing, length by length, with the first
// code that is longer (`limits`), and its symbol is found in `sorted`, where symbols stand in the order of their codes.
// Both are made without counters that lanes share: each lane looks through all lengths for those that it owns.
//
// An entry says all of a symbol, so that nothing of it is computed where symbols are decoded: the bits of its code in
// bits 0 to 3, how many further bits there are in bits 4 to 7, what it is in bits 8 and 9, and its number from bit 16 on: a
// byte, the least length of a match, the least distance.

static constexpr u32 LONGEST = 15;
static constexpr u32 LITERAL_SYMBOLS = 288, DISTANCE_SYMBOLS = 32, LENGTH_SYMBOLS = 19;
static constexpr u32 END_OF_BLOCK = 256;
// Bits of the tables. The code of lengths has no longer codes.
static constexpr u32 LITERAL_BITS = 10, DISTANCE_BITS = 7, LENGTH_BITS = 7;

// What a symbol is. Those of the codes of distances and of lengths are numbers.
static constexpr u32 ENTRY_NUMBER = 0u, ENTRY_MATCH = 1u << 8, ENTRY_UNKNOWN = 2u << 8;
// The end of a block, and in place of an entry: the code is longer than the table's bits.
static constexpr u32 ENTRY_END = ENTRY_UNKNOWN, LONGER = ENTRY_UNKNOWN | ENTRY_MATCH;

// Words of a chunk that are at hand, in shared memory: two lines of a word a lane, and the first of them once more behind
// both, so that who reads some words needs not look for the end.
static constexpr u32 LINES = 2 * WARP, BEHIND_LINES = 3;

// What a warp has in shared memory: its words, tables of the next bits, the symbols of both codes in the order of
// the codes, and numbers of each length. While the lengths of a block are read, they stand in the first table, and the
// code of lengths where symbols are sorted.
struct Tables {
    u32 words[LINES + BEHIND_LINES];
    u32 literals[1u << LITERAL_BITS];
    u32 distances[1u << DISTANCE_BITS];
    // First the table of the code of lengths, of which nothing is needed once lengths are read.
    u32 sorted_room[(LITERAL_SYMBOLS + DISTANCE_SYMBOLS) / 2];
    u16 limits[2][LONGEST + 1], shifts[2][LONGEST + 1], counts[2][LONGEST + 1];

    __device__ __forceinline__ u8* lengths() { return reinterpret_cast<u8*>(literals); }
    __device__ __forceinline__ u16* sorted() { return reinterpret_cast<u16*>(sorted_room); }
    __device__ __forceinline__ u16* length_sorted() { return sorted() + 2 * (1u << LENGTH_BITS); }
    __device__ __forceinline__ u8* length_lengths() {
        return reinterpret_cast<u8*>(length_sorted() + LENGTH_SYMBOLS);
    }
};

// One code, where it stands in the tables.
struct Code {
    u32* table;
    u16* sorted;
    u16* limits;
    u16* shifts;
    u16* counts;
};

__device__ __forceinline__ Code literal_code(Tables& tables) {
    return {tables.literals, tables.sorted(), tables.limits[0], tables.shifts[0], tables.counts[0]};
}
__device__ __forceinline__ Code distance_code(Tables& tables) {
    return {tables.distances, tables.sorted() + LITERAL_SYMBOLS, tables.limits[1], tables.shifts[1], tables.counts[1]};
}
__device__ __forceinline__ Code length_code(Tables& tables) {
    return {tables.sorted_room, tables.length_sorted(), tables.limits[1], tables.shifts[1], tables.counts[1]};
}

// The entries of the three codes, by a symbol and the bits of its code.
struct OfLiterals {
    static __device__ __forceinline__ u32 entry(u32 symbol, u32 bits) {
        if (symbol < END_OF_BLOCK) {
            return symbol << 16 | ENTRY_NUMBER | bits;
        }
        if (symbol == END_OF_BLOCK) {
            return ENTRY_END | bits;
        }
        // Eight lengths without further bits, then four for each number of them; the last three are 258.
        const u32 k = symbol - END_OF_BLOCK - 1;
        const u32 extra = k < 8 || k >= 28 ? 0 : k / 4 - 1;
        const u32 base = k < 8 ? 3 + k : k >= 28 ? 258 : 3 + ((4 + k % 4) << extra);
        return base << 16 | ENTRY_MATCH | extra << 4 | bits;
    }
};

struct OfDistances {
    static __device__ __forceinline__ u32 entry(u32 symbol, u32 bits) {
        // Two distances for each number of further bits, which for the first two are none, too.
        const u32 d = smaller(symbol, 29), extra = d < 2 ? 0 : d / 2 - 1;
        const u32 base = d < 2 ? 1 + d : 1 + ((2 + d % 2) << extra);
        return base << 16 | ENTRY_NUMBER | extra << 4 | bits;
    }
};

struct OfLengths {
    static __device__ __forceinline__ u32 entry(u32 symbol, u32 bits) { return symbol << 16 | ENTRY_NUMBER | bits; }
};

__device__ __forceinline__ u32 own_bits(u32 entry) { return entry & 15; }
__device__ __forceinline__ u32 all_bits(u32 entry) { return (entry & 15) + (entry >> 4 & 15); }
// The number of an entry, with the further bits that follow its code in `window`.
__device__ __forceinline__ u32 number_of(u32 entry, u32 window) {
    return (entry >> 16) + (window >> own_bits(entry) & ((1u << (entry >> 4 & 15)) - 1));
}

// The bits of a code as a number of LONGEST bits, the first bit highest.
__device__ __forceinline__ u32 as_code(u32 bits) { return __brev(bits) >> (32 - LONGEST); }

// The entry of a code that is longer than `bits`, the bits of a table.
template <class Of>
__device__ __forceinline__ u32 long_entry(const Code& code, u32 window, u32 bits) {
    const u32 wanted = as_code(window);
    u32 length = bits + 1;
#pragma unroll 1
    while (length < LONGEST && wanted >= code.limits[length]) {
        length++;
    }
    const u32 place = (wanted >> (LONGEST - length)) + code.shifts[length];
    return Of::entry(code.sorted[place & 0xffffu], length);
}

// Counts the lengths of `n` symbols and puts the symbols in the order of their codes; whether it is a code that is
// accepted. Afterwards a lane may write where the lengths were.
__device__ __forceinline__ bool sort_code(u32 lane, const Code& code, const u8* lengths, u32 n) {
#pragma unroll 1
    for (u32 length = lane; length <= LONGEST; length += WARP) {
        u32 count = 0;
#pragma unroll 4
        for (u32 symbol = 0; symbol < n; symbol++) {
            count += lengths[symbol] == length ? 1 : 0;
        }
        code.counts[length] = static_cast<u16>(count);
    }
    __syncwarp();
    u32 used = 0;
#pragma unroll 1
    for (u32 length = 1; length <= LONGEST; length++) {
        used += static_cast<u32>(code.counts[length]) << (LONGEST - length);
    }
#pragma unroll 1
    for (u32 length = 1 + lane; length <= LONGEST; length += WARP) {
        u32 first = 0, place = 0;
#pragma unroll 1
        for (u32 shorter = 1; shorter < length; shorter++) {
            first = (first + code.counts[shorter]) << 1;
            place += code.counts[shorter];
        }
        code.limits[length] = static_cast<u16>((first + code.counts[length]) << (LONGEST - length));
        code.shifts[length] = static_cast<u16>(place - first);
#pragma unroll 4
        for (u32 symbol = 0; symbol < n; symbol++) {
            if (lengths[symbol] == length) {
                code.sorted[place] = static_cast<u16>(symbol);
                place++;
            }
        }
    }
    __syncwarp();
    const bool is_one_bit = code.counts[1] == 1 && used == 1u << (LONGEST - 1);
    return used == 1u << LONGEST || used == 0 || is_one_bit;
}

// Fills the table of the next `bits` bits. A code of one symbol or none gives that symbol, or symbol 0, for either
// bit, as in libdeflate.
template <class Of>
__device__ __forceinline__ void fill_table(u32 lane, const Code& code, u32 bits) {
    const u32 last = code.limits[LONGEST];
    const u32 only = last == 0 ? 0 : code.sorted[0];
#pragma unroll 1
    for (u32 i = lane; i < 1u << bits; i += WARP) {
        const u32 wanted = as_code(i);
        u32 length = 1;
#pragma unroll 1
        while (length <= bits && wanted >= code.limits[length]) {
            length++;
        }
        u32 entry = LONGER;
        if (last < 1u << LONGEST) {
            entry = Of::entry(only, 1);
        } else if (length <= bits) {
            const u32 place = (wanted >> (LONGEST - length)) + code.shifts[length];
            entry = Of::entry(code.sorted[place & 0xffffu], length);
        }
        code.table[i] = entry;
    }
}
