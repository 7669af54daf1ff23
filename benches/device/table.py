"""The lines as Markdown: a section for every device that they are of."""

import lines
from lines import values

NO_RESULT = "no result"
RATES = [fact + way for fact in ("from_keys", "from_coordinates", "from_keys_read_back")
         for way in ("", "_by_graph", "_by_stages")]


def median(numbers):
    ordered = sorted(numbers)
    return ordered[len(ordered) // 2]


def table_of(head, rows):
    """Lines of a Markdown table, or that there is nothing."""
    rows = [["" if cell is None else str(cell) for cell in row] for row in rows]
    if not rows:
        return [f"*{head[0]}: {NO_RESULT}.*", ""]
    out = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    return out + ["| " + " | ".join(row) + " |" for row in rows] + [""]


def per_second(value, items, scale=1e9):
    """Items a second of the median run, by 10^9."""
    if not value.get("seconds"):
        return NO_RESULT
    return f"{value[items] / median(value['seconds']) / scale:.2f}"


def last(found):
    return found[-1] if found else {}


def bits(found):
    """What was compared, by step."""
    rows = []
    steps = {line["step"]: None for line in found if line["fact"] == "bits"}
    for step in steps:
        compared = values(found, step, "bits")
        differ = [value for value in compared if not value["same"]]
        first = {k: v for k, v in differ[0].items() if k != "same"} if differ else ""
        rows.append([step, len(compared), len(differ), first])
    tests = values(found, "suite", "test")
    if tests:
        failed = [test["name"] for test in tests if not test["passed"]]
        rows.append(["suite", len(tests), len(failed), ", ".join(failed)])
    positions = values(found, "locate", "located")
    text = f"Positions located on both sides: {last(positions).get('positions', 0)}." if positions else ""
    return table_of(["bits, by step", "compared", "differ", "the first"], rows) + [text, ""]


def copies(found):
    rows = []
    for value in values(found, "ceilings", "copy"):
        rows.append([value["of"], value["bytes"] >> 20, per_second(value, "bytes")])
    return table_of(["copies", "MiB counted", "GB/s"], rows)


def resident(found):
    rows = []
    for fact in RATES:
        for value in values(found, ("resident", "resident-large"), fact):
            rows.append([value["workload"], value["photons"], value["cells"], fact,
                         per_second(value, "photons")])
    rows.sort(key=lambda row: (row[1], row[0]))
    return table_of(["on the device", "photons", "cells", "what", "10^9 photons/s"], rows)


def sorts(found):
    rows = [[name, v["pairs"], v["bits"], per_second(v, "pairs")]
            for name, fact in (("icefold", "sort"), ("icefold, tiles counted beforehand", "sort_by_scan"))
            for v in values(found, "sort", fact)]
    rows += [["CUB", v["pairs"], v["bits"], per_second(v, "pairs")]
             for v in values(found, "cub", "time")]
    return table_of(["sort of pairs", "pairs", "bits", "10^9 pairs/s"], rows)


def inflated(found):
    rows = []
    for value in values(found, ("inflate", "nvcomp"), "inflate"):
        rows.append([value["by"], value["chunk_rows"], value["chunks"], per_second(value, "bytes"),
                     per_second(value, "stored_bytes"), per_second(value, "photons")])
    rows.sort(key=lambda row: row[1])
    return table_of(["storage chunks inflated by", "rows", "chunks", "GB/s inflated", "GB/s stored",
                     "10^9 photons/s"], rows)


def transfers(found):
    rows = []
    for step in ("end-to-end", "end-to-end-large"):
        copied = {v["of"]: v for v in values(found, step, "copy")}
        ceiling = per_second(copied.get("pinned_to_device", {}), "bytes")
        folds = [value for fact in ("fold", "fold_copied", "fold_in_place")
                 for value in values(found, step, fact)]
        for value in folds:
            rows.append([value["photons"], value.get("columns"), value.get("results"), per_second(value, "photons"),
                         per_second(value, "bytes"), ceiling])
    head = ["host arrays to partials", "columns", "rows come back", "10^9 photons/s", "GB/s", "pinned copy, GB/s"]
    return table_of([head[0] + ", photons", *head[1:]], rows)


def kernels(found):
    rows = []
    for value in values(found, ("resident", "resident-large", "sort"), "kernels"):
        took = value.get("kernel_seconds") or {}
        for kernel, launches in value["launches"].items():
            time = f"{took[kernel] * 1e3:.3f}" if kernel in took else NO_RESULT
            rows.append([value.get("workload", "pairs"), value.get("photons", value.get("pairs")),
                         value["of"], value.get("way"), kernel, launches, time])
    return table_of(["kernels of one fold", "items", "of", "way", "kernel", "launches", "ms"], rows)


def peers(found):
    rows = []
    for name in ("cupy", "torch"):
        for value in values(found, name, "time"):
            rows.append([f"{name} {value['version']}", value["workload"], value["photons"],
                         value["task"], per_second(value, "photons")])
    return table_of(["peers", "workload", "photons", "task", "10^9 photons/s"], rows)


def runs(found):
    rows = []
    for value in values(found, "run", "time"):
        took = f"{median(value['seconds']):.2f}" if value.get("seconds") else NO_RESULT
        rows.append(["icefold run", value["device"], value["granules"], took])
    for value in values(found, "wgpu", "time"):
        rows.append([f"bench {value['workload']} {value['task']}, 10^9 photons/s",
                     value["device"], "", per_second(value, "photons")])
    return table_of(["whole programs", "device", "granules", "s"], rows)


def line_of(found):
    rows = []
    for value in values(found, "line", "time"):
        on_device = (value.get("stretches") or {}).get("photons")
        rows.append([value["config"], value["chunk_rows"], value["from"], value["device"], value["photons"], on_device,
                     per_second(value, "photons")])
    rows.sort(key=lambda row: row[:3])
    return table_of(["granules to cells", "rows of a chunk", "from", "by", "photons", "decoded there", "10^9 photons/s"], rows)


def expected(found):
    """What auto reckons with beside what was measured: lines without opening a device, runs with it."""
    rows = []
    seconds = lambda number: f"{number:.2f}" if isinstance(number, (int, float)) else NO_RESULT
    for value in values(found, "line", "expected"):
        if value.get("expected_seconds"):
            rows.append([f"line, {value['config']}, {value['inputs']} granules", value["device"],
                         seconds(value["expected_seconds"]), seconds(value.get("seconds")), ""])
    for value in values(found, "run", "auto"):
        by = value.get("by") or {}
        for device, side in (("cpu", "cpu_seconds"), ("cuda", "device_seconds")):
            took = (value.get("seconds") or {}).get(device)
            rows.append(["icefold run", device, seconds((by.get(side) or {}).get("total")),
                         seconds(median(took)) if took else NO_RESULT, "auto" if value["took"] == device else ""])
    return table_of(["what auto expects", "of", "s, expected", "s, measured", "taken by"], rows)


def counters(found):
    names = ["Duration", "DRAM Throughput", "Compute (SM) Throughput", "Achieved Occupancy",
             "Registers Per Thread"]
    rows = []
    for value in values(found, ("ncu", "ncu-line"), "counters"):
        metrics = value.get("metrics") or {}
        shown = lambda name: next(
            (f"{number} {key[len(name) + 2:-1]}" for key, number in metrics.items()
             if key.startswith(name + " [")), "")
        rows.append([value["kernel"], *(shown(name) for name in names)])
    return table_of(["counters", *names], rows)


def ratio(above, below):
    return f"{above / below:.2f}" if above and below else NO_RESULT


def rate_of(found, steps, fact, items, **which):
    """The greatest median rate among the lines that fit, or None."""
    rates = [
        value[items] / median(value["seconds"])
        for value in values(found, steps, fact)
        if value.get("seconds") and all(value.get(k) == v for k, v in which.items())
    ]
    return max(rates, default=None)


def targets(found):
    """What is aimed at, as ratios within this run where there is something to compare with."""
    track = {"workload": "along-track"}
    rate = lambda steps, fact, items="photons", **which: rate_of(found, steps, fact, items, **which)
    both = ("resident", "resident-large")
    keys, coordinates = rate(both, "from_keys", **track), rate(both, "from_coordinates", **track)
    giga = lambda number: f"{number / 1e9:.2f}" if number else NO_RESULT
    def of_pinned_copy(fact):
        rates = [(rate(step, fact, "bytes"), step) for step in ("end-to-end", "end-to-end-large")]
        best, step = max((r for r in rates if r[0]), default=(None, None))
        return ratio(best, rate(step, "copy", "bytes", of="pinned_to_device") if step else None)

    def beside_cpu(config):
        # Of the most photons: less counts what a run begins and ends with.
        most = max((v["photons"] for v in values(found, "line", "time") if v["config"] == config), default=0)
        of = lambda device: rate("line", "time", config=config, chunk_rows=10_000, photons=most, device=device,
                                 **{"from": "page cache"})
        return giga(of("cuda")), ratio(of("cuda"), of("cpu, beside cuda"))

    (line_rate, line_ratio), (median_rate, median_ratio) = beside_cpu("means"), beside_cpu("atl03")
    peer = rate(("cupy", "torch"), "time", task="group", **track)
    same_size = rate("resident", "from_keys", **track)
    rows = [
        ["resident, along track, from keys, 10^9 photons/s", giga(keys)],
        ["the same from longitude and latitude", giga(coordinates)],
        ["16-bit pair sort, of CUB's rate",
         ratio(rate("sort", "sort", "pairs", bits=16), rate("cub", "time", "pairs", bits=16))],
        ["host arrays to partials, of the pinned copy's rate", of_pinned_copy("fold")],
        ["the same of columns that the device reads where they are", of_pinned_copy("fold_in_place")],
        ["against the faster of CuPy and PyTorch", ratio(same_size, peer)],
        ["granules to cells from the page cache, 10^9 photons/s", line_rate],
        ["the same, of the CPU's rate beside it", line_ratio],
        ["granules to cells with a median, 10^9 photons/s", median_rate],
        ["the same, of the CPU's rate beside it", median_ratio],
    ]
    return table_of(["targets", "measured"], rows)


def outcomes(found):
    begun = {line["step"]: None for line in found if line["fact"] == "begin"}
    rows = []
    for step in begun:
        if step == "call":
            continue
        end = last(values(found, step, "end"))
        why = last(values(found, step, "left out")).get("why", "")
        why = why or last(values(found, step, "error")).get("message", "")
        why = why or " / ".join(end.get("said", []))
        rows.append([step, end.get("outcome", "no end"), end.get("took"), why.replace("|", "/")])
    return table_of(["steps", "outcome", "s", "why"], rows)


def section(devices, found):
    said = last(values(found, "devices", "found"))
    host = last(values(found, "machine", "host"))
    cards = last(values(found, "machine", "nvidia-smi")).get("cards", [])
    out = [f"# {devices or 'No device'}", ""]
    for device in said.get("devices", []):
        capability, mebibytes = device["capability"], device["memory_bytes"] >> 20
        out.append(f"- {device['name']}: compute capability {capability}, {mebibytes} MiB")
    out += [f"- nvidia-smi: {card}" for card in cards]
    out.append(f"- driver for CUDA {said.get('driver')}; {host.get('cpu')}, {host.get('cores')} cores; "
               f"{host.get('platform')}")
    out += [f"- no device: {said['why_not']}"] if said.get("why_not") else []
    for modules in last(values(found, "devices", "opened")).get("modules", []):
        refused = "; ".join(f"{m['module']}: {m['said']}" for m in modules["refused"])
        out.append(f"- machine code of the build: {', '.join(modules['machine_code']) or 'none'}"
                   + (f"; refused, and compiled from PTX: {refused}" if refused else ""))
    out.append("")
    if any(line.get("emulation") and line["step"] == "devices" for line in found):
        out += ["**Nothing here is a result: the device is an emulation.**", ""]
    parts = [bits, targets, copies, resident, sorts, inflated, line_of, expected, transfers, runs, peers, kernels, counters, outcomes]
    return out + [text for part in parts for text in part(found)]


def table(found):
    """Times are medians; what differs from the CPU, and what an emulation takes, has none."""
    devices = {call["devices"]: None for call in lines.calls(found)}
    sections = [section(name, lines.of_devices(found, name)) for name in devices]
    return "\n".join(text for part in sections for text in part) + "\n"
