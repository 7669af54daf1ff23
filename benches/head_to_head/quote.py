"""Fills what docs/COMPARE.md and README.md quote from a record, so that no number is typed.

    python quote.py RECORD.json     rewrites the blocks between `<!-- quote NAME -->` and `<!-- end -->`
    python quote.py --check         fails where a block is not what the record it names gives

A page names its record in a line `<!-- record PATH -->`; `none` stands where there is none yet. A block of another
record begins with `<!-- quote NAME PATH -->`, and keeps it.
"""

import json
import re
import sys
from pathlib import Path

from table import TITLES

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("docs/COMPARE.md", "README.md")
PER = 1e3
# Rows of README.md: what most users do, and what is lost.
CHOSEN = (
    ("shard12", "locate_groupby"), ("wide12", "locate_groupby"), ("shard12", "groupby"),
    ("shard19", "groupby"), ("shard12_shuffled", "groupby"), ("shard12", "quartiles"),
    ("uniform", "groupby"), ("all_distinct", "groupby"), ("granule_unshuffled", "decode"),
    ("granule_shuffled", "decode"), ("granule_unshuffled", "store"), ("granule_shuffled", "store"),
)


def row(c):
    return (
        f"| {TITLES[c['task']]} | {c['workload']} | {c['threads']} | {c['ours'] * PER:.2f} "
        f"| {c['peer']} | {c['theirs'] * PER:.2f} | {c['ratio']:.2f} | {c['finished_ratio']:.2f} |"
    )


HEAD = """| what | workload | threads | icefold, ms | fastest peer | its ms | ratio | ratio finished |
| --- | --- | ---: | ---: | --- | ---: | ---: | ---: |"""


def lost(c):
    return min(c["ratio"], c["finished_ratio"]) < 1.0


def source(record, path):
    machine, noise = record["machine"], record["noise"]
    return (
        f"[{path}]({link(path)}): {machine['cpu']}, {machine['cores']} cores, {record['threads']} "
        f"threads, {record['photons']:.0e} photons where a row says no other number, "
        f"{record['repeats']} turns, load before {noise['load_before'][0]:g}, spread of a memory copy "
        f"over the run {noise['copy_spread']:.0%}."
    )


def link(path):
    return "../" + path


def ratios(record, path):
    return "\n".join([HEAD, *map(row, record["comparisons"])])


def losses(record, path):
    found = [c for c in record["comparisons"] if lost(c)]
    return "\n".join([HEAD, *map(row, found)]) if found else "In this record no ratio is below 1."


def chosen(record, path):
    found = {(c["workload"], c["task"]): c for c in record["comparisons"]}
    rows = [HEAD, *(row(found[key]) for key in CHOSEN if key in found)]
    return source(record, path) + "\n\n" + "\n".join(rows)


def granules(record, path):
    lines = [
        "| workload | task | engine | threads | ms | Mphotons/s | peak MiB |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: |",
    ]
    runs = [r for r in record["runs"] if r["task"] in ("decode", "inflate", "store") and r["seconds"]]
    for run in sorted(runs, key=lambda r: (r["workload"], r["task"], r["median"])):
        peak = "" if not run["peak_rss_bytes"] else f"{run['peak_rss_bytes'] / 2**20:.0f}"
        lines.append(
            f"| {run['workload']} | {TITLES[run['task']]} | {run['engine']} | {run['threads']} "
            f"| {run['median'] * PER:.1f} | {run['photons'] / run['median'] / 1e6:.1f} | {peak} |"
        )
    return "\n".join(lines)


def same_bits(record, path):
    def all_of(engine, name):
        found = [r.get(name) for r in record["bits"] if r["engine"] == engine and "failed" not in r]
        found = [value for value in found if value is not None]
        return "" if not found else ("yes" if all(found) else "no")

    lines = ["| engine | second run | shuffled | other threads |", "| --- | --- | --- | --- |"]
    for engine in dict.fromkeys(r["engine"] for r in record["bits"]):
        cells = [all_of(engine, name) for name in ("second_run", "shuffled", "threads")]
        lines.append(f"| {engine} | {' | '.join(cells)} |")
    return "\n".join(lines)


def errors(record, path):
    worst = {}
    for run in record["runs"]:
        for name, error in run["errors"].items():
            statistic = name.rpartition("_")[2]
            statistic = "quartile" if statistic in ("q25", "q50", "q75") else statistic
            if statistic in ("mean", "var", "wmean", "quartile"):
                of = worst.setdefault(run["engine"], {})
                of[statistic] = max(of.get(statistic, 0.0), error)
    lines = [
        "| engine | mean | variance | weighted mean | quartiles |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for engine, of in sorted(worst.items(), key=lambda e: (not e[0].startswith("icefold"), e[0])):
        cells = [of.get(name) for name in ("mean", "var", "wmean", "quartile")]
        shown = ["" if c is None else ("0" if c == 0 else f"{c:.0e}") for c in cells]
        lines.append(f"| {engine} | {' | '.join(shown)} |")
    return "\n".join(lines)


def wrong(record, path):
    found = {}
    for run in record["runs"]:
        if run["verdict"] != "right":
            found.setdefault((run["engine"], run["verdict"]), []).append(
                f"{run['workload']} {run['task']}"
            )
    lines = [f"- {engine}: {verdict} ({', '.join(w)})" for (engine, verdict), w in found.items()]
    return "\n".join(lines) or "No engine was wrong."


def pictures(record, path):
    stem = Path(path).with_suffix("")
    found = sorted((ROOT / stem.parent).glob(stem.name + "-*.svg"))
    lines = []
    for picture in found:
        name = picture.stem.removeprefix(stem.name + "-")
        lines.append(f"![{name}]({link(str(stem.parent / picture.name))})")
    return "\n\n".join(lines)


BLOCKS = {
    f.__name__: f
    for f in (source, ratios, losses, chosen, granules, same_bits, errors, wrong, pictures)
}
BLOCK = re.compile(r"(<!-- quote (\w+)(?: (\S+))? -->\n).*?(\n<!-- end -->)", re.S)
RECORD = re.compile(r"<!-- record (\S+) -->")


def filled(text, record, path, page):
    def fill(match):
        own = match[3]
        of = (json.loads((ROOT / own).read_text()), own) if own else (record, path)
        block = BLOCKS[match[2]](*of)
        if page == "README.md":
            block = block.replace("](../", "](")
        return match[1] + block + match[4]

    return BLOCK.sub(fill, text)


def main():
    if sys.argv[1:] == ["--check"]:
        for page in PAGES:
            text = (ROOT / page).read_text()
            path = RECORD.search(text)[1]
            if path == "none":
                continue
            record = json.loads((ROOT / path).read_text())
            if filled(text, record, path, page) != text:
                raise SystemExit(f"{page} does not quote {path}: run quote.py {path}")
        return
    path = str(Path(sys.argv[1]).resolve().relative_to(ROOT))
    record = json.loads((ROOT / path).read_text())
    for page in PAGES:
        text = (ROOT / page).read_text()
        text = RECORD.sub(f"<!-- record {path} -->", text)
        (ROOT / page).write_text(filled(text, record, path, page))


if __name__ == "__main__":
    main()
