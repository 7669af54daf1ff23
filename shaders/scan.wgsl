// scan: sums of all earlier entries of an array of counts, for sort and segment. Reduce, then scan,
// then apply: no workgroup waits for another, so nothing depends on forward progress. Twin of the
// running sums inside `src/backend/cpu/sort.rs`.
//
// params.n: entries, at most TILE * TILE. Sums are below 2^32: the counts add up to a batch.

@group(0) @binding(1) var<storage, read_write> counts: array<u32>;
// One entry per tile of counts, and one more for the sum of all.
@group(0) @binding(2) var<storage, read_write> sums: array<u32>;

// Launch: one workgroup per tile of counts. Workgroup memory: 512 bytes. An invocation owns every
// WORKGROUP-th count of the tile. Writes the tile's sum.
@compute @workgroup_size(WORKGROUP)
fn scan_reduce(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let tile = tile_of(group, groups);
    if (tile >= tiles_of(params.n)) {
        return;
    }
    var sum = 0u;
    for (var item = 0u; item < ITEMS; item++) {
        let i = tile * TILE + item * WORKGROUP + lane;
        if (i < params.n) {
            sum += counts[i];
        }
    }
    let before = scan_lanes(lane, sum);
    if (lane == WORKGROUP - 1u) {
        sums[tile] = before + sum;
    }
}

// Launch: one workgroup. Workgroup memory: 512 bytes. An invocation owns one strip of sums. Replaces
// the sum of each tile by the sum of the tiles before it, and appends the sum of all.
@compute @workgroup_size(WORKGROUP)
fn scan_sums(@builtin(local_invocation_index) lane: u32) {
    let tiles = tiles_of(params.n);
    let first = lane * ITEMS;
    var sum = 0u;
    for (var item = 0u; item < ITEMS; item++) {
        if (first + item < tiles) {
            sum += sums[first + item];
        }
    }
    var before = scan_lanes(lane, sum);
    for (var item = 0u; item < ITEMS; item++) {
        if (first + item < tiles) {
            let here = sums[first + item];
            sums[first + item] = before;
            before += here;
        }
    }
    if (lane == WORKGROUP - 1u) {
        sums[tiles] = before;
    }
}

// Launch: one workgroup per tile of counts. Workgroup memory: 512 bytes. An invocation owns one
// strip of counts. Replaces each count by the sum of the counts before it.
@compute @workgroup_size(WORKGROUP)
fn scan_apply(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let tile = tile_of(group, groups);
    if (tile >= tiles_of(params.n)) {
        return;
    }
    let first = tile * TILE + lane * ITEMS;
    var sum = 0u;
    for (var item = 0u; item < ITEMS; item++) {
        if (first + item < params.n) {
            sum += counts[first + item];
        }
    }
    var before = sums[tile] + scan_lanes(lane, sum);
    for (var item = 0u; item < ITEMS; item++) {
        if (first + item < params.n) {
            let here = counts[first + item];
            counts[first + item] = before;
            before += here;
        }
    }
}
