//! Packed morton words: HEALPix order and NESTED cell in one `u64`, and their decimal spelling.
//!
//! Beside the line: shard maps name shards by these words. Sorted as integers, words follow the
//! NESTED curve with every cell before its descendants. Zero is null.
//!
//! ```text
//!   63..60          59..6                              5..0
//!   facet + 1       27 pairs of bits, order 1 first    suffix: the order up to 27
//! ```
//!
//! Source: mortie specification 1.0, sections 1 and 2. Suffixes 28 to 47 hold orders 28 and 29
//! (parents before children), 48 to 63 mark points, which are positions and not cells.

use crate::grid::Order;

/// The finest order whose pairs all lie in the body of the word.
const BODY_ORDER: u8 = 27;

/// The word of `cell` (NESTED id) at `order`; `cell` must be below `order.cells()`.
pub fn to_word(order: Order, cell: u64) -> u64 {
    debug_assert!(cell < order.cells(), "cell {cell} is not of order {order}");
    match order.get() {
        28 => pack(BODY_ORDER, cell >> 2, 28 + 5 * (cell & 3)),
        29 => {
            let (parent, child) = ((cell >> 2) & 3, cell & 3);
            pack(BODY_ORDER, cell >> 4, 29 + 5 * parent + child)
        }
        k => pack(k, cell, u64::from(k)),
    }
}

/// The word of a point: a position known to the cell of order 29, `cell`, without claim of area.
pub fn point_to_word(cell: u64) -> u64 {
    debug_assert!(cell < Order::MAX.cells(), "cell {cell} is not of order 29");
    pack(BODY_ORDER, cell >> 4, 48 + (cell & 15))
}

/// The order and NESTED cell of a word.
///
/// `None` for null, for a point, and for a word that no cell has (facet above 11, or bits set below
/// its order).
pub fn from_word(word: u64) -> Option<(Order, u64)> {
    let suffix = word & 63;
    let (body_order, order, tail) = match suffix {
        0..=27 => (suffix, suffix, 0),
        28..=47 => match ((suffix - 28) / 5, (suffix - 28) % 5) {
            (parent, 0) => (27, 28, parent),
            (parent, child) => (27, 29, (parent << 2) | (child - 1)),
        },
        _ => return None,
    };
    let facet = (word >> 60).checked_sub(1).filter(|facet| *facet < 12)?;
    let path = (word & ((1 << 60) - 1)) >> (60 - 2 * body_order);
    let body = (facet << (2 * body_order)) | path;
    let cell = (body << (2 * (order - body_order))) | tail;
    let order = Order::new(u8::try_from(order).ok()?)?;
    (to_word(order, cell) == word).then_some((order, cell))
}

/// The order and NESTED cell of a word of a cell or of a point.
fn place_of(word: u64) -> Option<(Order, u64)> {
    let suffix = word & 63;
    if suffix < 48 {
        return from_word(word);
    }
    // The cell of order 29 that the point is in, under its own suffix.
    let (parent, child) = ((suffix - 48) >> 2, suffix & 3);
    from_word(word & !63 | (29 + 5 * parent + child))
}

/// The word of the finest cell that holds both of what two words are of, cells or points. It is a cell's also where they
/// are the same point: a cell is known to hold it. Null where nothing holds both.
pub fn common_word(a: u64, b: u64) -> u64 {
    let (Some((order, cell)), Some((other_order, other))) = (place_of(a), place_of(b)) else {
        return 0;
    };
    let coarser = order.min(other_order);
    let at = |order: Order, cell: u64| cell >> (2 * u32::from(order.get() - coarser.get()));
    let differing = at(order, cell) ^ at(other_order, other);
    // Pairs of bits from the highest that differs on.
    let up = (u64::BITS - differing.leading_zeros()).div_ceil(2) as u8;
    match coarser.get().checked_sub(up).and_then(Order::new) {
        Some(common) => to_word(common, at(order, cell) >> (2 * u32::from(up))),
        None => 0,
    }
}

/// The decimal spelling of `cell` at `order`: the facet as 1 to 6, negative for facets 6 to 11,
/// then one digit 1 to 4 for each order. A cell's spelling starts with that of each ancestor.
pub fn decimal(order: Order, cell: u64) -> String {
    let facet = cell >> (2 * u32::from(order.get()));
    let sign = if facet < 6 { "" } else { "-" };
    let mut text = format!("{sign}{}", facet % 6 + 1);
    for k in (0..u32::from(order.get())).rev() {
        text.push(['1', '2', '3', '4'][((cell >> (2 * k)) & 3) as usize]);
    }
    text
}

/// The order and NESTED cell of a decimal spelling; `None` of text that is none.
pub fn of_decimal(text: &str) -> Option<(Order, u64)> {
    let (south, digits) = match text.strip_prefix('-') {
        Some(digits) => (6, digits),
        None => (0, text),
    };
    let mut digits = digits.bytes();
    let facet = digits
        .next()
        .filter(|digit| (b'1'..=b'6').contains(digit))?;
    let (mut cell, mut order) = (u64::from(facet - b'1') + south, 0);
    for digit in digits {
        if !(b'1'..=b'4').contains(&digit) || order == Order::MAX.get() {
            return None;
        }
        cell = cell << 2 | u64::from(digit - b'1');
        order += 1;
    }
    Some((Order::new(order)?, cell))
}

/// Facet, path of `body_order` pairs and suffix, each in its place.
fn pack(body_order: u8, cell: u64, suffix: u64) -> u64 {
    let bits = 2 * u32::from(body_order);
    let facet = cell >> bits;
    let path = cell & ((1 << bits) - 1);
    ((facet + 1) << 60) | (path << (60 - bits)) | suffix
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(k: u8) -> Order {
        Order::new(k).unwrap()
    }

    #[test]
    fn a_known_cell_has_its_known_word_and_spelling() {
        assert_eq!(to_word(order(6), 37_010), 11_570_310_392_668_225_542);
        assert_eq!(
            from_word(11_570_310_392_668_225_542),
            Some((order(6), 37_010))
        );
        assert_eq!(decimal(order(6), 37_010), "-4113213");
        assert_eq!(decimal(order(0), 5), "6");
        assert_eq!(decimal(order(1), 25), "-12");
    }

    #[test]
    fn every_order_survives_the_round_trip() {
        for k in 0..=29 {
            let cells = order(k).cells();
            for i in 0..500 {
                let cell = (cells - 1) / 499 * i;
                let word = to_word(order(k), cell);
                assert_eq!(from_word(word), Some((order(k), cell)), "order {k}");
            }
        }
    }

    #[test]
    fn a_parent_sorts_before_its_children_and_they_before_the_next_parent() {
        for k in 0..29 {
            let parent = order(k).cells() / 3;
            let words: Vec<u64> = std::iter::once(to_word(order(k), parent))
                .chain((0..4).map(|i| to_word(order(k + 1), 4 * parent + i)))
                .chain([to_word(order(k), parent + 1)])
                .collect();
            assert!(words.is_sorted(), "order {k}: {words:?}");
        }
    }

    #[test]
    fn words_that_no_cell_has_are_refused() {
        for word in [0, 6, 13 << 60 | 6, 15 << 60, 1 << 60 | 1 << 20 | 6] {
            assert_eq!(from_word(word), None, "{word:#x}");
        }
        for suffix in 48..64 {
            assert_eq!(from_word(1 << 60 | suffix), None);
        }
        assert_eq!(from_word(u64::MAX), None);
    }

    #[test]
    fn what_words_have_in_common_is_the_finest_cell_of_both() {
        let cell = 1_369_094_286_720_630_785;
        let point = point_to_word(cell);
        assert_eq!(common_word(point, point), to_word(order(29), cell));
        for k in 0..29 {
            let up = 2 * u32::from(29 - k);
            // The next point that leaves the cell one order finer.
            let other = point_to_word(cell ^ (1 << (up - 1)));
            let common = to_word(order(k), cell >> up);
            assert_eq!(common_word(point, other), common, "order {k}");
            assert_eq!(common_word(other, point), common);
            let area = to_word(order(k), cell >> up);
            assert_eq!(common_word(area, point), area);
            assert_eq!(common_word(area, area), area);
        }
        // Of two facets nothing, and of what is no word.
        assert_eq!(common_word(to_word(order(0), 3), to_word(order(0), 4)), 0);
        assert_eq!(common_word(point, 0), 0);
    }

    #[test]
    fn a_point_is_not_a_cell() {
        let cell = 1_369_094_286_720_630_785;
        assert_eq!(point_to_word(cell), 6_629_298_651_489_370_161);
        assert_eq!(from_word(point_to_word(cell)), None);
    }

    #[test]
    fn points_of_all_sixteen_places_in_a_word_are_in_their_cells() {
        for k in 0..16 {
            let cell = (1_369_094_286_720_630_785 >> 4 << 4) + k;
            let point = point_to_word(cell);
            assert_eq!(common_word(point, point), to_word(order(29), cell));
            let last = point_to_word(cell >> 4 << 4 | 15);
            let common = common_word(point, last);
            let expected = match k {
                15 => to_word(order(29), cell),
                12.. => to_word(order(28), cell >> 2),
                _ => to_word(order(27), cell >> 4),
            };
            assert_eq!(common, expected, "{k}");
        }
    }
}
