//! Tests of what a device is to do with chunks.

use super::*;
use crate::photon::stored::{Element, Kind, Order, Pipeline, Stride};

fn form(steps: Vec<Step>) -> Form {
    Form {
        element: Element {
            kind: Kind::F64,
            order: Order::Little,
        },
        pipeline: Pipeline::new(steps).unwrap(),
        rows: 1000,
        chunk_rows: 10,
        stride: Stride { first: 0, step: 8 },
        is_plain: false,
    }
}

fn chunk(size: u64, length: usize) -> StoredChunk {
    StoredChunk {
        number: 0,
        rows: 0..length / 8,
        place: 5..5 + size,
        begins: 0,
        length,
        mask: 0,
    }
}

#[test]
fn batches_take_no_more_than_they_may_and_what_takes_more_is_the_hosts() {
    let form = form(vec![Step::Deflate]);
    // Stored, inflated and as values: 3 + 5 + 5 units; and one that is too long.
    let chunks = [
        chunk(40, 80),
        chunk(33, 80),
        chunk(48, 80),
        chunk(40, 8000),
        chunk(40, 80),
    ];
    let wanted: Vec<Wanted> = chunks.iter().map(|chunk| (&form, chunk)).collect();
    let (all, of_host) = batches(&wanted, 26);
    assert_eq!(of_host, [(3, WhyHost::Long)]);
    let taken = |batch: &Batch| batch.chunks.iter().map(|c| c.wanted).collect::<Vec<_>>();
    assert_eq!(
        all.iter().map(taken).collect::<Vec<_>>(),
        [vec![0, 1], vec![2, 4]]
    );
    for batch in &all {
        assert_eq!((batch.stored, batch.work, batch.words), (6, 10, 40));
    }
    // The longest first: of the second batch both are as long, of the first too.
    let inflate = &all[1].launches[0];
    assert_eq!(
        (inflate.filter, inflate.from),
        (Filter::Inflate, Side::Stored)
    );
    assert_eq!(
        inflate.tasks,
        [[0, 0, 0, 80, 0, 0, 0, 0], [1, 3, 5, 80, 0, 0, 0, 0]]
    );
}

#[test]
fn filters_take_turns_between_two_places_and_checksums_stay() {
    let form = form(vec![
        Step::Shuffle { element: 8 },
        Step::Fletcher32,
        Step::Deflate,
    ]);
    let chunk = chunk(40, 80);
    let (all, of_host) = batches(&[(&form, &chunk)], 1000);
    assert!(of_host.is_empty());
    let [batch] = &all[..] else {
        unreachable!("one batch");
    };
    let steps: Vec<(Filter, Side, u32, u32)> = batch
        .launches
        .iter()
        .map(|l| (l.filter, l.from, l.tasks[0][1], l.tasks[0][2]))
        .collect();
    // 84 bytes with the checksum take 6 units.
    assert_eq!(
        steps,
        [
            (Filter::Inflate, Side::Stored, 0, 0),
            (Filter::Fletcher32, Side::Work, 0, 0),
            (Filter::Shuffle, Side::Work, 0, 6),
            (Filter::Values, Side::Work, 6, 0),
        ]
    );
}

#[test]
fn what_has_no_kernel_is_named() {
    for (step, name) in [
        (Step::Lzf, "lzf"),
        (Step::Zstd, "zstd"),
        (Step::Blosc, "blosc"),
    ] {
        let (form, chunk) = (form(vec![Step::Deflate, step]), chunk(40, 80));
        let (all, of_host) = batches(&[(&form, &chunk)], 1000);
        assert!(all.is_empty());
        assert_eq!(of_host, [(0, WhyHost::Filter(name))]);
    }
    let form = form(vec![Step::Shuffle { element: 8 }]);
    let chunk = StoredChunk {
        mask: 1,
        ..chunk(40, 80)
    };
    assert_eq!(batches(&[(&form, &chunk)], 1000).1, [(0, WhyHost::Order)]);
}
