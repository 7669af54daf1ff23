// codes: prefix codes of RFC 1951 in the memory of a workgroup, for `inflate.wgsl`. Twin of `kernels/codes.cu`, which says
// how a code is decoded. Words in place of 16 bits, which shaders do not have; and one invocation counts by itself.

const DECODERS: u32 = 4u;
const LONGEST: u32 = 15u;
const LITERAL_SYMBOLS: u32 = 288u;
const DISTANCE_SYMBOLS: u32 = 32u;
const LENGTH_SYMBOLS: u32 = 19u;
const LONGER: u32 = 0xffffu;
const LITERAL_BITS: u32 = 8u;
const DISTANCE_BITS: u32 = 6u;
const LENGTH_BITS: u32 = 7u;

// A decoder's memory: the two tables, symbols in the order of their codes, and numbers of each length for two codes.
// The code of lengths stands where the symbols will.
const LITERALS: u32 = 0u;
const DISTANCES: u32 = 256u;
const SORTED: u32 = 320u;
const LIMITS: u32 = 640u;
const SHIFTS: u32 = 672u;
const COUNTS: u32 = 704u;
const DECODER: u32 = 736u;
var<workgroup> decoders: array<u32, 4u * 736u>;
// Lengths of a block's codes, 8 in a word.
var<workgroup> lengths: array<u32, 4u * 40u>;

// A code: where its table, its symbols and its numbers stand.
struct Code {
    table: u32,
    sorted: u32,
    numbers: u32,
}
const LITERAL_CODE = Code(LITERALS, SORTED, 0u);
const DISTANCE_CODE = Code(DISTANCES, SORTED + LITERAL_SYMBOLS, 16u);
const LENGTH_CODE = Code(SORTED, SORTED + 128u, 16u);

// Where this decoder's memory begins, and its lengths.
var<private> own: u32;
var<private> own_lengths: u32;
// Rounds of loops that are left: an adapter may end loops by itself after so many, and what has none left goes to
// the host.
var<private> rounds: u32;

fn spend(n: u32) {
    rounds -= min(n, rounds);
}
fn length_at(i: u32) -> u32 {
    return (lengths[own_lengths + i / 8u] >> (i % 8u * 4u)) & 15u;
}

fn set_length(i: u32, length: u32) {
    let place = own_lengths + i / 8u;
    let shift = i % 8u * 4u;
    lengths[place] = (lengths[place] & ~(15u << shift)) | (length << shift);
}

fn as_code(bits: u32) -> u32 {
    return reverseBits(bits) >> (32u - LONGEST);
}

fn symbol_of(code: Code, wanted: u32, length: u32) -> u32 {
    let place = (wanted >> (LONGEST - length)) + decoders[own + SHIFTS + code.numbers + length];
    return (decoders[own + code.sorted + place] << 4u) | length;
}

// The entry of the code that comes next.
fn entry_of(code: Code, window: u32, bits: u32) -> u32 {
    let entry = decoders[own + code.table + (window & ((1u << bits) - 1u))];
    if (entry != LONGER) {
        return entry;
    }
    let wanted = as_code(window);
    spend(LONGEST - bits);
    var length = bits + 1u;
    while (length < LONGEST && wanted >= decoders[own + LIMITS + code.numbers + length]) {
        length += 1u;
    }
    return symbol_of(code, wanted, length);
}

// Counts the lengths of symbols from `first` on and puts the symbols in the order of their codes; whether it is a
// code that is accepted.
fn sort_code(code: Code, first: u32, n: u32) -> bool {
    let counts = own + COUNTS + code.numbers;
    spend(2u * n + 2u * LONGEST + 4u);
    for (var length = 0u; length <= LONGEST; length++) {
        decoders[counts + length] = 0u;
    }
    for (var symbol = 0u; symbol < n; symbol++) {
        decoders[counts + length_at(first + symbol)] += 1u;
    }
    var used = 0u;
    var place = 0u;
    var start = 0u;
    for (var length = 1u; length <= LONGEST; length++) {
        let count = decoders[counts + length];
        decoders[own + LIMITS + code.numbers + length] = (start + count) << (LONGEST - length);
        decoders[own + SHIFTS + code.numbers + length] = place - start;
        used += count << (LONGEST - length);
        place += count;
        start = (start + count) << 1u;
    }
    for (var symbol = 0u; symbol < n; symbol++) {
        let length = length_at(first + symbol);
        if (length != 0u) {
            // The next free place of its length: counts go down to 0 from the last place.
            let shorter = decoders[own + LIMITS + code.numbers + length] >> (LONGEST - length);
            let free = shorter + decoders[own + SHIFTS + code.numbers + length] - decoders[counts + length];
            decoders[own + code.sorted + free] = symbol;
            decoders[counts + length] -= 1u;
        }
    }
    let is_one_bit = used == (1u << (LONGEST - 1u)) && place == 1u;
    return used == (1u << LONGEST) || used == 0u || is_one_bit;
}

fn fill_table(code: Code, bits: u32) {
    let last = decoders[own + LIMITS + code.numbers + LONGEST];
    spend((bits + 2u) << bits);
    var only = 0u;
    if (last != 0u) {
        only = decoders[own + code.sorted];
    }
    for (var i = 0u; i < (1u << bits); i++) {
        let wanted = as_code(i);
        var length = 1u;
        while (length <= bits && wanted >= decoders[own + LIMITS + code.numbers + length]) {
            length += 1u;
        }
        var entry = LONGER;
        if (last < (1u << LONGEST)) {
            entry = (only << 4u) | 1u;
        } else if (length <= bits) {
            entry = symbol_of(code, wanted, length);
        }
        decoders[own + code.table + i] = entry;
    }
}
