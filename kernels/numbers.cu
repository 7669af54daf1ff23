// numbers: emitted from `src/backend/gpu/numbers.rs`; a test compares, and writes this file where
// ICEFOLD_WRITE_CONSTANTS is set.

static constexpr u32 UNIT = 16u;
static constexpr u32 TASK_QUADS = 2u;
static constexpr u32 LONGEST_CHUNK = 4294967040u;
static constexpr u32 ELEMENT_SIZE = 15u;
static constexpr u32 ELEMENT_BIG = 16u;
static constexpr u32 ELEMENT_SIGNED = 32u;
static constexpr u32 ELEMENT_WIDE = 64u;
static constexpr u32 STATUS_GOOD = 0u;
static constexpr u32 STATUS_HEADER = 1u;
static constexpr u32 STATUS_BLOCK = 2u;
static constexpr u32 STATUS_CODE = 3u;
static constexpr u32 STATUS_DISTANCE = 4u;
static constexpr u32 STATUS_SHORT = 5u;
static constexpr u32 STATUS_LONG = 6u;
static constexpr u32 STATUS_CHECKSUM = 7u;
static constexpr u32 STATUS_LENGTH = 8u;
static constexpr u32 STATUS_PLACE = 9u;
static constexpr u32 STATUS_WORK = 10u;
