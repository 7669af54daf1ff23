//! What goes wrong on a device is an error with its remedy, and never half an answer.

use icefold::backend::cuda::{Cuda, Way};
use icefold::backend::{Backend, StageTimes};
use icefold::error::Kind;
use icefold::photon::Values;
use icefold::stat::Derivation;

use crate::property::{TYPES, YAML};
use crate::support::{Photons, Question, column};

use super::emulation::Emulation;
use super::noise;

/// Photons anywhere, by the stages; or along a track, as runs.
fn fold(device: Emulation, way: Way) -> Result<(), String> {
    let n = 5000;
    let mut question = Question::new(YAML, &TYPES);
    let along = way == Way::Runs;
    for column in &mut question.job.columns {
        column.needs.ordered &= !along;
    }
    let place = |i: usize, salt| {
        if along {
            i as f64 * 6e-6
        } else {
            noise(i, salt)
        }
    };
    let photons = Photons {
        lon: (0..n).map(|i| place(i, 1)).collect(),
        lat: (0..n).map(|i| place(i, 2)).collect(),
        columns: vec![
            column(Values::F32((0..n).map(|i| noise(i, 3) as f32).collect())),
            column(Values::F32(
                (0..n).map(|i| 1.0 + noise(i, 4) as f32).collect(),
            )),
            column(Values::I64((0..n as i64).collect())),
        ],
    };
    let mut batch = photons.batch(&(0..n).collect::<Vec<_>>());
    batch.columns =
        Derivation::default().take(&question.job, &question.config.variables, &mut batch);
    let cuda = Cuda::over(vec![device], 1).unwrap().with_way(way);
    let mut times = StageTimes::default();
    let folded = cuda.fold(&batch, &question.config.grid, &question.job, &mut times);
    folded.map(drop).map_err(|error| {
        assert_eq!(error.kind(), Kind::Device);
        error.to_string()
    })
}

#[test]
#[cfg_attr(not(icefold_test_cxx), ignore = "needs a C++ compiler")]
fn a_launch_that_fails_at_any_point_is_an_error() {
    for (way, at_least) in [(Way::Stages, 20), (Way::Runs, 5)] {
        let failing_at = |launch| fold(Emulation::new("cuda:0").failing_at(launch), way);
        let failures = (0..).map(failing_at).take_while(Result::is_err);
        let said: Vec<String> = failures.filter_map(Result::err).collect();
        assert!(said.len() > at_least, "only {} launches", said.len());
        for said in said {
            assert!(
                said.starts_with("device cuda:0: an illegal memory access"),
                "{said}"
            );
            assert!(said.contains("device cpu"), "{said}");
        }
    }
}

#[test]
#[cfg_attr(not(icefold_test_cxx), ignore = "needs a C++ compiler")]
fn too_little_memory_for_the_smallest_batch_is_an_error_with_its_remedy() {
    let said = fold(Emulation::new("cuda:0").with_memory(100_000), Way::Sampled).unwrap_err();
    assert!(said.contains("out of device memory"), "{said}");
    assert!(said.contains("device_memory"), "{said}");
}
