// abi: the part of the driver's binary interface that icefold's binary calls: numbers and opaque
// handles. Written from NVIDIA's public documentation of the driver API.
#pragma once

#include <cstddef>
#include <cstdint>

using Result = int;
using DeviceAddress = unsigned long long;

constexpr Result SUCCESS = 0;
constexpr Result INVALID_VALUE = 1;
constexpr Result OUT_OF_MEMORY = 2;
constexpr Result NOT_INITIALIZED = 3;
constexpr Result NO_DEVICE = 100;
constexpr Result INVALID_DEVICE = 101;
constexpr Result INVALID_CONTEXT = 201;
constexpr Result NO_BINARY_FOR_GPU = 209;
constexpr Result INVALID_PTX = 218;
constexpr Result INVALID_HANDLE = 400;
constexpr Result NOT_FOUND = 500;
constexpr Result NOT_READY = 600;
constexpr Result ILLEGAL_ADDRESS = 700;
constexpr Result CONTEXT_IS_DESTROYED = 709;

constexpr int ATTRIBUTE_CAPABILITY_MAJOR = 75;
constexpr int ATTRIBUTE_CAPABILITY_MINOR = 76;
constexpr int ATTRIBUTE_MEMORY_POOLS_SUPPORTED = 115;

constexpr unsigned EVENT_DISABLE_TIMING = 2;
constexpr unsigned STREAM_NON_BLOCKING = 1;
constexpr unsigned HOST_ALLOC_PORTABLE = 1, HOST_ALLOC_MAPPED = 2;

// What a kernel is given as a node of a graph.
struct KernelNodeParameters {
    void* function;
    unsigned x, y, z, threads_x, threads_y, threads_z, shared;
    void** parameters;
    void** extra;
    void* kernel;
    void* context;
};

// What a fill is given as a node of a graph.
struct FillNodeParameters {
    DeviceAddress to;
    size_t pitch;
    unsigned value, element_bytes;
    size_t width, height;
};

#define ENTRY_POINT extern "C" __attribute__((visibility("default")))
