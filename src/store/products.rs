//! The products of ICESat-2 as they are cited: titles and DOIs of the releases that NSIDC has.
//!
//! Beside `provenance.rs`. Source: the records of NSIDC (<https://nsidc.org/data/icesat-2/data>), in which every release of
//! a product has the DOI `10.5067/ATLAS/` with its name and number. Of what is not in the list, no DOI is made up.

/// One product: its name, its title, and its first and last release with a DOI.
struct Product {
    name: &'static str,
    title: &'static str,
    releases: [u16; 2],
}

const fn product(name: &'static str, title: &'static str, last: u16) -> Product {
    let releases = [1, last];
    Product {
        name,
        title,
        releases,
    }
}

const PRODUCTS: [Product; 9] = [
    product(
        "ATL03",
        "ATLAS/ICESat-2 L2A Global Geolocated Photon Data",
        7,
    ),
    product("ATL06", "ATLAS/ICESat-2 L3A Land Ice Height", 7),
    product("ATL07", "ATLAS/ICESat-2 L3A Sea Ice Height", 7),
    product("ATL08", "ATLAS/ICESat-2 L3A Land and Vegetation Height", 7),
    product("ATL10", "ATLAS/ICESat-2 L3A Sea Ice Freeboard", 7),
    product(
        "ATL11",
        "ATLAS/ICESat-2 L3B Slope-Corrected Land Ice Height Time Series",
        7,
    ),
    product("ATL12", "ATLAS/ICESat-2 L3A Ocean Surface Height", 7),
    product(
        "ATL13",
        "ATLAS/ICESat-2 L3A Along Track Inland Surface Water Data",
        7,
    ),
    product(
        "ATL24",
        "ATLAS/ICESat-2 L3A Along Track Coastal and Nearshore Bathymetry",
        2,
    ),
];

/// The title of a product.
pub fn title(name: &str) -> Option<&'static str> {
    find(name).map(|product| product.title)
}

/// The DOI of a release of a product, where it is known to have one.
pub fn doi(name: &str, release: u16) -> Option<String> {
    let [first, last] = find(name)?.releases;
    let known = (first..=last).contains(&release);
    known.then(|| format!("10.5067/ATLAS/{name}.{release:03}"))
}

fn find(name: &str) -> Option<&'static Product> {
    PRODUCTS.iter().find(|product| product.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_have_the_dois_of_the_archive_and_others_have_none() {
        let known = [("ATL06", 6), ("ATL03", 5), ("ATL13", 7), ("ATL24", 2)];
        let found: Vec<_> = known.iter().filter_map(|&(name, r)| doi(name, r)).collect();
        let of_the_archive = [
            "10.5067/ATLAS/ATL06.006",
            "10.5067/ATLAS/ATL03.005",
            "10.5067/ATLAS/ATL13.007",
            "10.5067/ATLAS/ATL24.002",
        ];
        assert_eq!(found, of_the_archive);
        for (name, release) in [("ATL06", 0), ("ATL06", 99), ("ATL99", 6)] {
            assert_eq!(doi(name, release), None, "{name} {release}");
        }
    }
}
