"""What verbs answer: facts as a dict, which print well."""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray


class _Facts(dict[str, Any]):
    """A dict of facts; `_title` and `_rows` say what of it is shown."""

    _title = "icefold"

    def _rows(self) -> list[tuple[str, str]]:
        return [(key, str(value)) for key, value in self.items() if not isinstance(value, (dict, list))]

    def __repr__(self) -> str:
        rows = self._rows()
        width = max((len(key) for key, _ in rows), default=0)
        lines = [f"  {key:<{width}}  {value}" for key, value in rows]
        return "\n".join([f"<{self._title}>", *lines])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(key)}</th>"
            f"<td style='text-align:left'>{html.escape(value)}</td></tr>"
            for key, value in self._rows()
        )
        return f"<b>{html.escape(self._title)}</b><table>{rows}</table>"

    @property
    def json(self) -> str:
        """All of it as JSON."""
        return json.dumps(self, indent=2)


class Report(_Facts):
    """What a run did: every photon accounted for, every time, every hash.

    A dict with the content of ``run.json`` (docs/format/REPORT.md has its keys).

    Attributes
    ----------
    store : str
        The store, or the folder of pieces.
    whole : bool
        Nothing was left out: no granule, no row, no value.
    notes : list of str
        What was odd, and no error.
    """

    _title = "icefold run report"
    store: str
    whole: bool
    notes: list[str]

    def _rows(self) -> list[tuple[str, str]]:
        photons = self.get("photons", {})
        rows = [("store", self.store), ("whole", "yes" if self.whole else "no, something was left out")]
        rows += [(f"photons {key}", f"{photons[key]:,}") for key in ("read", "kept", "rejected") if key in photons]
        rows += [(f"  {why}", f"{count:,}") for why, count in photons.get("rejected_by", {}).items()]
        granules = self.get("granules", {})
        for key, said in (("done", "granules"), ("failed", "  left out"), ("superseded", "  superseded")):
            if key == "done" or granules.get(key):
                rows.append((said, f"{len(granules.get(key, [])):,}"))
        for key, said in (("occupied_cells", "cells"), ("content_sha256", "content sha256")):
            if key in self:
                value = self[key]
                rows.append((said, f"{value:,}" if isinstance(value, int) else str(value)))
        for overview in self.get("overviews") or []:
            rows.append((f"  {overview.get('group') or 'order ' + str(overview['order'])}", f"{overview['occupied_cells']:,}"))
        device = self.get("device") or {}
        if "seconds" in self:
            rows.append(("seconds", f"{self['seconds']:.2f}, on {device.get('name', 'cpu')}"))
        return rows + [("note", note) for note in self.notes]

    def open(self, order: int | None = None, **options: Any) -> xarray.Dataset:
        """The store as a Dataset, as :func:`icefold.open` gives it."""
        from ._dataset import open_store

        return open_store(self.store, order, **options)


class Inspection(_Facts):
    """What a file or folder is, and what is in it; as text it is what ``icefold inspect`` prints."""

    _title = "icefold inspection"
    text: str

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.text)}</pre>"


class Picture(bytes):
    """The bytes of a PNG, SVG or PDF; Jupyter shows the first two as a picture.

    Attributes
    ----------
    path : str or None
        Where it was written, too.
    """

    path: str | None

    def __new__(cls, of: bytes, path: str | None = None) -> Picture:
        made = super().__new__(cls, of)
        made.path = path
        return made

    def _kind(self) -> str:
        return "PNG" if self[:4] == b"\x89PNG" else "PDF" if self[:4] == b"%PDF" else "SVG"

    def _repr_png_(self) -> bytes | None:
        return bytes(self) if self._kind() == "PNG" else None

    def _repr_svg_(self) -> str | None:
        return self.decode() if self._kind() == "SVG" else None

    def __repr__(self) -> str:
        where = "" if self.path is None else f", {self.path}"
        return f"<icefold picture: {self._kind()} of {len(self):,} bytes{where}>"


class Page(str):
    """A page as HTML; Jupyter shows it below the cell.

    Attributes
    ----------
    path : str or None
        Where it was written, too.
    """

    path: str | None

    def __new__(cls, of: str, path: str | None = None) -> Page:
        made = super().__new__(cls, of)
        made.path = path
        return made

    def _repr_html_(self) -> str:
        # On its own, without a way to the notebook around it.
        return (
            f'<iframe srcdoc="{html.escape(self)}" sandbox="allow-scripts allow-downloads allow-popups" '
            'style="width: 100%; height: 640px; border: 0" title="icefold"></iframe>'
        )

    def __repr__(self) -> str:
        where = "" if self.path is None else f", {self.path}"
        return f"<icefold page of {len(self):,} characters{where}>"


class Verification(_Facts):
    """What a comparison found.

    Attributes
    ----------
    identical : bool
        Every bit of every array is the same.
    """

    _title = "icefold verification"
    identical: bool

    def __bool__(self) -> bool:
        return self.identical

    def _rows(self) -> list[tuple[str, str]]:
        found = "every bit of every array" if self.identical else "no"
        rows = [("identical", found)]
        return rows + [("difference", difference) for difference in self["differences"]]
