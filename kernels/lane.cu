// lane: what one lane has of the floats of a piece, how they are loaded, and the row that it all comes to. Used
// by `fold.cu`, which says what a row is; the arithmetic of values that are not plain is in `part.cu`.
//
// A plain value is finite and of a magnitude that surely has VALUE_BITS bits of units. Its units are found by one
// addition, which is rounded once as IEEE 754 says, and give the bits of `src/stat/resolution.rs`.

__device__ __forceinline__ void add_count(u64* row, u32 place, u32 count) {
    if (count != 0) {
        atomicAdd(reinterpret_cast<u32*>(row) + place, count);
    }
}

__device__ __forceinline__ void add_range(u64* row, u64 min, u64 max) {
    atomicMax(&row[3], ~min);
    atomicMax(&row[4], max);
}

template <u32 LIMBS>
__device__ __forceinline__ void add_sums(u64* row, const u64 (&limbs)[LIMBS]) {
#pragma unroll
    for (u32 limb = 0; limb < LIMBS; limb++) {
        if (limbs[limb] != 0) {
            atomicAdd(&row[5 + limb], limbs[limb]);
        }
    }
}

// Sum of q as 32 bits and what is above, then limbs of the sum of squares.
static constexpr u32 MOMENT_LIMBS = 6;
typedef u64 MomentLimbs[MOMENT_LIMBS];

__device__ __forceinline__ void sum_limbs(u64 sum, u64& low, u64& high) {
    low = sum & 0xffffffffull;
    high = static_cast<u64>(static_cast<i64>(sum) >> 32);
}

// Floats as numbers of their own width.
__device__ __forceinline__ float number_of(Float32, u32 bits) { return __uint_as_float(bits); }
__device__ __forceinline__ double number_of(Float64, u64 bits) {
    return __longlong_as_double(static_cast<i64>(bits));
}
__device__ __forceinline__ u32 bits_of_number(float x) { return __float_as_uint(x); }
__device__ __forceinline__ u64 bits_of_number(double x) {
    return static_cast<u64>(__double_as_longlong(x));
}
__device__ __forceinline__ float least(float a, float b) { return fminf(a, b); }
__device__ __forceinline__ double least(double a, double b) { return fmin(a, b); }
__device__ __forceinline__ float most_of(float a, float b) { return fmaxf(a, b); }
__device__ __forceinline__ double most_of(double a, double b) { return fmax(a, b); }

// How values of a type are loaded, 16 bytes at once, and which of them are plain: finite, and of a magnitude
// whose units have VALUE_BITS bits for sure. What tells is the upper word without its sign.
struct Quad {
    typedef Float32 Value;
    typedef float Number;
    static constexpr u32 ITEMS_EACH = 4;
    uint4 words;
    __device__ __forceinline__ u32 bits(u32 i) const {
        return i == 0 ? words.x : i == 1 ? words.y : i == 2 ? words.z : words.w;
    }
    static __device__ __forceinline__ u32 upper(u32 bits) { return bits & ~Float32::SIGN; }
    static __device__ __forceinline__ u32 limit(int exponent, u32 flags) {
        return flags & FLAG_SUMS ? static_cast<u32>(127 + 48 - exponent) << 23 : Float32::INFINITE;
    }
};

struct Pair {
    typedef Float64 Value;
    typedef double Number;
    static constexpr u32 ITEMS_EACH = 2;
    uint4 words;
    __device__ __forceinline__ u64 bits(u32 i) const {
        return i == 0 ? words.x | static_cast<u64>(words.y) << 32
                      : words.z | static_cast<u64>(words.w) << 32;
    }
    static __device__ __forceinline__ u32 upper(u64 bits) {
        return static_cast<u32>(bits >> 32) & 0x7fffffffu;
    }
    // A value just below 2^(48-E) may round up to it, so the last part below it is looked at closely.
    static __device__ __forceinline__ u32 limit(int exponent, u32 flags) {
        return flags & FLAG_SUMS ? (static_cast<u32>(1023 + 48 - exponent) << 20) - 1 : 0x7ff00000u;
    }
};

// What a lane has of a piece.
template <class Load>
struct Lane {
    typedef typename Load::Value Value;
    typedef typename Load::Number Number;
    typedef typename Value::Bits Bits;

    // Sum of q; sums of l^2, h l and h^2 where q = h * 2^24 + l and 0 <= l < 2^24.
    u64 sum, low, high;
    i64 cross;
    Number smallest, largest;
    // NaN, both infinities, and values out of range: a lane has fewer than 256 photons of a piece.
    u32 specials;
    u32 values;

    __device__ __forceinline__ void clear() {
        sum = low = high = 0;
        cross = 0;
        smallest = static_cast<Number>(__longlong_as_double(0x7ff0000000000000ll));
        largest = -smallest;
        specials = values = 0;
    }

    __device__ __forceinline__ void add_units(u64 q) {
        sum += q;
        const u32 l = static_cast<u32>(q) & 0xffffffu;
        const int h = static_cast<int>(static_cast<i64>(q) >> 24);
        low += static_cast<u64>(l) * l;
        cross += static_cast<i64>(h) * static_cast<int>(l);
        high += static_cast<u64>(static_cast<i64>(h) * h);
    }

    // A plain value. Adding 1.5 * 2^(52-E) rounds it to the nearest unit, half to even, and leaves the units
    // in the low bits: |x| < 2^(48-E), so the sum has the exponent of the number added.
    __device__ __forceinline__ void add_plain(Number x, double to_units) {
        const double shifted = __dadd_rn(static_cast<double>(x), to_units);
        add_units(static_cast<u64>(__double_as_longlong(shifted) - __double_as_longlong(to_units)));
        smallest = least(smallest, x);
        largest = most_of(largest, x);
    }

    // Any value.
    __device__ __forceinline__ void add_any(Bits bits, u32 flags, int exponent) {
        if (is_nan(Value(), bits)) {
            specials += 1u;
            return;
        }
        const Number x = number_of(Value(), bits);
        smallest = least(smallest, x);
        largest = most_of(largest, x);
        i64 q;
        if (is_infinite(Value(), bits)) {
            specials += bits & Value::SIGN ? 1u << 16 : 1u << 8;
        } else if (flags & FLAG_SUMS) {
            if (quantise(Value(), bits, exponent, q)) {
                add_units(static_cast<u64>(q));
            } else {
                specials += 1u << 24;
            }
        }
    }

    // What was loaded, where all of it is plain; whether it is.
    template <u32 LOADS>
    __device__ __forceinline__ bool add_loaded(const Load (&loaded)[LOADS], u32 limit, double to_units) {
        u32 upper = 0;
#pragma unroll
        for (u32 j = 0; j < LOADS; j++) {
#pragma unroll
            for (u32 i = 0; i < Load::ITEMS_EACH; i++) {
                upper = larger(upper, Load::upper(loaded[j].bits(i)));
            }
        }
        if (upper >= limit) {
            return false;
        }
#pragma unroll
        for (u32 j = 0; j < LOADS; j++) {
#pragma unroll
            for (u32 i = 0; i < Load::ITEMS_EACH; i++) {
                add_plain(number_of(Value(), loaded[j].bits(i)), to_units);
            }
        }
        values += LOADS * Load::ITEMS_EACH;
        return true;
    }

    // All lanes have the sum of all lanes; whether some value is special.
    __device__ __forceinline__ bool gather() {
#pragma unroll
        for (u32 reach = WARP / 2; reach > 0; reach /= 2) {
            sum += __shfl_xor_sync(ALL_LANES, sum, reach);
            low += __shfl_xor_sync(ALL_LANES, low, reach);
            high += __shfl_xor_sync(ALL_LANES, high, reach);
            cross += __shfl_xor_sync(ALL_LANES, cross, reach);
            values += __shfl_xor_sync(ALL_LANES, values, reach);
            smallest = least(smallest, __shfl_xor_sync(ALL_LANES, smallest, reach));
            largest = most_of(largest, __shfl_xor_sync(ALL_LANES, largest, reach));
        }
        return __ballot_sync(ALL_LANES, specials != 0) != 0;
    }

    __device__ __forceinline__ void add_to(u64* row, u32 photons) const {
        add_count(row, 0, photons);
        add_count(row, 1, values);
        // Of no values the smallest is above the largest.
        if (smallest <= largest) {
            add_range(row, key_of(Value(), bits_of_number(smallest)),
                      key_of(Value(), bits_of_number(largest)));
        }
        // low + cross * 2^25 + high * 2^48, in 128 bits.
        const u64 crossed = static_cast<u64>(cross);
        u64 bottom = low + (crossed << 25);
        u64 top = static_cast<u64>(cross >> 39) + (bottom < low ? 1 : 0);
        const u64 shifted = high << 48;
        bottom += shifted;
        top += (high >> 16) + (bottom < shifted ? 1 : 0);
        MomentLimbs limbs = {0, 0, bottom & 0xffffffffull, bottom >> 32, top & 0xffffffffull, top >> 32};
        sum_limbs(sum, limbs[0], limbs[1]);
        add_sums(row, limbs);
    }
};
