//! What goes wrong on a device, and stages forced to the host: never another bit.

use std::sync::atomic::{AtomicUsize, Ordering};

use icefold::backend::wgpu::{HostStages, Wgpu};
use icefold::backend::{Backend, Device, StageTimes};
use icefold::error::Kind;

use crate::property::{TYPES, YAML};
use crate::support::{Question, bits};

use super::{Workload, photons};

fn wgpu(host_stages: &str) -> Wgpu {
    let stages = HostStages::parse(host_stages).unwrap();
    Wgpu::open(None, 2, stages).expect("an adapter opens")
}

#[test]
fn a_device_lost_on_the_way_leaves_the_same_bits_and_a_warning() {
    let question = Question::new(YAML, &TYPES);
    let photons = photons(Workload::AlongTrack);
    let batches: Vec<Vec<usize>> = (0..photons.len())
        .collect::<Vec<_>>()
        .chunks(5000)
        .map(<[usize]>::to_vec)
        .collect();
    let expected = bits(&question.answer(&photons, &batches, 1));
    let device = Device::Wgpu(Box::new(wgpu("")));
    assert_eq!(device.warning(), None);
    let (folded, taken_over) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let found = question.answer_of(&photons, &batches, |batch| {
        if folded.fetch_add(1, Ordering::Relaxed) == 1 {
            let Device::Wgpu(wgpu) = &device else {
                unreachable!()
            };
            wgpu.destroy_device();
        }
        let mut times = StageTimes::default();
        let partials = device.fold(batch, &question.config.grid, &question.job, &mut times);
        taken_over.fetch_add(times.batches.taken_over as usize, Ordering::Relaxed);
        partials
    });
    assert!(bits(&found) == expected);
    assert_eq!(taken_over.into_inner(), 2);
    let warning = device.warning().expect("a lost device is told of");
    assert!(
        warning.contains("lost") && warning.contains("CPU"),
        "{warning}"
    );
    let details = device.details(&question.job);
    assert!(details["lost"].is_string(), "{details:?}");
}

#[test]
fn a_stage_by_itself_says_that_the_device_is_lost() {
    let wgpu = wgpu("");
    wgpu.destroy_device();
    let batch = photons(Workload::AlongTrack).batch(&[0, 1, 2]);
    let error = wgpu.upload(&batch).unwrap_err();
    assert_eq!(error.kind(), Kind::Device);
    let message = error.to_string();
    assert!(
        message.contains("lost") && message.contains("device cpu"),
        "{message}"
    );
}

#[test]
fn stages_forced_to_the_host_leave_the_same_bits() {
    let question = Question::new(YAML, &TYPES);
    for workload in [
        Workload::Empty,
        Workload::AlongTrack,
        Workload::FewCellsShuffled,
    ] {
        let photons = photons(workload);
        let batches = [(0..photons.len()).collect()];
        let expected = bits(&question.answer(&photons, &batches, 1));
        for stages in ["sort", "segment", "reduce", "sort,segment,reduce"] {
            let wgpu = wgpu(stages);
            let found = question.answer_of(&photons, &batches, |batch| {
                let mut times = StageTimes::default();
                wgpu.fold(batch, &question.config.grid, &question.job, &mut times)
            });
            assert!(
                bits(&found) == expected,
                "{workload:?} with {stages} on the host"
            );
        }
    }
}

#[test]
fn a_stage_that_is_none_is_refused_by_name() {
    let error = HostStages::parse("sort,merge").unwrap_err();
    assert!(error.to_string().contains("'merge'"), "{error}");
}

#[test]
fn an_adapter_that_is_not_there_is_refused_with_those_that_are() {
    let error = Wgpu::open(Some("no such adapter"), 1, HostStages::default()).unwrap_err();
    assert_eq!(error.kind(), Kind::Device);
    assert!(error.to_string().contains("there are 0: "), "{error}");
    assert!(Wgpu::open(Some("0"), 1, HostStages::default()).is_ok());
}
