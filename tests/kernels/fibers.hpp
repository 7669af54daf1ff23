// fibers: how the emulation runs blocks. A block is run by fibers, one per thread, on one thread of the host; a
// fiber runs until it meets a barrier or a warp operation. Between two of those, fibers run in an order that changes
// from round to round, so that a missing barrier shows as a wrong or changing result. A few blocks are on the device
// at the same time and take turns, now and then and where all threads of one sleep; they begin in the order of their
// numbers, and a block that waits for one that has not begun waits for ever, which is an error. Barriers and warp
// operations that not all threads reach are errors here, as they are on a device. Shared memory that a
// block has not written, and memory that was just allocated, hold other bytes each time, so that a value
// that nobody set shows in the same way.
#pragma once

#include <setjmp.h>
#include <string.h>
#include <ucontext.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

extern "C" unsigned char __start_shared_memory[], __stop_shared_memory[];

namespace emulation {

constexpr unsigned LANES = 256, WARP_LANES = 32, STACK = 128 << 10;

enum class State { Ready, AtBarrier, InWarp, Asleep, Done };
// What a warp does together.
enum class Together { Sync, Ballot, Up, Down, Across, From };

struct Fiber {
    jmp_buf here;
    ucontext_t first;
    std::unique_ptr<char[]> stack;
    State state = State::Ready;
    Together together = Together::Sync;
    unsigned turn = 0;
};

struct Place {
    unsigned x = 0;
};

struct Block {
    Fiber fibers[LANES];
    jmp_buf scheduler;
    ucontext_t scheduler_first;
    // What the lanes of a warp bring, in turns: the next turn may begin before all have read.
    uint64_t brought[LANES / WARP_LANES][2][WARP_LANES];
    // What it has in shared memory, while others have their turn.
    std::vector<unsigned char> shared;
    const char* wrong = nullptr;
    // Whether its fibers have ever run, and which of them begin anew.
    bool started = false;
    bool begun[LANES];
    unsigned current = 0, number = 0;
    bool active = false;
};

struct Launch {
    void (*body)(const uint64_t*) = nullptr;
    const uint64_t* arguments = nullptr;
    uint64_t noise = 1;
};

// Blocks that are on the device at the same time.
constexpr unsigned RESIDENT = 3;
// Turns in which all blocks may sleep before they are taken to sleep for ever.
constexpr unsigned PATIENCE = 10000;

inline thread_local std::unique_ptr<Block> resident[RESIDENT];
// The one that has its turn.
inline thread_local Block* block = nullptr;
inline thread_local Launch launch;
inline thread_local Place thread_place, block_place;

inline void to_scheduler(State state) {
    Fiber& fiber = block->fibers[block->current];
    fiber.state = state;
    if (_setjmp(fiber.here) == 0) {
        _longjmp(block->scheduler, 1);
    }
}

inline void fiber_main() {
    for (;;) {
        launch.body(launch.arguments);
        to_scheduler(State::Done);
    }
}

inline std::unique_ptr<Block> make_block() {
    auto made = std::make_unique<Block>();
    for (Fiber& fiber : made->fibers) {
        fiber.stack = std::make_unique<char[]>(STACK);
        getcontext(&fiber.first);
        fiber.first.uc_stack.ss_sp = fiber.stack.get();
        fiber.first.uc_stack.ss_size = STACK;
        fiber.first.uc_link = nullptr;
        makecontext(&fiber.first, fiber_main, 0);
    }
    return made;
}

inline void resume(unsigned lane, bool first) {
    block->current = lane;
    thread_place.x = lane;
    if (_setjmp(block->scheduler) == 0) {
        if (first) {
            setcontext(&block->fibers[lane].first);
        }
        _longjmp(block->fibers[lane].here, 1);
    }
}

inline uint64_t noise() {
    uint64_t& x = launch.noise;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return x;
}

// Lets warps go on whose lanes all wait for each other; whether there was one.
inline bool release_warps() {
    bool released = false;
    for (unsigned first = 0; first < LANES; first += WARP_LANES) {
        Fiber* warp = block->fibers + first;
        unsigned waiting = 0, asleep = 0;
        for (unsigned lane = 0; lane < WARP_LANES; lane++) {
            asleep += warp[lane].state == State::Asleep;
            waiting += warp[lane].state == State::InWarp;
        }
        if (waiting == 0 || (asleep > 0 && waiting + asleep == WARP_LANES)) {
            continue;
        }
        for (unsigned lane = 0; lane < WARP_LANES; lane++) {
            if (warp[lane].state == State::InWarp && warp[lane].together != warp[0].together) {
                block->wrong = "lanes of a warp met in different operations";
            }
        }
        if (waiting < WARP_LANES) {
            block->wrong = "not all lanes of a warp reached an operation of the warp";
        }
        for (unsigned lane = 0; lane < WARP_LANES; lane++) {
            warp[lane].state = State::Ready;
        }
        released = true;
    }
    return released;
}

// What shared memory holds before a block has written to it: nothing to rely on.
inline void spoil_shared_memory() {
    const size_t bytes = static_cast<size_t>(__stop_shared_memory - __start_shared_memory);
    memset(__start_shared_memory, static_cast<int>(noise() >> 16 & 0xff), bytes);
}

enum class Turn { Over, AllAsleep, Done, Wrong };

// Gives the block a turn. Wrong: it does what a device does not define.
inline Turn run_turn() {
    for (;;) {
        // An odd factor permutes the lanes.
        const unsigned factor = static_cast<unsigned>(noise()) | 1, shift = noise() % LANES;
        for (unsigned i = 0; i < LANES; i++) {
            const unsigned lane = (i * factor + shift) % LANES;
            if (block->fibers[lane].state == State::Ready) {
                const bool first = !block->started && !block->begun[lane];
                block->begun[lane] = true;
                resume(lane, first);
            }
        }
        const bool released = release_warps();
        if (block->wrong) {
            return Turn::Wrong;
        }
        unsigned done = 0, asleep = 0;
        for (Fiber& fiber : block->fibers) {
            done += fiber.state == State::Done;
            asleep += fiber.state == State::Asleep;
            fiber.state = fiber.state == State::Asleep ? State::Ready : fiber.state;
        }
        if (done == LANES) {
            return Turn::Done;
        }
        if (!released && asleep > 0) {
            return Turn::AllAsleep;
        }
        if (!released) {
            if (done > 0) {
                block->wrong = "not all threads of a block reached a barrier";
                return Turn::Wrong;
            }
            for (Fiber& fiber : block->fibers) {
                fiber.state = State::Ready;
            }
        }
        if (noise() % 64 == 0) {
            return Turn::Over;
        }
    }
}

inline void begin_block(unsigned number) {
    block->number = number;
    block->active = true;
    block->wrong = nullptr;
    spoil_shared_memory();
    for (unsigned lane = 0; lane < LANES; lane++) {
        block->fibers[lane].state = State::Ready;
        block->begun[lane] = false;
    }
}

// Runs blocks, a few at a time; what is wrong, or nothing.
inline const char* run_blocks(unsigned blocks) {
    unsigned next = 0, done = 0, asleep = 0;
    // Whose memory is in the section; what is there of blocks of other launches is of no use.
    Block* holds = nullptr;
    for (auto& one : resident) {
        one = one ? std::move(one) : make_block();
        one->active = false;
    }
    while (done < blocks) {
        const unsigned number = static_cast<unsigned>(noise() % RESIDENT);
        block = resident[number].get();
        if (!block->active && next == blocks) {
            continue;
        }
        if (holds != block && holds && holds->active) {
            holds->shared.assign(__start_shared_memory, __stop_shared_memory);
        }
        if (!block->active) {
            begin_block(next++);
        } else if (holds != block) {
            memcpy(__start_shared_memory, block->shared.data(), block->shared.size());
        }
        holds = block;
        block_place.x = block->number;
        const Turn turn = run_turn();
        asleep = turn == Turn::AllAsleep ? asleep + 1 : 0;
        if (turn == Turn::Done) {
            block->active = false;
            block->started = true;
            done++;
        }
        if (turn == Turn::Wrong || asleep > PATIENCE) {
            const char* wrong = block->wrong ? block->wrong : "blocks wait for each other for ever";
            // Fibers stand where they stood.
            for (auto& one : resident) {
                one.reset();
            }
            return wrong;
        }
    }
    return nullptr;
}

// Brings a value to the warp; gives back what all lanes brought.
inline const uint64_t* together(Together what, unsigned mask, uint64_t value) {
    const unsigned lane = block->current;
    Fiber& fiber = block->fibers[lane];
    if (mask != 0xffffffffu) {
        block->wrong = "an operation of part of a warp";
    }
    uint64_t* brought = block->brought[lane / WARP_LANES][fiber.turn % 2];
    brought[lane % WARP_LANES] = value;
    fiber.turn++;
    fiber.together = what;
    to_scheduler(State::InWarp);
    return brought;
}

}  // namespace emulation
