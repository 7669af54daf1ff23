// nvrtc_13: a library with NVRTC's interface that refuses every source, to show that this release is
// found by its name. It compiles nothing. Built by `compiled.rs`.

#include <cstddef>
#include <cstring>

namespace {

constexpr int COMPILATION_FAILED = 6;
constexpr char LOG[] = "a stand-in for NVRTC 13 compiles nothing";
int program = 0;

}  // namespace

#define NVRTC_FUNCTION extern "C" __attribute__((visibility("default"))) int

NVRTC_FUNCTION nvrtcCreateProgram(
    void** made, const char*, const char*, int, const char* const*, const char* const*) {
    *made = &program;
    return 0;
}
NVRTC_FUNCTION nvrtcCompileProgram(void*, int, const char* const*) { return COMPILATION_FAILED; }
NVRTC_FUNCTION nvrtcGetProgramLogSize(void*, size_t* size) { *size = sizeof LOG; return 0; }
NVRTC_FUNCTION nvrtcGetProgramLog(void*, char* log) { memcpy(log, LOG, sizeof LOG); return 0; }
NVRTC_FUNCTION nvrtcDestroyProgram(void** made) { *made = nullptr; return 0; }
