// unfilter: what is done with storage chunks beside inflating: bytes grouped by significance become elements again,
// checksums of HDF5 are compared, and elements become values. Twins of `src/decode/unshuffle.rs`, `checksum.rs` and
// `convert.rs`; shaders have none yet. What fails has a status, as in `inflate.cu`.
//
// n: tasks. chunks: states. in_units, out_units: memory of `in` and `out`.

// Undoes the shuffle filter. Launch: one block per task. Shared memory: none. A thread owns every WORKGROUP-th element.
// room: bytes that the chunk has at most. more: bytes of an element. Fewer than two elements were not shuffled, and
// bytes behind the last whole element stand as they are.
ENTRY_OF_4 unfilter_shuffle(
    u32 n, u32 chunks, u32 in_units, u32 out_units, const uint4* __restrict__ tasks,
    const u8* __restrict__ in, u8* out, uint4* states) {
    if (blockIdx.x >= n) {
        return;
    }
    const Task task = task_of(tasks, blockIdx.x);
    if (task.chunk >= chunks) {
        return;
    }
    const uint4 state = states[task.chunk];
    // One thread writes the state below, where no other goes on, whichever of both it has read.
    if (state.x != STATUS_GOOD) {
        return;
    }
    const u32 length = state.y, element = task.more.x;
    const bool is_there = lies_in(task.in_at, length, in_units) && lies_in(task.out_at, length, out_units);
    if (length > task.room || !is_there) {
        if (threadIdx.x == 0) {
            set_state(states, task.chunk, is_there ? STATUS_LENGTH : STATUS_PLACE, length, 0);
        }
        return;
    }
    const u8* from = in + static_cast<u64>(task.in_at) * UNIT;
    u8* to = out + static_cast<u64>(task.out_at) * UNIT;
    const u32 count = element < 2 || length / element < 2 ? 0 : length / element;
    for (u32 i = threadIdx.x; i < count; i += WORKGROUP) {
        for (u32 k = 0; k < element; k++) {
            to[i * element + k] = from[k * count + i];
        }
    }
    for (u32 i = count * element + threadIdx.x; i < length; i += WORKGROUP) {
        to[i] = from[i];
    }
}

// HDF5 File Format Specification, filter 3.
static constexpr u32 FLETCHER = 65535;
// Words after which a lane reduces its sum, so that it fits 64 bits.
static constexpr u32 FLETCHER_STEPS = 1u << 14;

// A sum modulo FLETCHER as sums that are folded have it: 0 of nothing alone.
__device__ __forceinline__ u32 folded(u64 sum) {
    const u32 rest = static_cast<u32>(sum % FLETCHER);
    return rest == 0 && sum != 0 ? FLETCHER : rest;
}

// Compares the checksum behind the bytes of a chunk, which are then four fewer, with them; old files have the bytes
// of each half swapped. Launch: one warp per task. Shared memory: none. A lane owns every WARP-th word of 16 bits, high
// byte first. Sums of integers: any order is exact.
ENTRY_OF_4 unfilter_fletcher32(
    u32 n, u32 chunks, u32 in_units, const uint4* __restrict__ tasks, const u8* __restrict__ in,
    uint4* states) {
    const u32 lane = threadIdx.x % WARP, i = (blockIdx.x * WORKGROUP + threadIdx.x) / WARP;
    if (i >= n) {
        return;
    }
    const Task task = task_of(tasks, i);
    if (task.chunk >= chunks) {
        return;
    }
    const uint4 state = states[task.chunk];
    if (state.x != STATUS_GOOD) {
        return;
    }
    u32 status = STATUS_GOOD;
    u64 low = 0, high = 0;
    const u32 length = state.y < 4 ? 0 : state.y - 4;
    const u8* bytes = in + static_cast<u64>(task.in_at) * UNIT;
    if (!lies_in(task.in_at, state.y, in_units)) {
        status = STATUS_PLACE;
    } else if (state.y < 4) {
        status = STATUS_CHECKSUM;
    } else if (length > task.room) {
        status = STATUS_LENGTH;
    } else {
        const u32 words = length / 2 + length % 2;
        for (u32 w = lane; w < words; w += WARP) {
            const u32 second = 2 * w + 1 < length ? bytes[2 * w + 1] : 0;
            const u32 word = static_cast<u32>(bytes[2 * w]) << 8 | second;
            low += word;
            high += static_cast<u64>(words - w) * word;
            // Each adds less than 2^47.
            if (w / WARP % FLETCHER_STEPS == FLETCHER_STEPS - 1) {
                high %= FLETCHER;
            }
        }
    }
    const u64 all_low = sum_of_lanes(low), any = all_low == 0 ? 0 : FLETCHER;
    // A multiple of the modulus that is not 0 stays one.
    const u64 all_high = sum_of_lanes(high % FLETCHER) + any;
    if (status == STATUS_GOOD) {
        const u8* tail = bytes + length;
        const u32 said = tail[0] | tail[1] << 8 | tail[2] << 16 | static_cast<u32>(tail[3]) << 24;
        const u32 sum = folded(all_high) << 16 | folded(all_low);
        const u32 swapped = (sum & 0x00ff00ffu) << 8 | (sum >> 8 & 0x00ff00ffu);
        status = said == sum || said == swapped ? STATUS_GOOD : STATUS_CHECKSUM;
    }
    if (lane == 0) {
        set_state(states, task.chunk, status, length, 0);
    }
}

// How an element is stored: its bytes in the lowest 4 bits, and flags.
struct Element {
    u32 size;
    bool is_big, is_signed, is_wide;

    // The bits of the value whose element begins at `bytes`; of an integer all 64.
    __device__ __forceinline__ u64 value(const u8* bytes) const {
        u64 bits = 0;
        for (u32 k = 0; k < size; k++) {
            bits |= static_cast<u64>(bytes[is_big ? size - 1 - k : k]) << (8 * k);
        }
        const u32 above = 64 - 8 * size;
        return is_signed ? static_cast<u64>(static_cast<i64>(bits << above) >> above) : bits;
    }
};

// Elements of a chunk as values, in one word each or in two. Launch: one block per task. Shared memory: none. A
// thread owns every WORKGROUP-th row. room: bytes that the chunk has, neither more nor fewer. out_at, out_words: in
// words. more: rows; the byte of the first element, and bytes from one row to the next; how an element is stored
// (ELEMENT_*).
ENTRY_OF_4 unfilter_values(
    u32 n, u32 chunks, u32 in_units, u32 out_words, const uint4* __restrict__ tasks,
    const u8* __restrict__ in, u32* __restrict__ out, uint4* states) {
    if (blockIdx.x >= n) {
        return;
    }
    const Task task = task_of(tasks, blockIdx.x);
    if (task.chunk >= chunks) {
        return;
    }
    const uint4 state = states[task.chunk];
    // As above.
    if (state.x != STATUS_GOOD) {
        return;
    }
    const u32 rows = task.more.x, first = task.more.y, step = task.more.z, how = task.more.w;
    const Element element = {how & ELEMENT_SIZE, (how & ELEMENT_BIG) != 0, (how & ELEMENT_SIGNED) != 0,
                             (how & ELEMENT_WIDE) != 0};
    const u64 reach = rows == 0 ? 0 : first + static_cast<u64>(rows - 1) * step + element.size;
    const u64 words = static_cast<u64>(rows) * (element.is_wide ? 2 : 1);
    const bool is_there = lies_in(task.in_at, state.y, in_units) && task.out_at + words <= out_words;
    if (state.y != task.room || reach > state.y || !is_there) {
        if (threadIdx.x == 0) {
            set_state(states, task.chunk, state.y != task.room ? STATUS_LENGTH : STATUS_PLACE, state.y, 0);
        }
        return;
    }
    const u8* from = in + static_cast<u64>(task.in_at) * UNIT + first;
    u32* to = out + task.out_at;
    for (u32 row = threadIdx.x; row < rows; row += WORKGROUP) {
        const u64 bits = element.value(from + static_cast<u64>(row) * step);
        if (element.is_wide) {
            to[static_cast<u64>(row) * 2] = static_cast<u32>(bits);
            to[static_cast<u64>(row) * 2 + 1] = static_cast<u32>(bits >> 32);
        } else {
            to[row] = static_cast<u32>(bits);
        }
    }
}
