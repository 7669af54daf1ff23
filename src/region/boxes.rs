//! Boxes around boxes: which of many things in a row may touch a place, without a look at each.
//!
//! Beside the line: `ring.rs` has one over its edges, `mod.rs` one over its polygons. Neighbours in a row lie
//! together, so each level is the boxes around so many neighbours of the level below; nothing is sorted.

use std::ops::Range;

use crate::grid::Bounds;

/// Neighbours in a box of the next level.
const WIDTH: usize = 16;

/// Boxes around things in a row, level by level: the first around `WIDTH` things each.
#[derive(Debug, Clone, Default)]
pub(super) struct Boxes {
    levels: Vec<Vec<Bounds>>,
    things: usize,
}

/// One of the boxes, and the things in it.
#[derive(Debug, Clone)]
pub(super) struct Node {
    level: usize,
    place: usize,
    pub things: Range<usize>,
}

impl Boxes {
    /// Around things of which these are the boxes.
    pub fn around(things: impl ExactSizeIterator<Item = Bounds>) -> Self {
        let joined = |boxes: &[Bounds]| boxes.iter().copied().fold(Bounds::NONE, Bounds::join);
        let things: Vec<Bounds> = things.collect();
        let mut levels: Vec<Vec<Bounds>> = Vec::new();
        let mut below = &things;
        loop {
            let level: Vec<Bounds> = below.chunks(WIDTH).map(joined).collect();
            levels.push(level);
            below = &levels[levels.len() - 1];
            if below.len() <= 1 {
                break;
            }
        }
        Self {
            things: things.len(),
            levels,
        }
    }

    /// The box around all.
    pub fn all(&self) -> Bounds {
        let top = self.levels.last().and_then(|level| level.first());
        top.copied().unwrap_or(Bounds::NONE)
    }

    /// The box around all, to walk down from.
    pub fn top(&self) -> Option<Node> {
        (self.things > 0).then(|| self.node(self.levels.len() - 1, 0))
    }

    fn node(&self, level: usize, place: usize) -> Node {
        let each = WIDTH.pow(level as u32 + 1);
        Node {
            level,
            place,
            things: place * each..self.things.min((place + 1) * each),
        }
    }

    /// The box.
    pub fn bounds(&self, node: &Node) -> &Bounds {
        &self.levels[node.level][node.place]
    }

    /// The boxes within one; none of the lowest level, whose things are looked at one by one.
    pub fn below(&self, node: &Node) -> Option<impl Iterator<Item = Node>> {
        let level = node.level.checked_sub(1)?;
        let places = node.place * WIDTH..self.levels[level].len().min((node.place + 1) * WIDTH);
        Some(places.map(move |place| self.node(level, place)))
    }

    /// Whether `is` holds of a thing in a box of which `may` holds.
    pub fn any(&self, may: &impl Fn(&Bounds) -> bool, is: &impl Fn(usize) -> bool) -> bool {
        self.top().is_some_and(|top| self.any_below(&top, may, is))
    }

    fn any_below(
        &self,
        node: &Node,
        may: &impl Fn(&Bounds) -> bool,
        is: &impl Fn(usize) -> bool,
    ) -> bool {
        if !may(self.bounds(node)) {
            return false;
        }
        match self.below(node) {
            Some(mut below) => below.any(|node| self.any_below(&node, may, is)),
            None => node.things.clone().any(is),
        }
    }
}

/// Whether two boxes share a point.
pub(super) fn meet(a: &Bounds, b: &Bounds) -> bool {
    let share = |a: [f64; 2], b: [f64; 2]| a[0] <= b[1] && b[0] <= a[1];
    share(a.lon, b.lon) && share(a.lat, b.lat)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_thing_is_found_wherever_it_stands(
            corners in prop::collection::vec((0.0f64..50.0, 0.0f64..50.0), 0..700),
            query in (0.0f64..50.0, 0.0f64..50.0),
        ) {
            let boxed = |(x, y): (f64, f64)| Bounds { lon: [x, x + 1.0], lat: [y, y + 1.0] };
            let query = boxed(query);
            let things: Vec<Bounds> = corners.into_iter().map(boxed).collect();
            let boxes = Boxes::around(things.iter().copied());
            let found = boxes.any(&|node| meet(node, &query), &|i| meet(&things[i], &query));
            prop_assert_eq!(found, things.iter().any(|thing| meet(thing, &query)));
            let all = things.iter().copied().fold(Bounds::NONE, Bounds::join);
            prop_assert_eq!(boxes.all(), all);
        }
    }
}
