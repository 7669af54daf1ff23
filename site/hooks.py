"""What mkdocs does not do by itself: pages made by the program, and links to files of the project outside docs/.

A page says `../README.md` or `../benches/record/...`, which works where the source is looked at. In the site such files are
below `repo/`: Markdown as pages, all else as it is. The pages of the reference are those that reference.py left in
target/docs/reference.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.structure.files import File

SITE = Path(__file__).resolve().parent
ROOT = SITE.parent
MADE = ROOT / "target/docs/reference"
LINK = re.compile(r"(\]\()([^)\s]+)(\))")
FENCE = re.compile(r"^(```|~~~).*?^\1[ ]*$", re.M | re.S)


def outside_fences(text, change):
    """The text with what is outside of its fenced blocks changed."""
    parts, at = [], 0
    for fence in FENCE.finditer(text):
        parts += [change(text[at : fence.start()]), fence.group()]
        at = fence.end()
    return "".join([*parts, change(text[at:])])


def source_of(uri):
    """Where in the project a page of the site is from."""
    return uri.removeprefix("repo/") if uri.startswith("repo/") else "docs/" + uri


def in_site(path):
    """Where in the site a file of the project is."""
    return path.removeprefix("docs/") if path.startswith("docs/") else "repo/" + path


def targets(text, source):
    """Files of the project that a page leads to."""
    found = []
    prose = FENCE.sub("", text)
    for link in LINK.finditer(prose):
        target = link.group(2).split("#")[0]
        if target and "://" not in target and not target.startswith("mailto:"):
            found.append(posixpath.normpath(posixpath.join(posixpath.dirname(source), target)))
    return found


def on_files(files, config):
    """Adds the pages that are made, and every file that a page leads to, through pages of the project itself."""
    for page in sorted(MADE.glob("*.md")):
        files.append(File.generated(config, f"reference/{page.name}", content=page.read_text()))
    for name in ("site.css", "favicon.svg"):
        files.append(File.generated(config, name, content=(SITE / name).read_text()))
    waiting = [(source_of(f.src_uri), f.content_string) for f in files.documentation_pages()]
    seen = set()
    while waiting:
        source, text = waiting.pop()
        for target in targets(text, source):
            path = ROOT / target
            if target in seen or target.startswith(("docs/", "..")) or not path.is_file():
                continue
            seen.add(target)
            if path.suffix == ".md":
                text = path.read_text()
                waiting.append((target, text))
                files.append(File.generated(config, in_site(target), content=text))
            else:
                files.append(File.generated(config, in_site(target), abs_src_path=str(path)))
    return files


def on_page_markdown(markdown, page, config, files):
    """Turns links between files of the project into links between pages of the site."""
    uri = page.file.src_uri
    source = source_of(uri)
    if uri in ("index.md", "gallery.md"):
        page.meta["hide"] = ["navigation", "toc"] if uri == "index.md" else ["navigation"]

    def there(link):
        target, _, anchor = link.group(2).partition("#")
        if not target or "://" in target or target.startswith("mailto:"):
            return link.group()
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        made = uri.startswith("reference/") or path.startswith("docs/reference/")
        if not made and (ROOT / path).is_dir():
            # A folder has no page: the words stay.
            return "](#" + ")"
        to = posixpath.relpath(in_site(path), posixpath.dirname(uri) or ".")
        return f"{link.group(1)}{to}{'#' + anchor if anchor else ''}{link.group(3)}"

    return outside_fences(markdown, lambda text: LINK.sub(there, text))
