//! Tests: tables of cells under other numbers, marks of granules, and what outputs ask for of a column.

use num_bigint::BigInt;

use super::fraction::Fraction;
use super::*;
use crate::expr::{CellExpr, Mark, parse_condition, parse_row};
use crate::grid::{GridConfig, Latitude, Order};
use crate::photon::{Column, ColumnType, Origin, PhotonBatch, Rows, Values};

fn column(needs: Needs) -> JobColumn {
    JobColumn {
        name: "h".to_owned(),
        origin: ColumnOrigin::Source(0),
        column_type: ColumnType::F64,
        resolution: Resolution::DEFAULT,
        needs,
    }
}

fn job(needs: Needs) -> Job {
    Job {
        columns: vec![column(needs)],
        outputs: Vec::new(),
    }
}

fn joint(form: Form) -> Joint {
    Joint {
        form,
        others: Vec::new(),
    }
}

/// These cells, of so many photons each.
fn cells(job: &Job, cells: &[(u64, usize)]) -> Partials {
    let mut partials = Partials::empty(job);
    for &(cell, photons) in cells {
        partials.cells.push(cell);
        partials.photons.push(photons as u64);
        let values: Vec<f64> = (0..photons).map(|i| i as f64).collect();
        partials.columns[0].push_cell(&values, &job.columns[0]);
    }
    partials
}

#[test]
fn slots_of_several_cells_come_into_order_on_the_way_up() {
    let order = |order| Order::new(order).unwrap();
    let grid = GridConfig {
        shard_order: order(2),
        chunk_order: None,
        cell_order: order(4),
        steps: 3,
        kind: Latitude::AuthalicWgs84.into(),
    };
    let job = job(Needs {
        joints: vec![joint(Form::Ends)],
        ..Needs::default()
    });
    // Cells 4, 5 and 7 lie in cell 1 of the order above, each at steps of its own.
    let slots = [(4, 2, 1), (5, 0, 2), (5, 2, 4), (7, 1, 8), (8, 0, 16)];
    let slots = slots.map(|(cell, step, photons)| (grid.slot(cell, step), photons));
    let mut fine = cells(&job, &slots);
    for (slot, time) in [(slots[0].0, 70), (slots[2].0, 60), (slots[3].0, 50)] {
        fine.columns[0].joints[0].push(slot, &[time, 1, time, 1]);
    }
    let coarse = fine.coarsen(grid.slots_up(order(3)), &job);
    let ends = &coarse.columns[0].joints[0];
    assert_eq!(ends.get(5), Some(&[60, 1, 70, 1][..]));
    assert_eq!(ends.get(4), Some(&[50, 1, 50, 1][..]));
    assert_eq!(ends.len(), 2);
    assert_eq!(coarse.cells, [3, 4, 5, 6]);
    assert_eq!(coarse.photons, [2, 8, 1 + 4, 16]);
    assert_eq!(coarse.columns[0].count, coarse.photons);
}

#[test]
fn cells_under_other_numbers_take_all_that_is_listed_by_cell_along() {
    let job = job(Needs {
        moments: true,
        joints: vec![joint(Form::Ends)],
        ..Needs::default()
    });
    let table = |number: fn(u64) -> u64| {
        let mut table = cells(&job, &[(number(3), 1), (number(5), 2)]);
        let rule = job.columns[0].remainder_rule().unwrap();
        let remainder = Remainder::of(number(5), &[1e-12f64], &rule).unwrap();
        table.columns[0].remainders.append([remainder]);
        table.columns[0].joints[0].push(number(3), &[1, 2, 1, 2]);
        table
    };
    let mut renumbered = table(|cell| cell);
    renumbered.renumber(|cell| cell * 10 + 7);
    assert_eq!(renumbered, table(|cell| cell * 10 + 7));
    assert_eq!(renumbered.cells, [37, 57]);
    assert!(renumbered.columns[0].joints[0].get(37).is_some());
    assert!(renumbered.columns[0].remainders.get(57).is_some());
}

#[test]
fn photons_are_marked_with_what_is_known_of_their_granule() {
    let all = Marks {
        granule: [11, 12],
        track: Some(805),
        cycle: Some(6),
    };
    assert_eq!(all.get(Mark::Granule), Some([11, 12]));
    assert_eq!(all.get(Mark::Track), Some([0, 805]));
    assert_eq!(all.get(Mark::Cycle), Some([0, 6]));
    let marks = [Mark::Cycle, Mark::Granule].map(|mark| joint(Form::Marks(mark)));
    let job = job(Needs {
        joints: vec![
            joint(Form::Ends),
            marks[0].clone(),
            marks[1].clone(),
            marks[0].clone(),
        ],
        ..Needs::default()
    });
    assert_eq!(job.marks(), [Mark::Cycle, Mark::Granule]);
    // A cell without values is of no granule.
    let mut partials = cells(&job, &[(4, 2), (5, 0), (9, 1)]);
    partials.mark(&Marks { cycle: None, ..all }, &job);
    let rows = &partials.columns[0].joints;
    assert!(rows[0].is_empty() && rows[1].is_empty() && rows[3].is_empty());
    assert_eq!((rows[2].len(), rows[2].cells()), (2, &[4, 9][..]));
    let mut partials = cells(&job, &[(4, 2), (5, 0), (9, 1)]);
    partials.mark(&all, &job);
    let rows = &partials.columns[0].joints;
    assert_eq!(rows[1].get(9), Some(&[0, 6][..]));
    assert_eq!(rows[3], rows[1]);
    assert_eq!((rows[2].len(), rows[2].get(4)), (2, Some(&[11, 12][..])));
    assert!(rows[0].is_empty());
}

#[test]
fn joint_rows_hold_the_memory_of_as_many_as_they_are_told_to() {
    let mut rows = JointRows::new(Form::Ends);
    assert!(rows.is_empty());
    rows.reserve(10);
    let empty = rows.bytes_held();
    let bytes = [Form::Ends, Form::Marks(Mark::Cycle), Form::Products(2)].map(Form::bytes);
    // The cell; of two columns, a count, two sums of four words, and three of seven.
    assert_eq!(bytes, [5 * 8, 3 * 8, (1 + 1 + 2 * 4 + 3 * 7) * 8]);
    // A cell and four words each, and what two arrays take beside.
    assert!((400..480).contains(&empty), "{empty}");
    let mut more = JointRows::new(Form::Ends);
    for cell in [2, 3] {
        more.push(cell, &[cell, 1, cell, 1]);
    }
    rows.append(&more);
    assert_eq!(rows, more);
    assert_eq!((rows.len(), rows.is_empty()), (2, false));
    assert_eq!(rows.bytes_held(), empty);
    let bytes = [&[2, 3][..], &[3, 4], &[4], &[]].map(|cells| rows.bytes_of(cells));
    assert_eq!(bytes, [80, 40, 0, 0]);
    rows.shrink();
    let shrunk = rows.bytes_held();
    assert!((80..160).contains(&shrunk), "{shrunk}");
    rows.clear();
    assert!(rows.is_empty());
    assert_eq!((rows.bytes_held(), rows.get(2)), (shrunk, None));
}

#[test]
fn joint_rows_are_of_cells_with_as_many_values() {
    let mut ends = JointRows::new(Form::Ends);
    ends.push(4, &[5, 0, 9, 0]);
    ends.push(5, &[9, 0, 5, 0]);
    // The first is not after the last.
    let found = [(4, 1), (4, 0), (5, 1), (6, 0)].map(|(cell, values)| ends.are_of(cell, values));
    assert_eq!(found, [true, false, false, true]);
    let mut marks = JointRows::new(Form::Marks(Mark::Granule));
    marks.push(4, &[0, 1]);
    let found = [(4, 1), (4, 0), (5, 1), (5, 0)].map(|(cell, values)| marks.are_of(cell, values));
    assert_eq!(found, [true, false, false, true]);
}

fn reduced(column: usize, kind: MeasureKind) -> JobOutput {
    JobOutput::Scalar(CellExpr::Reduce(Measure {
        column,
        kind,
        skip_nan: false,
    }))
}

fn digest(column: usize, delta: u32, coarser: u32) -> JobOutput {
    JobOutput::Digest {
        column,
        delta,
        coarser,
        members: None,
    }
}

#[test]
fn ranks_of_a_column_are_those_of_its_quantiles_and_of_where_centroids_begin() {
    let needs = [Needs::default(), Needs::default()];
    let mut job = Job {
        columns: needs.map(column).to_vec(),
        outputs: vec![
            reduced(0, MeasureKind::Quantile { q: 0.5 }),
            reduced(1, MeasureKind::Quantile { q: 1.0 }),
        ],
    };
    let none = Specials::default();
    let ranks = |job: &Job, column| {
        let mut ranks = job.ranks(column, 5, none);
        ranks.sort_unstable();
        ranks.dedup();
        ranks
    };
    // The median is the third of five, and the one after it has no weight.
    assert!([&[2][..], &[2, 3]].contains(&&*ranks(&job, 0)));
    assert_eq!(ranks(&job, 1), [4]);
    assert!(job.deltas(0).is_empty());
    // So large a delta leaves every value its own centroid.
    job.outputs.extend([digest(0, 512, 64), digest(1, 64, 64)]);
    assert_eq!(ranks(&job, 0), [0, 1, 2, 3, 4]);
    assert_eq!(job.deltas(0), [64, 512]);
    assert_eq!(job.deltas(1), [64]);
    // Infinities are of no centroid.
    let infinite = Specials {
        negative_infinity: 1,
        positive_infinity: 2,
        ..none
    };
    job.outputs.drain(..2);
    let mut ranks = job.ranks(1, 6, infinite);
    ranks.sort_unstable();
    assert_eq!(ranks, [1, 2, 3]);
}

#[test]
fn a_median_of_deviations_needs_the_median_of_its_column() {
    let job = Job {
        columns: vec![column(Needs::default()), column(Needs::default())],
        outputs: vec![reduced(1, MeasureKind::Mad)],
    };
    assert_eq!([0, 1].map(|i| job.has_mad(i)), [false, true]);
    assert_eq!([0, 1].map(|i| job.quantiles(i)), [vec![], vec![0.5]]);
    assert_eq!(Roles::of(&[2, 0, 1]).places(), [2, 0, 1]);
    assert!(Roles::of(&[]).places().is_empty());
}

#[test]
fn what_was_chosen_has_the_digest_and_the_deviation_that_were_added_to_it() {
    let mut chooser = Chooser::new(3, &[0.5], 64);
    chooser.take(&[3u64, 1, 2]);
    chooser.end_pass();
    let chosen = chooser.chosen();
    assert!(chosen.mad().is_nan());
    let [small, large] = [1.0, 2.0].map(|mean| TDigest::of([(mean, 1.0)]));
    let chosen = chosen
        .with_mad(0.25)
        .with_digest((16, small.clone()))
        .with_digest((64, large.clone()));
    assert_eq!(chosen.mad(), 0.25);
    assert_eq!([chosen.digest(16), chosen.digest(64)], [small, large]);
    assert_eq!(chosen.get(1), Key(2));
}

fn values(values: [f64; 4], valid: [bool; 4]) -> Column {
    Column {
        values: Values::F64(values.to_vec().into()),
        nulls: Some(valid.to_vec().into()),
    }
}

/// Photons with a column `a`, null in the third, and a column `b`, null in the last.
fn batch() -> PhotonBatch {
    PhotonBatch {
        origin: Origin {
            granule: "granule".into(),
            ground_track: "gt1l".into(),
            rows: Rows::Range(0..4),
        },
        step: 0,
        lon: vec![0.0; 4].into(),
        lat: vec![0.0; 4].into(),
        columns: vec![
            values([1.0, 5.0, 5.0, 5.0], [true, true, false, true]),
            values([0.0, 0.0, 0.0, 0.0], [true, true, true, false]),
        ],
    }
}

#[test]
fn a_condition_holds_for_photons_of_which_all_that_it_asks_is_known() {
    let names = ["a", "b"];
    let holding = |text| holds(&parse_condition(text, &names).unwrap(), &names, &batch());
    assert_eq!(holding("a > 2"), [false, true, false, true]);
    assert_eq!(holding("a > 2 and b < 1"), [false, true, false, false]);
    assert_eq!(holding("b < 1"), [true, true, true, false]);
}

#[test]
fn a_column_under_a_condition_is_null_where_that_does_not_hold_and_where_it_was() {
    let names = ["a", "b"];
    let job = Job {
        columns: vec![JobColumn {
            origin: ColumnOrigin::Where {
                of: Box::new(ColumnOrigin::Source(1)),
                condition: parse_condition("a > 2", &names).unwrap(),
                operands: vec![0],
            },
            ..column(Needs::default())
        }],
        outputs: Vec::new(),
    };
    let mut derivation = Derivation::into_memory(None);
    let mut batch = batch();
    let found = derivation.take(&job, &names, &mut batch);
    let valid: Vec<bool> = found[0].nulls.as_ref().unwrap().iter().collect();
    assert_eq!(valid, [false, true, false, false]);
    derivation.give_back(&job, found, &mut batch);
    assert_eq!(batch.columns, self::batch().columns);
}

#[test]
fn what_a_column_is_of_is_seen_through_its_conditions() {
    let names = ["a", "b"];
    let under = |of: &ColumnOrigin| ColumnOrigin::Where {
        of: Box::new(of.clone()),
        condition: parse_condition("a > 2", &names).unwrap(),
        operands: vec![0],
    };
    let source = ColumnOrigin::Source(1);
    let derived = ColumnOrigin::Derived {
        expr: parse_row("a + b", &names).unwrap(),
        operands: vec![0, 1],
    };
    for (origin, is_derived, variable) in [(source, false, Some(1)), (derived, true, None)] {
        for origin in [under(&origin), origin] {
            assert_eq!(
                (origin.is_derived(), origin.variable()),
                (is_derived, variable)
            );
        }
    }
}

#[test]
fn roots_that_lie_on_or_beside_the_middle_of_two_floats_are_rounded_to_the_nearest() {
    let root = |numerator: BigInt, exponent| {
        let fraction = Fraction {
            numerator,
            denominator: BigInt::from(1),
            exponent,
        };
        fraction.nearest_root()
    };
    // The square of 1 + 2^-53, which lies between 1 and the float after it.
    let middle = BigInt::from((1u64 << 53) + 1).pow(2);
    assert_eq!(root(middle.clone(), -106), 1.0);
    let finer = middle << 400u32;
    assert_eq!(root(finer.clone() + 1, -506), 1.0f64.next_up());
    assert_eq!(root(finer - 1, -506), 1.0);
}
