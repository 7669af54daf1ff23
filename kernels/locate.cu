// locate: longitude and latitude to nested id, and ids to dense keys. Twin of `src/grid/locate.rs`,
// `src/grid/latitude.rs` and `src/grid/trig.rs`, operation by operation: every sum and product below
// is rounded by itself (`__dadd_rn` is never contracted), so ids are those of the host, bit for bit.
// The dense keys are those of `src/backend/keys.rs`. WGSL has no f64; there the host locates.
//
// Numbers are defined in Rust, where their sources stand, and emitted into `constants.cu`.

__device__ __forceinline__ double add(double a, double b) { return __dadd_rn(a, b); }
__device__ __forceinline__ double sub(double a, double b) { return __dsub_rn(a, b); }
__device__ __forceinline__ double mul(double a, double b) { return __dmul_rn(a, b); }
__device__ __forceinline__ u64 bits_of(double x) {
    return static_cast<u64>(__double_as_longlong(x));
}

// The sine of r + tail, |r| <= pi/4.
__device__ __forceinline__ double sin_reduced(double r, double tail) {
    const double z = mul(r, r);
    double p = SINE_7;
    p = add(SINE_6, mul(z, p));
    p = add(SINE_5, mul(z, p));
    p = add(SINE_4, mul(z, p));
    p = add(SINE_3, mul(z, p));
    p = add(SINE_2, mul(z, p));
    p = add(SINE_1, mul(z, p));
    p = add(SINE_0, mul(z, p));
    return add(r, add(mul(mul(r, z), p), mul(tail, sub(1.0, mul(0.5, z)))));
}

// The cosine of r + tail, |r| <= pi/4.
__device__ __forceinline__ double cos_reduced(double r, double tail) {
    const double z = mul(r, r);
    double p = COSINE_6;
    p = add(COSINE_5, mul(z, p));
    p = add(COSINE_4, mul(z, p));
    p = add(COSINE_3, mul(z, p));
    p = add(COSINE_2, mul(z, p));
    p = add(COSINE_1, mul(z, p));
    p = add(COSINE_0, mul(z, p));
    const double half = mul(0.5, z), lead = sub(1.0, half);
    return add(lead, add(sub(sub(1.0, lead), half), sub(mul(mul(z, z), p), mul(r, tail))));
}

// `value`, negated if `bit` is 2 and unchanged if it is 0.
__device__ __forceinline__ double flip_sign(double value, u64 bit) {
    return __longlong_as_double(static_cast<i64>(bits_of(value) ^ (bit << 62)));
}

// What is added to a geodetic latitude to make it authalic, both in radians.
__device__ __forceinline__ double authalic_shift(double phi) {
    const double x = add(phi, phi);
    const double shifted = add(mul(x, TWO_OVER_PI), TO_INTEGER), k = sub(shifted, TO_INTEGER);
    const u64 quadrant = bits_of(shifted);
    const double near = sub(x, mul(k, HALF_PI)), middle = mul(k, PI_2_MIDDLE);
    const double r = sub(near, middle);
    const double tail = sub(sub(sub(near, r), middle), mul(k, PI_2_LOW));
    const double s = sin_reduced(r, tail), c = cos_reduced(r, tail);
    const bool even = (quadrant & 1) == 0;
    const double sine = flip_sign(even ? s : c, quadrant & 2);
    const double cosine = flip_sign(even ? c : s, (quadrant + 1) & 2);
    const double u = add(cosine, cosine);
    const double b4 = add(F4, mul(u, F5));
    const double b3 = sub(add(F3, mul(u, b4)), F5);
    const double b2 = sub(add(F2, mul(u, b3)), b4);
    const double b1 = sub(add(F1, mul(u, b2)), b3);
    return mul(sine, b1);
}

// The row or column of a facet coordinate, held inside the facet.
__device__ __forceinline__ u64 index_of(double coordinate) {
    const double scaled = mul(coordinate, SIDE);
    const double nearest = sub(add(scaled, TO_INTEGER), TO_INTEGER);
    const double floored = nearest > scaled ? sub(nearest, 1.0) : nearest;
    const double low = floored > 0.0 ? floored : 0.0;
    const double held = low < LAST ? low : LAST;
    return bits_of(add(held, TO_INTEGER)) & 0xffffffffull;
}

// Moves bit i of a value below 2^32 to bit 2i.
__device__ __forceinline__ u64 spread(u64 bits) {
    bits = (bits | (bits << 16)) & 0x0000ffff0000ffffull;
    bits = (bits | (bits << 8)) & 0x00ff00ff00ff00ffull;
    bits = (bits | (bits << 4)) & 0x0f0f0f0f0f0f0f0full;
    bits = (bits | (bits << 2)) & 0x3333333333333333ull;
    return (bits | (bits << 1)) & 0x5555555555555555ull;
}

// The nested id at order 29.
__device__ __forceinline__ u64 finest_cell(double lon, double lat, bool authalic) {
    // Meridian: the quarter, and the offset from its middle. The remainder is exact.
    if (fabs(lon) > 360.0) {
        lon = fmod(lon, 360.0);
    }
    const double rounded = sub(add(mul(lon, NINETIETH), TO_INTEGER), TO_INTEGER);
    const double turns = mul(rounded, 90.0) > lon ? sub(rounded, 1.0) : rounded;
    const double centre = add(mul(turns, 90.0), 45.0);
    const u64 quarter = bits_of(add(turns, TO_INTEGER)) & 3;
    const double t = mul(sub(lon, centre), FORTY_FIFTH);

    // Parallel: of the belt, or of a polar cap.
    const double above = fabs(lat), phi = mul(above, DEGREE);
    const double shift = authalic ? authalic_shift(phi) : 0.0;
    const double beta = add(phi, shift);
    const bool belt = beta <= TRANSITION, south = lat < 0.0;
    const double colatitude = sub(mul(sub(90.0, above), DEGREE), shift);
    const double sine = sin_reduced(belt ? beta : mul(0.5, colatitude), 0.0);
    const double northern = mul(1.5, sine);
    const double height = belt ? (south ? -northern : northern) : mul(SQRT_6, sine);

    u64 facet;
    double x, y;
    if (belt) {
        const double u = add(height, t), v = sub(height, t);
        const bool west = u < 0.0, east = v < 0.0;
        const u64 next = (quarter + (east ? 1 : 0)) & 3;
        facet = 4 * ((west ? 1 : 0) + (east ? 1 : 0)) + (west ? quarter : next);
        x = mul(0.5, west ? add(u, 2.0) : u);
        y = mul(0.5, east ? add(v, 2.0) : v);
    } else {
        const double half = mul(0.5, height);
        const double right = mul(half, add(1.0, t)), left = mul(half, sub(1.0, t));
        facet = quarter + (south ? 8 : 0);
        x = south ? right : sub(1.0, left);
        y = south ? left : sub(1.0, right);
    }
    return (facet << 58) | spread(index_of(x)) | (spread(index_of(y)) << 1);
}

// n: photons. shift: twice the orders between 29 and the cells'. authalic: 1 on the ellipsoid.
// Launch: one thread per photon. Shared memory: none.
ENTRY locate(
    u32 n, u32 shift, u32 authalic, const double* __restrict__ lon,
    const double* __restrict__ lat, u64* __restrict__ cells) {
    const u32 i = blockIdx.x * WORKGROUP + threadIdx.x;
    if (i < n) {
        cells[i] = finest_cell(lon[i], lat[i], authalic != 0) >> shift;
    }
}

static constexpr u64 NO_CELL = ~0ull;

// Gathers the distinct ancestors of cells, ids shifted right by `shift`, in a table of `mask` + 1
// slots that hold NO_CELL. An ancestor for which `probes` slots are taken is counted in `lost`.
// Launch: one thread per photon. Shared memory: none. Which slot an ancestor gets depends on the
// order of threads; the set does not, and the host sorts it.
ENTRY locate_groups(
    u32 n, u32 shift, const u64* __restrict__ cells, u64* slots, u32 mask, u32 probes, u32* lost) {
    const u32 i = blockIdx.x * WORKGROUP + threadIdx.x;
    if (i >= n) {
        return;
    }
    const u64 group = cells[i] >> shift;
    if (i > 0 && cells[i - 1] >> shift == group) {
        return;
    }
    u32 at = static_cast<u32>((group * 0x9e3779b97f4a7c15ull) >> 32) & mask;
    for (u32 probe = 0; probe < probes; probe++) {
        const u64 found = atomicCAS(&slots[at], NO_CELL, group);
        if (found == NO_CELL || found == group) {
            return;
        }
        at = (at + 1) & mask;
    }
    atomicAdd(lost, 1u);
}

// The dense key of every cell: where its ancestor stands among the ascending `groups`, then its
// place inside the ancestor. Launch: one thread per photon. Shared memory: none.
ENTRY locate_keys(
    u32 n, u32 shift, const u64* __restrict__ cells, const u64* __restrict__ groups, u32 count,
    u32* __restrict__ keys) {
    const u32 i = blockIdx.x * WORKGROUP + threadIdx.x;
    if (i >= n) {
        return;
    }
    const u64 cell = cells[i], group = cell >> shift;
    u32 low = 0, high = count;
    while (high - low > 1) {
        const u32 middle = low + (high - low) / 2;
        if (groups[middle] <= group) {
            low = middle;
        } else {
            high = middle;
        }
    }
    const u64 place = cell & ((1ull << shift) - 1);
    keys[i] = static_cast<u32>((static_cast<u64>(low) << shift) | place);
}
