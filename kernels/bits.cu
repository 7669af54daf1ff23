// bits: the bits of a storage chunk on their way to the warp that decodes it, for `rounds.cu` and `deflate.cu`.
//
// Words come in lines, one word a lane: two lines are at hand in shared memory, and a third is on its way in a register
// of each lane, so a load is a line ahead of its use. All lanes hold the same place, so they stay together.
//
// Order: a line is written when the first bit behind the line before it is taken, between two waits of the warp's lanes for
// each other; whatever reads shared memory stands before the first of them or behind the second.
struct Bits {
    u32 lane;
    const u32* __restrict__ words;
    // Where lines are at hand.
    u32* at_hand;
    // Words of the chunk, and the one in which the next bit is.
    u32 end, word;
    // Bits of that word that are behind.
    u32 behind;
    // This lane's word of the line that is on its way.
    u32 coming;

    // What a chunk does not have is 0; what takes any of that is told by `byte`.
    __device__ __forceinline__ u32 of_line(u32 line) const {
        const u32 i = line * WARP + lane;
        return i < end ? words[i] : 0;
    }

    __device__ __forceinline__ void put(u32 line, u32 own) {
        at_hand[line % 2 * WARP + lane] = own;
        if (line % 2 == 0 && lane < BEHIND_LINES) {
            at_hand[LINES + lane] = own;
        }
    }

    // Goes to a byte of the chunk.
    __device__ __forceinline__ void go_to(u32 byte) {
        word = byte / 4;
        behind = byte % 4 * 8;
        const u32 line = word / WARP, first = of_line(line), second = of_line(line + 1);
        coming = of_line(line + 2);
        __syncwarp();
        put(line, first);
        put(line + 1, second);
        __syncwarp();
    }

    // The 32 bits from a number of bits on, and the 32 behind them; there are at most BEHIND_LINES words in between.
    __device__ __forceinline__ u32 look(u32 from, u32& beyond) const {
        const u32* there = at_hand + (word + from / 32) % LINES;
        const u32 middle = there[1];
        beyond = __funnelshift_r(middle, there[2], from);
        return __funnelshift_r(there[0], middle, from);
    }

    // The next 32 bits.
    __device__ __forceinline__ u32 peek() const {
        const u32* there = at_hand + word % LINES;
        return __funnelshift_r(there[0], there[1], behind);
    }

    // Goes on by some bits, less than a line.
    __device__ __forceinline__ void skip(u32 bits) {
        const u32 line = word / WARP;
        behind += bits;
        word += behind / 32;
        behind %= 32;
        if (word / WARP != line) {
            __syncwarp();
            put(line + 2, coming);
            coming = of_line(line + 3);
            __syncwarp();
        }
    }

    __device__ __forceinline__ u32 take(u32 bits) {
        const u32 value = peek() & ((1u << bits) - 1);
        skip(bits);
        return value;
    }

    // The first byte of which no bit was taken. A block takes at most 16 bits a byte that it gives, so it does not
    // wrap where a chunk is shorter than LONGEST_CHUNK.
    __device__ __forceinline__ u64 byte() const { return static_cast<u64>(word) * 4 + (behind + 7) / 8; }
};
