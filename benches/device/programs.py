"""Steps that are other programs: the tests, CUB, runs over granules, NVIDIA's tools, Vulkan."""

import csv
import io
import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import host
import nvcomp
import peers
import processes
from inputs import MEANS, NAMES, granules, long_granules

# The exit code of a step for which something is missing.
LEFT_OUT = 77


def left_out(facts, why):
    facts.fact("left out", {"why": why})
    return LEFT_OUT


def lines_of(command, **options):
    """Lines that a program writes, as it does, and then its exit code."""
    child = processes.start(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        **options)
    for line in child.stdout:
        print(line, end="", flush=True)
        yield line.rstrip("\n")
    yield child.wait()


def suite(facts, context):
    """Every fact of the tests that needs a device, said as soon as it is settled."""
    if not context["suite"]:
        return left_out(facts, "the tests are not carried; pack them, or name them with --suite")
    listed = processes.run(
        [context["suite"], "--list", "--format", "terse"], capture_output=True)
    names = re.findall(r"^(\S+::(?:device|cuda)): test$", listed.stdout, re.M)
    # Facts about real granules, and about what Python compresses: neither is carried.
    names = [name for name in names if "real_granules" not in name and "what_zlib" not in name]
    if context["small"]:
        names = [name for name in names if "one_cell" in name]
    if not names:
        return left_out(facts, "there are no tests that need a device")
    facts.fact("tests", {"count": len(names)})
    command = [context["suite"], "--exact", "--include-ignored", "--test-threads", "6", *names]
    failed, passed = [], 0
    for line in lines_of(command):
        if isinstance(line, int):
            code = line
            continue
        settled = re.match(r"test (\S+) (?:- should panic )?\.\.\. (ok|FAILED)$", line)
        if settled:
            name, verdict = settled.groups()
            facts.fact("test", {"name": name, "passed": verdict == "ok"})
            passed += verdict == "ok"
            failed += [name] if verdict != "ok" else []
    facts.fact("summary", {"passed": passed, "failed": failed, "code": code})
    return 4 if failed else int(passed < len(names))


def cub_binary(facts, context):
    """The one that is carried, where it runs; else one that is built here."""
    carried = context["cub"]
    if carried:
        tried = processes.run([carried, "10"], capture_output=True)
        if tried.returncode == 0:
            return carried
        facts.fact("carried", {"code": tried.returncode, "said": tried.stderr.strip()[-300:]})
    if not shutil.which("nvcc"):
        return None
    built = Path(context["scratch"]) / "cub_sort"
    source = Path(__file__).parent / "cub_sort.cu"
    start = time.monotonic()
    # The card of this machine, by the compiler's own look at it.
    command = ["nvcc", "-O3", "-std=c++17", "-arch=native", str(source), "-o", str(built)]
    made = processes.run(command, capture_output=True)
    facts.fact("built", {"code": made.returncode, "took": round(time.monotonic() - start, 1),
                         "said": made.stderr.strip()[-300:]})
    return str(built) if made.returncode == 0 else None


def cub(facts, context):
    if facts.emulation:
        return left_out(facts, "the device is an emulation, and CUB does not run on one")
    program = cub_binary(facts, context)
    if not program:
        return left_out(facts, "there is no nvcc to build cub_sort.cu, and no built copy that runs")
    wrong = 0
    for line in lines_of([program, str(context["sizes"]["pairs"].bit_length() - 1)]):
        if isinstance(line, int):
            return line or wrong
        if not line.startswith("{"):
            continue
        found = json.loads(line)
        seconds = found.pop("seconds")
        if found.get("wrong"):
            facts.fact("wrong", found)
            wrong = 1
        else:
            facts.measured("time", found, {"seconds": seconds})


# Who decodes and selects on the way to the device; and threads that fill one slab after the other together.
TOGETHER = "cuda, slabs together"
LINES = {TOGETHER: {"ICEFOLD_CUDA_STRETCHES": "device", "ICEFOLD_CUDA_BRING": "together"},
         "cuda": {"ICEFOLD_CUDA_STRETCHES": "device"}, "cuda, batches": {"ICEFOLD_CUDA_STRETCHES": "host"}}


def forget(paths):
    """Has the system read files from their disk again."""
    for path in paths:
        with open(path, "rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def line(facts, context):
    """Granules to cells, from the page cache and from disk: the CPU beside the device where it decodes by itself, and where
    the host does. Whatever is timed has the CPU's bits first; opening a device is not timed."""
    means = Path(context["scratch"]) / "means.yaml"
    means.write_text(MEANS)
    differs, turns = 0, context["sizes"]["turns"]

    def folded(config, inputs, way, devices):
        """Seconds of each device in turn, and what the last one says of photons; None where bits differ."""
        command = [context["binary"], "verify", str(config), *inputs, "--json"]
        command += ["--devices", ",".join(devices)]
        ran = processes.run(command, capture_output=True, env={**os.environ, **LINES[way]})
        what = {"of": "line", "config": Path(config).stem, "device": way}
        if ran.returncode not in (0, 4):
            facts.fact("failed", {**what, "code": ran.returncode, "said": ran.stderr.strip()[-300:]})
            raise SystemExit(1)
        found = json.loads(ran.stdout)
        facts.fact("bits", {**what, "same": found["identical"]})
        if not found["identical"]:
            return None
        on_device = [d for d in found["devices"] if d["device"] != "cpu"][-1]["details"]["stretches"]
        for device in found["devices"][:2 if way == "cuda" else 0]:
            # What auto reckons with, without opening the device, beside what the line took.
            said = {"config": what["config"], "device": device["device"], "way": way, "inputs": len(inputs)}
            details = device["details"]
            facts.measured("expected", {**said, "expected_seconds": details.get("expected_seconds")},
                           {"seconds": device["seconds"], "open_seconds": details.get("open_seconds")})
        return [device["seconds"] for device in found["devices"]], on_device

    # Rows of a chunk, granules, by how many names each; whether batches and reading from disk are timed too.
    cases = [(means, 10_000, 2, 1, True), ("atl03", 10_000, 2, 1, True)]
    if context["sizes"]["strong"]:
        cases += [(means, 10_000, 2, NAMES, False), (means, 100_000, 1, NAMES, False)]
    for config, rows, count, names, all_ways in cases:
        inputs = long_granules(context, rows, count, names)
        for way in LINES:
            if way == TOGETHER or (not all_ways and way != "cuda"):
                continue
            done = folded(config, inputs, way, ["cpu", context["device"]] * turns)
            if done is None:
                differs = 4
                continue
            seconds, on_device = done
            photons = on_device["photons"] + sum(on_device["host"].values())
            of = {"config": Path(config).stem, "chunk_rows": rows, "from": "page cache", "photons": photons}
            facts.measured("time", {**of, "device": way, "stretches": on_device}, {"seconds": seconds[1::2]})
            facts.measured("time", {**of, "device": f"cpu, beside {way}"}, {"seconds": seconds[::2]})
            if not all_ways and rows == 10_000:
                # Of many bytes, how they are brought counts.
                done = folded(config, inputs, TOGETHER, [context["device"]] * max(turns, 2))
                if done:
                    facts.measured("time", {**of, "device": TOGETHER, "stretches": done[1]}, {"seconds": done[0]})
            if way != "cuda" or not all_ways:
                continue
            # The first of both reads from disk.
            for first, second in ((way, "cpu"), ("cpu", way)):
                forget(inputs)
                devices = [name if name == "cpu" else context["device"] for name in (first, second)]
                done = folded(config, inputs, way, devices)
                if done:
                    what = {**of, "from": "disk", "device": first if first == way else f"cpu, beside {way}"}
                    facts.measured("time", what, {"seconds": done[0][:1]})
    return differs


def run(facts, context):
    """`icefold run` on the CPU and on the device in turns: the same store, and how long each takes."""
    inputs = long_granules(context, 10_000, 2)
    folder, took, reports = Path(context["scratch"]), {}, {}
    # Stretches that the device decodes; batches of columns that it reads where they were decoded, and of columns that
    # the host copies once more.
    devices = {"cpu": ("cpu", "host", ""), "cuda": (context["device"], "device", ""),
               "cuda, batches": (context["device"], "host", "pinned"),
               "cuda, staged": (context["device"], "host", "staged"),
               # Nobody names a device: the program takes the one that it expects to be done sooner.
               "auto": ("auto", "device", "")}
    for turn in range(context["sizes"]["turns"]):
        for name, (device, stretches, columns) in devices.items():
            store = folder / f"{name.replace(', ', '-')}.zarr"
            environment = {**os.environ, "ICEFOLD_CUDA_COLUMNS": columns,
                           "ICEFOLD_CUDA_STRETCHES": stretches}
            command = [context["binary"], "run", "atl03", *inputs, "--store", str(store)]
            command += ["--overwrite", "--device", device, "--json", "--progress", "none"]
            start = time.monotonic()
            ran = processes.run(command, capture_output=True, env=environment)
            seconds = time.monotonic() - start
            if ran.returncode:
                said = ran.stderr.strip()[-300:]
                facts.fact("failed", {"device": name, "code": ran.returncode, "said": said})
                return 1
            took.setdefault(name, []).append(seconds)
            reports[name] = json.loads(ran.stdout)
        if turn == 0:
            stores = [str(folder / f"{name.replace(', ', '-')}.zarr") for name in devices]
            for name, store in list(zip(devices, stores))[1:]:
                verify = [context["binary"], "verify", stores[0], store]
                same = processes.run(verify, stdout=subprocess.DEVNULL).returncode == 0
                facts.fact("bits", {"of": "run", "device": name, "same": same})
                if not same:
                    return 4
    # What auto took, and by which seconds; those that both sides took stand beside it.
    took_by = reports["auto"].get("device") or {}
    facts.measured("auto", {"took": took_by.get("name"), "reason": took_by.get("reason"), "by": took_by.get("auto")},
                   {"seconds": {name: took[name] for name in ("auto", "cpu", "cuda")}})
    for name, report in reports.items():
        photons = report.get("photons") or {}
        what = {"device": name, "photons": photons, "granules": len(inputs)}
        facts.measured("time", what, {"seconds": took[name], "stages": report.get("stages")})
    return 0


SECTIONS = ["SpeedOfLight", "LaunchStats", "Occupancy", "SchedulerStats", "WarpStateStats", "MemoryWorkloadAnalysis"]


def counters(facts, context, options, program):
    """Hardware counters of a program's kernels, by NVIDIA's profiler."""
    if not shutil.which("ncu"):
        return left_out(facts, "there is no ncu")
    command = ["ncu", "--clock-control", "none", "--csv", "--page", "details"]
    # With what warps wait for.
    command += ["--print-details", "all", *options]
    for section in SECTIONS:
        command += ["--section", section]
    text, code = [], 1
    for line in lines_of([*command, *program]):
        if isinstance(line, int):
            code = line
        else:
            text.append(line)
    with open(Path(context["out"]) / f"{facts.step}.csv", "a") as file:
        file.write("\n".join(text) + "\n")
    begins = [i for i, line in enumerate(text) if line.startswith('"ID"')]
    if not begins:
        return left_out(facts, f"ncu read no counters: {' '.join(text[-2:])[:300]}")
    launches = {}
    for row in csv.DictReader(io.StringIO("\n".join(text[begins[0]:]))):
        if not (row["ID"] or "").isdigit():
            continue
        launch = launches.setdefault(row["ID"], {"kernel": row["Kernel Name"], "metrics": {}})
        metric = f"{row['Metric Name']} [{row['Metric Unit']}]"
        launch["metrics"][metric] = row["Metric Value"]
    for launch in launches.values():
        facts.measured("counters", {"kernel": launch["kernel"]}, {"metrics": launch["metrics"]})
    return code


def ncu(facts, context):
    program = [context["binary"], "bench-device", "one-fold", "--device", context["device"]]
    program += ["--photons", str(context["sizes"]["profiled"]), "--json-lines", context["lines"]]
    return counters(facts, context, ["--launch-count", "60"], program)


def ncu_line(facts, context):
    """The kernels that a stretch goes through."""
    inputs = long_granules(context, 10_000, 2)[:1]
    program = [context["binary"], "run", "atl03", *inputs, "--device", context["device"], "--overwrite"]
    program += ["--store", str(Path(context["scratch"]) / "ncu.zarr"), "--progress", "none"]
    return counters(facts, context, ["--launch-count", "30"], program)


def wgpu(facts, context):
    """Vulkan's adapters; on the first that is hardware, bits and rates."""
    environment, carried = host.vulkan_environment(context["libraries"], context["scratch"])
    found = processes.run(
        [context["binary"], "devices", "--json"], capture_output=True, env=environment)
    adapters = json.loads(found.stdout)["wgpu"]["adapters"] if found.returncode == 0 else []
    facts.fact("adapters", {"adapters": adapters, "carried": carried,
                            "driver_file": environment.get("VK_DRIVER_FILES")})
    if not adapters:
        return left_out(facts, "Vulkan finds no adapter")
    adapter = next((a for a in adapters if a["kind"] != "Cpu"), adapters[0])
    # How fast a processor pretends to be a card is no result.
    facts.emulation = facts.emulation or adapter["kind"] == "Cpu"
    device = f"wgpu:{adapter['index']}"
    inputs = granules(context, context["sizes"]["few_segments"])
    command = [context["binary"], "verify", "atl03", *inputs, "--devices", f"cpu,{device}"]
    same = processes.run(command, stdout=subprocess.DEVNULL, env=environment)
    facts.fact("bits", {"of": "run", "adapter": adapter["name"], "same": same.returncode == 0})
    if same.returncode:
        return same.returncode
    command = [context["binary"], "bench", "--json", "--device", "cpu", "--device", device]
    command += ["--workload", "shard12", "--workload", "wide12"]
    command += ["--photons", str(context["sizes"]["wgpu"])]
    ran = processes.run(command, stdout=subprocess.PIPE, env=environment)
    if not ran.stdout:
        return ran.returncode
    bench = json.loads(ran.stdout)
    for row in bench["rows"]:
        what = {"device": row["device"].split(":")[0], "photons": bench["photons"]}
        what.update({name: row[name] for name in ("workload", "task", "cells")})
        facts.measured("time", what, {"seconds": row["fold_seconds"]})
    for wrong in bench["wrong"]:
        facts.fact("wrong", {"said": wrong})
    return ran.returncode


def sanitizer(tool):
    def check(facts, context):
        if not shutil.which("compute-sanitizer"):
            return left_out(facts, "there is no compute-sanitizer")
        own = ["--device", context["device"], "--photons", str(context["sizes"]["checked"])]
        own += ["--json-lines", str(Path(context["scratch"]) / f"{tool}.jsonl")]
        inputs = granules(context, context["sizes"]["looked_at"])[:1]
        programs = {
            "inflate": ["bench-device", "inflate", *own],
            "parity": ["bench-device", "parity", *own, "--positions", "4096"],
            # Granules that the device decodes, selects from and folds.
            "line": ["verify", "atl03", *inputs, "--devices", f"cpu,{context['device']}"],
        }
        worst, environment = 0, {**os.environ, **LINES["cuda"]}
        for of, program in programs.items():
            command = ["compute-sanitizer", "--tool", tool, "--error-exitcode", "9", context["binary"], *program]
            said, code = [], 1
            for line in lines_of(command, env=environment):
                if isinstance(line, int):
                    code = line
                elif line.startswith("========="):
                    said.append(line.strip("= "))
            summary = [line for line in said if "SUMMARY" in line]
            if not summary:
                return left_out(facts, f"{tool} of {of} came to no end: {' '.join(said[-2:])[:300]}")
            facts.fact("checked", {"tool": tool, "of": of, "code": code, "summary": summary[-1], "first": said[1:4]})
            worst = worst or code
        return worst

    return check


PROGRAMS = {
    "machine": host.machine,
    "suite": suite,
    "cub": cub,
    "nvcomp": nvcomp.nvcomp,
    "line": line,
    "run": run,
    "ncu": ncu,
    "ncu-line": ncu_line,
    "cupy": lambda facts, context: peers.peer(facts, context, "cupy"),
    "torch": lambda facts, context: peers.peer(facts, context, "torch"),
    "wgpu": wgpu,
    "memcheck": sanitizer("memcheck"),
    "racecheck": sanitizer("racecheck"),
}
