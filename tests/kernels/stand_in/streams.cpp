// streams: streams and events.

#include <chrono>

#include "call.hpp"

namespace {

uint64_t now() {
    const auto since = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(since).count());
}

}  // namespace

ENTRY_POINT Result cuStreamCreate(void** handle, unsigned flags) {
    BEGIN(call)
    if (flags != STREAM_NON_BLOCKING) {
        MISUSE(INVALID_VALUE, "a stream that waits for the null stream is not what is emulated");
    }
    auto stream = std::make_unique<Stream>();
    stream->context = call.context;
    *handle = stream.get();
    call.context->streams.insert(std::move(stream));
    return SUCCESS;
}

ENTRY_POINT Result cuStreamDestroy_v2(void* handle) {
    BEGIN(call)
    // The context keeps it: what was put on it is still done, whenever that is.
    return call.context->stream(handle) ? SUCCESS : INVALID_HANDLE;
}

ENTRY_POINT Result cuStreamSynchronize(void* handle) {
    BEGIN(call)
    Stream* stream = call.context->stream(handle);
    if (!stream) {
        MISUSE(INVALID_HANDLE, "a stream of another context is waited for");
    }
    complete(*stream, stream->issued);
    seen(*call.context, stream->clock);
    return call.context->failed;
}

ENTRY_POINT Result cuStreamWaitEvent(void* handle, void* event_handle, unsigned) {
    BEGIN(call)
    Stream* stream = call.context->stream(handle);
    const Event* event = call.context->event(event_handle);
    if (!stream || !event) {
        MISUSE(INVALID_HANDLE, "a wait for an event, or on a stream, of another context");
    }
    // What was recorded until now; nothing where there is nothing.
    if (event->stream) {
        follow(stream->clock, event->clock);
        Work work;
        work.awaited = event->stream;
        work.awaited_number = event->number;
        issue(*stream, std::move(work));
    }
    return SUCCESS;
}

ENTRY_POINT Result cuEventCreate(void** handle, unsigned flags) {
    BEGIN(call)
    auto event = std::make_unique<Event>();
    event->context = call.context;
    event->timed = !(flags & EVENT_DISABLE_TIMING);
    *handle = event.get();
    call.context->events.insert(std::move(event));
    return SUCCESS;
}

ENTRY_POINT Result cuEventDestroy_v2(void* handle) {
    BEGIN(call)
    Event* event = call.context->event(handle);
    if (!event) {
        return INVALID_HANDLE;
    }
    if (event->timed && event->stream) {
        // The record writes the time into it.
        complete(*event->stream, event->number);
    }
    for (auto it = call.context->events.begin(); it != call.context->events.end(); ++it) {
        if (it->get() == event) {
            call.context->events.erase(it);
            break;
        }
    }
    return SUCCESS;
}

ENTRY_POINT Result cuEventRecord(void* event_handle, void* handle) {
    BEGIN(call)
    Stream* stream = call.context->stream(handle);
    Event* event = call.context->event(event_handle);
    if (!stream || !event) {
        MISUSE(INVALID_HANDLE, "an event is recorded on a stream of another context");
    }
    Work work;
    if (event->timed) {
        work.run = [event] { event->reached = now(); };
    }
    event->stream = stream;
    event->number = stream->issued + 1;
    issue(*stream, std::move(work));
    event->clock = stream->clock;
    return SUCCESS;
}

ENTRY_POINT Result cuEventSynchronize(void* handle) {
    BEGIN(call)
    Event* event = call.context->event(handle);
    if (!event) {
        MISUSE(INVALID_HANDLE, "an event of another context is waited for");
    }
    if (event->stream) {
        complete(*event->stream, event->number);
        seen(*call.context, event->clock);
    }
    return call.context->failed;
}

ENTRY_POINT Result cuEventElapsedTime(float* milliseconds, void* first, void* last) {
    BEGIN(call)
    const Event* begin = call.context->event(first);
    const Event* end = call.context->event(last);
    if (!begin || !end || !begin->timed || !end->timed || !begin->stream || !end->stream) {
        MISUSE(INVALID_HANDLE, "the time between events that take none");
    }
    if (begin->stream->done < begin->number || end->stream->done < end->number) {
        return NOT_READY;
    }
    *milliseconds = static_cast<float>(end->reached - begin->reached) / 1e6f;
    return SUCCESS;
}
