//! `--overviews`: coarser orders, as lists, ranges, or with the ellipsis that people write.
//!
//! ```text
//!   11,9,6      these
//!   11..6       11, 10, 9, 8, 7, 6: both ends
//!   11,10,..6   the same; the step is that of the two before the dots
//!   2,4,8       of rectilinear grids: widths in cells of the grid
//! ```

use crate::error::{Error, Result};
use crate::grid::{GridConfig, Order};
use crate::run::coarser_on;

/// The orders asked for, finest first; of rectilinear grids the widths.
///
/// # Errors
/// A spelling that is none of those above, an order that is not coarser than the cells, or one that
/// is given twice.
pub fn overviews(text: &str, grid: &GridConfig) -> Result<Vec<u8>> {
    let refuse = |what: String| Error::argument(format!("--overviews {text}: {what}"));
    if grid.kind.rectilinear().is_some() {
        let widths = text.split(',').map(|width| {
            width.trim().parse::<u8>().map_err(|_| {
                format!("'{width}' is not a width from 2 to 128; write widths in cells as 2,4,8")
            })
        });
        let widths = widths.collect::<Result<Vec<u8>, String>>();
        let widths = widths.map_err(refuse)?;
        return coarser_on(&widths, grid).map(|_| widths).map_err(refuse);
    }
    let mut given: Vec<u8> = Vec::new();
    // `..,6` is one way to write `..6`.
    for item in text.replace(' ', "").replace("..,", "..").split(',') {
        match item.split_once("..") {
            None => given.push(number(item).map_err(refuse)?),
            Some((from, to)) => {
                let to = number(to).map_err(refuse)?;
                if from.is_empty() {
                    extend(&mut given, to).map_err(refuse)?;
                } else {
                    let from = number(from).map_err(refuse)?;
                    let (fine, coarse) = (from.max(to), from.min(to));
                    given.extend((coarse..=fine).rev());
                }
            }
        }
    }
    let orders = coarser_on(&given, grid).map_err(refuse)?;
    Ok(orders.into_iter().map(Order::get).collect())
}

fn number(text: &str) -> Result<u8, String> {
    text.parse().ok().filter(|&order| order <= Order::MAX.get()).ok_or_else(|| {
        format!(
            "'{text}' is not an order from 0 to {}; write orders as 11,10,9 or 11..6 or 11,10,..6",
            Order::MAX
        )
    })
}

/// Goes on from the last orders in their step, or in steps of one, to this one.
fn extend(given: &mut Vec<u8>, to: u8) -> Result<(), String> {
    let Some(&last) = given.last() else {
        return Err(format!(
            "'..{to}' has no order before it; write both ends, such as 11..{to}"
        ));
    };
    let step = match given[..] {
        [.., before, last] => i16::from(last) - i16::from(before),
        _ => (i16::from(to) - i16::from(last)).signum(),
    };
    let way = i16::from(to) - i16::from(last);
    if step == 0 || way % step != 0 || way / step < 1 {
        return Err(format!(
            "steps of {step} from order {last} do not reach {to}"
        ));
    }
    for _ in 0..way / step {
        let next = given.last().map_or(0, |&order| i16::from(order) + step);
        given.push(u8::try_from(next).unwrap_or(to));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Vec<u8>, String> {
        let grid = crate::config::load("atl03").unwrap().grid;
        assert_eq!(grid.cell_order.get(), 12);
        overviews(text, &grid).map_err(|error| error.to_string())
    }

    #[test]
    fn of_rectilinear_grids_widths_are_powers_of_two_that_divide_shards() {
        let text = crate::config::load("atl03").unwrap().text;
        let polar = "type: rectilinear, crs: EPSG:3031, resolution: 1000, bounds: [0, 0, 9000, 9000], chunk_shape: [24, 40]";
        let text = text.replace(
            "type: healpix, indexing_scheme: nested, parent_order: 6, child_order: 12",
            polar,
        );
        let grid = crate::config::parse_yaml("x", &text).unwrap().grid;
        assert_eq!(overviews("2, 4,8", &grid).unwrap(), [2, 4, 8]);
        for (text, says) in [
            ("16", "chunk_shape [24, 40]"),
            ("3", "chunk_shape [24, 40]"),
            ("1", "chunk_shape [24, 40]"),
            ("2,2", "2 is given twice"),
            ("2..8", "'2..8' is not a width"),
            ("256", "'256' is not a width"),
        ] {
            let message = overviews(text, &grid).unwrap_err().to_string();
            assert!(message.contains(says), "{text}: {message}");
        }
    }

    #[test]
    fn every_spelling_gives_its_orders_finest_first() {
        for (text, orders) in [
            ("11", &[11][..]),
            ("6,11,9", &[11, 9, 6]),
            ("11..6", &[11, 10, 9, 8, 7, 6]),
            ("6..11", &[11, 10, 9, 8, 7, 6]),
            ("11,10,..6", &[11, 10, 9, 8, 7, 6]),
            ("11, 10, .., 6", &[11, 10, 9, 8, 7, 6]),
            ("11,..8", &[11, 10, 9, 8]),
            ("10,8,..0", &[10, 8, 6, 4, 2, 0]),
            ("0,2,..10", &[10, 8, 6, 4, 2, 0]),
            ("11,8..6,0", &[11, 8, 7, 6, 0]),
        ] {
            assert_eq!(parsed(text).as_deref(), Ok(orders), "{text}");
        }
    }

    #[test]
    fn what_is_no_list_of_coarser_orders_is_refused() {
        for (text, says) in [
            ("", "'' is not an order from 0 to 29"),
            ("11,", "'' is not an order from 0 to 29"),
            ("eleven", "'eleven' is not an order from 0 to 29"),
            ("11..", "'' is not an order from 0 to 29"),
            ("30", "'30' is not an order from 0 to 29"),
            ("-1", "'-1' is not an order from 0 to 29"),
            ("..6", "'..6' has no order before it"),
            ("11,9,..6", "steps of -2 from order 9 do not reach 6"),
            ("11,11,..6", "steps of 0 from order 11 do not reach 6"),
            ("12", "order 12 is not coarser than the cell order 12"),
            ("14,11", "order 14 is not coarser than the cell order 12"),
            ("11..9,10", "order 10 is given twice"),
        ] {
            let message = parsed(text).unwrap_err();
            assert!(message.contains(says), "{text}: {message}");
            assert!(
                message.contains(&format!("--overviews {text}:")),
                "{message}"
            );
        }
    }
}
