//! Encoders of what `codecs.rs` and `blosc.rs` decode, for tests and fuzzing only.
//!
//! Beside the line, as granules are only read. They compress no better than they have to.

/// Runs of the byte before as copies, all else as literals.
pub fn lzf(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut literals: Vec<u8> = Vec::new();
    let mut at = 0;
    let put = |literals: &mut Vec<u8>, out: &mut Vec<u8>| {
        for part in literals.chunks(32) {
            out.push(part.len() as u8 - 1);
            out.extend(part);
        }
        literals.clear();
    };
    while at < bytes.len() {
        let run = match at.checked_sub(1) {
            Some(before) => (bytes[at..].iter().take(264))
                .take_while(|b| **b == bytes[before])
                .count(),
            None => 0,
        };
        if run < 3 {
            literals.push(bytes[at]);
            at += 1;
            continue;
        }
        put(&mut literals, &mut out);
        match run - 2 {
            short @ ..7 => out.extend([(short as u8) << 5, 0]),
            long => out.extend([7 << 5, (long - 7) as u8, 0]),
        }
        at += run;
    }
    put(&mut literals, &mut out);
    out
}

/// In blocks of 100 bytes.
pub fn lz4(bytes: &[u8]) -> Vec<u8> {
    let mut out = (bytes.len() as u64).to_be_bytes().to_vec();
    out.extend(100_u32.to_be_bytes());
    for block in bytes.chunks(100) {
        let packed = lz4_flex::block::compress(block);
        let stored = if packed.len() < block.len() {
            &packed[..]
        } else {
            block
        };
        out.extend((stored.len() as u32).to_be_bytes());
        out.extend(stored);
    }
    out
}

/// One frame.
pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, 1).expect("room is enough")
}

/// Blocks of 130 elements of 4 bytes, grouped by byte, in LZ4.
pub fn blosc(bytes: &[u8]) -> Vec<u8> {
    const ELEMENT: usize = 4;
    const BLOCK: usize = 130 * ELEMENT;
    // Blosc 1, streams of version 1, grouped by byte, LZ4.
    let mut out = vec![2, 1, 0x21, ELEMENT as u8];
    let word = |number: usize| (number as u32).to_le_bytes();
    for number in [bytes.len(), BLOCK.min(bytes.len()), 0] {
        out.extend(word(number));
    }
    if bytes.len() < BLOCK {
        // The one block in one stream.
        out[2] |= 0x10;
    }
    let starts = out.len();
    out.resize(starts + 4 * bytes.len().div_ceil(BLOCK), 0);
    for (index, block) in bytes.chunks(BLOCK).enumerate() {
        let start = word(out.len());
        out[starts + 4 * index..][..4].copy_from_slice(&start);
        let (whole, rest) = block.split_at(block.len() / ELEMENT * ELEMENT);
        let group = |k| whole.iter().skip(k).step_by(ELEMENT);
        let mut grouped: Vec<u8> = (0..ELEMENT).flat_map(group).copied().collect();
        grouped.extend(rest);
        let stream = match block.len() {
            BLOCK => BLOCK / ELEMENT,
            length => length,
        };
        for plain in grouped.chunks(stream) {
            let packed = lz4_flex::block::compress(plain);
            let stored = if packed.len() < plain.len() {
                &packed[..]
            } else {
                plain
            };
            out.extend(word(stored.len()));
            out.extend(stored);
        }
    }
    let length = word(out.len());
    out[12..16].copy_from_slice(&length);
    out
}
