// boxes: the one cell of neighbouring photons, found by the corners of their bounds. Used by `runs.cu`; what
// `src/grid/healpix/many.rs` does on the host.
//
// Bounds whose corners all lie in one cell, by a margin, settle all photons within (`Locator::cell_of_bounds`
// says why). They are taken of the upper words of the numbers and widened to hold whatever the lower words
// are, so they are bounds all the same. A warp looks at several boxes together, a corner a lane.

// The largest, over all lanes, of the value that stands in the place of each lane: of twice REACH values a
// lane keeps the half that its own place is in, and sends the other.
template <u32 REACH>
__device__ __forceinline__ u32 largest_of_each(const u32 (&values)[2 * REACH]) {
    const bool upper = (threadIdx.x & REACH) != 0;
    u32 half[REACH];
#pragma unroll
    for (u32 i = 0; i < REACH; i++) {
        const u32 kept = upper ? values[i + REACH] : values[i];
        const u32 sent = upper ? values[i] : values[i + REACH];
        half[i] = larger(kept, __shfl_xor_sync(ALL_LANES, sent, REACH));
    }
    if constexpr (REACH > 1) {
        return largest_of_each<REACH / 2>(half);
    } else {
        return half[0];
    }
}

// Two numbers between which all lie whose upper words lie from `low` to `high`; false where signs differ.
__device__ __forceinline__ bool bounds_of(u32 low, u32 high, double& from, double& to) {
    const double near = __hiloint2double(static_cast<int>(low), 0);
    const double far = __hiloint2double(static_cast<int>(high), -1);
    const bool negative = (low >> 31) != 0;
    from = negative ? far : near;
    to = negative ? near : far;
    return (low ^ high) >> 31 == 0;
}

// The row or column of cells that a coordinate lies in by the margin.
__device__ __forceinline__ bool row_of(double coordinate, double side, u32& row) {
    const double low = mul(sub(coordinate, BOX_MARGIN), side);
    const double high = mul(add(coordinate, BOX_MARGIN), side);
    const bool inside = low >= 0.0 && high < side;
    row = inside ? static_cast<u32>(low) : 0;
    return inside && row == static_cast<u32>(high);
}

struct Positions {
    u32 n, order;
    bool authalic;
    const double* lon;
    const double* lat;
};

// Boxes that are looked at together, a corner a lane; photons that a warp loads at once.
static constexpr u32 CORNERS = 4, BOXES = WARP / CORNERS, PAIR = 2, PAIRS = WARP * PAIR;

// Of BOXES boxes of STEPS * PAIRS photons each from `first` on, those that lie in one cell, as a bit each,
// CORNERS apart; `cell` is that of the lane's box. WHOLE: all photons are there; else the last stands for
// those that are not.
template <u32 STEPS, bool WHOLE>
__device__ __forceinline__ u32 boxes_in_one_cell(const Positions& at, u32 first, u64& cell) {
    const u32 lane = threadIdx.x % WARP;
    u32 bounds[WARP];
#pragma unroll
    for (u32 box = 0; box < BOXES; box++) {
        u32 west = ALL_LANES, east = 0, south = ALL_LANES, north = 0;
#pragma unroll
        for (u32 step = 0; step < STEPS; step++) {
            const u32 photon = first + (box * STEPS + step) * PAIRS + lane * PAIR;
            const u32 there = WHOLE || photon < at.n ? photon : (at.n - 1) & ~1u;
            const double2 lon = *reinterpret_cast<const double2*>(at.lon + there);
            const double2 lat = *reinterpret_cast<const double2*>(at.lat + there);
            const bool both = WHOLE || there + 1 < at.n;
            const u32 lon_a = __double2hiint(lon.x), lon_b = both ? __double2hiint(lon.y) : lon_a;
            const u32 lat_a = __double2hiint(lat.x), lat_b = both ? __double2hiint(lat.y) : lat_a;
            west = smaller(west, smaller(lon_a, lon_b));
            east = larger(east, larger(lon_a, lon_b));
            south = smaller(south, smaller(lat_a, lat_b));
            north = larger(north, larger(lat_a, lat_b));
        }
        bounds[CORNERS * box] = ~west;
        bounds[CORNERS * box + 1] = east;
        bounds[CORNERS * box + 2] = ~south;
        bounds[CORNERS * box + 3] = north;
    }
    const u32 mine = largest_of_each<WARP / 2>(bounds), box = lane & ~(CORNERS - 1);
    double lon[2], lat[2];
    bool known = bounds_of(~__shfl_sync(ALL_LANES, mine, box), __shfl_sync(ALL_LANES, mine, box + 1),
                           lon[0], lon[1]);
    known &= bounds_of(~__shfl_sync(ALL_LANES, mine, box + 2), __shfl_sync(ALL_LANES, mine, box + 3),
                       lat[0], lat[1]);
    known &= lon[0] >= -360.0 && lon[1] <= 360.0 && sub(lon[1], lon[0]) < 90.0;
    known &= lat[0] >= -90.0 && lat[1] <= 90.0;
    const Meridian across = meridian(known ? (lane & 1 ? lon[1] : lon[0]) : 0.0);
    const Parallel along = parallel(known ? (lane & 2 ? lat[1] : lat[0]) : 0.0, at.authalic);
    const FacetPoint corner = place(across, along);
    const double side = static_cast<double>(1u << at.order);
    u32 x, y;
    known &= row_of(corner.x, side, x);
    known &= row_of(corner.y, side, y);
    cell = (corner.facet << (2 * at.order)) | spread(x) | (spread(y) << 1);
    // Corners of one box are of one quarter of the belt, or of one cap's.
    u32 region = static_cast<u32>(across.quarter) | (along.belt ? 4 : along.south ? 8 : 0);
    region = known ? region : CORNERS * WARP + lane;
    bool same = true;
#pragma unroll
    for (u32 reach = 1; reach < CORNERS; reach *= 2) {
        const u64 other_cell = __shfl_xor_sync(ALL_LANES, cell, reach);
        const u32 other_region = __shfl_xor_sync(ALL_LANES, region, reach);
        same &= other_cell == cell && other_region == region;
    }
    const u32 votes = __ballot_sync(ALL_LANES, same);
    return votes & (votes >> 1) & (votes >> 2) & (votes >> 3);
}
