// chunks: storage chunks on their way from bytes of a file to values, for `inflate.cu` and `unfilter.cu`. The host
// (`src/backend/gpu/decode.rs`) says what is to be done with each chunk, one filter after the other, as tasks; what
// has come of a chunk so far is its state. Tasks of one launch are of different chunks.
//
// Memory is addressed in units of UNIT bytes, so that 32 bits reach 64 GiB and every chunk begins aligned. A task
// that does not lie in memory that the launch was given is not done: what the host says is checked here, too.
//
// tasks: TASK_QUADS quads each. states: one quad for each chunk.

// An entry point that needs so few registers that six blocks fit.
#define ENTRY_OF_6 extern "C" __global__ void __launch_bounds__(WORKGROUP, 6)

typedef unsigned char u8;
typedef unsigned short u16;

struct Task {
    // Whose state it is, and where its bytes are and go, in units.
    u32 chunk, in_at, out_at;
    // Bytes that there are room for.
    u32 room;
    // What these mean is the filter's own.
    uint4 more;
};

__device__ __forceinline__ Task task_of(const uint4* tasks, u32 i) {
    const uint4 first = tasks[static_cast<u64>(i) * TASK_QUADS];
    return {first.x, first.y, first.z, first.w, tasks[static_cast<u64>(i) * TASK_QUADS + 1]};
}

// Whether so many bytes from a place on lie in memory of so many units.
__device__ __forceinline__ bool lies_in(u32 at, u32 bytes, u32 units) {
    const u32 needed = bytes / UNIT + (bytes % UNIT != 0 ? 1 : 0);
    return at <= units && needed <= units - at;
}

// The state of a chunk: what is wrong with it, or STATUS_GOOD; how many bytes it has at the moment; and the
// checksum that its stream says.
__device__ __forceinline__ void set_state(uint4* states, u32 chunk, u32 status, u32 length, u32 checksum) {
    states[chunk] = uint4{status, length, checksum, 0};
}

// Sums of all lanes, for all of them.
__device__ __forceinline__ u64 sum_of_lanes(u64 sum) {
#pragma unroll
    for (u32 reach = WARP / 2; reach > 0; reach /= 2) {
        sum += __shfl_xor_sync(ALL_LANES, sum, reach);
    }
    return sum;
}
