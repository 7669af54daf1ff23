// emulation: what `kernels/*.cu` take from CUDA, on the host, so that a C++ compiler takes the same
// text and the tests can run it where there is no device. It is no device: it shows what the kernels
// compute, not how fast, nor what a driver or an architecture makes of them. How blocks are run is in
// `fibers.hpp`.
#pragma once

#include <math.h>
#include <string.h>

#include <cstdint>
#include <type_traits>
#include <utility>

#include "fibers.hpp"

#define __device__
#define __forceinline__ inline
#define __global__
#define __launch_bounds__(...)
#define __restrict__ __restrict
// All of it is in one section, so that it can be spoiled before each block (on a device it holds what another
// block left) and kept while another block has its turn. Whichever host thread asks, launches follow each other
// (`emulation.cpp` locks). Not in templates: compilers put what those declare elsewhere (`tests/layout/kernels.rs`).
#define __shared__ static __attribute__((section("shared_memory")))

struct alignas(16) uint4 {
    unsigned int x, y, z, w;
};
struct alignas(16) double2 {
    double x, y;
};

namespace emulation {

// The value that another lane brought, or the lane's own where there is no such lane.
template <class T>
T shuffled(Together what, unsigned mask, T value, int from) {
    uint64_t word = 0;
    memcpy(&word, &value, sizeof value);
    const uint64_t* brought = together(what, mask, word);
    if (from >= 0 && from < static_cast<int>(WARP_LANES)) {
        memcpy(&value, &brought[from], sizeof value);
    }
    return value;
}

inline int in_warp() { return static_cast<int>(block->current % WARP_LANES); }

template <class T>
T from_word(uint64_t word) {
    if constexpr (std::is_pointer_v<T>) {
        return reinterpret_cast<T>(word);
    } else {
        return static_cast<T>(word);
    }
}

template <class... A, size_t... I>
void call(void (*kernel)(A...), const uint64_t* arguments, std::index_sequence<I...>) {
    kernel(from_word<A>(arguments[I])...);
}

template <class... A>
void call(void (*kernel)(A...), const uint64_t* arguments) {
    call(kernel, arguments, std::make_index_sequence<sizeof...(A)>());
}

template <class... A>
constexpr unsigned arguments_of(void (*)(A...)) {
    return sizeof...(A);
}

}  // namespace emulation

#define threadIdx emulation::thread_place
#define blockIdx emulation::block_place

inline void __syncthreads() { emulation::to_scheduler(emulation::State::AtBarrier); }
inline void __nanosleep(unsigned) { emulation::to_scheduler(emulation::State::Asleep); }
inline void __syncwarp() { emulation::together(emulation::Together::Sync, 0xffffffffu, 0); }

inline unsigned __ballot_sync(unsigned mask, bool vote) {
    const uint64_t* brought = emulation::together(emulation::Together::Ballot, mask, vote);
    unsigned votes = 0;
    for (unsigned lane = 0; lane < 32; lane++) {
        votes |= static_cast<unsigned>(brought[lane]) << lane;
    }
    return votes;
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned by) {
    const int from = emulation::in_warp() - static_cast<int>(by);
    return emulation::shuffled(emulation::Together::Up, mask, value, from);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned by) {
    const int from = emulation::in_warp() + static_cast<int>(by);
    return emulation::shuffled(emulation::Together::Down, mask, value, from);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, unsigned by) {
    const int from = emulation::in_warp() ^ static_cast<int>(by);
    return emulation::shuffled(emulation::Together::Across, mask, value, from);
}
template <class T>
T __shfl_sync(unsigned mask, T value, unsigned from) {
    return emulation::shuffled(emulation::Together::From, mask, value, static_cast<int>(from % 32));
}

template <class T>
T atomicAdd(T* at, T value) { const T old = *at; *at = old + value; return old; }
template <class T>
T atomicOr(T* at, T value) { const T old = *at; *at = old | value; return old; }
template <class T>
T atomicMin(T* at, T value) { const T old = *at; *at = value < old ? value : old; return old; }
template <class T>
T atomicMax(T* at, T value) { const T old = *at; *at = value > old ? value : old; return old; }
template <class T>
T atomicCAS(T* at, T expected, T value) {
    const T old = *at;
    *at = old == expected ? value : old;
    return old;
}

// Compiled without contraction: one rounding each.
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dsub_rn(double a, double b) { return a - b; }
inline double __dmul_rn(double a, double b) { return a * b; }

template <class To, class From>
To same_bits(From from) {
    static_assert(sizeof(To) == sizeof(From));
    To to;
    memcpy(&to, &from, sizeof to);
    return to;
}
inline float __uint_as_float(unsigned bits) { return same_bits<float>(bits); }
inline double __longlong_as_double(long long bits) { return same_bits<double>(bits); }
inline long long __double_as_longlong(double x) { return same_bits<long long>(x); }
inline unsigned __float_as_uint(float x) { return same_bits<unsigned>(x); }
inline int __double2hiint(double x) { return static_cast<int>(same_bits<uint64_t>(x) >> 32); }
inline double __hiloint2double(int upper, int lower) {
    const uint64_t bits = static_cast<uint64_t>(static_cast<unsigned>(upper)) << 32;
    return same_bits<double>(bits | static_cast<unsigned>(lower));
}
// Of 0 it is 32.
inline int __clz(unsigned bits) { return bits == 0 ? 32 : __builtin_clz(bits); }
inline unsigned __brev(unsigned bits) {
    unsigned reversed = 0;
    for (int i = 0; i < 32; i++) {
        reversed |= (bits >> i & 1u) << (31 - i);
    }
    return reversed;
}
// The word that begins `shift` bits into the low one of two.
inline unsigned __funnelshift_r(unsigned low, unsigned high, unsigned shift) {
    const uint64_t both = static_cast<uint64_t>(high) << 32 | low;
    return static_cast<unsigned>(both >> (shift % 32));
}
inline int __popc(unsigned bits) { return __builtin_popcount(bits); }
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
    return static_cast<unsigned long long>((static_cast<unsigned __int128>(a) * b) >> 64);
}
