// queue: when work on streams is run, and whether pieces of it follow each other.

#include <algorithm>
#include <chrono>

#include "state.hpp"

namespace {

bool has_seen(const Clock& clock, const Stream* stream, uint64_t number) {
    const auto known = clock.find(stream);
    return known != clock.end() && known->second >= number;
}

bool collide(const Range& a, const Range& b) {
    return (a.written || b.written) && a.at < b.at + b.bytes && b.at < a.at + a.bytes;
}

bool collide(const Work& a, const Work& b) {
    return std::any_of(a.ranges.begin(), a.ranges.end(), [&](const Range& x) {
        return std::any_of(
            b.ranges.begin(), b.ranges.end(), [&](const Range& y) { return collide(x, y); });
    });
}

// Runs the first piece of work of a stream, after what it waits for.
void step(Stream& stream) {
    Work& first = stream.pending.front();
    stream.stepping = true;
    if (first.awaited) {
        complete(*first.awaited, first.awaited_number);
    }
    stream.stepping = false;
    // Once a kernel has failed, nothing runs.
    if (stream.context->failed == SUCCESS && first.run) {
        first.run();
    }
    stream.done = first.number;
    stream.pending.pop_front();
}

// Lets some stream run ahead of what is needed.
void run_ahead(Context& context) {
    std::vector<Stream*> waiting;
    for (const auto& stream : context.streams) {
        if (stream->stepping) {
            // Another might wait for what is behind its step.
            return;
        }
        if (!stream->pending.empty()) {
            waiting.push_back(stream.get());
        }
    }
    if (!waiting.empty()) {
        context.counts.ran_ahead++;
        step(*waiting[noise() % waiting.size()]);
    }
}

}  // namespace

void follow(Clock& clock, const Clock& other) {
    for (const auto& [stream, number] : other) {
        clock[stream] = std::max(clock[stream], number);
    }
}

void issue(Stream& stream, Work work) {
    Context& context = *stream.context;
    work.number = ++stream.issued;
    follow(stream.clock, context.host);
    for (const auto& other : context.streams) {
        for (const Work& earlier : other->unknown) {
            if (!has_seen(stream.clock, other.get(), earlier.number) && collide(earlier, work)) {
                misused(
                    "work on two streams uses the same memory, and nothing says which comes first");
            }
        }
    }
    stream.clock[&stream] = work.number;
    work.follows = stream.clock;
    if (!work.ranges.empty()) {
        Work known = work;
        known.run = nullptr;
        stream.unknown.push_back(std::move(known));
    }
    stream.pending.push_back(std::move(work));
    if (noise() % 16 == 0) {
        run_ahead(context);
    }
}

void complete(Stream& stream, uint64_t number) {
    while (stream.done < number) {
        if (noise() % 4 == 0) {
            run_ahead(*stream.context);
        }
        // That may have been on this stream.
        if (stream.done < number) {
            step(stream);
        }
    }
}

bool unused(const Context& context, uint64_t at, size_t bytes) {
    const Range all = {at, bytes, true};
    for (const auto& stream : context.streams) {
        for (const Work& work : stream->unknown) {
            for (const Range& range : work.ranges) {
                if (collide(range, all)) {
                    return false;
                }
            }
        }
    }
    return true;
}

void seen(Context& context, const Clock& clock) {
    follow(context.host, clock);
    for (const auto& stream : context.streams) {
        while (!stream->unknown.empty()
               && has_seen(context.host, stream.get(), stream->unknown.front().number)) {
            stream->unknown.pop_front();
        }
    }
    context.check_borders();
}
