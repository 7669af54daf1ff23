//! Encoders of what `codecs.rs` decodes, for tests and fuzzing: no better than they must be.
//!
//! Beside the line: granules are only read.

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
