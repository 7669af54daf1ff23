"""The record of a run: what was measured, on what, with which versions. Never names the host."""

import json
import os
import platform
import re
import subprocess
from dataclasses import asdict
from pathlib import Path

SCHEMA = 2
ROOT = Path(__file__).resolve().parents[2]


def lines_of(path):
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def field_of(path, name):
    """The value of the first `name : value` line of a file of /proc."""
    for line in lines_of(path):
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return None


def cpu_model():
    model = field_of("/proc/cpuinfo", "model name")
    if not model and platform.system() == "Darwin":
        model = said("sysctl", "-n", "machdep.cpu.brand_string")
    return model or platform.processor() or platform.machine()


def slug(text):
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def said(*command):
    """What a command prints, or None where it cannot run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def machine(name):
    memory = field_of("/proc/meminfo", "MemTotal")
    cpu = cpu_model()
    return {
        "name": name or slug(cpu),
        "cpu": cpu,
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(int(memory.split()[0]) / 2**20, 1) if memory else None,
        "system": f"{platform.system()} {platform.machine()}",
    }


def commit():
    """The commit that was measured, with `+` where files had changed."""
    head = said("git", "rev-parse", "HEAD")
    changed = said("git", "status", "--porcelain", "--untracked-files=no")
    return head and head + ("+" if changed else "")


def make(arguments, found, comparisons, noise):
    versions = {
        **dict(sorted(found["versions"].items())),
        "python": platform.python_version(),
        "rustc": said("rustc", "--version"),
        "icefold_commit": commit(),
    }
    return {
        "schema": SCHEMA,
        "date": arguments.date,
        "machine": machine(arguments.machine),
        "threads": arguments.threads,
        "photons": arguments.size,
        "repeats": arguments.repeats,
        "quick": arguments.quick,
        "noise": noise,
        "versions": versions,
        "engines": found["engines"],
        "workloads": found["workloads"],
        "left_out": found["left_out"],
        "comparisons": comparisons,
        "bits": found["bits"],
        "runs": [
            {
                **asdict(run),
                "median": run.median(),
                "spread": run.spread() if run.seconds else None,
                "cpu_median": run.cpu(),
            }
            for run in found["runs"]
        ],
    }


def text(record):
    """JSON, one engine, workload, run or comparison per line: records are read by people too."""
    rows = {name: record[name] for name in ("engines", "workloads", "comparisons", "bits", "runs")}
    head = {name: value for name, value in record.items() if name not in rows}
    opening = json.dumps(head, indent=1).removesuffix("\n}")
    for name, values in rows.items():
        body = ",\n".join("  " + json.dumps(value) for value in values)
        opening += f',\n "{name}": [\n{body}\n ]'
    return opening + "\n}\n"


def place(record, overwrite):
    """Where the record belongs; refuses to replace one that is there."""
    target = ROOT / "benches" / "record" / record["machine"]["name"] / f"{record['date']}.json"
    if target.exists() and not overwrite:
        raise SystemExit(f"{target} exists: pass --overwrite, or another --date")
    return target
