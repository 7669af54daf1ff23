// prelude: what every stage's kernels begin with, after `constants.cu`. Where work is: tiles of TILE
// consecutive items, one block each; within a tile a thread owns the ITEMS consecutive items of its
// strip. Twin of `shaders/prelude.wgsl`, with warps where devices without them use barriers.
//
// The same text is compiled by NVRTC for devices and by a C++ compiler for the emulation in
// `tests/kernels/`, so nothing here goes around what that header offers.

typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long i64;

static constexpr u32 WARP = 32;
static constexpr u32 WARPS = WORKGROUP / WARP;
static constexpr u32 ALL_LANES = 0xffffffffu;

// An entry point: launched in blocks of WORKGROUP threads, two of which share a multiprocessor, so that
// a thread has up to 128 registers and none is spilled.
#define ENTRY extern "C" __global__ void __launch_bounds__(WORKGROUP, 2)
// Ones that need fewer registers than that, so that more blocks fit.
#define ENTRY_OF_3 extern "C" __global__ void __launch_bounds__(WORKGROUP, 3)
#define ENTRY_OF_4 extern "C" __global__ void __launch_bounds__(WORKGROUP, 4)

__device__ __forceinline__ u32 smaller(u32 a, u32 b) { return a < b ? a : b; }
__device__ __forceinline__ u32 larger(u32 a, u32 b) { return a > b ? a : b; }

// Tiles of `n` items.
__device__ __forceinline__ u32 tiles_of(u32 n) {
    return (n + TILE - 1u) / TILE;
}

// The sum of the values of all lower threads of the block, and that of all in `total`. Every thread
// of the block calls it. Sums of integers: any order is exact.
__device__ __forceinline__ u32 scan_lanes(u32 lane, u32 value, u32& total) {
    __shared__ u32 warp_sums[WARPS];
    u32 sum = value;
#pragma unroll
    for (u32 reach = 1; reach < WARP; reach *= 2) {
        const u32 below = __shfl_up_sync(ALL_LANES, sum, reach);
        if ((lane % WARP) >= reach) {
            sum += below;
        }
    }
    // Readers of the last call are done with the sums.
    __syncthreads();
    if (lane % WARP == WARP - 1) {
        warp_sums[lane / WARP] = sum;
    }
    __syncthreads();
    u32 before = 0;
    total = 0;
#pragma unroll
    for (u32 warp = 0; warp < WARPS; warp++) {
        const u32 here = warp_sums[warp];
        before += warp < lane / WARP ? here : 0;
        total += here;
    }
    return before + sum - value;
}

// A strip of 32-bit words that begins at `first`, in loads of 16 bytes where it is whole; `missing`
// stands in for what lies beyond `n`.
__device__ __forceinline__ void load_strip(
    const u32* __restrict__ words, u32 first, u32 n, u32 missing, u32 (&strip)[ITEMS]) {
    if (first + ITEMS <= n) {
        const uint4* quads = reinterpret_cast<const uint4*>(words + first);
#pragma unroll
        for (u32 quad = 0; quad < ITEMS / 4; quad++) {
            const uint4 loaded = quads[quad];
            strip[4 * quad] = loaded.x;
            strip[4 * quad + 1] = loaded.y;
            strip[4 * quad + 2] = loaded.z;
            strip[4 * quad + 3] = loaded.w;
        }
    } else {
#pragma unroll
        for (u32 item = 0; item < ITEMS; item++) {
            strip[item] = first + item < n ? words[first + item] : missing;
        }
    }
}

// Words to an address that is a multiple of 16 bytes, in stores of 16 bytes.
template <u32 WORDS>
__device__ __forceinline__ void store_words(const u32 (&words)[WORDS], u32* to) {
    static_assert(WORDS % 4 == 0, "whole stores");
#pragma unroll
    for (u32 quad = 0; quad < WORDS / 4; quad++) {
        reinterpret_cast<uint4*>(to)[quad] = uint4{
            words[4 * quad], words[4 * quad + 1], words[4 * quad + 2], words[4 * quad + 3]};
    }
}
