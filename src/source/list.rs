//! Lists of granules: plain lines, item collections of STAC, and what CMR or `earthaccess` answered.
//!
//! Beside the plan. A list says where granules are, and which of their files are meant: a link to data, by its role, its media
//! type or the ending of its name. Links to files of one name, to S3 and over HTTPS, are the same file; which of them is
//! read is for who reads to say. Files of other names are granules of their own.

use serde_json::Value;

use super::scheme;

/// Endings of files that are read.
const DATA: [&str; 7] = [".h5", ".hdf5", ".he5", ".nc", ".nc4", ".hdf", ".h5p"];

/// The granules that a list names, each once, in its order; S3 before HTTPS where `direct` is wanted.
///
/// # Errors
/// In words, why it is no list.
pub fn granules_of(text: &str, direct: bool) -> Result<Vec<String>, String> {
    let begins = text.trim_start();
    let listed = if begins.starts_with(['{', '[']) {
        let document: Value =
            serde_json::from_str(text).map_err(|e| format!("is not JSON: {e}"))?;
        of_json(&document, direct)?
    } else {
        lines(text)
    };
    let mut seen = std::collections::BTreeSet::new();
    let each: Vec<String> = listed
        .into_iter()
        .filter(|name| seen.insert(name.clone()))
        .collect();
    if each.is_empty() {
        return Err("names no granule".to_owned());
    }
    Ok(each)
}

/// One a line; empty lines and those that begin with `#` count for nothing.
fn lines(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

fn of_json(document: &Value, direct: bool) -> Result<Vec<String>, String> {
    let list = |key: &str| document.get(key).and_then(Value::as_array);
    let entries = document
        .get("feed")
        .and_then(|feed| feed.get("entry"))
        .and_then(Value::as_array);
    let granules = match document {
        Value::Array(granules) => granules,
        _ => list("features").or_else(|| list("items")).or(entries).ok_or(
            "has neither features (STAC), items (CMR UMM-JSON) nor feed.entry (CMR JSON), and is no list of granules",
        )?,
    };
    whole(document, granules.len())?;
    let mut found = Vec::with_capacity(granules.len());
    for (number, granule) in granules.iter().enumerate() {
        if let Value::String(name) = granule {
            found.push(name.clone());
            continue;
        }
        let files = files(links(granule));
        if files.is_empty() {
            let id = ["id", "title", "producer_granule_id"]
                .iter()
                .find_map(|key| granule.get(*key)?.as_str());
            return Err(format!(
                "has no link to data for granule {}",
                id.map_or(format!("#{}", number + 1), str::to_owned)
            ));
        }
        let order: [&str; 4] = if direct {
            ["s3", "https", "gs", "az"]
        } else {
            ["https", "s3", "gs", "az"]
        };
        for links in files {
            let is = |wanted: &str| links.iter().find(|link| scheme(link) == Some(wanted));
            let link = order.iter().find_map(|scheme| is(scheme));
            found.extend(link.or(links.first()).cloned());
        }
    }
    Ok(found)
}

/// Links by the name of the file that they lead to, in their order.
fn files(links: Vec<String>) -> Vec<Vec<String>> {
    let mut files: Vec<(String, Vec<String>)> = Vec::new();
    for link in links {
        let name = path_of(&link).rsplit('/').next().unwrap_or_default();
        match files.iter_mut().find(|(known, _)| known == name) {
            Some((_, links)) => links.push(link),
            None => files.push((name.to_owned(), vec![link])),
        }
    }
    files.into_iter().map(|(_, links)| links).collect()
}

/// A link without its query.
fn path_of(link: &str) -> &str {
    link.split(['?', '#']).next().unwrap_or_default()
}

/// That an answer is no page of several: what is on the others would be missing without a word.
fn whole(document: &Value, granules: usize) -> Result<(), String> {
    let mut said = ["hits", "numberMatched"].iter();
    let said = said.find_map(|key| document.get(*key)?.as_u64());
    let of_context = || document.get("context")?.get("matched")?.as_u64();
    if let Some(all) = said
        .or_else(of_context)
        .filter(|all| *all > granules as u64)
    {
        return Err(format!(
            "has {granules} of {all} granules, one page of them; ask for all at once (page_size, limit), or join the pages"
        ));
    }
    let links = document.get("links").and_then(Value::as_array);
    let is_next = |link: &Value| link.get("rel").and_then(Value::as_str) == Some("next");
    if links.into_iter().flatten().any(is_next) {
        return Err(
            "is one page of several, as its link to the next says; join the pages".to_owned(),
        );
    }
    Ok(())
}

/// Links of a granule to files of data.
fn links(granule: &Value) -> Vec<String> {
    let mut links = Vec::new();
    let mut add = |url: Option<&Value>, is_known: bool| {
        let url = url.and_then(Value::as_str);
        let is_data = |url: &&str| {
            let path = path_of(url).to_ascii_lowercase();
            is_known || DATA.iter().any(|ending| path.ends_with(ending))
        };
        links.extend(url.filter(is_data).map(str::to_owned));
    };
    // STAC 1.0: assets by name, with alternates (the alternate-assets extension). What an item calls data goes before what
    // only ends like it, as a quicklook or a subset does.
    let assets = granule.get("assets").and_then(Value::as_object);
    let assets: Vec<&Value> = assets.into_iter().flat_map(|all| all.values()).collect();
    let some_are_data = assets.iter().any(|asset| has_role(asset, "data"));
    for asset in assets {
        if some_are_data && !has_role(asset, "data") {
            continue;
        }
        let is_known = is_hdf5(asset);
        add(asset.get("href"), is_known);
        let others = asset.get("alternate").and_then(Value::as_object);
        for other in others.into_iter().flat_map(|others| others.values()) {
            add(other.get("href"), is_known);
        }
    }
    // UMM-G, as CMR and earthaccess have it: RelatedUrls of types GET DATA and GET DATA VIA DIRECT ACCESS.
    let umm = granule.get("umm").unwrap_or(granule);
    for related in umm
        .get("RelatedUrls")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let kind = related
            .get("Type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if kind.starts_with("GET DATA") {
            add(related.get("URL"), false);
        }
    }
    // CMR's plain JSON: links with a rel that ends in data# or s3#; inherited ones are the collection's.
    for link in granule
        .get("links")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let rel = link.get("rel").and_then(Value::as_str).unwrap_or_default();
        let inherited = link
            .get("inherited")
            .and_then(Value::as_bool)
            .unwrap_or(false);
        if !inherited && (rel.ends_with("/data#") || rel.ends_with("/s3#")) {
            add(link.get("href"), false);
        }
    }
    links
}

/// Whether an asset has a role.
fn has_role(asset: &Value, wanted: &str) -> bool {
    let roles = asset.get("roles").and_then(Value::as_array);
    roles.into_iter().flatten().any(|role| role == wanted)
}

/// Whether an asset's media type is one of HDF5.
fn is_hdf5(asset: &Value) -> bool {
    let media = asset.get("type").and_then(Value::as_str);
    let media = media.unwrap_or_default().to_ascii_lowercase();
    [
        "application/x-hdf",
        "application/netcdf",
        "application/x-netcdf",
    ]
    .iter()
    .any(|begin| media.starts_with(begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_lines_are_granules() {
        let text =
            "# of today\ns3://b/a.h5\n\n  https://h/b.h5?sig=1  \nfolder/c.h5\ns3://b/a.h5\n";
        assert_eq!(
            granules_of(text, true).unwrap(),
            ["s3://b/a.h5", "https://h/b.h5?sig=1", "folder/c.h5"]
        );
        assert!(granules_of("# nothing\n", true).is_err());
    }

    #[test]
    fn an_item_collection_has_assets() {
        let text = r#"{"type": "FeatureCollection", "features": [
            {"id": "A", "assets": {"browse": {"href": "https://h/A.png"},
                "data": {"href": "https://h/A.h5", "alternate": {"s3": {"href": "s3://b/A.h5"}}}}},
            {"id": "B", "assets": {"data": {"href": "https://h/B.h5"}}}]}"#;
        assert_eq!(
            granules_of(text, true).unwrap(),
            ["s3://b/A.h5", "https://h/B.h5"]
        );
        assert_eq!(
            granules_of(text, false).unwrap(),
            ["https://h/A.h5", "https://h/B.h5"]
        );
        let without = r#"{"features": [{"id": "C", "assets": {}}]}"#;
        assert!(
            granules_of(without, true)
                .unwrap_err()
                .contains("granule C")
        );
    }

    #[test]
    fn every_data_file_of_an_item_is_a_granule() {
        let of = |assets: &str| {
            let text = format!(r#"{{"features": [{{"id": "A", "assets": {{{assets}}}}}]}}"#);
            granules_of(&text, false).unwrap()
        };
        let two = r#""one": {"href": "https://h/A.h5"}, "two": {"href": "s3://b/B.h5"}, "three": {"href": "s3://b/A.h5"}"#;
        assert_eq!(of(two), ["https://h/A.h5", "s3://b/B.h5"]);
        // What is called data goes before what only ends like it.
        let roles = r#""data": {"href": "https://h/A.h5", "roles": ["data"]}, "subset": {"href": "https://h/A_sub.h5"}"#;
        assert_eq!(of(roles), ["https://h/A.h5"]);
        // A media type is as good as an ending.
        let media = r#""data": {"href": "https://h/get/17", "type": "application/x-hdf5"}, "meta": {"href": "https://h/get/18", "type": "text/xml"}"#;
        assert_eq!(of(media), ["https://h/get/17"]);
    }

    #[test]
    fn what_cmr_and_earthaccess_answer_are_lists() {
        let umm = r#"[{"meta": {}, "umm": {"RelatedUrls": [
            {"Type": "GET DATA", "URL": "https://h/A.h5"}, {"Type": "VIEW RELATED INFORMATION", "URL": "https://h/x.h5"},
            {"Type": "GET DATA VIA DIRECT ACCESS", "URL": "s3://b/A.h5"},
            {"Type": "GET DATA", "URL": "https://h/A.h5.dmrpp"}]}}]"#;
        assert_eq!(granules_of(umm, true).unwrap(), ["s3://b/A.h5"]);
        assert_eq!(granules_of(umm, false).unwrap(), ["https://h/A.h5"]);
        let items = format!("{{\"hits\": 1, \"items\": {umm}}}");
        assert_eq!(granules_of(&items, false).unwrap(), ["https://h/A.h5"]);
        let feed = r#"{"feed": {"entry": [{"title": "A", "links": [
            {"rel": "http://esipfed.org/ns/fedsearch/1.1/data#", "href": "https://h/A.h5"},
            {"rel": "http://esipfed.org/ns/fedsearch/1.1/s3#", "href": "s3://b/A.h5"},
            {"rel": "http://esipfed.org/ns/fedsearch/1.1/data#", "inherited": true, "href": "https://h/all.h5"}]}]}}"#;
        assert_eq!(granules_of(feed, true).unwrap(), ["s3://b/A.h5"]);
        assert!(granules_of("{\"a\": 1}", true).is_err());
        assert!(
            granules_of("{\"a\"", true)
                .unwrap_err()
                .contains("not JSON")
        );
    }

    #[test]
    fn a_page_of_several_is_refused() {
        let item = r#"{"assets": {"data": {"href": "https://host/a.h5"}}}"#;
        for more in [
            r#""numberMatched": 12"#,
            r#""context": {"matched": 2}"#,
            r#""links": [{"rel": "next", "href": "https://host/items?page=2"}]"#,
        ] {
            let text = format!(r#"{{"features": [{item}], {more}}}"#);
            let why = granules_of(&text, false).unwrap_err();
            assert!(why.contains("page"), "{why}");
        }
        let text = format!(
            r#"{{"features": [{item}], "numberMatched": 1, "links": [{{"rel": "self"}}]}}"#
        );
        assert_eq!(granules_of(&text, false).unwrap(), ["https://host/a.h5"]);
    }
}
