"""What can go wrong, as exceptions and warnings."""

from __future__ import annotations


class Error(Exception):
    """Anything that icefold refuses or cannot do.

    Attributes
    ----------
    kind : str
        What programs decide by, e.g. ``"Granule"``; each kind has a class below.
    object : str or None
        What it is about, e.g. ``"granule ATL06_a.h5"``.
    """

    kind: str = "Error"
    object: str | None = None


class ArgumentError(Error, ValueError):
    """An argument or a path cannot be used as it was given."""


class ConfigError(Error, ValueError):
    """The config cannot be used."""


class MapError(Error, ValueError):
    """A shard map cannot be used, or not with this config."""


class GranuleError(Error):
    """A granule cannot be read, or holds what cannot be used."""


class ReportError(Error):
    """A run report cannot be read, or its sums do not balance."""


class StoreError(Error):
    """A store cannot be read or written."""


class PiecesError(Error):
    """Pieces of a store cannot be used, or not by this run."""


class FileError(Error, OSError):
    """The operating system refused an operation on a file."""


class MismatchError(Error):
    """Two stores, or two devices, differ."""


class DeviceError(Error):
    """The device asked for cannot be used."""


class StoppedError(Error):
    """The run was told to stop."""


class IncompleteWarning(UserWarning):
    """A tolerant run left something out, or no photon was kept: the report says what."""


class Note(UserWarning):
    """Something that people should know, and that is no error."""


_CLASSES: dict[str, type[Error]] = {
    "Argument": ArgumentError,
    "Config": ConfigError,
    "Map": MapError,
    "Granule": GranuleError,
    "TooLarge": GranuleError,
    "NoGranule": GranuleError,
    "Report": ReportError,
    "Store": StoreError,
    "Pieces": PiecesError,
    "Io": FileError,
    "Spilled": FileError,
    "Gate": Error,
    "Mismatch": MismatchError,
    "Device": DeviceError,
    "Interrupted": StoppedError,
    "Resumable": StoppedError,
}


def of(kind: str, text: str, about: str | None) -> Error:
    """The exception of an error."""
    error = _CLASSES.get(kind, Error)(text)
    error.kind = kind
    error.object = about
    return error
