// locate: longitude and latitude to nested id, and ids to dense keys. Twin of `src/grid/healpix/locate.rs`; the
// arithmetic is in `place.cu`. The dense keys are those of `src/backend/keys.rs`. WGSL has no f64; there the
// host locates.

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
