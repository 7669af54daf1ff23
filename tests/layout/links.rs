//! Links of the documentation: each leads to a page and a heading that are there, every page of the
//! formats is in their index, and pages that comments name exist. Whole configs on the pages are valid.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::{expect_none, files, read, sources};

/// Every page that people read.
pub fn pages() -> Vec<PathBuf> {
    let mut pages = files("docs", "md");
    pages.extend(["README.md", "CHANGELOG.md", "CONTRIBUTING.md"].map(PathBuf::from));
    pages
}

/// The page without its fenced blocks, in which brackets are code.
fn prose(page: &str) -> String {
    page.split("```").step_by(2).collect()
}

/// What `](...)` leads to, but for addresses of the web.
fn targets(page: &str) -> Vec<String> {
    let prose = prose(page);
    let links = prose.split("](").skip(1);
    let links = links.filter_map(|after| after.split_once(')'));
    links
        .map(|(target, _)| target.to_owned())
        .filter(|target| !target.contains("://"))
        .collect()
}

/// The anchors of a page's headings, as GitHub makes them.
fn anchors(page: &str) -> BTreeSet<String> {
    let prose = prose(page);
    let headings = prose
        .lines()
        .filter(|line| line.starts_with('#'))
        .filter_map(|line| line.trim_start_matches('#').strip_prefix(' '));
    headings
        .map(|heading| {
            let kept = heading
                .chars()
                .filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
            let kept: String = kept.collect();
            kept.to_lowercase().replace(' ', "-")
        })
        .collect()
}

/// A path with its `..` taken back.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => _ = plain.pop(),
            part => plain.push(part),
        }
    }
    plain
}

#[test]
fn links_of_the_documentation_lead_somewhere() {
    let mut complaints = Vec::new();
    for page in pages() {
        let shown = page.display();
        for target in targets(&read(&page)) {
            let (path, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let to = if path.is_empty() {
                page.clone()
            } else {
                plain(&page.parent().unwrap_or(Path::new("")).join(path))
            };
            if !Path::new(super::ROOT).join(&to).exists() {
                complaints.push(format!("{shown}: {target}: there is no {}", to.display()));
            } else if !anchor.is_empty() && !anchors(&read(&to)).contains(anchor) {
                complaints.push(format!(
                    "{shown}: {target}: {} has no such heading",
                    to.display()
                ));
            }
        }
    }
    expect_none(&complaints);
}

#[test]
fn the_index_of_the_formats_has_every_page() {
    let index = targets(&read(Path::new("docs/FORMAT.md")));
    let missing = files("docs/format", "md").into_iter().filter_map(|page| {
        let name = format!("format/{}", page.file_name()?.to_string_lossy());
        (!index.contains(&name)).then(|| format!("docs/FORMAT.md does not lead to {name}"))
    });
    expect_none(&missing.collect::<Vec<_>>());
}

#[test]
fn comments_name_pages_that_exist() {
    let mut complaints = Vec::new();
    for (path, text) in sources() {
        for after in text.split("docs/").skip(1) {
            let mut names = after.split(|c: char| !c.is_alphanumeric() && !"/._-".contains(c));
            let name = names.next().unwrap_or_default().trim_end_matches('.');
            let page = format!("docs/{name}");
            if Path::new(name).extension().is_some_and(|e| e == "md")
                && !Path::new(super::ROOT).join(&page).exists()
            {
                complaints.push(format!("{}: {page} does not exist", path.display()));
            }
        }
    }
    expect_none(&complaints);
}

#[test]
fn whole_configs_on_the_pages_are_valid() {
    let mut found = 0;
    for page in pages() {
        let text = read(&page);
        for block in text.split("```yaml\n").skip(1) {
            let block = block.split("```").next().unwrap_or_default();
            if block.contains("data_source:") && block.contains("\noutput:") {
                found += 1;
                if let Err(error) = icefold::config::parse_yaml("example", block) {
                    panic!("{}: {error}", page.display());
                }
            }
        }
    }
    assert!(found >= 4, "{found} configs");
}

/// Bullets of a changelog that announce changes of bits where `docs/PROMISE.md` has none: outside of Changed, or behind others.
fn bits_out_of_place(changelog: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let (mut is_changed, mut others) = (false, false);
    for line in changelog.lines() {
        if let Some(heading) = line.strip_prefix('#') {
            let heading = heading.trim_start_matches('#').trim();
            if line.starts_with("## ") || line.starts_with("### ") {
                (is_changed, others) = (heading == "Changed", false);
            }
        } else if line.starts_with("- ") {
            let is_bits = line.starts_with("- **Bits");
            if is_bits && !(line.starts_with("- **Bits:** ") && is_changed && !others) {
                complaints.push(format!("CHANGELOG.md: out of its place: {line}"));
            }
            others |= !is_bits;
        }
    }
    complaints
}

#[test]
fn changes_of_bits_come_first() {
    expect_none(&bits_out_of_place(&read(Path::new("CHANGELOG.md"))));
    let right = "## 1\n### Changed\n- **Bits:** a\n  b\n- **Bits:** c\n- d\n### Fixed\n- e\n";
    assert_eq!(bits_out_of_place(right), [""; 0]);
    for wrong in [
        "### Changed\n- d\n- **Bits:** a\n",
        "### Changed\n- **Bits** a\n",
        "### Changed\n### Fixed\n#### Values\n- **Bits:** a\n",
    ] {
        assert_eq!(bits_out_of_place(wrong).len(), 1, "{wrong}");
    }
}

#[test]
fn links_and_headings_are_found() {
    let page =
        "# The `a` page: of b\n[x](b.md#c-d) and [web](https://x.org/a.md)\n```\n[y](z.md)\n```\n";
    assert_eq!(targets(page), ["b.md#c-d"]);
    assert!(anchors(page).contains("the-a-page-of-b"));
    assert_eq!(plain(Path::new("a/b/../C.md")), Path::new("a/C.md"));
}
