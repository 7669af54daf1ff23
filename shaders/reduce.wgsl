// reduce: pieces of equal keys into rows of partials. Twin of `src/backend/cpu/reduce.rs`; the
// arithmetic is in `part.wgsl`.
//
// Invocations map to items, never to cells. An invocation folds the pieces of its strip; a piece
// that lies in it whole becomes a row at once, and the parts of one that does not are added up in
// the slot of the invocation in whose strip it starts, of which there is at most one.
//
// params.n: items; a: pieces; b: FLAG_* bits; c: exponent E of the column's resolution 2^-E.

@group(0) @binding(1) var<storage, read> starts: array<u32>;
@group(0) @binding(2) var<storage, read> heads: array<u32>;
@group(0) @binding(3) var<storage, read> ranks: array<u32>;
// Which photon or record the i-th item is; the i-th itself without FLAG_ORDERED.
@group(0) @binding(4) var<storage, read> order: array<u32>;
// Bits of float32 values, by photon.
@group(0) @binding(5) var<storage, read> values: array<u32>;
// Rows of ROW_WORDS words, by record.
@group(0) @binding(5) var<storage, read> records: array<u32>;
// One bit per photon, lowest first: its value is not null. Only with FLAG_NULLS.
@group(0) @binding(6) var<storage, read> valid: array<u32>;
// Rows of ROW_WORDS words, by piece.
@group(0) @binding(7) var<storage, read_write> rows: array<u32>;
// Value keys in the order of items; NO_KEY for NaN and null.
@group(0) @binding(7) var<storage, read_write> value_keys: array<u32>;

// Words of a slot.
const SLOT_WORDS: u32 = 22u;

// Word w of the slot of lane l at w * WORKGROUP + l: 11 KiB.
var<workgroup> slots: array<atomic<u32>, SLOT_WORDS * WORKGROUP>;

fn item_of(i: u32) -> u32 {
    if ((params.b & FLAG_ORDERED) != 0u) {
        return order[i];
    }
    return i;
}

fn is_valid(photon: u32) -> bool {
    if ((params.b & FLAG_NULLS) == 0u) {
        return true;
    }
    return ((valid[photon >> 5u] >> (photon & 31u)) & 1u) == 1u;
}

fn add_photon(part: ptr<function, Part>, photon: u32) {
    (*part).photons += 1u;
    if (!is_valid(photon)) {
        return;
    }
    (*part).valid += 1u;
    if ((params.b & FLAG_VALUES) == 0u) {
        return;
    }
    let bits = values[photon];
    let magnitude = bits & ~SIGN;
    if (magnitude > INFINITY) {
        (*part).nan += 1u;
        return;
    }
    let key = key_of(bits);
    (*part).min = min((*part).min, key);
    (*part).max = max((*part).max, key);
    if (magnitude == INFINITY) {
        (*part).positive_infinity += u32(bits == INFINITY);
        (*part).negative_infinity += u32(bits != INFINITY);
        return;
    }
    if ((params.b & FLAG_MOMENTS) != 0u) {
        add_moments(part, bits, bitcast<i32>(params.c));
    }
}

fn add_record(part: ptr<function, Part>, record: u32) {
    let row = record * ROW_WORDS;
    (*part).photons += records[row + 1u];
    (*part).valid += records[row + 2u];
    (*part).nan += records[row + 3u];
    (*part).positive_infinity += records[row + 4u];
    (*part).negative_infinity += records[row + 5u];
    (*part).out_of_range += records[row + 6u];
    (*part).min = min((*part).min, records[row + 7u]);
    (*part).max = max((*part).max, records[row + 8u]);
    let s = vec3<u32>(records[row + 9u], records[row + 10u], records[row + 11u]);
    (*part).s0 += s.x & 0xffffu;
    (*part).s1 += s.x >> 16u;
    (*part).s2 += s.y & 0xffffu;
    (*part).s3 += s.y >> 16u;
    (*part).s4 += s.z & 0xffffu;
    // The top limb carries the sign.
    (*part).s5 += bitcast<u32>(bitcast<i32>(s.z) >> 16u);
    let q = vec4<u32>(
        records[row + 12u], records[row + 13u], records[row + 14u], records[row + 15u],
    );
    (*part).q0 += q.x & 0xffffu;
    (*part).q1 += q.x >> 16u;
    (*part).q2 += q.y & 0xffffu;
    (*part).q3 += q.y >> 16u;
    (*part).q4 += q.z & 0xffffu;
    (*part).q5 += q.z >> 16u;
    (*part).q6 += q.w & 0xffffu;
    (*part).q7 += q.w >> 16u;
}

fn write_row(piece: u32, part: ptr<function, Part>) {
    let row = piece * ROW_WORDS;
    rows[row] = heads[piece];
    rows[row + 1u] = (*part).photons;
    rows[row + 2u] = (*part).valid;
    rows[row + 3u] = (*part).nan;
    rows[row + 4u] = (*part).positive_infinity;
    rows[row + 5u] = (*part).negative_infinity;
    rows[row + 6u] = (*part).out_of_range;
    rows[row + 7u] = (*part).min;
    rows[row + 8u] = (*part).max;
    let s0 = carry_signed((*part).s0, (*part).s1, 0);
    let s1 = carry_signed((*part).s2, (*part).s3, bitcast<i32>(s0.y));
    let s2 = carry_signed((*part).s4, (*part).s5, bitcast<i32>(s1.y));
    rows[row + 9u] = s0.x;
    rows[row + 10u] = s1.x;
    rows[row + 11u] = s2.x;
    let q0 = carry_unsigned((*part).q0, (*part).q1, 0u);
    let q1 = carry_unsigned((*part).q2, (*part).q3, q0.y);
    let q2 = carry_unsigned((*part).q4, (*part).q5, q1.y);
    let q3 = carry_unsigned((*part).q6, (*part).q7, q2.y);
    rows[row + 12u] = q0.x;
    rows[row + 13u] = q1.x;
    rows[row + 14u] = q2.x;
    rows[row + 15u] = q3.x;
}

fn clear_slot(lane: u32) {
    for (var word = 0u; word < SLOT_WORDS; word++) {
        atomicStore(&slots[word * WORKGROUP + lane], select(0u, NO_KEY, word == 6u));
    }
}

fn add_to_slot(slot: u32, part: ptr<function, Part>) {
    atomicAdd(&slots[slot], (*part).photons);
    atomicAdd(&slots[WORKGROUP + slot], (*part).valid);
    atomicAdd(&slots[2u * WORKGROUP + slot], (*part).nan);
    atomicAdd(&slots[3u * WORKGROUP + slot], (*part).positive_infinity);
    atomicAdd(&slots[4u * WORKGROUP + slot], (*part).negative_infinity);
    atomicAdd(&slots[5u * WORKGROUP + slot], (*part).out_of_range);
    atomicMin(&slots[6u * WORKGROUP + slot], (*part).min);
    atomicMax(&slots[7u * WORKGROUP + slot], (*part).max);
    atomicAdd(&slots[8u * WORKGROUP + slot], (*part).s0);
    atomicAdd(&slots[9u * WORKGROUP + slot], (*part).s1);
    atomicAdd(&slots[10u * WORKGROUP + slot], (*part).s2);
    atomicAdd(&slots[11u * WORKGROUP + slot], (*part).s3);
    atomicAdd(&slots[12u * WORKGROUP + slot], (*part).s4);
    atomicAdd(&slots[13u * WORKGROUP + slot], (*part).s5);
    atomicAdd(&slots[14u * WORKGROUP + slot], (*part).q0);
    atomicAdd(&slots[15u * WORKGROUP + slot], (*part).q1);
    atomicAdd(&slots[16u * WORKGROUP + slot], (*part).q2);
    atomicAdd(&slots[17u * WORKGROUP + slot], (*part).q3);
    atomicAdd(&slots[18u * WORKGROUP + slot], (*part).q4);
    atomicAdd(&slots[19u * WORKGROUP + slot], (*part).q5);
    atomicAdd(&slots[20u * WORKGROUP + slot], (*part).q6);
    atomicAdd(&slots[21u * WORKGROUP + slot], (*part).q7);
}

fn slot_word(word: u32, slot: u32) -> u32 {
    return atomicLoad(&slots[word * WORKGROUP + slot]);
}

fn slot_part(l: u32) -> Part {
    return Part(
        slot_word(0u, l), slot_word(1u, l), slot_word(2u, l), slot_word(3u, l),
        slot_word(4u, l), slot_word(5u, l), slot_word(6u, l), slot_word(7u, l),
        slot_word(8u, l), slot_word(9u, l), slot_word(10u, l),
        slot_word(11u, l), slot_word(12u, l), slot_word(13u, l),
        slot_word(14u, l), slot_word(15u, l), slot_word(16u, l), slot_word(17u, l),
        slot_word(18u, l), slot_word(19u, l), slot_word(20u, l), slot_word(21u, l),
    );
}

// Where piece `piece` ends.
fn end_of(piece: u32) -> u32 {
    if (piece + 1u < params.a) {
        return starts[piece + 1u];
    }
    return params.n;
}

// A folded part of piece `piece`, in a strip that begins at `first`.
fn settle(piece: u32, first: u32, part: ptr<function, Part>) {
    let start = starts[piece];
    if (start >= first && end_of(piece) <= first + ITEMS) {
        write_row(piece, part);
    } else {
        add_to_slot((start % TILE) / ITEMS, part);
    }
}

// The pieces that start in the strips of this invocation and end beyond, which are now complete.
fn write_slot(strip: u32, lane: u32) {
    var part = slot_part(lane);
    if (part.photons > 0u) {
        // The last that starts in the strip.
        var next = params.a;
        if ((strip + 1u) * ITEMS < params.n) {
            next = ranks[strip + 1u];
        }
        write_row(next - 1u, &part);
    }
}

// The piece of the first item of a strip.
fn first_piece(strip: u32) -> u32 {
    let rank = ranks[strip];
    if (rank < params.a) {
        if (starts[rank] == strip * ITEMS) {
            return rank;
        }
    }
    return rank - 1u;
}

// Launch: one workgroup per tile of items. Workgroup memory: 11 KiB. An invocation owns one strip of
// photons, in the order of items.
@compute @workgroup_size(WORKGROUP)
fn reduce(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let tile = tile_of(group, groups);
    if (tile >= tiles_of(params.n)) {
        return;
    }
    clear_slot(lane);
    workgroupBarrier();
    let strip = tile * WORKGROUP + lane;
    let first = strip * ITEMS;
    let stop = min(first + ITEMS, params.n);
    if (first < stop) {
        var i = first;
        var piece = first_piece(strip);
        // Parts are settled outside the loop over photons: a device that runs both sides of every
        // branch then settles once per piece, not once per photon.
        while (i < stop) {
            let end = min(end_of(piece), stop);
            var part = no_part();
            while (i < end) {
                add_photon(&part, item_of(i));
                i++;
            }
            settle(piece, first, &part);
            piece++;
        }
    }
    workgroupBarrier();
    write_slot(strip, lane);
}

// Launch: one workgroup per tile of items. Workgroup memory: 11 KiB. An invocation owns one strip of
// records, in the order of items.
@compute @workgroup_size(WORKGROUP)
fn reduce_records(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let tile = tile_of(group, groups);
    if (tile >= tiles_of(params.n)) {
        return;
    }
    clear_slot(lane);
    workgroupBarrier();
    let strip = tile * WORKGROUP + lane;
    let first = strip * ITEMS;
    let stop = min(first + ITEMS, params.n);
    if (first < stop) {
        var i = first;
        var piece = first_piece(strip);
        while (i < stop) {
            let end = min(end_of(piece), stop);
            var part = no_part();
            while (i < end) {
                add_record(&part, item_of(i));
                i++;
            }
            settle(piece, first, &part);
            piece++;
        }
    }
    workgroupBarrier();
    write_slot(strip, lane);
}

// Launch: one workgroup per tile of items. Workgroup memory: none. An invocation owns every
// WORKGROUP-th item of the tile. Brings value keys into the order of cells, for order statistics.
@compute @workgroup_size(WORKGROUP)
fn reduce_values(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let first = tile_of(group, groups) * TILE + lane;
    for (var item = 0u; item < ITEMS; item++) {
        let i = first + item * WORKGROUP;
        if (i >= params.n) {
            return;
        }
        let photon = item_of(i);
        let bits = values[photon];
        var key = NO_KEY;
        if (is_valid(photon) && (bits & ~SIGN) <= INFINITY) {
            key = key_of(bits);
        }
        value_keys[i] = key;
    }
}
