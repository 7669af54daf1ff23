//! The model against everything that was measured on a device, and what must hold of it whatever it is asked.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Value;

use super::*;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/record/nvidia-h100/");
/// Making a context (2026-11-27-trials.md): what lines of a record leave out and a run has.
const OPENING: f64 = 0.346;
/// How many times as long as the best choice a choice may take: what the machines' own turns differ by.
const NEARLY: f64 = 1.15;

/// A job that was timed on both sides.
#[derive(Debug)]
struct Timed {
    what: String,
    asked: Asked,
    /// Without opening the device.
    host: f64,
    device: f64,
    from_disk: bool,
}

/// Photons as `benches/device/tracks.py` makes them. Bytes a photon: `stages` of the step run, 682,096,649 stored and
/// 1,260,000,000 decoded ones of 60 million.
fn tracks(photons: u64, chunk_rows: u64, (decoded_there, ordered): (bool, bool)) -> Asked {
    let tracks = 6 * photons.div_ceil(30_000_000);
    let stretches = StretchLoad {
        tracks,
        photons,
        stored_bytes: (photons as f64 * 682_096_649.0 / 60e6) as u64,
        decoded_bytes: photons * 21,
        longest_chunk: chunk_rows * 8,
    };
    Asked {
        decoded_bytes: photons * 21,
        stretches: if decoded_there {
            stretches
        } else {
            StretchLoad::default()
        },
        values: if ordered { photons } else { 0 },
    }
}

fn median(seconds: &Value) -> f64 {
    let mut all: Vec<f64> = seconds
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_f64)
        .collect();
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

/// The lines of the step `line` of a record, each beside the CPU's; those of designs that are gone left out.
fn lines(record: &str) -> Vec<Timed> {
    let text = std::fs::read_to_string(format!("{FOLDER}{record}")).unwrap();
    let mut seconds: BTreeMap<String, (Value, f64)> = BTreeMap::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if line["step"] != "line" || line["fact"] != "time" {
            continue;
        }
        let value = line["value"].clone();
        let of = |key: &str| value[key].to_string();
        let key = ["config", "chunk_rows", "from", "photons", "device"]
            .map(of)
            .join(" ");
        seconds.insert(key, (value.clone(), median(&value["seconds"])));
    }
    let mut timed = Vec::new();
    for (key, (value, device)) in &seconds {
        let by = value["device"].as_str().unwrap();
        if !["cuda", "cuda, batches"].contains(&by) {
            continue;
        }
        let beside = key.replace(&format!("\"{by}\""), &format!("\"cpu, beside {by}\""));
        let number = |key: &str| value[key].as_u64().unwrap();
        let there = (by == "cuda", value["config"] == "atl03");
        timed.push(Timed {
            what: format!("{record}: {key}"),
            asked: tracks(number("photons"), number("chunk_rows"), there),
            host: seconds[&beside].1,
            device: *device,
            from_disk: value["from"] == "disk",
        });
    }
    timed
}

/// Whole programs, whose seconds have the opening in them: the step run of a record, and those of *trials* with the
/// allocator that the program has.
fn programs() -> Vec<Timed> {
    let program = |what: &str, photons, ordered, host, device| Timed {
        what: what.to_owned(),
        asked: tracks(photons, 10_000, (true, ordered)),
        host,
        device: device - OPENING,
        from_disk: false,
    };
    vec![
        program(
            "icefold run atl03, 2 granules",
            60_000_000,
            true,
            1.13,
            1.23,
        ),
        program("trials, means, glibc", 30_000_000, false, 0.460, 0.440),
        program("trials, atl03, glibc", 30_000_000, true, 0.553, 0.677),
    ]
}

/// Whether the model takes the device.
fn takes(asked: &Asked, rates: &Rates) -> bool {
    let host = OnHost::of(asked, rates);
    // What is not looked for is not taken.
    let small = host.total() <= rates.least();
    let pays = pays(&host, &OnDevice::of(asked, rates));
    assert!(!(small && pays), "{asked:?}");
    pays
}

#[test]
fn every_choice_of_what_was_recorded_is_the_best_one_or_nearly() {
    let rates = Rates::recorded(16);
    let mut recorded = lines("2026-11-27.jsonl");
    recorded.extend(lines("2026-11-27-first.jsonl"));
    assert!(recorded.len() >= 14, "{}", recorded.len());
    let (mut on_device, mut on_host) = (0, 0);
    for job in recorded.iter().chain(&programs()) {
        let whole = job.device + OPENING;
        let took = if takes(&job.asked, &rates) {
            on_device += 1;
            whole
        } else {
            on_host += 1;
            job.host
        };
        let best = whole.min(job.host);
        let what = &job.what;
        assert!(
            took <= best * NEARLY,
            "{what} takes {took}, and {best} is best: {job:?}"
        );
    }
    // Where a device is several times faster it is taken, and where the host decodes it is not.
    assert!(on_device >= 5 && on_host >= 8, "{on_device} and {on_host}");
    for job in &recorded {
        if job.device + OPENING < job.host / 2.0 {
            assert!(takes(&job.asked, &rates), "{job:?}");
        }
        if job.asked.stretches.photons == 0 {
            assert!(!takes(&job.asked, &rates), "{job:?}");
        }
    }
}

#[test]
fn recorded_seconds_are_what_the_model_says_of_them() {
    let rates = Rates::recorded(16);
    for job in lines("2026-11-27.jsonl") {
        // Storage is not in the model, and batches are not taken.
        if job.from_disk || job.asked.stretches.photons == 0 {
            continue;
        }
        let host = OnHost::of(&job.asked, &rates).total();
        let device = OnDevice::of(&job.asked, &rates).once_open();
        let near = |said: f64, took: f64| (0.8..1.25).contains(&(said / took));
        assert!(near(host, job.host), "{host}: {job:?}");
        assert!(near(device, job.device), "{device}: {job:?}");
    }
}

#[test]
fn a_job_of_which_no_photon_goes_to_a_device_is_not_done_there() {
    let rates = Rates::recorded(16);
    for photons in [0, 1_000_000, 1_000_000_000_000] {
        assert!(!takes(&tracks(photons, 10_000, (false, false)), &rates));
    }
}

#[test]
fn the_threshold_is_where_it_is_said_to_be() {
    let rates = Rates::recorded(16);
    // (0.346 + 0.095) / 0.8 seconds, which 16 threads have decoded three quarters of a gigabyte in.
    assert!((rates.least() - 0.551).abs() < 1e-3, "{}", rates.least());
    let bytes = |n: u64| Asked {
        decoded_bytes: n,
        stretches: StretchLoad::default(),
        values: 0,
    };
    assert!(OnHost::of(&bytes(740_000_000), &rates).total() < rates.least());
    assert!(OnHost::of(&bytes(760_000_000), &rates).total() > rates.least());
}

fn any_asked() -> impl Strategy<Value = Asked> {
    let bytes = 0_u64..1 << 45;
    (
        bytes.clone(),
        bytes.clone(),
        bytes.clone(),
        0_u64..10_000,
        0_u64..1 << 30,
        bytes.clone(),
        bytes,
    )
        .prop_map(
            |(beside, decoded, stored, tracks, longest_chunk, photons, values)| Asked {
                decoded_bytes: beside + decoded,
                stretches: StretchLoad {
                    tracks,
                    photons,
                    stored_bytes: stored,
                    decoded_bytes: decoded,
                    longest_chunk,
                },
                values,
            },
        )
}

fn any_rates() -> impl Strategy<Value = Rates> {
    (1_usize..257, 0.0..10.0, 1e-2..1e2, 1e-2..1e2).prop_map(
        |(threads, open, host_factor, device_factor)| Rates {
            open,
            host_factor,
            device_factor,
            ..Rates::recorded(threads)
        },
    )
}

proptest! {
    /// More of anything takes longer, on either side.
    #[test]
    fn seconds_grow_with_what_is_asked(asked in any_asked(), rates in any_rates(), more in 1_u64..1 << 40, which in 0_usize..6) {
        let mut larger = asked;
        match which {
            0 => larger.decoded_bytes += more,
            1 => {
                larger.decoded_bytes += more;
                larger.stretches.decoded_bytes += more;
            }
            2 => larger.stretches.stored_bytes += more,
            3 => larger.stretches.tracks += more % 1000,
            4 => larger.stretches.longest_chunk += more % (1 << 30),
            _ => larger.values += more,
        }
        let host = |asked| OnHost::of(asked, &rates).total();
        let device = |asked| OnDevice::of(asked, &rates).total();
        prop_assert!(host(&larger) >= host(&asked));
        prop_assert!(device(&larger) >= device(&asked));
        prop_assert!(host(&asked).is_finite() && device(&asked).is_finite() && host(&asked) > 0.0);
    }

    /// Of more granules alike, a device that was worth it stays so: what it takes once weighs less.
    #[test]
    fn what_a_device_is_taken_for_it_is_taken_for_in_larger_numbers(
        photons in 1_u64..200, rows in 1_u64..20, times in 2_u64..50, ordered: bool,
    ) {
        // By fours, as rounds are.
        let photons = photons * 120_000_000;
        let rates = Rates::recorded(16);
        let of = |times| {
            let mut asked = tracks(photons * times, rows * 10_000, (true, ordered));
            asked.stretches.tracks = 4 * photons / 120_000_000 * times;
            asked
        };
        prop_assert!(!takes(&of(1), &rates) || takes(&of(times), &rates));
    }

    /// Nothing that is not looked for would have been taken.
    #[test]
    fn a_job_below_the_threshold_is_never_one_for_a_device(asked in any_asked(), rates in any_rates()) {
        let small = OnHost::of(&asked, &rates).total() <= rates.least();
        prop_assert!(!(small && pays(&OnHost::of(&asked, &rates), &OnDevice::of(&asked, &rates))));
    }
}
