// devices: what there is, contexts, errors.

#include <cstdio>
#include <cstring>

#include "call.hpp"

Context*& current() {
    static thread_local Context* context = nullptr;
    return context;
}

bool& started() {
    static bool called = false;
    return called;
}

namespace {

bool is_device(int device) { return device >= 0 && device < settings().devices; }

struct Error {
    Result code;
    const char* name;
    const char* text;
};

constexpr Error ERRORS[] = {
    {SUCCESS, "CUDA_SUCCESS", "no error"},
    {INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {NOT_INITIALIZED, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {34, "CUDA_ERROR_STUB_LIBRARY", "CUDA driver is a stub library"},
    {46, "CUDA_ERROR_DEVICE_UNAVAILABLE", "CUDA-capable device(s) is/are busy or unavailable"},
    {NO_DEVICE, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {INVALID_DEVICE, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {INVALID_CONTEXT, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {NO_BINARY_FOR_GPU, "CUDA_ERROR_NO_BINARY_FOR_GPU",
     "no kernel image is available for execution on the device"},
    {INVALID_PTX, "CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"},
    {221, "CUDA_ERROR_JIT_COMPILER_NOT_FOUND", "PTX JIT compiler library not found"},
    {222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION",
     "the provided PTX was compiled with an unsupported toolchain."},
    {INVALID_HANDLE, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {NOT_FOUND, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {NOT_READY, "CUDA_ERROR_NOT_READY", "device not ready"},
    {ILLEGAL_ADDRESS, "CUDA_ERROR_ILLEGAL_ADDRESS",
     "an illegal memory access was encountered"},
    {CONTEXT_IS_DESTROYED, "CUDA_ERROR_CONTEXT_IS_DESTROYED", "context is destroyed"},
    {803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH",
     "system has unsupported display driver / cuda driver combination"},
};

const Error* error_of(Result code) {
    for (const Error& error : ERRORS) {
        if (error.code == code) {
            return &error;
        }
    }
    return nullptr;
}

}  // namespace

ENTRY_POINT Result cuInit(unsigned flags) {
    const std::lock_guard held(lock());
    if (flags != 0) {
        return INVALID_VALUE;
    }
    if (settings().init != SUCCESS) {
        return settings().init;
    }
    started() = true;
    return settings().devices == 0 ? NO_DEVICE : SUCCESS;
}

ENTRY_POINT Result cuDriverGetVersion(int* version) {
    *version = settings().version;
    return SUCCESS;
}

ENTRY_POINT Result cuGetErrorName(Result code, const char** text) {
    const Error* error = error_of(code);
    *text = error ? error->name : nullptr;
    return error ? SUCCESS : INVALID_VALUE;
}

ENTRY_POINT Result cuGetErrorString(Result code, const char** text) {
    const Error* error = error_of(code);
    *text = error ? error->text : nullptr;
    return error ? SUCCESS : INVALID_VALUE;
}

ENTRY_POINT Result cuDeviceGetCount(int* count) {
    *count = settings().devices;
    return started() ? SUCCESS : NOT_INITIALIZED;
}

ENTRY_POINT Result cuDeviceGet(int* device, int ordinal) {
    *device = ordinal;
    return !started() ? NOT_INITIALIZED : is_device(ordinal) ? SUCCESS : INVALID_DEVICE;
}

ENTRY_POINT Result cuDeviceGetName(char* name, int length, int device) {
    if (!is_device(device) || length < 1) {
        return INVALID_DEVICE;
    }
    // Whoever prints it says what it is.
    snprintf(name, static_cast<size_t>(length), "stand-in %d: an emulation, no hardware", device);
    return SUCCESS;
}

ENTRY_POINT Result cuDeviceTotalMem_v2(size_t* bytes, int device) {
    *bytes = settings().memory;
    return is_device(device) ? SUCCESS : INVALID_DEVICE;
}

ENTRY_POINT Result cuDeviceGetAttribute(int* value, int attribute, int device) {
    if (!is_device(device)) {
        return INVALID_DEVICE;
    }
    switch (attribute) {
        case ATTRIBUTE_CAPABILITY_MAJOR: *value = settings().capability / 10; return SUCCESS;
        case ATTRIBUTE_CAPABILITY_MINOR: *value = settings().capability % 10; return SUCCESS;
        case ATTRIBUTE_MEMORY_POOLS_SUPPORTED: *value = 1; return SUCCESS;
        default: return INVALID_VALUE;
    }
}

ENTRY_POINT Result cuDevicePrimaryCtxRetain(Context** context, int device) {
    const std::lock_guard held(lock());
    if (!started() || !is_device(device)) {
        return started() ? INVALID_DEVICE : NOT_INITIALIZED;
    }
    if (settings().retain != SUCCESS) {
        return settings().retain;
    }
    Context& primary = contexts()[static_cast<size_t>(device)];
    primary.retained++;
    *context = &primary;
    return SUCCESS;
}

ENTRY_POINT Result cuDevicePrimaryCtxRelease_v2(int device) {
    const std::lock_guard held(lock());
    if (!is_device(device)) {
        return INVALID_DEVICE;
    }
    Context& primary = contexts()[static_cast<size_t>(device)];
    if (primary.retained == 0) {
        MISUSE(INVALID_CONTEXT, "the primary context is released more often than retained");
    }
    primary.retained--;
    if (primary.retained == 0) {
        primary.end();
    }
    return SUCCESS;
}

ENTRY_POINT Result cuCtxGetCurrent(Context** context) {
    *context = current();
    return started() ? SUCCESS : NOT_INITIALIZED;
}

ENTRY_POINT Result cuCtxSetCurrent(Context* context) {
    const std::lock_guard held(lock());
    if (context && context->retained == 0) {
        MISUSE(CONTEXT_IS_DESTROYED, "a context that has ended is made current");
    }
    current() = context;
    return SUCCESS;
}

// What was misused last; null where nothing was.
ENTRY_POINT const char* icefold_stand_in_misuse() {
    const std::lock_guard held(lock());
    return last_misuse();
}
