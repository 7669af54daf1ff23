//! Shard maps, pieces, and the store that is made of them, from code.

use std::path::PathBuf;

use icefold::run::Finalized;
use icefold::{Finalize, MakeMap, Mapped, Note, Outcome, Run};

use super::{Ears, Site, atl03, content};

#[test]
fn parts_of_a_map_make_the_store_of_the_whole() {
    let site = Site::of(3);
    let direct = content(&site.run_to("direct.zarr").execute().unwrap());
    let map = site.path("map.json");
    let built = MakeMap::new(atl03(), site.all(), &map)
        .threads(2)
        .execute()
        .unwrap();
    let shards = built.map.shards.len();
    assert!(shards > 1 && built.failed.is_empty());

    let store = site.path("a.zarr");
    let part = |range: &str| {
        let part = Mapped::by(&map).shards(range.parse().unwrap());
        Run::new(atl03(), part).into_store(&store).threads(2)
    };
    let ears = Ears::default();
    let outcome = part("0..1").watch(&ears).execute().unwrap();
    assert!(matches!(outcome, Outcome::Pieces(_)), "{outcome:?}");
    let told = Note::ShardsDone {
        done: 1,
        of: shards,
        store: store.clone(),
    };
    assert_eq!(ears.notes(), [told]);
    let early = Finalize::new(&store).execute().unwrap_err();
    assert!(early.to_string().contains("pieces"), "{early}");
    // What is done is not done again without a word.
    let again = part("0..1").execute().unwrap_err();
    assert!(again.to_string().contains("there is a piece"), "{again}");
    assert!(part("1..").execute().unwrap().is_whole());

    let made = Finalize::new(&store).keep_pieces(true).execute().unwrap();
    let Finalized::Store(made) = made else {
        panic!("{made:?}");
    };
    assert_eq!(made.report.content_sha256, direct);
    assert!(made.is_whole() && !made.is_empty());
    let again = Finalize::new(&store).watch(&ears).execute().unwrap();
    assert!(matches!(&again, Finalized::Standing(it) if it.is_whole() && it.store == store));
    assert_eq!(ears.notes().last(), Some(&Note::AlreadyWhole { store }));
}

#[test]
fn a_whole_map_is_a_store_and_a_resumed_run_finds_it_standing() {
    let site = Site::of(2);
    let direct = content(&site.run_to("direct.zarr").execute().unwrap());
    let map = site.path("map.json");
    MakeMap::new(atl03(), site.all(), &map).execute().unwrap();
    let over = || {
        let mapped = Mapped::by(&map).in_folder(site.path("granules"));
        Run::new(atl03(), mapped).into_store(site.path("a.zarr"))
    };
    let outcome = over().execute().unwrap();
    assert!(matches!(outcome, Outcome::Store(_)));
    assert_eq!(content(&outcome), direct);
    let again = over().resume(true).execute();
    assert!(
        matches!(&again, Err(error) if error.to_string().contains("a.zarr"))
            || matches!(&again, Ok(Outcome::Standing(_))),
        "{again:?}"
    );
}

#[test]
fn the_catalog_of_a_config_lists_granules() {
    let site = Site::of(1);
    let map = site.path("map.json");
    MakeMap::new(atl03(), site.all(), &map).execute().unwrap();
    let mut config = atl03();
    assert_eq!(Mapped::by_catalog(&config).unwrap(), None);
    config.catalog = Some(map.clone());
    assert_eq!(Mapped::by_catalog(&config).unwrap(), Some(Mapped::by(map)));
    // An object is one, too, where stores are written to.
    let object = PathBuf::from("s3://bucket/map.json");
    config.catalog = Some(object.clone());
    assert_eq!(
        Mapped::by_catalog(&config).unwrap(),
        Some(Mapped::by(object))
    );
    config.catalog = Some("ftp://host/map.json".into());
    let url = Mapped::by_catalog(&config).unwrap_err().to_string();
    assert!(url.contains("ftp://"), "{url}");
}
