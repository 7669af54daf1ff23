// place: where a longitude and a latitude are: meridian, parallel, facet, cell. Twin of
// `src/grid/healpix/locate.rs`, `src/grid/healpix/latitude.rs` and `src/grid/healpix/trig.rs`, operation by operation: every sum
// and product below is rounded by itself (`__dadd_rn` is never contracted), so ids are those of the host,
// bit for bit. Used by `locate.cu` and `runs.cu`.
//
// Numbers are defined in Rust, where their sources stand, and emitted into `constants.cu`.

// No cell has this id.
static constexpr u64 NO_CELL = ~0ull;

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

// Where a longitude in [-360, 360] degrees lies: the quarter of the belt, and the offset from its middle.
struct Meridian {
    u64 quarter;
    double t;
};

__device__ __forceinline__ Meridian meridian(double lon) {
    const double rounded = sub(add(mul(lon, NINETIETH), TO_INTEGER), TO_INTEGER);
    const double turns = mul(rounded, 90.0) > lon ? sub(rounded, 1.0) : rounded;
    const double centre = add(mul(turns, 90.0), 45.0);
    return {bits_of(add(turns, TO_INTEGER)) & 3, mul(sub(lon, centre), FORTY_FIFTH)};
}

// Where a latitude in [-90, 90] degrees lies: in the belt, or in a polar cap.
struct Parallel {
    bool belt, south;
    double height;
};

__device__ __forceinline__ Parallel parallel(double lat, bool authalic) {
    const double above = fabs(lat), phi = mul(above, DEGREE);
    const double shift = authalic ? authalic_shift(phi) : 0.0;
    const double beta = add(phi, shift);
    const bool belt = beta <= TRANSITION, south = lat < 0.0;
    const double colatitude = sub(mul(sub(90.0, above), DEGREE), shift);
    const double sine = sin_reduced(belt ? beta : mul(0.5, colatitude), 0.0);
    const double northern = mul(1.5, sine);
    return {belt, south, belt ? (south ? -northern : northern) : mul(SQRT_6, sine)};
}

// The facet and the place in it where the two cross.
struct FacetPoint {
    u64 facet;
    double x, y;
};

__device__ __forceinline__ FacetPoint place(const Meridian& meridian, const Parallel& parallel) {
    const u64 quarter = meridian.quarter;
    const double t = meridian.t, height = parallel.height;
    if (parallel.belt) {
        const double u = add(height, t), v = sub(height, t);
        const bool west = u < 0.0, east = v < 0.0;
        const u64 next = (quarter + (east ? 1 : 0)) & 3;
        return {4 * ((west ? 1 : 0) + (east ? 1 : 0)) + (west ? quarter : next),
                mul(0.5, west ? add(u, 2.0) : u), mul(0.5, east ? add(v, 2.0) : v)};
    }
    const double half = mul(0.5, height);
    const double right = mul(half, add(1.0, t)), left = mul(half, sub(1.0, t));
    return {quarter + (parallel.south ? 8 : 0), parallel.south ? right : sub(1.0, left),
            parallel.south ? left : sub(1.0, right)};
}

// The nested id at order 29.
__device__ __forceinline__ u64 finest_cell(double lon, double lat, bool authalic) {
    // The remainder is exact.
    if (fabs(lon) > 360.0) {
        lon = fmod(lon, 360.0);
    }
    const FacetPoint point = place(meridian(lon), parallel(lat, authalic));
    return (point.facet << 58) | spread(index_of(point.x)) | (spread(index_of(point.y)) << 1);
}
