// rounds: a warp decodes all symbols that begin in the next 32 bits of a block at once, for `deflate.cu`.
//
// Where a symbol begins is known only when the one before it has been decoded, which is a chain of waits: for the
// table, for sums, for the table. So every lane decodes a symbol as if one began at its own bit, length and distance of
// a match included: these waits all lanes have together. Then the warp goes along the chain from the first bit, from
// lane to lane, in doubling steps, and the lanes on it are the symbols. They know the places of their bytes by how many lie
// before them, write literals side by side, and matches are repeated one after the other. What a lane does not know - a code
// longer than its table's bits, the end of a block - ends the chain. Where there is no room for all of it nothing is
// taken, and `decode_symbols` takes one symbol and says what is wrong, if something is.
//
// Order: every byte of `out` is written once, by one lane, and read only for matches behind it. The bytes that a match
// repeats all stand before it, also where it overlaps itself: byte i of it is byte i modulo the distance. So it is
// enough that the lanes wait for each other before a match: __syncwarp orders what each has written, to shared
// and to device memory, before what the others read from then on. Whatever is written after that is no byte that
// a match before it reads.

// Repeats `length` bytes from `distance` before a place, which has the lanes wait for each other first.
__device__ __forceinline__ void repeat(u32 lane, u8* to, u32 distance, u32 length) {
    const u8* from = to - distance;
    __syncwarp();
    if (length <= WARP && distance >= length) {
        if (lane < length) {
            to[lane] = from[lane];
        }
        return;
    }
    u32 place = lane, step = WARP;
    if (distance < length) {
        place %= distance;
        step %= distance;
    } else {
        // Further than the match is long.
        distance = length + WARP;
    }
#pragma unroll 1
    for (u32 i = lane; i < length; i += WARP) {
        to[i] = from[place];
        place += step;
        place -= place >= distance ? distance : 0;
    }
}

enum class Round {
    // Nothing was taken.
    None,
    Taken,
    // A match reaches before the first byte.
    TooFar,
};

// Steps of the chain: a round takes at most 2^ROUND_STEPS symbols.
static constexpr u32 ROUND_STEPS = 3;

__device__ __forceinline__ u32 lowest(u32 bits) { return 31 - __clz(bits & (0u - bits)); }

// Takes symbols, whose bytes go to `out` from `at` on, before `room`.
__device__ __forceinline__ Round take_round(Bits& bits, const Tables& tables, u8* out, u32& at, u32 room) {
    const u32 lane = bits.lane;
    u32 beyond;
    const u32 window = bits.look(bits.behind + lane, beyond);
    const u32 entry = tables.literals[window % (1u << LITERAL_BITS)];
    u32 used = all_bits(entry), packed = 1;
    bool known = (entry & ENTRY_UNKNOWN) == 0;
    const bool match = (entry & LONGER) == ENTRY_MATCH;
    if (match) {
        const u32 behind = __funnelshift_r(window, beyond, used);
        const u32 other = tables.distances[behind % (1u << DISTANCE_BITS)];
        known = (other & ENTRY_UNKNOWN) == 0;
        used += all_bits(other);
        packed = number_of(other, behind) << 16 | number_of(entry, window);
    }
    const u32 match_lanes = __ballot_sync(ALL_LANES, match && known);
    // Of each lane the lanes of the chain from it on, and the bit behind them, counted from the first lane's.
    const u32 own = 1u << lane;
    u32 next = known ? lane + used : lane, chain = known ? own : 0;
#pragma unroll
    for (u32 step = 0; step < ROUND_STEPS; step++) {
        const u32 then = __shfl_sync(ALL_LANES, next, next % WARP), more = __shfl_sync(ALL_LANES, chain, next % WARP);
        chain |= next < WARP ? more : 0;
        next = next < WARP ? then : next;
    }
    chain = __shfl_sync(ALL_LANES, chain, 0);
    next = __shfl_sync(ALL_LANES, next, 0);
    const u32 matches = match_lanes & chain;
    // Where this lane's bytes go, and how many there are of all; of the last match where its bytes go, and what it is.
    u32 place = __popc(chain & (own - 1)), count = __popc(chain), last = 0, last_place = 0;
#pragma unroll 1
    for (u32 rest = matches; rest != 0; rest &= rest - 1) {
        const u32 first = lowest(rest);
        last = __shfl_sync(ALL_LANES, packed, first);
        last_place = __popc(chain & ((1u << first) - 1)) + count - __popc(chain);
        const u32 more = last % 0x10000u - 1;
        place += lane > first ? more : 0;
        count += more;
    }
    if (count == 0 || count > room - at) {
        return Round::None;
    }
    u8* to = out + at;
    if (!match && (chain & own) != 0) {
        to[place] = static_cast<u8>(entry >> 16);
    }
    if (matches != 0) {
        if ((matches & (matches - 1)) == 0) {
            if (last >> 16 > at + last_place) {
                return Round::TooFar;
            }
            repeat(lane, to + last_place, last >> 16, last % 0x10000u);
        } else {
#pragma unroll 1
            for (u32 rest = matches; rest != 0; rest &= rest - 1) {
                const u32 first = lowest(rest), one = __shfl_sync(ALL_LANES, packed, first);
                const u32 there = __shfl_sync(ALL_LANES, place, first);
                if (one >> 16 > at + there) {
                    return Round::TooFar;
                }
                repeat(lane, to + there, one >> 16, one % 0x10000u);
            }
        }
    }
    at += count;
    bits.skip(next);
    return Round::Taken;
}
