//! Filters over enums and booleans, by the names of their values.

use hdf5::File;
use icefold::config;
use icefold::error::Kind;

use super::columns_of_datasets::{OUTPUTS, VARIABLES, granule, pipeline};
use super::from_code::{done, refused};
use crate::support::Site;
use crate::support::granules::one;

#[test]
fn filters_compare_with_the_names_of_an_enum_and_with_booleans() {
    let site = Site::new();
    let granule = granule(&site);
    {
        let file = File::open_rw(&granule).unwrap();
        let values: Vec<Kind3> = (0..900)
            .map(|row| [Kind3::Land, Kind3::Sea, Kind3::None][row % 3])
            .collect();
        for chunk in [100, 900] {
            let set = file
                .new_dataset::<Kind3>()
                .shape(900)
                .chunk(chunk)
                .deflate(3);
            let set = set.create(format!("a/p/kind{chunk}").as_str()).unwrap();
            set.write_raw(&values).unwrap();
        }
        file.close().unwrap();
    }
    let run = |filter: &str| {
        let config = pipeline(
            &site,
            VARIABLES,
            filter,
            "    n: {function: count, source: four}\n",
        );
        site.code(&config, &one(&granule)).overwrite(true)
    };
    let kept = |filter: &str| {
        let photons = done(run(filter)).0["photons"].clone();
        let reasons = photons["rejected_by"].as_object().unwrap();
        let reason = reasons.keys().next().cloned().unwrap_or_default();
        (photons["kept"].as_u64().unwrap(), reason)
    };
    for (filter, photons, reason) in [
        ("op: eq, value: true", 300, "filter: flag eq TRUE"),
        ("op: ne, value: TRUE", 600, "filter: flag ne TRUE"),
        ("op: eq, value: 1", 300, "filter: flag eq 1"),
    ] {
        let filter = format!("{{dataset: '/{{group}}/p/flag', {filter}}}");
        assert_eq!(kept(&filter), (photons, reason.to_owned()), "{filter}");
    }
    for (filter, photons) in [
        ("op: eq, value: Sea", 300),
        ("op: eq, value: 300", 300),
        ("op: in, values: [Land, -7]", 600),
        ("op: not_in, values: [None]", 600),
        ("op: eq, value: None, keep: false", 600),
        ("op: lt, value: 0", 300),
    ] {
        for name in ["kind100", "kind900"] {
            let filter = format!("{{dataset: '/{{group}}/p/{name}', {filter}}}");
            assert_eq!(kept(&filter).0, photons, "{filter}");
        }
    }
    for (filter, says) in [
        (
            "{dataset: '/{group}/p/kind100', op: eq, value: Lake}",
            "compares with 'Lake', and its values are called Land, Sea, None",
        ),
        (
            "{dataset: '/{group}/p/lat', op: eq, value: true}",
            "compares with 'TRUE', and its values have no names",
        ),
    ] {
        refused(run(filter).execute(), Kind::Granule, &[says]);
    }
    let hash = |filter: &str| {
        let filter = format!("{{dataset: '/{{group}}/p/flag', op: {filter}}}");
        config::load(
            pipeline(&site, VARIABLES, &filter, OUTPUTS)
                .to_str()
                .unwrap(),
        )
        .unwrap()
        .sha256
    };
    assert_ne!(hash("eq, value: true"), hash("eq, value: false"));
    assert_eq!(hash("in, values: [A, B]"), hash("in, values: [B, A]"));
}

/// Stored in 16 bits, one of them negative.
#[derive(Clone, Copy, hdf5::H5Type)]
#[repr(i16)]
enum Kind3 {
    Land = 1,
    Sea = 300,
    None = -7,
}
