// sort: one pass of a stable radix sort of (key, item) pairs by a digit of DIGIT_BITS bits. Twin of
// `src/backend/cpu/sort.rs`. Passes run from the lowest digit up, over the bits that distinguish
// keys.
//
// Reduce, then scan: `sort_count` counts the digits of each tile, `scan.wgsl` turns counts into
// places, `sort` moves pairs. Stable, so equal keys keep their order and the result is one
// permutation, whatever the device.
//
// params.n: pairs; a: lowest bit of the digit; b: 1 in the first pass, in which item i is i.

@group(0) @binding(1) var<storage, read> keys: array<u32>;
@group(0) @binding(2) var<storage, read> items: array<u32>;
// Count of digit d in tile t at d * tiles + t; once scanned, where those pairs go.
@group(0) @binding(3) var<storage, read_write> counts: array<u32>;
@group(0) @binding(4) var<storage, read_write> keys_out: array<u32>;
@group(0) @binding(5) var<storage, read_write> items_out: array<u32>;

// Digits are ranked four bits at a time: two counts of 16 bits in a word, for each invocation.
const NIBBLE_WORDS: u32 = 8u;

var<workgroup> digits: array<atomic<u32>, BINS>;
// A pair of the tile: digit in the upper half, place in the tile in the lower.
var<workgroup> pairs: array<u32, TILE>;
var<workgroup> nibbles: array<u32, NIBBLE_WORDS * WORKGROUP>;

fn digit_of(key: u32) -> u32 {
    return (key >> params.a) & (BINS - 1u);
}

// Launch: one workgroup per tile of pairs. Workgroup memory: 1 KiB. An invocation owns every
// WORKGROUP-th pair of the tile. Counts are sums: the order of the atomics does not matter.
@compute @workgroup_size(WORKGROUP)
fn sort_count(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let tile = tile_of(group, groups);
    let tiles = tiles_of(params.n);
    if (tile >= tiles) {
        return;
    }
    for (var digit = lane; digit < BINS; digit += WORKGROUP) {
        atomicStore(&digits[digit], 0u);
    }
    workgroupBarrier();
    for (var item = 0u; item < ITEMS; item++) {
        let i = tile * TILE + item * WORKGROUP + lane;
        if (i < params.n) {
            atomicAdd(&digits[digit_of(keys[i])], 1u);
        }
    }
    workgroupBarrier();
    for (var digit = lane; digit < BINS; digit += WORKGROUP) {
        counts[digit * tiles + tile] = atomicLoad(&digits[digit]);
    }
}

// Sorts the tile's pairs by four bits of their digit, stably. Every invocation owns one strip, and
// one column of counts; counts are scanned in the order (nibble, invocation), which is stable.
// Nibbles below 8 are counted in lower halves, the others in upper ones: no sum exceeds TILE.
fn sort_by_nibble(lane: u32, shift: u32) {
    var own: array<u32, ITEMS>;
    for (var word = 0u; word < NIBBLE_WORDS; word++) {
        nibbles[word * WORKGROUP + lane] = 0u;
    }
    for (var item = 0u; item < ITEMS; item++) {
        let pair = pairs[lane * ITEMS + item];
        own[item] = pair;
        let nibble = (pair >> shift) & 15u;
        nibbles[(nibble & 7u) * WORKGROUP + lane] += select(1u, 0x10000u, nibble > 7u);
    }
    workgroupBarrier();
    var sum = 0u;
    for (var word = 0u; word < NIBBLE_WORDS; word++) {
        sum += nibbles[lane * NIBBLE_WORDS + word];
    }
    var before = scan_lanes(lane, sum);
    // Upper halves come after all lower ones.
    before += lanes[WORKGROUP - 1u] << 16u;
    for (var word = 0u; word < NIBBLE_WORDS; word++) {
        let here = nibbles[lane * NIBBLE_WORDS + word];
        nibbles[lane * NIBBLE_WORDS + word] = before;
        before += here;
    }
    workgroupBarrier();
    for (var item = 0u; item < ITEMS; item++) {
        let pair = own[item];
        let nibble = (pair >> shift) & 15u;
        let column = (nibble & 7u) * WORKGROUP + lane;
        let upper = nibble > 7u;
        let places = nibbles[column];
        nibbles[column] = places + select(1u, 0x10000u, upper);
        pairs[select(places & 0xffffu, places >> 16u, upper)] = pair;
    }
    workgroupBarrier();
}

// Launch: one workgroup per tile of pairs. Workgroup memory: 12.5 KiB. An invocation owns one strip
// while the tile is ranked, then every WORKGROUP-th place, so that pairs of one digit leave side by
// side. Missing pairs of the last tile count as the highest digit and stand last, so they stay so.
@compute @workgroup_size(WORKGROUP)
fn sort(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let tile = tile_of(group, groups);
    let tiles = tiles_of(params.n);
    if (tile >= tiles) {
        return;
    }
    let first = tile * TILE;
    for (var item = 0u; item < ITEMS; item++) {
        let place = item * WORKGROUP + lane;
        var digit = BINS - 1u;
        if (first + place < params.n) {
            digit = digit_of(keys[first + place]);
        }
        pairs[place] = digit << 16u | place;
    }
    workgroupBarrier();
    sort_by_nibble(lane, 16u);
    sort_by_nibble(lane, 20u);
    // From here on `nibbles` holds where each digit starts in the sorted tile.
    for (var item = 0u; item < ITEMS; item++) {
        let place = item * WORKGROUP + lane;
        let digit = pairs[place] >> 16u;
        if (place == 0u || pairs[max(place, 1u) - 1u] >> 16u != digit) {
            nibbles[digit] = place;
        }
    }
    workgroupBarrier();
    for (var item = 0u; item < ITEMS; item++) {
        let place = item * WORKGROUP + lane;
        let digit = pairs[place] >> 16u;
        let source = first + (pairs[place] & 0xffffu);
        if (source < params.n) {
            let place_out = counts[digit * tiles + tile] + place - nibbles[digit];
            keys_out[place_out] = keys[source];
            if (params.b == 1u) {
                items_out[place_out] = source;
            } else {
                items_out[place_out] = items[source];
            }
        }
    }
}
