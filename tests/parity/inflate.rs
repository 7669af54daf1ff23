//! inflate on an adapter: the streams that CUDA's kernels are held to, fewer of them.

use std::collections::BTreeMap;

use icefold::backend::gpu::numbers::{STATUSES, Status};
use icefold::backend::wgpu::{HostStages, Wgpu};

use crate::kernels::inflate::{agree, any, compressed, odd};
use crate::support::deflate::Random;
use crate::support::streams::{Stream, stream};

fn open() -> Wgpu {
    Wgpu::open(None, 2, HostStages::default()).expect("an adapter opens")
}

#[test]
fn a_shader_flags_a_stream_if_and_only_if_the_host_has_no_bytes_of_it() {
    let wgpu = open();
    let inflated = |asked: &[(&[u8], u32)]| wgpu.inflated(asked).unwrap();
    let mut seen = BTreeMap::new();
    for seed in 100..104 {
        agree(
            inflated,
            &any(seed, 300),
            &format!("seed {seed}"),
            &mut seen,
        );
    }
    agree(inflated, &odd(), "odd", &mut BTreeMap::new());
    for status in STATUSES.map(|(_, status)| status) {
        let never = [Status::Length, Status::Place].contains(&status);
        assert_eq!(seen.contains_key(&status), !never, "{status:?} in {seen:?}");
    }
    assert!(seen[&Status::Good] > 150, "{seen:?}");
    assert!(seen[&Status::Work] < 600, "{seen:?}");
}

#[test]
fn a_shader_inflates_what_is_as_it_should_be() {
    let wgpu = open();
    let inflated = |asked: &[(&[u8], u32)]| wgpu.inflated(asked).unwrap();
    let mut random = Random::new(78);
    let mut streams: Vec<Stream> = (0..200).map(|_| stream(&mut random, false)).collect();
    for level in [0, 1, 6, 12] {
        let plain: Vec<u8> = (0..40_000_u64)
            .flat_map(|i| (i * i).to_le_bytes())
            .collect();
        streams.push(Stream {
            bytes: compressed(&plain, level),
            room: plain.len() as u32,
        });
    }
    let mut seen = BTreeMap::new();
    agree(inflated, &streams, "as they should be", &mut seen);
    let work = seen.remove(&Status::Work).unwrap_or_default();
    assert_eq!(seen, BTreeMap::from([(Status::Good, 204 - work)]));
    assert!(work < 150, "{work}");
}
