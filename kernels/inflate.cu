// inflate: storage chunks that are zlib streams, decoded where they were uploaded. What a stream is and which are refused is in `deflate.cu`; shaders have their twin in `shaders/inflate.wgsl`.
// What fails in any way has a status, and the host decodes it again: it has the bytes, or the words for what is
// wrong. So which chunks fail here cannot change a result.
//
// Decoders take chunks from a counter, in the order of the tasks: the largest first, if the host wants the last ones
// to end together. Which decoder takes which chunk changes nothing, as chunks share no byte.
//
// n: tasks. chunks: states. in_units, out_units: memory of `stored` and `out`. next: the counter, 0 before. room of a task: bytes that
// the chunk has at most. Where tasks inflate what others gave, `stored` and `out` may be one memory, of which no byte
// is read and written in one launch but those that a decoder wrote itself.

// Does one task. A warp decodes one chunk: all lanes hold the same bits and go through the same symbols together.
__device__ __forceinline__ void inflate_task(
    u32 lane, Tables& tables, const Task& task, u32 chunks, u32 in_units, u32 out_units,
    const u32* __restrict__ stored, u8* out, uint4* states) {
    if (task.chunk >= chunks) {
        return;
    }
    const uint4 state = states[task.chunk];
    // Before one of the lanes writes there.
    __syncwarp();
    if (state.x != STATUS_GOOD) {
        return;
    }
    Inflated done = {STATUS_PLACE, 0, 0};
    if (lies_in(task.in_at, state.y, in_units) && lies_in(task.out_at, task.room, out_units)) {
        done = inflate_chunk(lane, tables, stored + static_cast<u64>(task.in_at) * (UNIT / 4), state.y,
                             out + static_cast<u64>(task.out_at) * UNIT, task.room);
    }
    if (lane == 0) {
        set_state(states, task.chunk, done.status, done.length, done.checksum);
    }
}

// Launch: any number of blocks; a warp decodes one chunk after the other. Shared memory: 46 KiB, 5.7 for a warp.
// Ordering: as `bits.cu` and `rounds.cu` say.
ENTRY_OF_4 inflate(
    u32 n, u32 chunks, u32 in_units, u32 out_units, const uint4* __restrict__ tasks,
    const u32* __restrict__ stored, u8* out, uint4* states, u32* next) {
    __shared__ Tables tables[WARPS];
    const u32 lane = threadIdx.x % WARP;
    for (;;) {
        u32 i = 0;
        if (lane == 0) {
            i = atomicAdd(next, 1u);
        }
        i = __shfl_sync(ALL_LANES, i, 0);
        if (i >= n) {
            return;
        }
        inflate_task(lane, tables[threadIdx.x / WARP], task_of(tasks, i), chunks, in_units, out_units, stored, out,
                     states);
    }
}

// RFC 1950: the largest prime below 2^16.
static constexpr u32 ADLER = 65521;
// Bytes that a warp sums at once, and how often before its sums are reduced, so that they fit.
static constexpr u32 ADLER_STEP = 4 * WARP, ADLER_STEPS = 4096;

// Holds the bytes that a chunk inflated to against the checksum of its stream.
// Launch: one warp per task. Shared memory: none. A lane owns every WARP-th word of the chunk. Sums of integers: any
// order is exact.
ENTRY_OF_4 inflate_check(
    u32 n, u32 chunks, u32 out_units, const uint4* __restrict__ tasks, const u32* __restrict__ out,
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
    if (state.x != STATUS_GOOD || !lies_in(task.out_at, state.y, out_units)) {
        return;
    }
    const u32* words = out + static_cast<u64>(task.out_at) * (UNIT / 4);
    const u8* bytes = reinterpret_cast<const u8*>(words);
    // Of the bytes so far, and of them as often as there are bytes from them on.
    u32 low = 0;
    u64 high = 0;
    const u32 steps = state.y / ADLER_STEP, rest = state.y % ADLER_STEP;
#pragma unroll 1
    for (u32 step = 0; step < steps; step++) {
        const u32 word = words[step * WARP + lane];
        const u32 b0 = word & 0xff, b1 = word >> 8 & 0xff, b2 = word >> 16 & 0xff, b3 = word >> 24;
        const u32 sum = b0 + b1 + b2 + b3, behind = ADLER_STEP - 4 * lane;
        high += static_cast<u64>(ADLER_STEP) * low + behind * sum - (b1 + 2 * b2 + 3 * b3);
        low += sum;
        if (step % ADLER_STEPS == ADLER_STEPS - 1) {
            low %= ADLER;
            high %= ADLER;
        }
    }
    high += static_cast<u64>(rest) * low;
#pragma unroll 1
    for (u32 k = lane; k < rest; k += WARP) {
        const u32 byte = bytes[steps * ADLER_STEP + k];
        high += (rest - k) * byte;
        low += byte;
    }
    const u32 a = static_cast<u32>((1 + sum_of_lanes(low)) % ADLER);
    const u32 b = static_cast<u32>((state.y + sum_of_lanes(high % ADLER)) % ADLER);
    if (lane == 0 && (b << 16 | a) != state.z) {
        set_state(states, task.chunk, STATUS_CHECKSUM, 0, 0);
    }
}
