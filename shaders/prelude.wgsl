// prelude: what every stage's shader begins with, after the constants that `src/backend/gpu/tile.rs`
// emits. Where work is: tiles of TILE consecutive items, one workgroup each; within a tile an
// invocation owns the ITEMS consecutive items of its strip. Only integers: no float is ever loaded
// as one, so rounding, contraction and flushing of subnormal numbers cannot matter.

struct Params {
    // Items of the dispatch.
    n: u32,
    // What these mean is the stage's own.
    a: u32,
    b: u32,
    c: u32,
}

@group(0) @binding(0) var<uniform> params: Params;

// The scan's memory: 512 bytes.
var<workgroup> lanes: array<u32, WORKGROUP>;

// The tile of a workgroup; a grid may have a second dimension, and more workgroups than tiles.
fn tile_of(group: vec3<u32>, groups: vec3<u32>) -> u32 {
    return group.y * groups.x + group.x;
}

// Tiles of `n` items.
fn tiles_of(n: u32) -> u32 {
    return (n + TILE - 1u) / TILE;
}

// The sum of the values of all lower lanes; `lanes[WORKGROUP - 1]` then holds the sum of all, until
// the next call. Every invocation of the workgroup calls it. Sums of integers: any order is exact.
fn scan_lanes(lane: u32, value: u32) -> u32 {
    workgroupBarrier();
    lanes[lane] = value;
    workgroupBarrier();
    var sum = value;
    for (var reach = 1u; reach < WORKGROUP; reach = reach * 2u) {
        var below = 0u;
        if (lane >= reach) {
            below = lanes[lane - reach];
        }
        workgroupBarrier();
        sum += below;
        lanes[lane] = sum;
        workgroupBarrier();
    }
    return sum - value;
}
