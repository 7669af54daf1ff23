//! What to cite of a store: the releases that it was made of, and icefold.
//!
//! Beside the line: `icefold cite` asks. Authors of products are those that NSIDC names behind a DOI; none are made up here.

use std::fmt;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::zarr::made_of;
use crate::error::{Error, Result};

/// A store's sources, each as it is cited; its text is for people.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Citation {
    /// Each release of a product.
    pub products: Vec<CitedProduct>,
    /// Files whose names are of no product.
    pub other_files: u64,
    /// Granules that say that they are synthetic: no data of ICESat-2, and nothing to cite.
    pub synthetic_files: u64,
    /// The version that wrote the store.
    pub icefold_version: String,
}

/// One release of a product that a store was made of.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CitedProduct {
    /// Such as `ATL06`.
    pub product: String,
    /// Such as `006`.
    pub release: String,
    pub title: Option<String>,
    /// Without `https://doi.org/`; `None` where icefold knows of none.
    pub doi: Option<String>,
    /// A quick look: made within days, and replaced by the release itself.
    pub quick_look: bool,
    /// Granules with photons in the store.
    pub granules: u64,
}

/// What to cite of the store at `path`.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::demo::{Recipe, write_granules_with};
/// use icefold::inspect::{Citation, CitedProduct, cite};
/// use icefold::{Granules, Run, config};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let recipe = Recipe { granules: 1, segments_per_track: 200, seed: 1 };
/// # write_granules_with(folder.path(), &recipe)?;
/// let store = folder.path().join("photons.zarr");
/// let granules = Granules::found_in(folder.path())?;
/// Run::new(config::load("atl03")?, granules).into_store(&store).execute()?;
/// let citation: Citation = cite(&store)?;
/// let dois: Vec<_> = citation.products.iter().filter_map(|of: &CitedProduct| of.doi.as_ref()).collect();
/// assert_eq!((citation.synthetic_files, dois.len()), (1, 0));
/// assert!(citation.bibtex().contains("@software{icefold,"));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// There is no store, or it does not say what it was made of.
pub fn cite(path: &Path) -> Result<Citation> {
    super::StoreReader::orders_of(path)?;
    let Some(of) = made_of(path)? else {
        let message = "does not say which granules it was made of: an older icefold wrote it, or another program; make it \
                       again, or cite what its run report lists";
        return Err(Error::store(path, message));
    };
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let all = of["products"].as_array().into_iter().flatten();
    let (invented, products): (Vec<&Value>, Vec<&Value>) =
        all.partition(|product| product["synthetic"] == true);
    let invented = invented.into_iter();
    let synthetic_files = invented
        .filter_map(|product| product["files"].as_u64())
        .sum();
    let products: Vec<CitedProduct> = products
        .into_iter()
        .map(|product| CitedProduct {
            product: text(&product["product"]).unwrap_or_default(),
            release: text(&product["release"]).unwrap_or_default(),
            title: text(&product["title"]),
            doi: text(&product["doi"]),
            quick_look: product["quick_look"] == true,
            granules: product["files"].as_u64().unwrap_or_default(),
        })
        .collect();
    let files = of["granules"].as_array().map_or(0, Vec::len) as u64;
    let named: u64 = products.iter().map(|product| product.granules).sum();
    Ok(Citation {
        products,
        other_files: files.saturating_sub(named).saturating_sub(synthetic_files),
        synthetic_files,
        icefold_version: text(&of["icefold_version"]).unwrap_or_default(),
    })
}

impl CitedProduct {
    fn title(&self) -> String {
        let named = || format!("ATLAS/ICESat-2 {}", self.product);
        self.title.clone().unwrap_or_else(named)
    }

    /// The number of the release, as NSIDC writes it: without zeros in front.
    fn version(&self) -> String {
        let digits = self.release.trim_start_matches('0');
        let number = if digits.is_empty() { "0" } else { digits };
        let quick_look = if self.quick_look { " (quick look)" } else { "" };
        format!("{number}{quick_look}")
    }
}

impl Citation {
    /// The same as entries of a BibTeX file.
    pub fn bibtex(&self) -> String {
        let mut entries = Vec::new();
        for product in &self.products {
            let doi = product.doi.as_ref();
            let doi = doi.map_or(String::new(), |doi| format!("  doi = {{{doi}}},\n"));
            // A quick look and the release itself may be in one store.
            let quick_look = if product.quick_look {
                "_quick_look"
            } else {
                ""
            };
            entries.push(format!(
                "@dataset{{{}_{}{quick_look},\n  title = {{{}, Version {}}},\n  \
                 publisher = {{NASA National Snow and Ice Data Center Distributed Active Archive Center}},\n{doi}  \
                 note = {{Authors and year: see the DOI}}\n}}\n",
                product.product,
                product.release,
                product.title(),
                product.version(),
            ));
        }
        entries.push(format!(
            "@software{{icefold,\n  author = {{{{The icefold developers}}}},\n  title = {{icefold}},\n  version = {{{}}}\n}}\n",
            self.icefold_version
        ));
        entries.join("\n")
    }
}

impl fmt::Display for Citation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "This store was made of, and rests on:")?;
        for product in &self.products {
            let plural = if product.granules == 1 { "" } else { "s" };
            write!(
                f,
                "\n  {}, Version {}. NASA National Snow and Ice Data Center Distributed Active Archive Center.",
                product.title(),
                product.version()
            )?;
            match &product.doi {
                Some(doi) => writeln!(f, " https://doi.org/{doi}")?,
                None => writeln!(f, " (icefold knows of no DOI; see https://nsidc.org/data)")?,
            }
            writeln!(f, "  Subset used: {} granule{plural}.", product.granules)?;
        }
        if self.synthetic_files > 0 {
            let plural = if self.synthetic_files == 1 { "" } else { "s" };
            writeln!(
                f,
                "\n  {} synthetic granule{plural}: no data of ICESat-2, and nothing to cite.",
                self.synthetic_files
            )?;
        }
        if self.other_files > 0 {
            let plural = if self.other_files == 1 { "" } else { "s" };
            writeln!(
                f,
                "\n  {} file{plural} whose names are of no product; the store lists them.",
                self.other_files
            )?;
        }
        writeln!(
            f,
            "\n  The icefold developers. icefold, version {}.",
            self.icefold_version
        )?;
        if self.products.iter().any(|product| product.doi.is_some()) {
            writeln!(
                f,
                "\nProducts are what the names of the files say. Authors and year of each are behind its DOI."
            )?;
        }
        Ok(())
    }
}
