// emulation: the kernels compiled for the host, with one function to launch them by name. Built and
// loaded by `emulation.rs`.

#include "emulation.hpp"

#include <cstdio>
#include <string_view>

#include "../../kernels/constants.cu"
#include "../../kernels/prelude.cu"
#include "../../kernels/locate.cu"
#include "../../kernels/scan.cu"
#include "../../kernels/sort.cu"
#include "../../kernels/segment.cu"
#include "../../kernels/part.cu"
#include "../../kernels/reduce.cu"

static_assert(WORKGROUP == emulation::LANES);

namespace {

struct Entry {
    std::string_view name;
    void (*body)(const uint64_t*);
    unsigned arguments;
};

#define ENTRY_OF(kernel) \
    Entry { #kernel, [](const uint64_t* a) { emulation::call(kernel, a); }, \
            emulation::arguments_of(kernel) }

const Entry ENTRIES[] = {
    ENTRY_OF(locate), ENTRY_OF(locate_groups), ENTRY_OF(locate_keys),
    ENTRY_OF(scan_reduce), ENTRY_OF(scan_sums), ENTRY_OF(scan_apply),
    ENTRY_OF(sort_count), ENTRY_OF(sort),
    ENTRY_OF(segment_count), ENTRY_OF(segment),
    ENTRY_OF(reduce), ENTRY_OF(reduce_f64), ENTRY_OF(reduce_i64), ENTRY_OF(reduce_terms),
    ENTRY_OF(reduce_records), ENTRY_OF(reduce_term_records),
    ENTRY_OF(reduce_values), ENTRY_OF(reduce_values_f64), ENTRY_OF(reduce_values_i64),
};

}  // namespace

// Runs `blocks` blocks of a kernel; what is wrong with it, or null.
extern "C" const char* icefold_emulate(
    const char* name, unsigned blocks, const uint64_t* arguments, unsigned count, uint64_t seed) {
    for (const Entry& entry : ENTRIES) {
        if (entry.name != name) {
            continue;
        }
        if (entry.arguments != count) {
            return "the kernel takes another number of arguments";
        }
        if (!emulation::block) {
            emulation::make_fibers();
        }
        emulation::block->body = entry.body;
        emulation::block->arguments = arguments;
        emulation::block->noise = seed | 1;
        for (unsigned i = 0; i < blocks; i++) {
            emulation::block_place.x = i;
            if (!emulation::run_block()) {
                const char* wrong = emulation::block->wrong;
                // Its fibers stand where they stood.
                emulation::block.reset();
                return wrong;
            }
        }
        return nullptr;
    }
    return "there is no such kernel";
}
