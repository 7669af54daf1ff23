// state: contexts, memory, streams and events of the stand-in. All of it is behind one lock.
//
// Work is put on streams and waits there until a call of the host needs it: that is the latest moment
// a device may choose. In between, and as often as the seed says, other streams run ahead. So a wait
// that is missing, a buffer that is written too early or memory that is freed too early gives wrong
// bits. It is also found without luck: every piece of work knows what it follows (`Clock`), and two
// that touch the same bytes, one of them writing, have to follow each other.
#pragma once

#include <cstdarg>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "abi.hpp"

// Remembers a misuse of the driver, or ends the program with it.
__attribute__((format(printf, 1, 2))) void misused(const char* text, ...);
// The last misuse, or null.
const char* last_misuse();

// A number in a sequence that depends on the seed.
uint64_t noise();

// Bytes of a device or of page-locked memory, between borders that show when something is written
// beside them.
class Block {
public:
    Block(size_t bytes, bool host, bool mapped = false);
    ~Block();
    bool holds(uint64_t at, size_t bytes) const;
    bool whole() const;

    uint64_t address;
    size_t bytes;
    bool host;
    // Of the host, and kernels may use it.
    bool mapped;
    // Of the host, and all devices may copy it.
    bool portable = false;

private:
    size_t stored;
    std::unique_ptr<unsigned char[]> storage;
};

struct Range {
    uint64_t at;
    size_t bytes;
    bool written;
};

struct Stream;
// The last piece of work of each stream that has been followed.
using Clock = std::map<const Stream*, uint64_t>;
void follow(Clock& clock, const Clock& other);

struct Work {
    uint64_t number = 0;
    std::vector<Range> ranges;
    Clock follows;
    std::function<void()> run;
    // What has to be done before it, on another stream.
    Stream* awaited = nullptr;
    uint64_t awaited_number = 0;
};

struct Context;

struct Stream {
    Context* context;
    std::deque<Work> pending;
    // Work that the host does not know to be done: for the search for work that is not ordered.
    std::deque<Work> unknown;
    uint64_t issued = 0, done = 0;
    Clock clock;
    // Its first piece of work waits for another stream.
    bool stepping = false;
};

struct Event {
    Context* context;
    bool timed;
    // Where it was recorded last; null before.
    Stream* stream = nullptr;
    uint64_t number = 0;
    Clock clock;
    // When that was reached, in nanoseconds.
    uint64_t reached = 0;
};

struct Module {
    Context* context;
};

struct Function {
    Context* context;
    const Module* module;
    std::string name;
    std::vector<unsigned> parameter_bytes;
};

// A kernel, or a fill, with what it is given.
struct Task {
    // None where it fills.
    const Function* function = nullptr;
    unsigned blocks = 0;
    std::vector<uint64_t> words;
    uint64_t to = 0;
    size_t bytes = 0;
    unsigned char byte = 0;
};

// A node of a graph, and those that it follows.
struct Node {
    Task task;
    std::set<const Node*> follows;
};

struct Graph {
    Context* context;
    std::deque<std::unique_ptr<Node>> nodes;
};

// A graph that is ready to be launched: nodes in an order in which each follows those that it has to.
struct ReadyGraph {
    Context* context;
    std::vector<std::pair<const Node*, Node>> nodes;
};

// What was done since the context was made.
struct Counts {
    uint64_t launches = 0, uploads = 0, upload_bytes = 0, downloads = 0;
    uint64_t allocations = 0, peak_bytes = 0, pinned_blocks = 0, pinned_bytes = 0;
    // Of memory that all devices may copy: what there is, what there was at most, and what was copied from it.
    uint64_t portable_bytes = 0, portable_peak = 0, portable_upload_bytes = 0;
    uint64_t left_bytes = 0, left_pinned_bytes = 0, ran_ahead = 0, machine_code = 0, graphs = 0;
};

struct Context {
    int device = 0;
    int retained = 0;
    // The error that every call answers once a kernel has failed.
    Result failed = SUCCESS;
    std::map<uint64_t, std::unique_ptr<Block>> blocks;
    uint64_t bytes = 0;
    std::set<std::unique_ptr<Stream>> streams;
    std::set<std::unique_ptr<Event>> events;
    std::set<std::unique_ptr<Module>> modules;
    std::set<std::unique_ptr<Function>> functions;
    std::set<std::unique_ptr<Graph>> graphs;
    std::set<std::unique_ptr<ReadyGraph>> ready_graphs;
    // What the host knows to be done.
    Clock host;
    Counts counts;

    Stream* stream(const void* handle);
    Event* event(const void* handle);
    Graph* graph(const void* handle);
    ReadyGraph* ready_graph(const void* handle);
    // The block that holds these bytes, or null.
    Block* block(uint64_t at, size_t bytes);
    void check_borders();
    void end();
};

// The contexts of all devices, by device.
std::vector<Context>& contexts();
std::recursive_mutex& lock();

// A launch that the driver would take, as a task; what is wrong with it.
Result task_of_launch(Context& context, const KernelNodeParameters& launch, Task& task);
// What a task does to the memory that is there now; what is wrong with it.
Result work_of(Context& context, const Task& task, Work& work);
// Puts work on a stream.
void issue(Stream& stream, Work work);
// Runs a stream up to this piece of work.
void complete(Stream& stream, uint64_t number);
// Whether the host knows that nothing on the device uses these bytes any more.
bool unused(const Context& context, uint64_t at, size_t bytes);
// The block of the host that holds these bytes, of this context or for all of them; or null.
Block* host_block(Context& context, uint64_t at, size_t bytes);
// The host has seen that all that the clock names is done.
void seen(Context& context, const Clock& clock);
