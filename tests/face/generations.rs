//! Store, tables and report of one run belong together, whoever else runs.

use icefold::Layout;
use icefold::error::Kind;
use icefold::place::NameLock;
use serde_json::Value;

use super::from_code::{done, looked, partly, refused, shown};
use crate::support::granules::{Heights, one, paths};
use crate::support::site::{Site, tree};

#[test]
fn a_report_tells_whether_store_and_tables_are_of_its_run() {
    let site = Site::new();
    let (a, b) = (site.good("a.h5", -45.0), site.good("b.h5", -30.0));
    let mut spoiled = Heights::along(-20.0, 100);
    spoiled.h[5] = 1e9;
    let c = site.granule("c.h5", &[("gt1l", spoiled)]);
    let run = site.code("atl03", &[&a, &c]);
    partly(run.tolerant(true).table(site.out("a.parquet")));
    let report = site.out("a.run.json");
    let found = looked(&report);
    let belongs = found["belongs"].as_array().unwrap();
    let what: Vec<&Value> = belongs.iter().map(|one| &one["what"]).collect();
    assert_eq!(what, ["store", "table", "error table"]);
    assert!(belongs.iter().all(|one| one["holds"] == true), "{found}");
    let text = shown(&report);
    assert!(text.contains("a.parquet is of this run"), "{text}");
    // Each of another run in its turn.
    let other = site.code_to("b.zarr", "atl03", &[&b, &c]);
    partly(other.tolerant(true).table(site.out("b.arrow")));
    let arrow = site.code_to("c.zarr", "atl03", &one(&a));
    done(arrow.table(site.out("c.arrow")));
    let of_arrow = looked(site.out("c.run.json"))["belongs"].to_string();
    assert!(!of_arrow.contains("\"holds\":false"), "{of_arrow}");
    for (mine, theirs, says) in [
        ("a.zarr", "b.zarr", "store "),
        ("a.errors.parquet", "b.errors.parquet", "error table "),
    ] {
        std::fs::rename(site.out(mine), site.path("aside")).unwrap();
        std::fs::rename(site.out(theirs), site.out(mine)).unwrap();
        let found = looked(&report)["belongs"].to_string();
        assert!(found.contains("\"holds\":false"), "{found}");
        let says = format!("IS OF ANOTHER RUN: {says}{}", site.out(mine).display());
        let text = shown(&report);
        assert!(text.contains(&says), "{text}");
        std::fs::rename(site.out(mine), site.out(theirs)).unwrap();
        std::fs::rename(site.path("aside"), site.out(mine)).unwrap();
    }
    let found = looked(&report)["belongs"].to_string();
    assert!(!found.contains("\"holds\":false"), "{found}");
}

#[test]
fn a_stores_name_belongs_to_one_run_at_a_time() {
    let site = Site::new();
    let (granules, _) = site.mapped("atl03");
    done(site.code("atl03", &paths(&granules)));
    let before = tree(&site.out("a.zarr"));
    let lock = NameLock::take(&site.out("a.zarr"), true).unwrap();
    let says = format!("is being written by process {} on ", std::process::id());
    let says = [&*says, "let it finish or stop it"];
    refused(
        site.code("atl03", &paths(&granules))
            .overwrite(true)
            .execute(),
        Kind::Store,
        &says,
    );
    refused(
        site.over("a.zarr").overwrite(true).execute(),
        Kind::Store,
        &says,
    );
    refused(
        site.part("a.zarr", "0..1").resume(true).execute(),
        Kind::Store,
        &says,
    );
    refused(site.making("a.zarr").execute(), Kind::Store, &says);
    assert_eq!(tree(&site.out("a.zarr")), before);
    drop(lock);
    // Parts share the name, and keep others out.
    let lock = NameLock::take(&site.out("b.zarr"), false).unwrap();
    done(site.part("b.zarr", "0..1"));
    refused(
        site.making("b.zarr").execute(),
        Kind::Store,
        &["is being written by other runs"],
    );
    drop(lock);
    done(site.over("b.zarr").resume(true));
    assert_eq!(tree(&site.out("b.zarr")), before);
    assert!(!site.written().iter().any(|name| name.starts_with('.')));
}

#[test]
fn what_is_done_says_so_when_it_is_asked_for_again() {
    let site = Site::new();
    let (_, shards) = site.mapped("atl03");
    let all = format!("0..{shards}");
    let says = "is whole already, and its values are those of its report";
    let stands = |(report, said): (Value, String)| {
        assert!(report["content_sha256"].is_string());
        assert!(said.contains(says), "{said}");
    };
    // A run over the whole map.
    done(site.over("a.zarr"));
    let before = tree(&site.out("a.zarr"));
    stands(done(site.over("a.zarr").resume(true)));
    // Not of another question, and not if it was changed.
    let again = || site.over("a.zarr").resume(true);
    for other in [again().overviews([9]), again().layout(Layout::FULL_SPHERE)] {
        refused(other.execute(), Kind::Store, &["a.zarr: exists"]);
    }
    assert_eq!(tree(&site.out("a.zarr")), before);
    // A run that finds pieces does not read all granules, and its store is whole all the same.
    done(site.part("c.zarr", "0..2"));
    done(site.over("c.zarr").resume(true));
    stands(done(site.over("c.zarr").resume(true)));
    // Parts, and what makes the store of them.
    for range in ["0..2", "2.."] {
        done(site.part("b.zarr", range));
    }
    let table = site.out("b.parquet");
    let finalize = || site.making("b.zarr").table(&table);
    done(finalize().keep_pieces(true));
    stands(done(finalize()));
    done(site.part("b.zarr", &all).resume(true));
    done(finalize().overwrite(true));
    stands(done(finalize()));
    stands(done(finalize().overwrite(true)));
    stands(done(site.part("b.zarr", "0..2").resume(true)));
    assert_eq!(tree(&site.out("b.zarr")), before);
    // A store without any trace of pieces is none that was made of some.
    std::fs::remove_file(site.out("b.finalize.json")).unwrap();
    refused(
        site.making("b.zarr").execute(),
        Kind::Pieces,
        &["b.zarr.pieces: there are none"],
    );
}
