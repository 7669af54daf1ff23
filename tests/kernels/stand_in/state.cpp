// state: memory with borders, contexts, and what is told of misuse.

#include "state.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "settings.hpp"

namespace {

constexpr size_t BORDER = 4096;
constexpr unsigned char UNTOUCHED = 0xa5, FREED = 0xdb;

std::string& misuse() {
    static std::string text;
    return text;
}

template <class T>
T* found(const std::set<std::unique_ptr<T>>& all, const void* handle) {
    for (const std::unique_ptr<T>& one : all) {
        if (one.get() == handle) {
            return one.get();
        }
    }
    return nullptr;
}

}  // namespace

void misused(const char* text, ...) {
    char message[512];
    va_list arguments;
    va_start(arguments, text);
    vsnprintf(message, sizeof message, text, arguments);
    va_end(arguments);
    misuse() = message;
    if (!settings().remember) {
        fprintf(stderr, "stand-in for the driver: misuse: %s\n", message);
        abort();
    }
}

const char* last_misuse() { return misuse().empty() ? nullptr : misuse().c_str(); }

uint64_t noise() {
    static uint64_t x = settings().seed * 0x9e3779b97f4a7c15ull | 1;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return x >> 8;
}

Block::Block(size_t size, bool of_host, bool is_mapped)
    : bytes(size), host(of_host), mapped(is_mapped), stored(size + 2 * BORDER),
      storage(std::make_unique_for_overwrite<unsigned char[]>(stored)) {
    // Aligned as a device's memory is, and the host's where it is page-locked.
    const uint64_t align = host ? BORDER : 256, start = reinterpret_cast<uint64_t>(storage.get());
    address = (start + BORDER / 2 + align - 1) / align * align;
    const size_t before = address - start;
    if (!host) {
        // Other bytes each time: a value that nobody set shows as a result that changes.
        auto* begin = reinterpret_cast<unsigned char*>(address);
        uint64_t word = noise();
        for (size_t i = 0; i < bytes; i += sizeof word) {
            memcpy(begin + i, &word, std::min(sizeof word, bytes - i));
            word = word * 0x9e3779b97f4a7c15ull + 1;
        }
    }
    // Page-locked memory is large, and written before it is read: its borders are enough.
    memset(storage.get(), UNTOUCHED, before);
    memset(storage.get() + before + bytes, UNTOUCHED, stored - before - bytes);
}

Block::~Block() {
    // Nothing that it held may be used again.
    memset(reinterpret_cast<void*>(address), FREED, host ? std::min(bytes, BORDER) : bytes);
}

bool Block::holds(uint64_t at, size_t size) const {
    return at >= address && size <= bytes && at - address <= bytes - size;
}

bool Block::whole() const {
    const unsigned char* start = storage.get();
    const unsigned char* begin = reinterpret_cast<const unsigned char*>(address);
    const auto untouched = [](unsigned char byte) { return byte == UNTOUCHED; };
    return std::all_of(start, begin, untouched)
        && std::all_of(begin + bytes, start + stored, untouched);
}

Stream* Context::stream(const void* handle) { return found(streams, handle); }
Event* Context::event(const void* handle) { return found(events, handle); }
Graph* Context::graph(const void* handle) { return found(graphs, handle); }
ReadyGraph* Context::ready_graph(const void* handle) { return found(ready_graphs, handle); }

Block* Context::block(uint64_t at, size_t size) {
    auto after = blocks.upper_bound(at);
    if (after == blocks.begin()) {
        return nullptr;
    }
    Block* block = std::prev(after)->second.get();
    return block->holds(at, size) ? block : nullptr;
}

Block* host_block(Context& context, uint64_t at, size_t size) {
    Block* block = context.block(at, size);
    if (block) {
        return block->host ? block : nullptr;
    }
    for (Context& other : contexts()) {
        block = other.block(at, size);
        if (block && block->portable) {
            return block;
        }
    }
    return nullptr;
}

void Context::check_borders() {
    for (const auto& [address, block] : blocks) {
        if (!block->whole()) {
            misused("something was written beside memory of %zu bytes", block->bytes);
        }
    }
}

void Context::end() {
    for (const auto& stream : streams) {
        complete(*stream, stream->issued);
    }
    check_borders();
    counts.left_bytes = bytes;
    for (const auto& [address, block] : blocks) {
        counts.left_pinned_bytes += block->host ? block->bytes : 0;
    }
    if (!settings().log.empty()) {
        if (FILE* log = fopen(settings().log.c_str(), "a")) {
            const auto of = [&](const char* name, uint64_t value) {
                fprintf(log, "\"%s\": %llu, ", name, static_cast<unsigned long long>(value));
            };
            fprintf(log, "{");
            of("launches", counts.launches);
            of("uploads", counts.uploads);
            of("upload_bytes", counts.upload_bytes);
            of("downloads", counts.downloads);
            of("allocations", counts.allocations);
            of("peak_bytes", counts.peak_bytes);
            of("pinned_blocks", counts.pinned_blocks);
            of("pinned_bytes", counts.pinned_bytes);
            of("portable_peak", counts.portable_peak);
            of("portable_upload_bytes", counts.portable_upload_bytes);
            of("left_bytes", counts.left_bytes);
            of("left_pinned_bytes", counts.left_pinned_bytes);
            of("ran_ahead", counts.ran_ahead);
            of("machine_code", counts.machine_code);
            of("graphs", counts.graphs);
            fprintf(log, "\"device\": %d}\n", device);
            fclose(log);
        }
    }
    const int of_device = device;
    *this = Context();
    device = of_device;
}

std::vector<Context>& contexts() {
    static std::vector<Context>* all = [] {
        auto* made = new std::vector<Context>(std::max(settings().devices, 0));
        for (size_t i = 0; i < made->size(); i++) {
            (*made)[i].device = static_cast<int>(i);
        }
        return made;
    }();
    return *all;
}

std::recursive_mutex& lock() {
    static auto* mutex = new std::recursive_mutex();
    return *mutex;
}
