// memory: of the device and page-locked, copies and fills.

#include <algorithm>
#include <cstring>

#include "call.hpp"

namespace {

uint64_t allocations = 0, pinnings = 0;

uint64_t at(const void* pointer) { return reinterpret_cast<uint64_t>(pointer); }

// Takes memory of either kind.
uint64_t take(Context& context, size_t bytes, bool host, bool mapped = false) {
    auto block = std::make_unique<Block>(bytes, host, mapped);
    const uint64_t address = block->address;
    context.blocks.emplace(address, std::move(block));
    return address;
}

Result give_back(Call& call, uint64_t address, bool host) {
    Context& context = *call.context;
    const auto found = context.blocks.find(address);
    if (found == context.blocks.end() || found->second->host != host) {
        MISUSE(INVALID_VALUE, "memory is freed that this context did not give");
    }
    const Block& block = *found->second;
    const auto is_unused = [&](const Context& any) { return unused(any, address, block.bytes); };
    const std::vector<Context>& all = contexts();
    if (block.portable ? !std::all_of(all.begin(), all.end(), is_unused) : !is_unused(context)) {
        // The driver may wait here, and does not promise it for page-locked memory.
        MISUSE(INVALID_VALUE, "memory of %zu bytes is freed while work may use it", block.bytes);
    }
    if (!block.whole()) {
        MISUSE(INVALID_VALUE, "something was written beside memory of %zu bytes", block.bytes);
    }
    context.bytes -= host ? 0 : block.bytes;
    context.counts.portable_bytes -= block.portable ? block.bytes : 0;
    context.blocks.erase(found);
    return SUCCESS;
}

// The stream of a call, if it is one of the current context.
Stream* stream_of(const Call& call, const void* handle) {
    Stream* stream = call.context->stream(handle);
    if (!stream) {
        misused("work is put on a stream of another context, or on none");
    }
    return stream;
}

bool inside(const Call& call, uint64_t address, size_t bytes, bool host) {
    const Block* block = host ? host_block(*call.context, address, bytes)
                              : call.context->block(address, bytes);
    if (block && block->host == host) {
        return true;
    }
    misused(
        host ? "a copy of %zu bytes on a stream is not from or to page-locked memory"
             : "a copy or fill of %zu bytes is not inside one block of the device's memory",
        bytes);
    return false;
}

// A sum that changes with any byte.
uint64_t sum_of(uint64_t address, size_t bytes) {
    const auto* byte = reinterpret_cast<const unsigned char*>(address);
    uint64_t sum = bytes;
    size_t i = 0;
    for (; i + 8 <= bytes; i += 8) {
        uint64_t word;
        memcpy(&word, byte + i, 8);
        sum = (sum ^ word) * 0x9e3779b97f4a7c15ull;
        sum ^= sum >> 32;
    }
    for (; i < bytes; i++) {
        sum = (sum ^ byte[i]) * 0x9e3779b97f4a7c15ull;
    }
    return sum;
}

void copy(uint64_t to, uint64_t from, size_t bytes) {
    memmove(reinterpret_cast<void*>(to), reinterpret_cast<const void*>(from), bytes);
}

}  // namespace

ENTRY_POINT Result cuMemGetInfo_v2(size_t* free, size_t* total) {
    BEGIN(call)
    const uint64_t taken = settings().used + call.context->bytes;
    *total = settings().memory;
    *free = settings().memory - std::min(settings().memory, taken);
    return SUCCESS;
}

ENTRY_POINT Result cuMemAlloc_v2(DeviceAddress* address, size_t bytes) {
    BEGIN(call)
    Context& context = *call.context;
    if (bytes == 0) {
        MISUSE(INVALID_VALUE, "no bytes of memory are asked for");
    }
    allocations++;
    const bool fits = settings().used + context.bytes + bytes <= settings().memory;
    const uint64_t first = settings().allocation_fails;
    const uint64_t end = first + settings().allocation_fails_times;
    if (!fits || (first && allocations >= first && allocations < end)) {
        return OUT_OF_MEMORY;
    }
    *address = take(context, bytes, false);
    context.bytes += bytes;
    context.counts.allocations++;
    context.counts.peak_bytes = std::max(context.counts.peak_bytes, context.bytes);
    return SUCCESS;
}

ENTRY_POINT Result cuMemFree_v2(DeviceAddress address) {
    BEGIN(call)
    return give_back(call, address, false);
}

ENTRY_POINT Result cuMemHostAlloc(void** pointer, size_t bytes, unsigned flags) {
    BEGIN(call)
    pinnings++;
    if (pinnings == settings().pinning_fails) {
        return OUT_OF_MEMORY;
    }
    const bool mapped = (flags & HOST_ALLOC_MAPPED) != 0;
    const uint64_t address = take(*call.context, bytes, true, mapped);
    if (flags & HOST_ALLOC_PORTABLE) {
        Counts& counts = call.context->counts;
        call.context->blocks.at(address)->portable = true;
        counts.portable_bytes += bytes;
        counts.portable_peak = std::max(counts.portable_peak, counts.portable_bytes);
    }
    *pointer = reinterpret_cast<void*>(address);
    call.context->counts.pinned_blocks++;
    call.context->counts.pinned_bytes += bytes;
    return SUCCESS;
}

// The address is that of the host, as where both have one space of addresses.
ENTRY_POINT Result cuMemHostGetDevicePointer_v2(DeviceAddress* address, void* pointer, unsigned flags) {
    BEGIN(call)
    const Block* block = call.context->block(at(pointer), 1);
    if (!block || !block->mapped || flags != 0) {
        MISUSE(INVALID_VALUE, "memory of the host is not mapped into the device's addresses");
    }
    *address = at(pointer);
    return SUCCESS;
}

ENTRY_POINT Result cuMemFreeHost(void* pointer) {
    BEGIN(call)
    return give_back(call, at(pointer), true);
}

ENTRY_POINT Result cuMemcpyHtoDAsync_v2(
    DeviceAddress to, const void* from, size_t bytes, void* handle) {
    BEGIN(call)
    Stream* stream = stream_of(call, handle);
    if (!stream || !inside(call, to, bytes, false) || !inside(call, at(from), bytes, true)) {
        return INVALID_VALUE;
    }
    call.context->counts.uploads++;
    call.context->counts.upload_bytes += bytes;
    if (host_block(*call.context, at(from), bytes)->portable) {
        call.context->counts.portable_upload_bytes += bytes;
    }
    const uint64_t source = at(from), sum = sum_of(source, bytes);
    Work work;
    work.ranges = {{to, bytes, true}, {source, bytes, false}};
    work.run = [=] {
        if (sum_of(source, bytes) != sum) {
            misused("page-locked memory of %zu bytes changed before it was copied", bytes);
        }
        copy(to, source, bytes);
    };
    issue(*stream, std::move(work));
    return SUCCESS;
}

ENTRY_POINT Result cuMemcpyDtoHAsync_v2(
    void* to, DeviceAddress from, size_t bytes, void* handle) {
    BEGIN(call)
    Stream* stream = stream_of(call, handle);
    if (!stream || !inside(call, from, bytes, false) || !inside(call, at(to), bytes, true)) {
        return INVALID_VALUE;
    }
    call.context->counts.downloads++;
    Work work;
    work.ranges = {{at(to), bytes, true}, {from, bytes, false}};
    work.run = [=] { copy(at(to), from, bytes); };
    // What a host sees that does not wait.
    memset(to, 0xa5, bytes);
    issue(*stream, std::move(work));
    return SUCCESS;
}

// Copies from and to any memory of the host wait for themselves, and for no stream that is not the null
// stream: nothing else may be using what they touch.
ENTRY_POINT Result cuMemcpyHtoD_v2(DeviceAddress to, const void* from, size_t bytes) {
    BEGIN(call)
    if (!inside(call, to, bytes, false)) {
        return INVALID_VALUE;
    }
    if (!unused(*call.context, to, bytes)) {
        MISUSE(INVALID_VALUE, "a copy of %zu bytes does not wait for work that may use them", bytes);
    }
    copy(to, at(from), bytes);
    return SUCCESS;
}

ENTRY_POINT Result cuMemcpyDtoH_v2(void* to, DeviceAddress from, size_t bytes) {
    BEGIN(call)
    if (!inside(call, from, bytes, false)) {
        return INVALID_VALUE;
    }
    if (!unused(*call.context, from, bytes)) {
        MISUSE(INVALID_VALUE, "a copy of %zu bytes does not wait for work that may use them", bytes);
    }
    copy(at(to), from, bytes);
    return SUCCESS;
}

ENTRY_POINT Result cuMemcpyDtoDAsync_v2(
    DeviceAddress to, DeviceAddress from, size_t bytes, void* handle) {
    BEGIN(call)
    Stream* stream = stream_of(call, handle);
    if (!stream || !inside(call, to, bytes, false) || !inside(call, from, bytes, false)) {
        return INVALID_VALUE;
    }
    Work work;
    work.ranges = {{to, bytes, true}, {from, bytes, false}};
    work.run = [=] { copy(to, from, bytes); };
    issue(*stream, std::move(work));
    return SUCCESS;
}

ENTRY_POINT Result cuMemsetD8Async(
    DeviceAddress to, unsigned char byte, size_t bytes, void* handle) {
    BEGIN(call)
    Stream* stream = stream_of(call, handle);
    Task task;
    task.to = to;
    task.bytes = bytes;
    task.byte = byte;
    Work work;
    if (!stream || work_of(*call.context, task, work) != SUCCESS) {
        return INVALID_VALUE;
    }
    issue(*stream, std::move(work));
    return SUCCESS;
}
