// call: what every entry point of the stand-in begins with.
#pragma once

#include "settings.hpp"
#include "state.hpp"

// The context that is current on this thread, as the driver keeps it.
Context*& current();
// cuInit has been called.
bool& started();

// Takes the lock and looks at the context of the thread, for as long as it lives.
class Call {
public:
    Call() : held(lock()) {
        context = current();
        if (!started()) {
            result = NOT_INITIALIZED;
        } else if (!context) {
            result = INVALID_CONTEXT;
        } else if (context->retained == 0) {
            result = CONTEXT_IS_DESTROYED;
        } else {
            result = context->failed;
        }
    }

    // Another error, where there is none yet.
    Result fail(Result error) {
        result = result == SUCCESS ? error : result;
        return result;
    }

    bool well() const { return result == SUCCESS; }

    Context* context;
    Result result;

private:
    std::lock_guard<std::recursive_mutex> held;
};

#define BEGIN(call)                   \
    Call call;                        \
    if (!call.well()) {               \
        return call.result;           \
    }

// A misuse for which the driver has an error.
#define MISUSE(error, ...)            \
    do {                              \
        misused(__VA_ARGS__);         \
        return error;                 \
    } while (false)
