//! The pieces that a page asks for, by name.
//!
//! A name is a word and numbers, so that what a browser asks for never becomes a path.

/// Something that a page asks for. Orders and variables are places in the lists of `meta`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// What there is to see.
    Meta,
    /// Land, ice and lakes.
    Earth,
    /// The blocks that the cells of an order are cut into.
    Blocks(usize),
    /// Ids of the cells of a block.
    Ids(usize, usize),
    /// The range of the colours of a variable.
    Range(usize, usize),
    /// Values of a variable in a block, at a step.
    Values {
        order: usize,
        block: usize,
        variable: usize,
        step: usize,
    },
}

impl Piece {
    /// The piece of a name; `None` where there is none.
    pub fn named(name: &str) -> Option<Self> {
        let mut parts = name.split('-');
        let word = parts.next()?;
        let number = |part: &str| {
            let is_plain = part.bytes().all(|byte| byte.is_ascii_digit()) && part.len() <= 9;
            part.parse::<usize>().ok().filter(|_| is_plain)
        };
        let numbers: Option<Vec<usize>> = parts.map(number).collect();
        Some(match (word, &numbers?[..]) {
            ("meta", []) => Self::Meta,
            ("earth", []) => Self::Earth,
            ("blocks", &[order]) => Self::Blocks(order),
            ("ids", &[order, block]) => Self::Ids(order, block),
            ("range", &[order, variable]) => Self::Range(order, variable),
            ("values", &[order, block, variable, step]) => Self::Values {
                order,
                block,
                variable,
                step,
            },
            _ => return None,
        })
    }

    /// Its name.
    pub fn name(self) -> String {
        match self {
            Self::Meta => "meta".to_owned(),
            Self::Earth => "earth".to_owned(),
            Self::Blocks(order) => format!("blocks-{order}"),
            Self::Ids(order, block) => format!("ids-{order}-{block}"),
            Self::Range(order, variable) => format!("range-{order}-{variable}"),
            Self::Values {
                order,
                block,
                variable,
                step,
            } => format!("values-{order}-{block}-{variable}-{step}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_to_their_pieces_and_nothing_else_does() {
        let values = Piece::Values {
            order: 1,
            block: 20,
            variable: 3,
            step: 0,
        };
        for piece in [
            Piece::Meta,
            Piece::Earth,
            Piece::Blocks(2),
            Piece::Ids(0, 7),
            Piece::Range(1, 1),
            values,
        ] {
            assert_eq!(Piece::named(&piece.name()), Some(piece));
        }
        for name in [
            "",
            "meta-1",
            "blocks",
            "blocks--1",
            "blocks-+1",
            "blocks-../..",
            "ids-1",
            "ids-1-9999999999",
            "values-1-2-3",
            "../zarr.json",
        ] {
            assert_eq!(Piece::named(name), None, "{name}");
        }
    }
}
