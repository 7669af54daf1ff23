"""The command line of `scripts/bench-device`."""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import drive
import host
import pack
import programs
import steps
import table
from lines import Facts, read

MODULES = Path(__file__).resolve().parent


def parsed(about):
    parser = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="steps:\n" + "\n".join(f"  {s.name:17} {s.about}" for s in steps.STEPS))
    parser.add_argument("--out", type=Path, default=Path("bench-device"), metavar="DIR",
                        help="where lines.jsonl is, or is begun; a call goes on where the last stopped")
    parser.add_argument("--only", metavar="STEPS", help="these alone, as in parity,sort")
    parser.add_argument("--skip", metavar="STEPS", help="all but these")
    parser.add_argument("--seconds", type=float, default=345, metavar="N",
                        help="after which no step runs [345]")
    parser.add_argument("--limit", type=float, default=90, metavar="N",
                        help="seconds that a step may take at most, beside its own limit [90]")
    parser.add_argument("--device", default="cuda", help="as for icefold run [cuda]")
    parser.add_argument("--small", action="store_true", help="sizes that an emulation bears")
    parser.add_argument("--binary", type=Path, help="icefold [the packed one, or target/release]")
    parser.add_argument("--suite", type=Path, help="the tests [the packed ones, or those in target]")
    parser.add_argument("--scratch", type=Path, metavar="DIR",
                        help="for arrays and granules, gigabytes of them [a folder of its own]")
    parser.add_argument("--table", type=Path, metavar="FILE",
                        help="runs nothing: makes Markdown of the lines in DIR")
    parser.add_argument("--pack", type=Path, metavar="DIR",
                        help="runs nothing: gathers what is carried to such a machine")
    parser.add_argument("--nvcc", help="to pack: the compiler for the CUB baseline, with options if need be")
    parser.add_argument("--library", action="append", default=[], metavar="FILE",
                        help="to pack: a library in place of this machine's Vulkan loader")
    parser.add_argument("--nvcomp", type=Path, metavar="FILE",
                        help="to pack: libnvcomp.so.N of nvCOMP 5 or newer, to be measured beside it")
    parser.add_argument("--glibc", metavar="N.M", help="to pack: the version that the machine has")
    return parser


def chosen(parser, arguments):
    """The steps that are asked for; `machine` and `devices` are in every call."""
    names = [step.name for step in steps.STEPS if not step.always]
    for option in ("only", "skip"):
        named = [n.strip() for n in (getattr(arguments, option) or "").split(",") if n.strip()]
        for name in named:
            if name not in steps.NAMES:
                parser.error(f"--{option}: there is no step '{name}'; use {', '.join(steps.NAMES)}")
        if named:
            names = [name for name in names if (name in named) == (option == "only")]
    return names


def programs_of(script, arguments, scratch):
    """The binary and the tests: named, packed beside the script, or built in the tree."""
    found = dict(zip(("binary", "suite"), pack.built(script.parent.parent)))
    for name, packed in (("binary", "icefold.xz"), ("suite", "suite.xz")):
        if (script.parent / packed).is_file():
            found[name] = pack.unpacked(script.parent / packed, scratch)
        found[name] = getattr(arguments, name) or found[name]
        found[name] = str(Path(found[name]).resolve()) if found[name] else None
    return found


def main(script, about):
    if sys.argv[1:2] == ["--step"]:
        name, file = sys.argv[2:4]
        context = json.loads(Path(file).read_text())
        facts = Facts(context["lines"], name, is_emulation(context))
        sys.exit(programs.PROGRAMS[name](facts, context))
    parser = parsed(about)
    arguments = parser.parse_args()
    if arguments.pack:
        return pack.pack(arguments, script, MODULES)
    file = arguments.out / "lines.jsonl"
    if arguments.table:
        if not file.is_file():
            parser.error(f"there is no {file}: name its folder with --out")
        return arguments.table.write_text(table.table(read(file)))
    arguments.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-device-") as own:
        scratch = arguments.scratch or Path(own)
        scratch.mkdir(parents=True, exist_ok=True)
        found = programs_of(script, arguments, scratch)
        if not found["binary"] or not Path(found["binary"]).is_file():
            parser.error("there is no icefold: name it with --binary")
        built = script.parent / "cub_sort"
        context = {
            **found,
            "cub": str(built) if built.is_file() else None,
            "libraries": str(script.parent / "lib"),
            "pack": host.pack_facts(script.parent),
            "script": str(script),
            "lines": str(file.resolve()),
            "out": str(arguments.out.resolve()),
            "scratch": str(scratch.resolve()),
            "device": arguments.device,
            "small": arguments.small,
            "sizes": steps.SMALL if arguments.small else steps.FULL,
            "limit": arguments.limit,
            "emulation": False,
        }
        say = lambda text: print(f"bench-device: {text}", file=sys.stderr, flush=True)
        code = drive.call(context, chosen(parser, arguments), arguments.seconds, say)
    (arguments.out / "record.md").write_text(table.table(read(file)))
    sys.exit(code)


def is_emulation(context):
    """What the step `devices` of this call said."""
    found = [l for l in read(context["lines"]) if (l["step"], l["fact"]) == ("devices", "found")]
    return bool(found and found[-1].get("emulation"))
