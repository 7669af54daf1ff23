// all: the stand-in for NVIDIA's driver, a library with the entry points that icefold's binary looks up
// in libcuda.so.1. It is no driver and drives no hardware: kernels are run by the emulation beside it,
// on the host. It shows whether the binary uses the driver's interface as its documentation says:
// contexts, streams, events, page-locked memory, launches and errors. It has the entry points that
// `src/backend/cuda/driver/devices.rs` lists and no other, so that a call beyond those stops a test. Built by `compiled.rs` in one
// piece; ICEFOLD_STAND_IN has its settings (`settings.hpp`).

#include "settings.cpp"
#include "state.cpp"
#include "queue.cpp"
#include "devices.cpp"
#include "memory.cpp"
#include "streams.cpp"
#include "modules.cpp"
#include "graphs.cpp"
