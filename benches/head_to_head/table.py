"""Comparisons as numbers and as Markdown."""

from dataclasses import asdict, dataclass

import numpy as np

import bits

PER = 1e3  # milliseconds
TITLES = {
    "locate_groupby": "locate + group-by",
    "groupby": "group-by from ids",
    "quartiles": "exact quartiles",
    "weighted": "weighted mean",
    "count_only": "count alone",
    "minmax": "count, min, max",
    "locate": "locate alone",
    "groupby2": "group-by, 2 columns",
    "groupby4": "group-by, 4 columns",
    "groupby8": "group-by, 8 columns",
    "decode": "granule to arrays",
    "store": "granule to store",
    "inflate": "inflate and discard",
}


@dataclass
class Comparison:
    """icefold beside the fastest peer of a question."""

    workload: str
    family: str
    task: str
    threads: int
    photons: int
    ours: float  # seconds, to partials (quartiles: finished)
    finished: float  # seconds, to finished arrays
    peer: str
    theirs: float
    ratio: float  # theirs / ours
    low: float  # least and greatest ratio of one turn
    high: float
    finished_ratio: float
    target: float | None
    verdict: str


def compare(workload, question, runs, engines, threads, ours="icefold"):
    """The comparison of a question, or None where a side has no right answer."""
    cores = question.threads or threads
    here = [r for r in runs if r.workload == workload.name and r.task == question.task and r.seconds]
    ours = "icefold_run" if question.task == "store" else ours
    own = next((r for r in here if r.engine == ours and r.threads == cores), None)
    peers = [
        run
        for run in here
        if engines[run.engine].group == "peer"
        and (not question.against or run.engine in question.against)
    ]
    if not own or not peers:
        return None
    fastest = min(peers, key=lambda run: run.median())
    finished = own.median(finished=True)
    # Partials of a quantile are the values themselves: there the answer is what counts.
    times = own.finished_seconds if question.task == "quartiles" else own.seconds
    own_time = float(np.median(times))
    turns = [theirs / mine for theirs, mine in zip(fastest.seconds, times)]
    ratio = fastest.median() / own_time
    met = "" if question.target is None else ("met" if ratio >= question.target else "missed")
    return Comparison(
        workload.name,
        workload.family,
        question.task,
        cores,
        own.photons,
        own_time,
        finished,
        fastest.engine,
        fastest.median(),
        ratio,
        min(turns),
        max(turns),
        fastest.median() / finished,
        question.target,
        met,
    )


def ratios(comparisons):
    """The table of ratios against the fastest peer."""
    lines = [
        "| what | workload | threads | icefold, ms | Mphotons/s | finished, ms | fastest peer | its ms "
        "| ratio | of turns | ratio finished | target | |",
        "| --- | --- | ---: | ---: | ---: | ---: | --- | ---: | ---: | --- | ---: | ---: | --- |",
    ]
    for c in comparisons:
        target = "" if c.target is None else f">= {c.target:g}"
        lines.append(
            f"| {TITLES[c.task]} | {c.workload} | {c.threads} | {c.ours * PER:.2f} "
            f"| {c.photons / c.ours / 1e6:.0f} | {c.finished * PER:.2f} | {c.peer} "
            f"| {c.theirs * PER:.2f} | {c.ratio:.2f} | {c.low:.2f} to {c.high:.2f} "
            f"| {c.finished_ratio:.2f} | {target} | {c.verdict} |"
        )
    return "\n".join(lines)


def mebibytes(value):
    return "" if value is None else f"{value / 2**20:.0f}"


def times(runs):
    """Every engine's median on every workload, with its spread, memory and errors."""
    lines = [
        "| task | workload | engine | threads | ms | spread | CPU ms | kernel ms | peak MiB | arrays MiB "
        "| worst errors |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for run in sorted(runs, key=lambda r: (r.task, r.workload, r.median() or 1e9)):
        if not run.seconds:
            continue
        errors = ", ".join(f"{n} {e:.0e}" for n, e in run.errors.items() if e)
        cpu = f"{run.cpu() * PER:.2f}" if run.cpu_seconds else ""
        kernel = f"{np.median(run.kernel_seconds) * PER:.2f}" if run.kernel_seconds else ""
        lines.append(
            f"| {run.task} | {run.workload} | {run.engine} | {run.threads} "
            f"| {run.median() * PER:.2f} | {run.spread():.0%} | {cpu} | {kernel} "
            f"| {mebibytes(run.peak_rss_bytes)} | {mebibytes(run.resident_bytes)} | {errors} |"
        )
    return "\n".join(lines)


def wrong(runs):
    """Engines without a time, and why."""
    tasks = {}
    for run in runs:
        if run.verdict != "right":
            key = (run.engine, run.workload, run.verdict)
            tasks.setdefault(key, []).append(run.task)
    return "\n".join(
        f"- {engine} on {workload}, {', '.join(names)}: {verdict}"
        for (engine, workload, verdict), names in tasks.items()
    )


def markdown(comparisons, runs, record):
    machine, noise = record["machine"], record["noise"]
    load = " ".join(f"{x:g}" for x in noise["load_before"])
    parts = [
        f"{record['photons']:.0e} photons where a workload says no other number, {record['threads']} "
        f"threads, {record['repeats']} repeats; {machine['cpu']}, {machine['cores']} cores, "
        f"{machine['memory_gib']} GiB. Load before: {load}; 64 MiB copied in "
        f"{noise['copy_median'] * PER:.1f} ms, spread {noise['copy_spread']:.0%} over the run.",
        "## icefold beside the fastest peer\n\n" + ratios(comparisons),
        "## Every engine\n\n" + times(runs),
    ]
    if record["bits"]:
        parts.append("## The same bits again\n\n" + bits.table(record["bits"]))
    failures = wrong(runs)
    if failures:
        parts.append("## Wrong, so not timed\n\n" + failures)
    if record["left_out"]:
        parts.append("## Left out\n\n" + "\n".join(f"- {line}" for line in record["left_out"]))
    return "\n\n".join(parts) + "\n"


def as_records(comparisons):
    return [asdict(c) for c in comparisons]
