// inflate: storage chunks that are zlib streams, one invocation each. Twin of `kernels/inflate.cu` with `deflate.cu` and
// `codes.cu`, which say what is accepted, how codes are decoded, and why whatever fails goes to the host. Only integers,
// no subgroups, and no invocation reads what another writes: a chunk is its invocation's own, and so is its part of
// the workgroup's memory.
//
// The last word of a state is how many rounds of loops its invocation may go: what needs more has a status, too.
//
// params.n: tasks. a: states. b, c: units of `stored` and `bytes`. Bytes are put into words one by one; those of a
// chunk are its own, as chunks begin at units.

@group(0) @binding(1) var<storage, read> tasks: array<u32>;
@group(0) @binding(2) var<storage, read> stored: array<u32>;
@group(0) @binding(3) var<storage, read_write> bytes: array<u32>;
@group(0) @binding(4) var<storage, read_write> states: array<vec4<u32>>;

const END_OF_BLOCK: u32 = 256u;
// More rounds than the tables of a block take.
const TABLES_ROUNDS: u32 = 7000u;
// The bits of the chunk: where its words begin and end, the next to load, and bits of `low` that are behind.
var<private> words: u32;
var<private> end: u32;
var<private> next: u32;
var<private> low: u32;
var<private> high: u32;
var<private> behind: u32;
// Where the chunk's bytes go, how many there are, and how many there may be.
var<private> out: u32;
var<private> at: u32;
var<private> room: u32;

fn word(i: u32) -> u32 {
    if (i < end) {
        return stored[words + i];
    }
    return 0u;
}

fn go_to(byte: u32) {
    next = byte / 4u;
    low = word(next);
    high = word(next + 1u);
    next += 2u;
    behind = byte % 4u * 8u;
}

fn peek() -> u32 {
    // Twice, since 32 is no shift.
    return (low >> behind) | ((high << 1u) << (31u - behind));
}

fn skip(bits: u32) {
    behind += bits;
    if (behind >= 32u) {
        behind -= 32u;
        low = high;
        high = word(next);
        next += 1u;
    }
}

fn take(bits: u32) -> u32 {
    let value = peek() & ((1u << bits) - 1u);
    skip(bits);
    return value;
}

// The first byte of which no bit was taken. A chunk is shorter than a binding, so it does not wrap.
fn byte_of() -> u32 {
    return (next - 2u) * 4u + (behind + 7u) / 8u;
}

fn get_byte(i: u32) -> u32 {
    return (bytes[out + i / 4u] >> (i % 4u * 8u)) & 255u;
}

fn put_byte(value: u32) {
    let place = out + at / 4u;
    let shift = at % 4u * 8u;
    bytes[place] = (bytes[place] & ~(255u << shift)) | (value << shift);
    at += 1u;
}

// The order in which lengths of the code of lengths come, 5 bits each.
fn order(i: u32) -> u32 {
    var packed = 15u;
    if (i < 6u) {
        packed = 16u | (17u << 5u) | (18u << 10u) | (8u << 20u) | (7u << 25u);
    } else if (i < 12u) {
        packed = 9u | (6u << 5u) | (10u << 10u) | (5u << 15u) | (11u << 20u) | (4u << 25u);
    } else if (i < 18u) {
        packed = 12u | (3u << 5u) | (13u << 10u) | (2u << 15u) | (14u << 20u) | (1u << 25u);
    }
    return (packed >> (i % 6u * 5u)) & 31u;
}

// The lengths of both codes, as they are in the stream: status, literals and distances.
fn read_lengths() -> vec3<u32> {
    let literals = 257u + take(5u);
    let distances = 1u + take(5u);
    let given = 4u + take(4u);
    for (var i = 0u; i < LENGTH_SYMBOLS; i++) {
        var length = 0u;
        if (i < given) {
            length = take(3u);
        }
        set_length(order(i), length);
    }
    if (!sort_code(LENGTH_CODE, 0u, LENGTH_SYMBOLS)) {
        return vec3(STATUS_CODE, 0u, 0u);
    }
    fill_table(LENGTH_CODE, LENGTH_BITS);
    let n = literals + distances;
    var i = 0u;
    var before = 0u;
    spend(LENGTH_SYMBOLS + 3u * n);
    while (i < n) {
        let entry = entry_of(LENGTH_CODE, peek(), LENGTH_BITS);
        skip(entry & 15u);
        var length = entry >> 4u;
        var times = 1u;
        if (length == 16u) {
            if (i == 0u) {
                return vec3(STATUS_CODE, 0u, 0u);
            }
            length = before;
            times = 3u + take(2u);
        } else if (length == 17u) {
            length = 0u;
            times = 3u + take(3u);
        } else if (length == 18u) {
            length = 0u;
            times = 11u + take(7u);
        }
        if (times > n - i) {
            return vec3(STATUS_CODE, 0u, 0u);
        }
        for (var k = 0u; k < times; k++) {
            set_length(i + k, length);
        }
        before = length;
        i += times;
    }
    return vec3(STATUS_GOOD, literals, distances);
}

fn make_tables(fixed: bool) -> u32 {
    var found = vec3(STATUS_GOOD, LITERAL_SYMBOLS, DISTANCE_SYMBOLS);
    spend(LITERAL_SYMBOLS + DISTANCE_SYMBOLS + 4u);
    if (fixed) {
        for (var i = 0u; i < LITERAL_SYMBOLS + DISTANCE_SYMBOLS; i++) {
            var length = 8u;
            if (i >= LITERAL_SYMBOLS) {
                length = 5u;
            } else if (i >= 256u && i < 280u) {
                length = 7u;
            } else if (i >= 144u && i < 256u) {
                length = 9u;
            }
            set_length(i, length);
        }
    } else {
        found = read_lengths();
    }
    if (found.x != STATUS_GOOD) {
        return found.x;
    }
    let first = sort_code(LITERAL_CODE, 0u, found.y);
    let second = sort_code(DISTANCE_CODE, found.y, found.z);
    if (!first || !second) {
        return STATUS_CODE;
    }
    fill_table(LITERAL_CODE, LITERAL_BITS);
    fill_table(DISTANCE_CODE, DISTANCE_BITS);
    return STATUS_GOOD;
}

fn decode_symbols() -> u32 {
    loop {
        if (rounds == 0u) {
            return STATUS_WORK;
        }
        spend(2u);
        let window = peek();
        let entry = entry_of(LITERAL_CODE, window, LITERAL_BITS);
        let bits = entry & 15u;
        let symbol = entry >> 4u;
        if (symbol < END_OF_BLOCK) {
            if (at == room) {
                return STATUS_LONG;
            }
            put_byte(symbol);
            skip(bits);
            continue;
        }
        if (symbol == END_OF_BLOCK) {
            skip(bits);
            return STATUS_GOOD;
        }
        let k = symbol - END_OF_BLOCK - 1u;
        var extra = 0u;
        var base = 3u + k;
        if (k >= 28u) {
            base = 258u;
        } else if (k >= 8u) {
            extra = k / 4u - 1u;
            base = 3u + ((4u + k % 4u) << extra);
        }
        let length = base + ((window >> bits) & ((1u << extra) - 1u));
        skip(bits + extra);

        let ahead = peek();
        let second = entry_of(DISTANCE_CODE, ahead, DISTANCE_BITS);
        let d = min(second >> 4u, 29u);
        var more = 0u;
        var nearest = 1u + d;
        if (d >= 2u) {
            more = d / 2u - 1u;
            nearest = 1u + ((2u + d % 2u) << more);
        }
        let distance = nearest + ((ahead >> (second & 15u)) & ((1u << more) - 1u));
        skip((second & 15u) + more);
        if (distance > at) {
            return STATUS_DISTANCE;
        }
        if (length > room - at) {
            return STATUS_LONG;
        }
        spend(length);
        for (var i = 0u; i < length && rounds != 0u; i++) {
            put_byte(get_byte(at - distance));
        }
    }
    return STATUS_GOOD;
}

fn copy_stored(limit: u32) -> u32 {
    let byte = byte_of();
    if (byte + 4u > limit) {
        return STATUS_SHORT;
    }
    go_to(byte);
    let length = take(16u);
    if (take(16u) != (length ^ 0xffffu)) {
        return STATUS_BLOCK;
    }
    if (length > room - at) {
        return STATUS_LONG;
    }
    if (length > limit - byte - 4u) {
        return STATUS_SHORT;
    }
    spend(length);
    for (var i = 0u; i < length && rounds != 0u; i++) {
        put_byte(take(8u));
    }
    return STATUS_GOOD;
}

// RFC 1950, of as many bytes as there are, word by word. Sums are reduced before they can exceed 32 bits.
fn adler32() -> u32 {
    var a = 1u;
    var b = 0u;
    spend(at / 4u + 4u);
    for (var i = 0u; i < at / 4u && rounds != 0u; i++) {
        let four = bytes[out + i];
        a += four & 255u;
        b += a;
        a += (four >> 8u) & 255u;
        b += a;
        a += (four >> 16u) & 255u;
        b += a;
        a += four >> 24u;
        b += a;
        if (i % 1024u == 1023u) {
            a %= 65521u;
            b %= 65521u;
        }
    }
    for (var i = at - at % 4u; i < at; i++) {
        a += get_byte(i);
        b += a;
    }
    return ((b % 65521u) << 16u) | (a % 65521u);
}

// Inflates a chunk of so many bytes; what is wrong with it.
fn inflate_chunk(length: u32) -> u32 {
    if (length < 6u || length > LONGEST_CHUNK) {
        return STATUS_SHORT;
    }
    end = (length + 3u) / 4u;
    go_to(0u);
    let method = take(8u);
    let check = take(8u);
    if (((method << 8u) | check) % 31u != 0u || (method & 15u) != 8u || (method >> 4u) > 7u || (check & 32u) != 0u) {
        return STATUS_HEADER;
    }
    let limit = length - 4u;
    at = 0u;
    loop {
        spend(1u);
        let kind = take(3u);
        var status = STATUS_BLOCK;
        if (kind / 2u == 0u) {
            status = copy_stored(limit);
        } else if (kind / 2u != 3u) {
            if (rounds < TABLES_ROUNDS) {
                return STATUS_WORK;
            }
            status = make_tables(kind / 2u == 1u);
            if (status == STATUS_GOOD) {
                status = decode_symbols();
            }
        }
        if (rounds == 0u) {
            return STATUS_WORK;
        }
        if (status != STATUS_GOOD) {
            return status;
        }
        if (byte_of() > limit) {
            return STATUS_SHORT;
        }
        if (kind % 2u == 1u) {
            break;
        }
    }
    go_to(byte_of());
    var sum = take(8u) << 24u;
    sum |= take(8u) << 16u;
    sum |= take(8u) << 8u;
    sum |= take(8u);
    let expected = adler32();
    if (rounds == 0u) {
        return STATUS_WORK;
    }
    return select(STATUS_CHECKSUM, STATUS_GOOD, sum == expected);
}

fn lies_in(begin: u32, length: u32, units: u32) -> bool {
    let needed = length / UNIT + select(0u, 1u, length % UNIT != 0u);
    return begin <= units && needed <= units - begin;
}

// Launch: one workgroup per DECODERS tasks. Workgroup memory: 12 KiB. An invocation owns a chunk, and a part of that
// memory.
@compute @workgroup_size(DECODERS)
fn inflate(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let i = tile_of(group, groups) * DECODERS + lane;
    if (i >= params.n) {
        return;
    }
    let task = i * 4u * TASK_QUADS;
    let chunk = tasks[task];
    if (chunk >= params.a) {
        return;
    }
    let state = states[chunk];
    if (state.x != STATUS_GOOD) {
        return;
    }
    own = lane * DECODER;
    own_lengths = lane * 40u;
    words = tasks[task + 1u] * (UNIT / 4u);
    out = tasks[task + 2u] * (UNIT / 4u);
    room = tasks[task + 3u];
    rounds = state.w;
    var status = STATUS_PLACE;
    if (lies_in(tasks[task + 1u], state.y, params.b) && lies_in(tasks[task + 2u], room, params.c)) {
        status = inflate_chunk(state.y);
    }
    states[chunk] = vec4(status, at, 0u, 0u);
}
