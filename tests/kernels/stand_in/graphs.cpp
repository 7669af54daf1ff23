// graphs: kernels and fills that are launched together. A graph says which of its nodes follow each other; those of
// which it does not say so come in any order, and may not touch the same memory.

#include <algorithm>
#include <cstring>

#include "call.hpp"

namespace {

// Adds a node behind others of its graph.
Result add(Call& call, void** handle, void* graph_handle, void* const* before, size_t number, Task task) {
    Graph* graph = call.context->graph(graph_handle);
    if (!graph) {
        MISUSE(INVALID_HANDLE, "a node is added to a graph of another context");
    }
    auto node = std::make_unique<Node>();
    node->task = std::move(task);
    for (size_t i = 0; i < number; i++) {
        const auto* one = static_cast<const Node*>(before[i]);
        const bool known = std::any_of(
            graph->nodes.begin(), graph->nodes.end(), [=](const auto& node) { return node.get() == one; });
        if (!known) {
            MISUSE(INVALID_VALUE, "a node follows one that is not of its graph");
        }
        node->follows.insert(one);
        node->follows.insert(one->follows.begin(), one->follows.end());
    }
    *handle = node.get();
    graph->nodes.push_back(std::move(node));
    return SUCCESS;
}

Result task_of_fill(const Call& call, const FillNodeParameters& fill, const void* context, Task& task) {
    if (context != call.context || fill.element_bytes != 1 || fill.height != 1 || fill.value > 0xff) {
        MISUSE(INVALID_VALUE, "a fill of a graph that is not of bytes in one row");
    }
    task.to = fill.to;
    task.bytes = fill.width;
    task.byte = static_cast<unsigned char>(fill.value);
    return SUCCESS;
}

// Gives a node of a graph that is ready another task of its kind.
Result change(Call& call, void* handle, const void* node, Task task) {
    ReadyGraph* ready = call.context->ready_graph(handle);
    if (!ready) {
        MISUSE(INVALID_HANDLE, "a graph of another context is changed");
    }
    for (auto& [original, own] : ready->nodes) {
        if (original == node) {
            if (!own.task.function != !task.function) {
                MISUSE(INVALID_VALUE, "a node of a graph becomes one of another kind");
            }
            own.task = std::move(task);
            return SUCCESS;
        }
    }
    MISUSE(INVALID_VALUE, "a node is changed that is not of the graph");
}

bool collide_anywhere(const Work& a, const Work& b) {
    return std::any_of(a.ranges.begin(), a.ranges.end(), [&](const Range& x) {
        return std::any_of(b.ranges.begin(), b.ranges.end(), [&](const Range& y) {
            return (x.written || y.written) && x.at < y.at + y.bytes && y.at < x.at + x.bytes;
        });
    });
}

}  // namespace

ENTRY_POINT Result cuGraphCreate(void** handle, unsigned flags) {
    BEGIN(call)
    if (flags != 0) {
        return INVALID_VALUE;
    }
    auto graph = std::make_unique<Graph>();
    graph->context = call.context;
    *handle = graph.get();
    call.context->graphs.insert(std::move(graph));
    return SUCCESS;
}

ENTRY_POINT Result cuGraphDestroy(void* handle) {
    BEGIN(call)
    auto& graphs = call.context->graphs;
    const auto found = std::find_if(
        graphs.begin(), graphs.end(), [=](const auto& graph) { return graph.get() == handle; });
    if (found == graphs.end()) {
        MISUSE(INVALID_HANDLE, "a graph is destroyed that this context did not make");
    }
    graphs.erase(found);
    return SUCCESS;
}

ENTRY_POINT Result cuGraphAddKernelNode_v2(
    void** handle, void* graph, void* const* before, size_t number, const KernelNodeParameters* launch) {
    BEGIN(call)
    Task task;
    const Result wrong = task_of_launch(*call.context, *launch, task);
    return wrong == SUCCESS ? add(call, handle, graph, before, number, std::move(task)) : wrong;
}

ENTRY_POINT Result cuGraphAddMemsetNode(
    void** handle, void* graph, void* const* before, size_t number, const FillNodeParameters* fill,
    void* context) {
    BEGIN(call)
    Task task;
    const Result wrong = task_of_fill(call, *fill, context, task);
    return wrong == SUCCESS ? add(call, handle, graph, before, number, std::move(task)) : wrong;
}

ENTRY_POINT Result cuGraphInstantiateWithFlags(void** handle, void* graph_handle, unsigned long long flags) {
    BEGIN(call)
    const Graph* graph = call.context->graph(graph_handle);
    if (!graph || flags != 0) {
        MISUSE(INVALID_HANDLE, "a graph of another context is made ready");
    }
    auto ready = std::make_unique<ReadyGraph>();
    ready->context = call.context;
    for (const auto& node : graph->nodes) {
        ready->nodes.emplace_back(node.get(), *node);
    }
    *handle = ready.get();
    call.context->ready_graphs.insert(std::move(ready));
    return SUCCESS;
}

ENTRY_POINT Result cuGraphExecDestroy(void* handle) {
    BEGIN(call)
    auto& graphs = call.context->ready_graphs;
    const auto found = std::find_if(
        graphs.begin(), graphs.end(), [=](const auto& graph) { return graph.get() == handle; });
    if (found == graphs.end()) {
        MISUSE(INVALID_HANDLE, "a graph is destroyed that this context did not make ready");
    }
    // What was launched of it has tasks of its own.
    graphs.erase(found);
    return SUCCESS;
}

ENTRY_POINT Result cuGraphExecKernelNodeSetParams_v2(
    void* handle, void* node, const KernelNodeParameters* launch) {
    BEGIN(call)
    Task task;
    const Result wrong = task_of_launch(*call.context, *launch, task);
    return wrong == SUCCESS ? change(call, handle, node, std::move(task)) : wrong;
}

ENTRY_POINT Result cuGraphExecMemsetNodeSetParams(
    void* handle, void* node, const FillNodeParameters* fill, void* context) {
    BEGIN(call)
    Task task;
    const Result wrong = task_of_fill(call, *fill, context, task);
    return wrong == SUCCESS ? change(call, handle, node, std::move(task)) : wrong;
}

ENTRY_POINT Result cuGraphLaunch(void* handle, void* stream_handle) {
    BEGIN(call)
    ReadyGraph* ready = call.context->ready_graph(handle);
    Stream* stream = call.context->stream(stream_handle);
    if (!ready || !stream) {
        MISUSE(INVALID_HANDLE, "a graph, or a stream, of another context is launched");
    }
    std::vector<Work> works(ready->nodes.size());
    for (size_t i = 0; i < works.size(); i++) {
        if (const Result wrong = work_of(*call.context, ready->nodes[i].second.task, works[i])) {
            return wrong;
        }
        for (size_t j = 0; j < i; j++) {
            const bool follows = ready->nodes[i].second.follows.count(ready->nodes[j].first) > 0;
            if (!follows && collide_anywhere(works[j], works[i])) {
                MISUSE(INVALID_VALUE,
                       "nodes of a graph use the same memory, and it does not say which comes first");
            }
        }
    }
    call.context->counts.graphs++;
    // Any order that the graph allows.
    std::vector<bool> done(works.size());
    for (size_t left = works.size(); left > 0; left--) {
        std::vector<size_t> next;
        for (size_t i = 0; i < works.size(); i++) {
            bool may = !done[i];
            for (size_t j = 0; j < works.size(); j++) {
                may &= done[j] || ready->nodes[i].second.follows.count(ready->nodes[j].first) == 0;
            }
            if (may) {
                next.push_back(i);
            }
        }
        const size_t chosen = next[noise() % next.size()];
        done[chosen] = true;
        issue(*stream, std::move(works[chosen]));
    }
    return SUCCESS;
}
