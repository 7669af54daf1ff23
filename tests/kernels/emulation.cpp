// emulation: the kernels compiled for the host, with a function to launch them by name and one that
// tells what they take. Built by `emulation.rs`, and part of the stand-in for the driver in `stand_in/`.

#include "emulation.hpp"

#include <mutex>
#include <string_view>
#include <type_traits>

#include "emulated.hpp"

// Of this file alone: shared memory in functions that several files may have could not be in one section.
namespace {

#include "../../kernels/constants.cu"
#include "../../kernels/prelude.cu"
#include "../../kernels/place.cu"
#include "../../kernels/locate.cu"
#include "../../kernels/scan.cu"
#include "../../kernels/sort.cu"
#include "../../kernels/sweep.cu"
#include "../../kernels/segment.cu"
#include "../../kernels/part.cu"
#include "../../kernels/reduce.cu"
#include "../../kernels/boxes.cu"
#include "../../kernels/runs.cu"
#include "../../kernels/lane.cu"
#include "../../kernels/fold.cu"
#include "../../kernels/numbers.cu"
#include "../../kernels/chunks.cu"
#include "../../kernels/codes.cu"
#include "../../kernels/bits.cu"
#include "../../kernels/rounds.cu"
#include "../../kernels/deflate.cu"
#include "../../kernels/inflate.cu"
#include "../../kernels/unfilter.cu"
#include "../../kernels/select.cu"

static_assert(WORKGROUP == emulation::LANES);

struct Entry {
    std::string_view name;
    void (*body)(const uint64_t*);
    const KernelParameter* parameters;
    unsigned count;
};

template <class A>
constexpr KernelParameter parameter_of() {
    if constexpr (std::is_pointer_v<A>) {
        using Item = std::remove_pointer_t<A>;
        return {sizeof(A), alignof(Item), !std::is_const_v<Item>};
    } else {
        return {sizeof(A), 0, false};
    }
}

// Of a kernel's type, so that they outlive everything.
template <class... A>
struct Parameters {
    static constexpr KernelParameter all[] = {parameter_of<A>()...};
};

template <class... A>
constexpr const KernelParameter* parameters_of(void (*)(A...)) { return Parameters<A...>::all; }

#define ENTRY_OF(kernel) \
    Entry { #kernel, [](const uint64_t* a) { emulation::call(kernel, a); }, \
            parameters_of(kernel), emulation::arguments_of(kernel) }

const Entry ENTRIES[] = {
    ENTRY_OF(locate), ENTRY_OF(locate_groups), ENTRY_OF(locate_keys),
    ENTRY_OF(scan_reduce), ENTRY_OF(scan_sums), ENTRY_OF(scan_apply),
    ENTRY_OF(sort_count), ENTRY_OF(sort),
    ENTRY_OF(sweep_count), ENTRY_OF(sweep_sums), ENTRY_OF(sweep),
    ENTRY_OF(segment_count), ENTRY_OF(segment),
    ENTRY_OF(reduce), ENTRY_OF(reduce_f64), ENTRY_OF(reduce_i64), ENTRY_OF(reduce_terms),
    ENTRY_OF(reduce_records), ENTRY_OF(reduce_term_records),
    ENTRY_OF(reduce_values), ENTRY_OF(reduce_values_f64), ENTRY_OF(reduce_values_i64),
    ENTRY_OF(runs), ENTRY_OF(runs_keys), ENTRY_OF(runs_cells), ENTRY_OF(runs_rows),
    ENTRY_OF(fold), ENTRY_OF(fold_f64), ENTRY_OF(fold_i64), ENTRY_OF(fold_terms),
    ENTRY_OF(inflate), ENTRY_OF(inflate_check),
    ENTRY_OF(unfilter_shuffle), ENTRY_OF(unfilter_fletcher32), ENTRY_OF(unfilter_values),
    ENTRY_OF(select_positions), ENTRY_OF(select_shards), ENTRY_OF(select_spread), ENTRY_OF(select_odd), ENTRY_OF(select_filter), ENTRY_OF(select_null),
    ENTRY_OF(select_count), ENTRY_OF(select_list), ENTRY_OF(select_gather), ENTRY_OF(select_remain),
};

const Entry* entry_named(std::string_view name) {
    for (const Entry& entry : ENTRIES) {
        if (entry.name == name) {
            return &entry;
        }
    }
    return nullptr;
}

}  // namespace

extern "C" const KernelParameter* icefold_parameters(const char* name, unsigned* count) {
    const Entry* entry = entry_named(name);
    *count = entry ? entry->count : 0;
    return entry ? entry->parameters : nullptr;
}

extern "C" const char* icefold_emulate(
    const char* name, unsigned blocks, const uint64_t* arguments, unsigned count, uint64_t seed) {
    const Entry* entry = entry_named(name);
    if (!entry) {
        return "there is no such kernel";
    }
    if (entry->count != count) {
        return "the kernel takes another number of arguments";
    }
    static std::mutex one_at_a_time;
    const std::lock_guard<std::mutex> held(one_at_a_time);
    emulation::launch = {entry->body, arguments, seed | 1};
    return emulation::run_blocks(blocks);
}
