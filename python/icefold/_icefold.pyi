"""The compiled part; `icefold` is what people import."""

from typing import Any

import numpy
import numpy.typing

Degrees = numpy.typing.NDArray[numpy.float64]
Cells = numpy.typing.NDArray[numpy.uint64]
Said = tuple[str, bool, bool, list[str]]

__version__: str

class Config:
    """A question: what to read, what to keep, what to compute, on which grid."""

    @staticmethod
    def named(name: str, changes: list[tuple[str, str]]) -> Config: ...
    @staticmethod
    def of_text(name: str, text: str, changes: list[tuple[str, str]]) -> Config: ...
    def within(self, region: tuple[float, float, float, float] | tuple[str, str]) -> Config: ...
    def with_cells_of_region(self) -> Config: ...
    def explain(self) -> str:
        """What a run with it would do, and where each value comes from."""
    @property
    def name(self) -> str:
        """Its name, or the path that it was read from."""
    @property
    def sha256(self) -> str:
        """SHA-256 of its canonical form: equal for configs that ask the same question."""
    @property
    def text(self) -> str:
        """The YAML that it was parsed from."""
    @property
    def product(self) -> str | None:
        """The product that granules are of; None where any is read."""
    @property
    def order(self) -> int:
        """Order of the cells."""
    @property
    def outputs(self) -> list[str]:
        """Names of the outputs, in order."""

def aggregate(source: Any, asked: dict[str, Any]) -> dict[str, Any]: ...
def built_in() -> list[tuple[str, str]]: ...
def centers(cells: Cells, order: int, latitude: str) -> tuple[Degrees, Degrees]: ...
def demo_granules(folder: str) -> list[str]: ...
def devices() -> list[tuple[str, str, str | None]]: ...
def finalize(settings: dict[str, Any], progress: Any) -> tuple[str, Said]: ...
def ids_are(order: int, latitude: str) -> tuple[str, str, str]: ...
def inspect(path: str, config: Config | None, all: bool) -> tuple[str, str]: ...
def locate(lon: Degrees, lat: Degrees, order: int, latitude: str) -> Cells: ...
def main(command: list[str]) -> int: ...
def plan(config: Config, settings: dict[str, Any], progress: Any) -> Said: ...
def run(config: Config, settings: dict[str, Any], progress: Any) -> tuple[str, Said]: ...
def verify_devices(
    config: Config,
    granules: tuple[list[str], list[str]],
    devices: list[str],
    machine: dict[str, Any],
    progress: Any,
) -> tuple[bool, str]: ...
def verify_stores(a: str, b: str) -> tuple[bool, str]: ...
def vertices(cells: Cells, order: int, latitude: str) -> tuple[Degrees, Degrees]: ...
