// settings: how the stand-in behaves, from the variable ICEFOLD_STAND_IN, as in
// `devices=2,memory=64M,launch_fails=7`.
#pragma once

#include <cstdint>
#include <string>

struct Settings {
    int devices = 1;
    // Bytes of each device, and those that other programs have taken.
    uint64_t memory = 1ull << 30;
    uint64_t used = 0;
    // What cuDriverGetVersion says.
    int version = 12000;
    // Compute capability, times ten.
    int capability = 75;
    // What these answer where it is not success: cuInit, cuDevicePrimaryCtxRetain, cuModuleLoadData.
    int init = 0, retain = 0, module = 0;
    // And cuModuleLoadData of machine code.
    int code = 0;
    // The n-th call that fails, counted from 1 over all devices; 0 for none. An allocation fails for
    // want of memory, as it does for page-locked memory; a launch as an illegal access does, which
    // leaves the context useless.
    uint64_t allocation_fails = 0, pinning_fails = 0, launch_fails = 0;
    // How many allocations fail from that one on.
    uint64_t allocation_fails_times = 1;
    // Another order of streams for each.
    uint64_t seed = 1;
    // A misuse is remembered, for the tests of the stand-in itself, in place of ending the program.
    bool remember = false;
    // A kernel that gives a wrong bit: the lowest of what it writes first.
    std::string spoils;
    // A kernel that never ends.
    std::string hangs;
    // Where a line of what was done is written when a context ends, and where modules' PTX is put.
    std::string log, ptx;
};

const Settings& settings();
