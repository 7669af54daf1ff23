// constants: emitted from `src/backend/cuda/tile.rs` and `src/grid/`; a test compares, and writes
// this file where ICEFOLD_WRITE_CONSTANTS is set. Numbers are written in full, in hexadecimal.

static constexpr unsigned int WORKGROUP = 256;
static constexpr unsigned int ITEMS = 16;
static constexpr unsigned int TILE = 4096;
static constexpr unsigned int DIGIT_BITS = 8;
static constexpr unsigned int BINS = 256;
static constexpr unsigned int ROW_WORDS = 20;
static constexpr unsigned int SUM_WORDS = 8;
static constexpr unsigned int FLAG_ORDERED = 1;
static constexpr unsigned int FLAG_NULLS = 2;
static constexpr unsigned int FLAG_VALUES = 4;
static constexpr unsigned int FLAG_SUMS = 8;

static constexpr double TO_INTEGER = 0x1.8000000000000p+52;
static constexpr double TWO_OVER_PI = 0x1.45f306dc9c883p-1;
static constexpr double HALF_PI = 0x1.921fb54442d18p+0;
static constexpr double PI_2_MIDDLE = 0x1.1a62633145c00p-54;
static constexpr double PI_2_LOW = 0x1.b839a252049c1p-104;
static constexpr double SINE_0 = -0x1.5555555555555p-3;
static constexpr double SINE_1 = 0x1.1111111111111p-7;
static constexpr double SINE_2 = -0x1.a01a01a01a01ap-13;
static constexpr double SINE_3 = 0x1.71de3a556c734p-19;
static constexpr double SINE_4 = -0x1.ae64567f544e4p-26;
static constexpr double SINE_5 = 0x1.6124613a86d09p-33;
static constexpr double SINE_6 = -0x1.ae7f3e733b81fp-41;
static constexpr double SINE_7 = 0x1.952c77030ad4ap-49;
static constexpr double COSINE_0 = 0x1.5555555555555p-5;
static constexpr double COSINE_1 = -0x1.6c16c16c16c17p-10;
static constexpr double COSINE_2 = 0x1.a01a01a01a01ap-16;
static constexpr double COSINE_3 = -0x1.27e4fb7789f5cp-22;
static constexpr double COSINE_4 = 0x1.1eed8eff8d898p-29;
static constexpr double COSINE_5 = -0x1.93974a8c07c9dp-37;
static constexpr double COSINE_6 = 0x1.ae7f3e733b81fp-45;
static constexpr double F1 = -0x1.257f6a0d4ec34p-9;
static constexpr double F2 = 0x1.1dffd07b72abcp-19;
static constexpr double F3 = -0x1.5fbdd3c5f03e3p-29;
static constexpr double F4 = 0x1.da40e51e5f741p-39;
static constexpr double F5 = -0x1.4aaaccce996d9p-48;
static constexpr double DEGREE = 0x1.1df46a2529d39p-6;
static constexpr double TRANSITION = 0x1.759edd04f68dep-1;
static constexpr double SQRT_6 = 0x1.3988e1409212ep+1;
static constexpr double SIDE = 0x1.0000000000000p+29;
static constexpr double LAST = 0x1.fffffff000000p+28;
static constexpr double NINETIETH = 0x1.6c16c16c16c17p-7;
static constexpr double FORTY_FIFTH = 0x1.6c16c16c16c17p-6;
