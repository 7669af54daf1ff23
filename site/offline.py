"""Checks that built pages need nothing from elsewhere: `offline.py FOLDER`.

Links that a reader follows may lead anywhere; what a browser fetches by itself may not: scripts, styles, pictures, frames,
fonts, and addresses in style sheets.
"""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path

FETCHED = {"script": ["src"], "img": ["src", "srcset"], "iframe": ["src"], "source": ["src", "srcset"], "video": ["src"],
           "audio": ["src"], "embed": ["src"], "object": ["data"], "input": ["src"], "use": ["href"]}
# Relations of <link> that are fetched; `canonical` and the like are not.
RELATIONS = {"stylesheet", "icon", "preload", "prefetch", "preconnect", "dns-prefetch", "modulepreload", "manifest"}


def is_elsewhere(address):
    return re.match(r"(?i)\s*(https?:)?//", address or "") is not None


class Page(HTMLParser):
    """Addresses that a page has a browser fetch."""

    def __init__(self):
        super().__init__()
        self.fetched = []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        names = FETCHED.get(tag, [])
        if tag == "link" and RELATIONS & set((attrs.get("rel") or "").split()):
            names = ["href"]
        self.fetched += [attrs[name] for name in names if attrs.get(name)]
        self.fetched += re.findall(r"url\(['\"]?([^'\")]+)", attrs.get("style") or "")


def complaints(folder):
    pages = sorted(folder.rglob("*.html"))
    if len(pages) < 10:
        yield f"{folder}: {len(pages)} pages: is this the site?"
    for page in pages:
        found = Page()
        found.feed(page.read_text())
        for address in found.fetched:
            if is_elsewhere(address):
                yield f"{page}: fetches {address}"
            elif not address.startswith(("data:", "#")):
                path = (page.parent / address.split("#")[0].split("?")[0]).resolve()
                # The page for what is not found says addresses from the root of a server.
                if page.name != "404.html" and not path.exists():
                    yield f"{page}: {address} does not exist"
    for sheet in sorted(folder.rglob("*.css")):
        for address in re.findall(r"(?:url\(|@import\s+)['\"]?([^'\")\s;]+)", sheet.read_text()):
            if is_elsewhere(address):
                yield f"{sheet}: fetches {address}"


def self_test():
    """A page that fetches has to be found out."""
    page = Page()
    page.feed('<link rel="stylesheet" href="https://a/b.css"><img src="//c/d.png"><a href="https://e">x</a><link rel=canonical href="https://f">')
    assert [is_elsewhere(a) for a in page.fetched] == [True, True], page.fetched


if __name__ == "__main__":
    self_test()
    found = list(complaints(Path(sys.argv[1])))
    print("\n".join(found) or "built pages fetch nothing from elsewhere")
    sys.exit(bool(found))
