//! Tests: partials come back from their bytes, and other bytes are refused.

use proptest::prelude::*;

use super::*;
use crate::expr::Mark;
use crate::grid::{Latitude, Order};
use crate::photon::ColumnType;
use crate::stat::Wide;
use crate::stat::{ColumnOrigin, Form, JobColumn, Joint, Needs, Remainder, Remainders, Resolution};

fn column(name: &str, column_type: ColumnType, needs: Needs) -> JobColumn {
    JobColumn {
        name: name.to_owned(),
        origin: ColumnOrigin::Source(0),
        column_type,
        resolution: Resolution::DEFAULT,
        needs,
    }
}

/// Columns of every type with these accumulators, and one that needs nothing.
fn job(needs: &Needs) -> Job {
    Job {
        columns: vec![
            column("a", ColumnType::F32, needs.clone()),
            column("b", ColumnType::F64, needs.clone()),
            column("c", ColumnType::I64, needs.clone()),
            column("d", ColumnType::F32, Needs::default()),
        ],
        outputs: Vec::new(),
    }
}

fn all() -> Needs {
    Needs {
        range: true,
        moments: true,
        variance: true,
        terms: true,
        ordered: true,
        edges: Some(vec![-1.0, 0.0, 2.5]),
        ..joints()
    }
}

/// With joint sums of every form.
fn joints() -> Needs {
    let joint = |form| Joint {
        form,
        others: vec![1],
    };
    Needs {
        joints: [Form::Products(2), Form::Ends, Form::Marks(Mark::Cycle)]
            .map(joint)
            .to_vec(),
        products: true,
        ..Needs::default()
    }
}

fn grid() -> GridConfig {
    GridConfig {
        shard_order: Order::new(6).unwrap(),
        chunk_order: None,
        cell_order: Order::new(12).unwrap(),
        kind: Latitude::AuthalicWgs84.into(),
    }
}

fn special() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => -16_000.0f64..16_000.0,
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
        1 => Just(-0.0),
    ]
}

/// Cells and what each holds; the last numbers go into fields that few values reach.
type Cells = std::collections::BTreeMap<u64, (Vec<f64>, u128, u128)>;

fn cells() -> impl Strategy<Value = Cells> {
    let values = prop::collection::vec(special(), 0..6);
    let cell = (values, any::<u128>(), any::<u128>());
    prop::collection::btree_map(0u64..12 << 24, cell, 0..40)
}

fn partials(job: &Job, cells: &Cells) -> Partials {
    let mut partials = Partials::empty(job);
    for (&cell, (values, high, low)) in cells {
        partials.cells.push(cell);
        partials.photons.push(values.len() as u64 + 1);
        for (column, described) in partials.columns.iter_mut().zip(&job.columns) {
            match described.column_type {
                ColumnType::F32 => {
                    let values: Vec<f32> = values.iter().map(|&v| v as f32).collect();
                    column.push_cell(&values, described);
                }
                ColumnType::F64 => column.push_cell(values, described),
                ColumnType::I64 => {
                    // Within the resolution's range.
                    let values: Vec<i64> = values.iter().map(|&v| v as i64 % 16_000).collect();
                    column.push_cell(&values, described);
                }
            }
            if let Some(last) = column.moments.as_mut().and_then(|rows| rows.last_mut()) {
                last.squares.high = *high;
                last.sum = *low as i128;
            }
            // Of every other cell, with all bits in use.
            if described.needs.moments && cell % 2 == 1 {
                let second =
                    [*high, *low, *high ^ *low].map(|part| [part as u64, (part >> 64) as u64]);
                column.remainders.append([Remainder {
                    cell,
                    values: values.len() as u64,
                    first: Wide([1, 2, *low as u64, *high as u64]),
                    second: Wide(std::array::from_fn(|i| second[i / 2][i % 2])),
                }]);
            }
            // Of others, and of some several marks.
            for rows in column.joints.iter_mut().filter(|_| cell % 3 > 0) {
                let word = |i: u64| low.rotate_left(i as u32) as u64;
                let row: Vec<u64> = (0..rows.form().words() as u64).map(word).collect();
                rows.push(cell, &row);
                if rows.form() == Form::Marks(Mark::Cycle) {
                    rows.push(cell, &[*high as u64, cell]);
                }
            }
            if let Some(last) = column.terms.as_mut().and_then(|rows| rows.last_mut()) {
                last.sum.high = *high as i128;
            }
        }
    }
    partials
}

fn encoded(encoding: &Encoding, partials: &Partials, rows: Rows<usize>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let written = encoding.encode(partials, rows.clone(), &mut bytes).unwrap();
    assert_eq!(written, bytes.len() as u64);
    assert_eq!(written, encoding.bytes_of(partials, rows));
    bytes
}

fn decoded(encoding: &Encoding, mut bytes: &[u8]) -> Result<Partials, DecodeError> {
    let limit = bytes.len() as u64;
    encoding.decode(&mut bytes, limit)
}

proptest! {
    #[test]
    fn any_rows_of_any_accumulators_come_back(
        cells in cells(),
        needed in any::<[bool; 6]>(),
        cut in any::<[prop::sample::Index; 2]>(),
    ) {
        let [range, moments, terms, ordered, bins, joint] = needed;
        let joint = if joint { joints() } else { Needs::default() };
        let edges = bins.then(|| vec![-1.0, 0.0, 2.5]);
        let job = job(&Needs { range, moments, variance: moments, terms, ordered, edges, ..joint });
        let (partials, grid) = (partials(&job, &cells), grid());
        let encoding = Encoding::new(&job, &grid);
        let mut ends = cut.map(|index| index.index(partials.len() + 1));
        ends.sort_unstable();
        for rows in [0..partials.len(), ends[0]..ends[1]] {
            let mut expected = Partials::empty(&job);
            expected.append(&partials, rows.clone());
            let bytes = encoded(&encoding, &partials, rows);
            let back = decoded(&encoding, &bytes).unwrap();
            prop_assert_eq!(&back, &expected);
            prop_assert_eq!(back.bytes_of(0..back.len(), &job), expected.bytes_of(0..back.len(), &job));
        }
    }

    #[test]
    fn a_changed_byte_is_refused_wherever_it_is(
        cells in cells(),
        at in any::<prop::sample::Index>(),
        flip in 1u8..,
    ) {
        let (job, grid) = (job(&all()), grid());
        let encoding = Encoding::new(&job, &grid);
        let partials = partials(&job, &cells);
        let mut bytes = encoded(&encoding, &partials, 0..partials.len());
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert!(decoded(&encoding, &bytes).is_err(), "byte {}", at);
    }

    #[test]
    fn bytes_that_end_early_are_refused(cells in cells(), end in any::<prop::sample::Index>()) {
        let (job, grid) = (job(&all()), grid());
        let encoding = Encoding::new(&job, &grid);
        let partials = partials(&job, &cells);
        let bytes = encoded(&encoding, &partials, 0..partials.len());
        let end = end.index(bytes.len());
        let (mut cut, limit) = (&bytes[..end], bytes.len() as u64);
        let error = encoding.decode(&mut cut, limit).unwrap_err();
        prop_assert_eq!(error.to_string(), "damaged: a block ends early");
        prop_assert!(decoded(&encoding, &bytes[..end]).is_err());
    }

    #[test]
    fn arbitrary_bytes_with_right_checksums_are_refused_without_a_panic(
        body in prop::collection::vec(prop_oneof![3 => Just(0u8), 1 => any::<u8>()], 0..400),
        cells in prop_oneof![0u64..20, any::<u64>()],
    ) {
        let (job, grid) = (job(&all()), grid());
        let encoding = Encoding::new(&job, &grid);
        let mut bytes = encoded(&encoding, &Partials::empty(&job), 0..0);
        bytes.truncate(HEADER);
        bytes[48..56].copy_from_slice(&cells.to_le_bytes());
        bytes[56..64].copy_from_slice(&(body.len() as u64).to_le_bytes());
        let checksum = crc32c::crc32c(&bytes[CHECKED..]);
        bytes[12..CHECKED].copy_from_slice(&checksum.to_le_bytes());
        bytes.extend(&body);
        bytes.extend(crc32c::crc32c(&body).to_le_bytes());
        match decoded(&encoding, &bytes) {
            // All arrays of no cells, each a length of 0.
            Ok(partials) => prop_assert!(cells == 0 && partials.is_empty()),
            Err(error) => prop_assert!(error.to_string().starts_with("damaged: ")),
        }
    }
}

#[test]
fn cells_that_do_not_ascend_or_are_none_of_the_grid_are_refused() {
    let (job, grid) = (job(&all()), grid());
    let encoding = Encoding::new(&job, &grid);
    let of = |cells: [u64; 2]| {
        let both = cells.map(|cell| (cell, (vec![1.0], 0, 0)));
        let mut partials = partials(&job, &both.into_iter().collect());
        partials.cells = cells.to_vec();
        let bytes = encoded(&encoding, &partials, 0..2);
        decoded(&encoding, &bytes).map(|found| found.cells)
    };
    assert_eq!(of([3, 4]).unwrap(), [3, 4]);
    let error = of([4, 3]).unwrap_err().to_string();
    assert_eq!(error, "damaged: cell 3 follows cell 4");
    let error = of([3, 12 << 24]).unwrap_err().to_string();
    assert_eq!(
        error,
        "damaged: cell 201326592 where the grid has 201326592"
    );
}

#[test]
fn remainders_of_cells_that_are_not_there_are_refused() {
    let (job, grid) = (job(&all()), grid());
    let encoding = Encoding::new(&job, &grid);
    let of = |ids: &[u64]| {
        let both = [3, 7].map(|cell| (cell, (vec![1.0], 0, 0)));
        let mut partials = partials(&job, &both.into_iter().collect());
        let rows = ids.iter().map(|&cell| Remainder::none(cell));
        partials.columns[1].remainders = Remainders::default();
        partials.columns[1].remainders.rows.extend(rows);
        // Its own cells only are written, so the others are put where those were.
        let mut bytes = encoded(&encoding, &partials, 0..2);
        if ids.iter().any(|id| ![3, 7].contains(id)) {
            partials.cells = ids.to_vec();
            bytes = encoded(&encoding, &partials, 0..2);
            bytes[HEADER + 8..HEADER + 16].copy_from_slice(&3u64.to_le_bytes());
            bytes[HEADER + 16..HEADER + 24].copy_from_slice(&7u64.to_le_bytes());
            let end = bytes.len() - 4;
            let checksum = crc32c::crc32c(&bytes[HEADER..end]);
            bytes[end..].copy_from_slice(&checksum.to_le_bytes());
        }
        let decoded = decoded(&encoding, &bytes);
        decoded.map(|_| ()).map_err(|error| error.to_string())
    };
    let refused = |cell: u64| {
        Err(format!(
            "damaged: column b: remainders of cell {cell}, which is not there or has others before"
        ))
    };
    assert_eq!(of(&[3, 7]), Ok(()));
    assert_eq!(of(&[3, 3]), refused(3));
    assert_eq!(of(&[3, 6]), refused(6));
}

#[test]
fn partials_of_another_question_are_refused_by_name() {
    let (ours, grid) = (job(&all()), grid());
    let bytes = encoded(&Encoding::new(&ours, &grid), &Partials::empty(&ours), 0..0);
    let change = |change: &dyn Fn(&mut JobColumn)| {
        let mut other = ours.clone();
        change(&mut other.columns[1]);
        other
    };
    for other in [
        change(&|c| c.name = "e".to_owned()),
        change(&|c| c.origin = ColumnOrigin::Source(1)),
        change(&|c| c.column_type = ColumnType::I64),
        change(&|c| c.resolution = Resolution::ONE),
        change(&|c| c.needs.range = false),
        change(&|c| c.needs.variance = false),
        change(&|c| c.needs.edges = Some(vec![-1.0, -0.0, 2.5])),
    ] {
        let error = decoded(&Encoding::new(&other, &grid), &bytes).unwrap_err();
        assert!(matches!(error, DecodeError::OtherJob { .. }), "{error}");
    }
    let coarser = GridConfig {
        cell_order: Order::new(11).unwrap(),
        ..grid
    };
    let error = decoded(&Encoding::new(&ours, &coarser), &bytes).unwrap_err();
    assert!(matches!(error, DecodeError::OtherJob { .. }), "{error}");
    let named = |encoding: Encoding| encoding.fingerprint().to_string();
    let both = [Encoding::new(&ours, &grid), Encoding::new(&ours, &coarser)].map(named);
    let says = format!("fingerprint is {}, that of this run {}", both[0], both[1]);
    assert!(error.to_string().contains(&says), "{error}");
    let encoding = Encoding::new(&ours, &grid);
    let mut older = bytes;
    older[8] = 1;
    let error = decoded(&encoding, &older).unwrap_err();
    assert_eq!(
        error.to_string(),
        "format version 1, and this icefold reads versions 2 to 3"
    );
    // The checksum tells one version from the other.
    older[8] = 2;
    let error = decoded(&encoding, &older).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("damaged: a header has checksum "),
        "{error}"
    );
    let checksum = crc32c::crc32c(&older[16..HEADER]);
    older[12..16].copy_from_slice(&checksum.to_le_bytes());
    assert_eq!(decoded(&encoding, &older).unwrap(), Partials::empty(&ours));
}

#[test]
fn a_fingerprint_is_shown_by_its_first_bytes_and_in_full_where_it_is_looked_into() {
    let fingerprint = Fingerprint(std::array::from_fn(|i| i as u8));
    assert_eq!(fingerprint.to_string(), "0001020304050607");
    let full = format!("{fingerprint:?}");
    assert!(full.len() == 64 && full.ends_with("1d1e1f"), "{full}");
}

#[test]
fn a_block_that_is_longer_than_what_is_left_is_refused_before_it_is_read() {
    let (job, grid) = (job(&all()), grid());
    let encoding = Encoding::new(&job, &grid);
    let partials = partials(&job, &Cells::from([(3, (vec![1.0], 0, 0))]));
    let bytes = encoded(&encoding, &partials, 0..1);
    let length = bytes.len() as u64;
    let within = |limit| encoding.decode(&mut bytes.as_slice(), limit);
    assert_eq!(within(length).unwrap(), partials);
    let (body, most) = (length - 68, length - 69);
    let error = within(length - 1).unwrap_err().to_string();
    assert_eq!(
        error,
        format!("damaged: a block of {body} bytes where {most} are left")
    );
}
