// deflate: streams of RFC 1951 in the wrapper of RFC 1950, for `inflate.cu`, which says who decodes; their codes are in
// `codes.cu`. Accepts what libdeflate accepts, by whose answers the tests judge: codes that are complete, or have one
// symbol of one bit, or none; lengths that repeat from one code into the other; 288 and 32 symbols, of which the last
// ones mean what the last regular one means; and any distance that does not reach before the first byte, whatever
// window the header names. Twin of `shaders/inflate.wgsl`.
//
// All that decides is the same in all lanes of a decoder, so they stay together; they differ in what they write.

static constexpr u32 END_OF_BLOCK = 256;
// The wrapper: two bytes before the stream, four behind it.
static constexpr u32 HEADER_BYTES = 2, FOOTER_BYTES = 4;
// In which order lengths of the code of lengths come, 5 bits each: the first 12, and the others.
static constexpr u64 ORDER_FIRST = 0x022caa324e804a30ull, ORDER_LAST = 0x3c2e1346cull;

// The bits of a chunk from byte HEADER_BYTES on, lowest first. Two words are at hand and a third on its way, so a
// load is one word ahead of its use. Bits behind the chunk are 0; `is_over` tells whether any was taken.
struct Bits {
    const u32* __restrict__ words;
    // Words of the chunk, and the next to load.
    u32 end, next;
    u32 low, high, coming;
    // Bits of `low` that are behind.
    u32 behind;

    __device__ __forceinline__ u32 word(u32 i) const { return i < end ? words[i] : 0; }

    // Goes to a byte of the chunk.
    __device__ __forceinline__ void go_to(u32 byte) {
        next = byte / 4;
        low = word(next);
        high = word(next + 1);
        coming = word(next + 2);
        next += 3;
        behind = byte % 4 * 8;
    }

    // The next 32 bits.
    __device__ __forceinline__ u32 peek() const { return __funnelshift_r(low, high, behind); }

    // Goes on by at most 32 bits.
    __device__ __forceinline__ void skip(u32 bits) {
        behind += bits;
        if (behind >= 32) {
            behind -= 32;
            low = high;
            high = coming;
            coming = word(next);
            next += 1;
        }
    }

    __device__ __forceinline__ u32 take(u32 bits) {
        const u32 value = peek() & ((1u << bits) - 1);
        skip(bits);
        return value;
    }

    // The first byte of which no bit was taken. A block takes at most 16 bits a byte that it gives, so it does not
    // wrap where a chunk is shorter than LONGEST_CHUNK.
    __device__ __forceinline__ u64 byte() const {
        return static_cast<u64>(next - 3) * 4 + (behind + 7) / 8;
    }
};

// The lengths of the two codes of a block, as they are in a stream; what is wrong with them.
template <class Group, class T>
__device__ __forceinline__ u32 read_lengths(
    const Group& group, Bits& bits, T& tables, u32& literals, u32& distances) {
    literals = 257 + bits.take(5);
    distances = 1 + bits.take(5);
    const u32 given = 4 + bits.take(4);
    u8* small = tables.length_lengths();
#pragma unroll 1
    for (u32 i = 0; i < LENGTH_SYMBOLS; i++) {
        const u32 symbol = static_cast<u32>(i < 12 ? ORDER_FIRST >> (5 * i) : ORDER_LAST >> (5 * (i - 12))) & 31;
        const u32 length = i < given ? bits.take(3) : 0;
        if (group.leads()) {
            small[symbol] = static_cast<u8>(length);
        }
    }
    group.wait();
    const Code code = length_code(tables);
    if (!sort_code(group, code, small, LENGTH_SYMBOLS)) {
        return STATUS_CODE;
    }
    fill_table(group, code, LENGTH_BITS);
    group.wait();
    u8* lengths = tables.lengths();
    const u32 n = literals + distances;
    u32 i = 0, before = 0;
    while (i < n) {
        const u32 entry = code.table[bits.peek() & ((1u << LENGTH_BITS) - 1)], symbol = entry >> 4;
        bits.skip(entry & 15);
        u32 times = 1, length = symbol;
        if (symbol >= 16) {
            if (symbol == 16 && i == 0) {
                return STATUS_CODE;
            }
            length = symbol == 16 ? before : 0;
            times = symbol == 16 ? 3 + bits.take(2) : symbol == 17 ? 3 + bits.take(3) : 11 + bits.take(7);
            if (times > n - i) {
                return STATUS_CODE;
            }
        }
#pragma unroll 1
        for (u32 k = group.lane; k < times; k += Group::LANES) {
            lengths[i + k] = static_cast<u8>(length);
        }
        before = length;
        i += times;
    }
    group.wait();
    return STATUS_GOOD;
}

// The lengths of the codes that blocks without any of their own have.
template <class Group, class T>
__device__ __forceinline__ void fixed_lengths(const Group& group, T& tables) {
    u8* lengths = tables.lengths();
#pragma unroll 1
    for (u32 i = group.lane; i < LITERAL_SYMBOLS + DISTANCE_SYMBOLS; i += Group::LANES) {
        const u32 length = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : i < LITERAL_SYMBOLS ? 8 : 5;
        lengths[i] = static_cast<u8>(length);
    }
    group.wait();
}

// Makes the tables of a block; what is wrong with its codes.
template <class Group, class T>
__device__ __forceinline__ u32 make_tables(const Group& group, Bits& bits, T& tables, bool fixed) {
    // All lanes are done with the tables of the block before.
    group.wait();
    u32 literals = LITERAL_SYMBOLS, distances = DISTANCE_SYMBOLS;
    if (fixed) {
        fixed_lengths(group, tables);
    } else {
        const u32 status = read_lengths(group, bits, tables, literals, distances);
        if (status != STATUS_GOOD) {
            return status;
        }
    }
    const u8* lengths = tables.lengths();
    const Code first = literal_code(tables), second = distance_code(tables);
    const bool good = sort_code(group, first, lengths, literals);
    if (!sort_code(group, second, lengths + literals, distances) || !good) {
        return STATUS_CODE;
    }
    fill_table(group, first, T::FIRST_BITS);
    fill_table(group, second, T::SECOND_BITS);
    group.wait();
    return STATUS_GOOD;
}

// Whether an entry is a literal: neither another symbol nor LONGER.
__device__ __forceinline__ bool is_literal(u32 entry) { return entry < END_OF_BLOCK << 4; }

// Decodes the symbols of a block to `out`, which has `room` bytes, from `at` on; what is wrong with them. Two literals
// in a row are taken together: both have their bits in one look, as neither is longer than the table's bits.
template <class Group, class T>
__device__ __forceinline__ u32 decode_symbols(
    const Group& group, Bits& bits, T& tables, u8* out, u32& at, u32 room) {
    static_assert(2 * T::FIRST_BITS <= 32 && T::SECOND_BITS <= T::FIRST_BITS, "two looks at 32 bits");
    const Code first = literal_code(tables), second = distance_code(tables);
    u8* to = out + at;
    u32 left = room - at;
    for (;;) {
        const u32 window = bits.peek();
        u32 entry = first.table[window & ((1u << T::FIRST_BITS) - 1)];
        if (is_literal(entry)) {
            const u32 own = entry & 15, after = first.table[window >> own & ((1u << T::FIRST_BITS) - 1)];
            const u32 count = is_literal(after) ? 2 : 1;
            // A second literal for which there is no room is one too many, whenever it is looked at.
            if (left < count) {
                return STATUS_LONG;
            }
            group.put(to, entry >> 4, after >> 4, count);
            to += count;
            left -= count;
            bits.skip(own + (is_literal(after) ? after & 15 : 0));
            continue;
        }
        if (entry == LONGER) {
            entry = long_entry(first, window, T::FIRST_BITS);
        }
        const u32 length_bits = entry & 15;
        if (is_literal(entry)) {
            if (left == 0) {
                return STATUS_LONG;
            }
            group.put(to, entry >> 4, 0, 1);
            to += 1;
            left -= 1;
            bits.skip(length_bits);
            continue;
        }
        if (entry >> 4 == END_OF_BLOCK) {
            bits.skip(length_bits);
            at = room - left;
            return STATUS_GOOD;
        }
        // Eight lengths without further bits, then four for each number of them; the last three are 258.
        const u32 k = (entry >> 4) - END_OF_BLOCK - 1;
        const u32 extra = k < 8 || k >= 28 ? 0 : k / 4 - 1;
        const u32 base = k < 8 ? 3 + k : k >= 28 ? 258 : 3 + ((4 + k % 4) << extra);
        const u32 length = base + (window >> length_bits & ((1u << extra) - 1));
        bits.skip(length_bits + extra);

        const u32 behind = bits.peek();
        entry = second.table[behind & ((1u << T::SECOND_BITS) - 1)];
        if (entry == LONGER) {
            entry = long_entry(second, behind, T::SECOND_BITS);
        }
        // Two distances for each number of further bits, which for the first two are none, too.
        const u32 d = smaller(entry >> 4, 29), more = d < 2 ? 0 : d / 2 - 1;
        const u32 distance =
            (d < 2 ? 1 + d : 1 + ((2 + d % 2) << more)) + (behind >> (entry & 15) & ((1u << more) - 1));
        bits.skip((entry & 15) + more);
        if (distance > room - left) {
            return STATUS_DISTANCE;
        }
        if (length > left) {
            return STATUS_LONG;
        }
        group.repeat(to, distance, length);
        to += length;
        left -= length;
    }
}

// Copies a block that is stored as it is.
template <class Group>
__device__ __forceinline__ u32 copy_stored(const Group& group, Bits& bits, u32 limit, u8* out, u32& at, u32 room) {
    const u64 byte = bits.byte();
    if (byte + 4 > limit) {
        return STATUS_SHORT;
    }
    bits.go_to(static_cast<u32>(byte));
    const u32 length = bits.take(16);
    if (bits.take(16) != (length ^ 0xffffu)) {
        return STATUS_BLOCK;
    }
    if (length > room - at) {
        return STATUS_LONG;
    }
    if (length > limit - byte - 4) {
        return STATUS_SHORT;
    }
    const u8* from = reinterpret_cast<const u8*>(bits.words) + byte + 4;
#pragma unroll 1
    for (u32 i = group.lane; i < length; i += Group::LANES) {
        out[at + i] = from[i];
    }
    at += length;
    bits.go_to(static_cast<u32>(byte) + 4 + length);
    return STATUS_GOOD;
}

// What a stream gave.
struct Inflated {
    u32 status, length, checksum;
};

// Inflates a chunk of `length` bytes.
template <class Group, class T>
__device__ __forceinline__ Inflated inflate_chunk(
    const Group& group, T& tables, const u32* __restrict__ words, u32 length, u8* out, u32 room) {
    if (length < HEADER_BYTES + FOOTER_BYTES || length > LONGEST_CHUNK) {
        return {STATUS_SHORT, 0, 0};
    }
    Bits bits = {words, (length + 3) / 4, 0, 0, 0, 0, 0};
    const u32 method = words[0] & 0xffu, check = words[0] >> 8 & 0xffu;
    // Deflate, a window of at most 32 KiB, no dictionary.
    if ((method << 8 | check) % 31 != 0 || (method & 15) != 8 || method >> 4 > 7 || (check & 32) != 0) {
        return {STATUS_HEADER, 0, 0};
    }
    bits.go_to(HEADER_BYTES);
    const u32 limit = length - FOOTER_BYTES;
    u32 at = 0;
    for (;;) {
        const u32 kind = bits.take(3), status = kind / 2 == 3 ? STATUS_BLOCK
            : kind / 2 == 0 ? copy_stored(group, bits, limit, out, at, room)
                            : make_tables(group, bits, tables, kind / 2 == 1);
        if (status != STATUS_GOOD) {
            return {status, 0, 0};
        }
        if (kind / 2 != 0) {
            const u32 done = decode_symbols(group, bits, tables, out, at, room);
            if (done != STATUS_GOOD) {
                return {done, 0, 0};
            }
        }
        const u64 byte = bits.byte();
        if (byte > limit) {
            return {STATUS_SHORT, 0, 0};
        }
        if (kind % 2 == 1) {
            // Four bytes, the highest first; what is behind them is not looked at.
            bits.go_to(static_cast<u32>(byte));
            const u32 low = bits.take(16), high = bits.take(16);
            const u32 sum = low | high << 16;
            return {STATUS_GOOD, at,
                    sum << 24 | (sum & 0xff00u) << 8 | (sum >> 8 & 0xff00u) | sum >> 24};
        }
    }
}
