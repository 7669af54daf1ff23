"""Engines and workloads as data: engines/*.toml and workloads/*.toml, read and checked.

docs/BENCHMARKING.md lists the keys. An unknown key, task or engine is refused: a file that is not
understood would measure something else than it says.
"""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ARRAYS = (
    "locate", "groupby", "locate_groupby", "quartiles", "weighted", "minmax", "count_only",
    "groupby2", "groupby4", "groupby8",
)
GRANULES = ("decode", "store")
TASKS = (*ARRAYS, *GRANULES, "inflate")
# ours: icefold. peer: ratios are taken against the fastest of them. floor: what cannot be undercut; shown only.
GROUPS = ("ours", "peer", "floor")


class Unfit(Exception):
    """A file of engines or workloads that cannot be used."""


@dataclass(frozen=True)
class Engine:
    name: str
    about: str
    group: str
    kind: str  # program (speaks the serve protocol) or python (a module of adapters/)
    tasks: tuple
    adapter: str = ""
    flags: tuple = ()
    distribution: str = ""  # whose version is recorded
    packages: tuple = ()  # pinned, for pip
    threads: str | int = "question"  # or a fixed number
    device: str = "cpu"
    needs: str = ""  # cuda, wgpu or previous: left out where there is none
    largest: float = float("inf")  # photons
    default: bool = True  # runs unless --engines says otherwise
    tolerance: dict = field(default_factory=dict)
    unfair: tuple = ()


@dataclass(frozen=True)
class Question:
    task: str
    target: float | None = None  # the ratio that icefold means to reach
    threads: int | None = None  # None: as many as the run has
    engines: tuple = ()  # none: all that can
    against: tuple = ()  # none: all peers
    quick: bool = False


@dataclass(frozen=True)
class Workload:
    """One input and what is asked of it. A file with lists under `vary` is several of these."""

    name: str
    family: str  # the file's name
    about: str
    kind: str  # arrays or granules
    input: dict
    questions: tuple
    answer: str  # how the truth is computed, in words
    scale: float = 1.0  # of the run's photons
    photons: int | None = None  # or a fixed number
    vary: tuple = ()  # (parameter, value)


def read(folder):
    for path in sorted((HERE / folder).glob("*.toml")):
        try:
            yield path.stem, tomllib.loads(path.read_text())
        except tomllib.TOMLDecodeError as error:
            raise Unfit(f"{path}: {error}") from None


def make(kind, where, values):
    known = {name for name in kind.__dataclass_fields__}
    for key in values:
        if key not in known:
            raise Unfit(f"{where}: no key '{key}'; there are {', '.join(sorted(known))}")
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    try:
        return kind(**values)
    except TypeError as error:
        raise Unfit(f"{where}: {error}") from None


def engines():
    found = {}
    for stem, text in read("engines"):
        engine = make(Engine, f"engines/{stem}.toml", text)
        check(engine.name == stem, f"engines/{stem}.toml: name is {engine.name}")
        check(engine.group in GROUPS, f"engine {stem}: group {engine.group}, not of {GROUPS}")
        check(engine.kind in ("program", "python"), f"engine {stem}: kind {engine.kind}")
        for task in engine.tasks:
            check(task in TASKS, f"engine {stem}: no task {task}; there are {', '.join(TASKS)}")
        found[stem] = engine
    return found


def workloads():
    """By name; variants follow one another."""
    found = {}
    known = engines()
    for stem, text in read("workloads"):
        where = f"workloads/{stem}.toml"
        questions = []
        for question in text.pop("question", []):
            question = make(Question, where, question)
            check(question.task in TASKS, f"{where}: no task {question.task}")
            for name in (*question.engines, *question.against):
                check(name in known, f"{where}: no engine {name}")
            questions.append(question)
        check(text.pop("name", None) == stem, f"{where}: name is not the file's")
        vary = text.pop("vary", {})
        check(len(vary) <= 1, f"{where}: one parameter can vary")
        for variant in variants(vary):
            values = {**text, **dict([variant] if variant and variant[0] == "photons" else [])}
            inputs = {**text.get("input", {})}
            name = stem
            if variant:
                name = f"{stem}_{short(variant[1])}"
                if variant[0] != "photons":
                    inputs[variant[0]] = variant[1]
            values |= {"name": name, "family": stem, "input": inputs, "questions": questions}
            values["vary"] = variant or ()
            found[name] = make(Workload, where, values)
    return found


def variants(vary):
    for parameter, values in vary.items():
        return [(parameter, int(value)) for value in values]
    return [None]


def short(size):
    """1e6 for 1000000; all digits where powers of ten do not say it."""
    text = f"{size:.0e}".replace("e+0", "e").replace("e+", "e")
    return text if size >= 1000 and int(float(text)) == size else str(size)


def check(holds, message):
    if not holds:
        raise Unfit(message)


def requirements(chosen):
    """The packages of some engines, each pinned once."""
    pins = {}
    for engine in chosen:
        for package in engine.packages:
            name, _, version = package.partition("==")
            check(version, f"engine {engine.name}: {package} is not pinned with ==")
            other = pins.setdefault(name, (version, engine.name))
            check(
                other[0] == version,
                f"{name} is {version} for {engine.name} and {other[0]} for {other[1]}; pin one",
            )
    return [f"{name}=={version}" for name, (version, _) in sorted(pins.items())]


if __name__ == "__main__":
    # Without third-party packages: scripts/bench asks what to install before there are any.
    import sys

    chosen = [e for e in engines().values() if e.needs != "cuda" or "--cuda" in sys.argv]
    print("\n".join(requirements(chosen)))
