// deflate: streams of RFC 1951 in the wrapper of RFC 1950, for `inflate.cu`, which says who decodes; their codes are in
// `codes.cu`. Accepts what libdeflate accepts, by whose answers the tests judge: codes that are complete, or have one
// symbol of one bit, or none; lengths that repeat from one code into the other; 288 and 32 symbols, of which the last
// ones mean what the last regular one means; and any distance that does not reach before the first byte, whatever
// window the header names. Twin of `shaders/inflate.wgsl`.
//
// All that decides is the same in all lanes of a decoder, so they stay together; they differ in what they write.

// The wrapper: two bytes before the stream, four behind it.
static constexpr u32 HEADER_BYTES = 2, FOOTER_BYTES = 4;
// In which order lengths of the code of lengths come, 5 bits each: the first 12, and the others.
static constexpr u64 ORDER_FIRST = 0x022caa324e804a30ull, ORDER_LAST = 0x3c2e1346cull;

// The lengths of the two codes of a block, as they are in a stream; what is wrong with them.
__device__ __forceinline__ u32 read_lengths(Bits& bits, Tables& tables, u32& literals, u32& distances) {
    literals = 257 + bits.take(5);
    distances = 1 + bits.take(5);
    const u32 given = 4 + bits.take(4);
    u8* small = tables.length_lengths();
#pragma unroll 1
    for (u32 i = 0; i < LENGTH_SYMBOLS; i++) {
        const u32 symbol = static_cast<u32>(i < 12 ? ORDER_FIRST >> (5 * i) : ORDER_LAST >> (5 * (i - 12))) & 31;
        const u32 length = i < given ? bits.take(3) : 0;
        if (bits.lane == 0) {
            small[symbol] = static_cast<u8>(length);
        }
    }
    __syncwarp();
    const Code code = length_code(tables);
    if (!sort_code(bits.lane, code, small, LENGTH_SYMBOLS)) {
        return STATUS_CODE;
    }
    fill_table<OfLengths>(bits.lane, code, LENGTH_BITS);
    __syncwarp();
    u8* lengths = tables.lengths();
    const u32 n = literals + distances;
    u32 i = 0, before = 0;
    while (i < n) {
        const u32 entry = code.table[bits.peek() % (1u << LENGTH_BITS)], symbol = entry >> 16;
        bits.skip(own_bits(entry));
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
        for (u32 k = bits.lane; k < times; k += WARP) {
            lengths[i + k] = static_cast<u8>(length);
        }
        before = length;
        i += times;
    }
    __syncwarp();
    return STATUS_GOOD;
}

// The lengths of the codes that blocks without any of their own have.
__device__ __forceinline__ void fixed_lengths(u32 lane, Tables& tables) {
    u8* lengths = tables.lengths();
#pragma unroll 1
    for (u32 i = lane; i < LITERAL_SYMBOLS + DISTANCE_SYMBOLS; i += WARP) {
        const u32 length = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : i < LITERAL_SYMBOLS ? 8 : 5;
        lengths[i] = static_cast<u8>(length);
    }
    __syncwarp();
}

// Makes the tables of a block; what is wrong with its codes. They are written between two waits, and read after them.
__device__ __forceinline__ u32 make_tables(Bits& bits, Tables& tables, bool fixed) {
    // All lanes are done with the tables of the block before.
    __syncwarp();
    u32 literals = LITERAL_SYMBOLS, distances = DISTANCE_SYMBOLS;
    if (fixed) {
        fixed_lengths(bits.lane, tables);
    } else {
        const u32 status = read_lengths(bits, tables, literals, distances);
        if (status != STATUS_GOOD) {
            return status;
        }
    }
    const u8* lengths = tables.lengths();
    const Code first = literal_code(tables), second = distance_code(tables);
    const bool good = sort_code(bits.lane, first, lengths, literals);
    if (!sort_code(bits.lane, second, lengths + literals, distances) || !good) {
        return STATUS_CODE;
    }
    fill_table<OfLiterals>(bits.lane, first, LITERAL_BITS);
    fill_table<OfDistances>(bits.lane, second, DISTANCE_BITS);
    __syncwarp();
    return STATUS_GOOD;
}

// Decodes the symbols of a block to `out`, which has `room` bytes, from `at` on; what is wrong with them. As many at once
// as a round takes, and one by one those that it does not know.
__device__ __forceinline__ u32 decode_symbols(Bits& bits, Tables& tables, u8* out, u32& at, u32 room) {
    const Code first = literal_code(tables), second = distance_code(tables);
    for (;;) {
        const Round round = take_round(bits, tables, out, at, room);
        if (round == Round::Taken) {
            continue;
        }
        if (round == Round::TooFar) {
            return STATUS_DISTANCE;
        }
        const u32 window = bits.peek();
        u32 entry = first.table[window % (1u << LITERAL_BITS)];
        if (entry == LONGER) {
            entry = long_entry<OfLiterals>(first, window, LITERAL_BITS);
        }
        bits.skip(all_bits(entry));
        if ((entry & ENTRY_UNKNOWN) != 0) {
            return STATUS_GOOD;
        }
        if ((entry & ENTRY_MATCH) == 0) {
            if (at == room) {
                return STATUS_LONG;
            }
            if (bits.lane == 0) {
                out[at] = static_cast<u8>(entry >> 16);
            }
            at += 1;
            continue;
        }
        const u32 length = number_of(entry, window), behind = bits.peek();
        entry = second.table[behind % (1u << DISTANCE_BITS)];
        if (entry == LONGER) {
            entry = long_entry<OfDistances>(second, behind, DISTANCE_BITS);
        }
        bits.skip(all_bits(entry));
        const u32 distance = number_of(entry, behind);
        if (distance > at) {
            return STATUS_DISTANCE;
        }
        if (length > room - at) {
            return STATUS_LONG;
        }
        repeat(bits.lane, out + at, distance, length);
        at += length;
    }
}

// Copies a block that is stored as it is.
__device__ __forceinline__ u32 copy_stored(Bits& bits, u32 limit, u8* out, u32& at, u32 room) {
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
    for (u32 i = bits.lane; i < length; i += WARP) {
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
__device__ __forceinline__ Inflated inflate_chunk(
    u32 lane, Tables& tables, const u32* __restrict__ words, u32 length, u8* out, u32 room) {
    if (length < HEADER_BYTES + FOOTER_BYTES || length > LONGEST_CHUNK) {
        return {STATUS_SHORT, 0, 0};
    }
    Bits bits = {lane, words, tables.words, (length + 3) / 4, 0, 0, 0};
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
            : kind / 2 == 0 ? copy_stored(bits, limit, out, at, room)
                            : make_tables(bits, tables, kind / 2 == 1);
        if (status != STATUS_GOOD) {
            return {status, 0, 0};
        }
        if (kind / 2 != 0) {
            const u32 done = decode_symbols(bits, tables, out, at, room);
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
