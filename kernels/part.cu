// part: the accumulators of part of a piece, and what one value or one record adds to them. Twin of
// `shaders/part.wgsl`; the arithmetic is that of `src/stat/key.rs`, `src/stat/moments.rs`,
// `src/stat/terms.rs` and `src/stat/resolution.rs`. Used by `reduce.cu`, by `fold.cu` for columns that it
// folds value by value, and by `lane.cu` for values that are not plain.
//
// Why sums are exact: they are kept as limbs of 32 bits in words of 64, but for the sum of q, which is
// one word. One photon or record adds less than 2^32 to a limb, and less than 2^48 to the sum of q, and a
// part has at most TILE of them, so no word wraps before its carry is settled; and addition modulo 2^64
// does not depend on order.
//
// The only operations on floats are exact, or rounded once as IEEE 754 says: a float32 widened, a
// product with a power of two, and the nearest integer of it.

// How values of a type are told apart, ordered and made integers.
struct Float32 {
    typedef u32 Bits;
    typedef u32 Key;
    static constexpr u32 SIGN = 0x80000000u, INFINITE = 0x7f800000u;

    static __device__ __forceinline__ double number(Bits bits) {
        return static_cast<double>(__uint_as_float(bits));
    }
};

struct Float64 {
    typedef u64 Bits;
    typedef u64 Key;
    static constexpr u64 SIGN = 0x8000000000000000ull, INFINITE = 0x7ff0000000000000ull;

    static __device__ __forceinline__ double number(Bits bits) {
        return __longlong_as_double(static_cast<i64>(bits));
    }
};

struct Integer64 {
    typedef u64 Bits;
    typedef u64 Key;
    static constexpr u64 SIGN = 0x8000000000000000ull;
};

// |q| is below 2^48.
static constexpr u32 VALUE_BITS = 48;

template <class Float>
__device__ __forceinline__ bool is_nan(Float, typename Float::Bits bits) {
    return (bits & ~Float::SIGN) > Float::INFINITE;
}
__device__ __forceinline__ bool is_nan(Integer64, u64) { return false; }

template <class Float>
__device__ __forceinline__ bool is_infinite(Float, typename Float::Bits bits) {
    return (bits & ~Float::SIGN) == Float::INFINITE;
}
__device__ __forceinline__ bool is_infinite(Integer64, u64) { return false; }

// The order-preserving key of a value that is not NaN; -0 has the key of +0.
template <class Float>
__device__ __forceinline__ typename Float::Key key_of(Float, typename Float::Bits bits) {
    if ((bits & ~Float::SIGN) == 0) {
        return Float::SIGN;
    }
    return (bits & Float::SIGN) ? ~bits : (bits | Float::SIGN);
}
__device__ __forceinline__ u64 key_of(Integer64, u64 bits) { return bits ^ Integer64::SIGN; }

// `value` shifted right, rounded half to even.
__device__ __forceinline__ u64 rounded_right(u64 value, u32 by) {
    if (by == 0) {
        return value;
    }
    if (by > 63) {
        // Values are at most 2^63, of which half a unit is left.
        return 0;
    }
    const u64 whole = value >> by, rest = value & ((1ull << by) - 1), half = 1ull << (by - 1);
    return whole + ((rest > half || (rest == half && (whole & 1))) ? 1 : 0);
}

// q = round-half-even(x * 2^exponent) of a finite x; false where it has more than VALUE_BITS bits.
template <class Float>
__device__ __forceinline__ bool quantise(
    Float, typename Float::Bits bits, int exponent, i64& q) {
    const double scale = __longlong_as_double((1023ll + exponent) << 52);
    const double nearest = rint(__dmul_rn(Float::number(bits), scale));
    if (!(fabs(nearest) < static_cast<double>(1ull << VALUE_BITS))) {
        return false;
    }
    q = static_cast<i64>(nearest);
    return true;
}
__device__ __forceinline__ bool quantise(Integer64, u64 bits, int exponent, i64& q) {
    const bool negative = (bits & Integer64::SIGN) != 0;
    const u64 magnitude = negative ? 0 - bits : bits;
    u64 units = 0;
    if (exponent < 0) {
        units = rounded_right(magnitude, static_cast<u32>(-exponent));
    } else if (exponent < static_cast<int>(VALUE_BITS)) {
        if (magnitude >> (VALUE_BITS - exponent)) {
            return false;
        }
        units = magnitude << exponent;
    } else if (magnitude != 0) {
        return false;
    }
    q = negative ? -static_cast<i64>(units) : static_cast<i64>(units);
    return units >> VALUE_BITS == 0;
}

// Sums of q and of q squared over photons of a tile: |S| < 2^60 fits one word.
struct Moments {
    static constexpr u32 WORDS = 4;
    u64 words[WORDS];

    template <class Value>
    __device__ __forceinline__ bool add(Value value, typename Value::Bits bits, int exponent) {
        i64 q;
        if (!quantise(value, bits, exponent, q)) {
            return false;
        }
        words[0] += static_cast<u64>(q);
        const u64 magnitude = static_cast<u64>(q < 0 ? -q : q);
        const u64 low = magnitude * magnitude;
        words[1] += low & 0xffffffffull;
        words[2] += low >> 32;
        words[3] += __umul64hi(magnitude, magnitude);
        return true;
    }

    // 128 bits of two's complement, then 128 bits.
    __device__ __forceinline__ void write(u32* row) const {
        const u64 sign = static_cast<u64>(static_cast<i64>(words[0]) >> 63);
        row[0] = static_cast<u32>(words[0]);
        row[1] = static_cast<u32>(words[0] >> 32);
        row[2] = static_cast<u32>(sign);
        row[3] = static_cast<u32>(sign);
        const u64 q1 = words[2] + (words[1] >> 32), q2 = words[3] + (q1 >> 32);
        row[4] = static_cast<u32>(words[1]);
        row[5] = static_cast<u32>(q1);
        row[6] = static_cast<u32>(q2);
        row[7] = static_cast<u32>(q2 >> 32);
    }
};

// Limbs of two's complement as they are added up: carries are signed.
template <u32 LIMBS>
__device__ __forceinline__ void write_signed(const u64* limbs, u32 words, u32* row) {
    i64 carry = 0;
#pragma unroll
    for (u32 limb = 0; limb < LIMBS; limb++) {
        const i64 here = static_cast<i64>(limbs[limb]) + carry;
        row[limb] = static_cast<u32>(here);
        carry = here >> 32;
    }
    for (u32 word = LIMBS; word < words; word++) {
        row[word] = static_cast<u32>(carry);
        carry >>= 32;
    }
}

// Sums of f64 terms in units of 2^-128: |term| < 2^63 takes 191 bits, which is six limbs.
struct Terms {
    static constexpr u32 WORDS = 6;
    static constexpr int EXPONENT = 128;
    u64 words[WORDS];

    __device__ __forceinline__ bool add(Float64, u64 bits, int) {
        const u64 magnitude = bits & ~Float64::SIGN;
        const int biased = static_cast<int>(magnitude >> 52);
        // 2^63 and above.
        if (biased >= 1023 + 63) {
            return false;
        }
        // Subnormal numbers have no hidden bit, and the exponent of the smallest normal ones.
        u64 mantissa = (magnitude & 0xfffffffffffffull) | (biased ? 1ull << 52 : 0);
        int shift = (biased ? biased : 1) - 1075 + EXPONENT;
        if (shift < 0) {
            mantissa = rounded_right(mantissa, static_cast<u32>(-shift));
            shift = 0;
        }
        // Three limbs hold the mantissa at any place inside the first.
        const u32 base = static_cast<u32>(shift) / 32, within = static_cast<u32>(shift) % 32;
        const u64 low = mantissa << within;
        const u64 limb0 = low & 0xffffffffull, limb1 = low >> 32;
        const u64 limb2 = within ? mantissa >> (64 - within) : 0;
        const bool negative = (bits & Float64::SIGN) != 0;
#pragma unroll
        for (u32 limb = 0; limb < WORDS; limb++) {
            u64 here = limb == base ? limb0 : 0;
            here = limb == base + 1 ? limb1 : here;
            here = limb == base + 2 ? limb2 : here;
            words[limb] += negative ? 0 - here : here;
        }
        return true;
    }

    // 256 bits of two's complement.
    __device__ __forceinline__ void write(u32* row) const {
        write_signed<WORDS>(words, SUM_WORDS, row);
    }
};

// Sums of rows of either kind of sums over records.
struct MomentRecords {
    static constexpr u32 WORDS = 8;
    u64 words[WORDS];

    // Four limbs from the limb `first` on. The top limb of S carries the sign.
    __device__ __forceinline__ void add(const uint4& limbs, u32 first) {
        words[first] += limbs.x;
        words[first + 1] += limbs.y;
        words[first + 2] += limbs.z;
        words[first + 3] += first == 0 ? static_cast<u64>(static_cast<i64>(static_cast<int>(limbs.w))) : limbs.w;
    }

    __device__ __forceinline__ void write(u32* row) const {
        write_signed<4>(words, 4, row);
        write_signed<4>(words + 4, 4, row + 4);
    }
};

struct TermRecords {
    static constexpr u32 WORDS = 8;
    u64 words[WORDS];

    __device__ __forceinline__ void add(const uint4& limbs, u32 first) {
        words[first] += limbs.x;
        words[first + 1] += limbs.y;
        words[first + 2] += limbs.z;
        words[first + 3] += first == 4 ? static_cast<u64>(static_cast<i64>(static_cast<int>(limbs.w))) : limbs.w;
    }

    __device__ __forceinline__ void write(u32* row) const {
        write_signed<WORDS>(words, SUM_WORDS, row);
    }
};

static constexpr u32 COUNTS = 6;

// Accumulators of part of a piece; sums not yet carried.
template <class KeyType, class SumsType>
struct Part {
    typedef KeyType Key;
    typedef SumsType Sums;

    u32 photons, valid, nan, positive_infinity, negative_infinity, out_of_range;
    Key min, max;
    Sums sums;

    __device__ __forceinline__ void clear() {
        photons = valid = nan = positive_infinity = negative_infinity = out_of_range = 0;
        min = static_cast<Key>(~0ull);
        max = 0;
#pragma unroll
        for (u32 word = 0; word < Sums::WORDS; word++) {
            sums.words[word] = 0;
        }
    }

    template <class Value>
    __device__ __forceinline__ void add_value(
        Value value, typename Value::Bits bits, u32 flags, int exponent) {
        if (is_nan(value, bits)) {
            nan += 1;
            return;
        }
        const Key key = key_of(value, bits);
        min = key < min ? key : min;
        max = key > max ? key : max;
        if (is_infinite(value, bits)) {
            positive_infinity += (bits & Value::SIGN) ? 0 : 1;
            negative_infinity += (bits & Value::SIGN) ? 1 : 0;
        } else if (flags & FLAG_SUMS) {
            out_of_range += sums.add(value, bits, exponent) ? 0 : 1;
        }
    }

    __device__ __forceinline__ void add(const Part& other) {
        photons += other.photons;
        valid += other.valid;
        nan += other.nan;
        positive_infinity += other.positive_infinity;
        negative_infinity += other.negative_infinity;
        out_of_range += other.out_of_range;
        min = other.min < min ? other.min : min;
        max = other.max > max ? other.max : max;
#pragma unroll
        for (u32 word = 0; word < Sums::WORDS; word++) {
            sums.words[word] += other.sums.words[word];
        }
    }

    // The part of the lane `reach` above in the warp.
    __device__ __forceinline__ Part above(u32 reach) const {
        Part other;
        other.photons = __shfl_down_sync(ALL_LANES, photons, reach);
        other.valid = __shfl_down_sync(ALL_LANES, valid, reach);
        other.nan = __shfl_down_sync(ALL_LANES, nan, reach);
        other.positive_infinity = __shfl_down_sync(ALL_LANES, positive_infinity, reach);
        other.negative_infinity = __shfl_down_sync(ALL_LANES, negative_infinity, reach);
        other.out_of_range = __shfl_down_sync(ALL_LANES, out_of_range, reach);
        other.min = __shfl_down_sync(ALL_LANES, min, reach);
        other.max = __shfl_down_sync(ALL_LANES, max, reach);
#pragma unroll
        for (u32 word = 0; word < Sums::WORDS; word++) {
            other.sums.words[word] = __shfl_down_sync(ALL_LANES, sums.words[word], reach);
        }
        return other;
    }

    // A row of ROW_WORDS words. Without a value the range is the identity: all ones, and zero.
    __device__ __forceinline__ void write(u32 key, u32* to) const {
        u32 row[ROW_WORDS];
        const u64 low = min == static_cast<Key>(~0ull) ? ~0ull : static_cast<u64>(min);
        const u64 high = max;
        row[0] = key;
        row[1] = photons;
        row[2] = valid;
        row[3] = nan;
        row[4] = positive_infinity;
        row[5] = negative_infinity;
        row[6] = out_of_range;
        row[7] = 0;
        row[8] = static_cast<u32>(low);
        row[9] = static_cast<u32>(low >> 32);
        row[10] = static_cast<u32>(high);
        row[11] = static_cast<u32>(high >> 32);
        sums.write(row + 12);
        store_words(row, to);
    }

    // A row that was written, at a multiple of 16 bytes: in loads of as many, of which few are held at a time.
    __device__ __forceinline__ void add_record(const u32* row) {
        const uint4* quads = reinterpret_cast<const uint4*>(row);
        const uint4 counts = quads[0], more = quads[1], range = quads[2];
        photons += counts.y;
        valid += counts.z;
        nan += counts.w;
        positive_infinity += more.x;
        negative_infinity += more.y;
        out_of_range += more.z;
        const Key low = static_cast<Key>(range.x | static_cast<u64>(range.y) << 32);
        const Key high = static_cast<Key>(range.z | static_cast<u64>(range.w) << 32);
        min = low < min ? low : min;
        max = high > max ? high : max;
        sums.add(quads[3], 0);
        sums.add(quads[4], 4);
    }
};
