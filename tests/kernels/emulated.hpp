// emulated: what `emulation.cpp` offers to those that launch its kernels: `emulation.rs` by name, and
// the stand-in for the driver in `stand_in/`.
#pragma once

#include <cstdint>

// One parameter of a kernel.
struct KernelParameter {
    unsigned bytes;
    // An address, of items that are aligned to this; 0 for a number.
    unsigned alignment;
    // The kernel may write there.
    bool written;
};

// The parameters of a kernel, `count` of them, or null where there is no such kernel.
extern "C" const KernelParameter* icefold_parameters(const char* name, unsigned* count);

// Runs `blocks` blocks of a kernel; what is wrong with it, or null. Every argument is in a word of 64
// bits. Threads run in an order that depends on `seed`.
extern "C" const char* icefold_emulate(
    const char* name, unsigned blocks, const uint64_t* arguments, unsigned count, uint64_t seed);
