"""Comparisons as numbers and as Markdown."""

from dataclasses import asdict, dataclass

from plan import HAND_WRITTEN

PER = 1e3  # milliseconds


@dataclass
class Comparison:
    """One row of the table: icefold beside its fastest peer."""

    what: str
    workload: str
    task: str
    threads: int
    ours: float  # seconds, to partials (quartiles: finished)
    finished: float  # seconds, to f64 arrays
    peer: str
    theirs: float
    ratio: float  # theirs / ours
    finished_ratio: float
    target: float | None


def find(runs, workload, engine, task, threads):
    for run in runs:
        key = (run.workload, run.engine, run.task, run.threads)
        if key == (workload, engine, task, threads) and run.seconds:
            return run
    return None


def compare(row, runs, threads, ours="icefold"):
    """The comparison of a row, or None where a side has no right answer."""
    cores = row.cores or threads
    own = find(runs, row.workload, ours, row.task, cores)
    grouping = "groupby" if row.task == "locate_groupby" else row.task
    found = [
        find(runs, row.workload, engine, grouping, cores)
        for engine in row.against
        if engine not in HAND_WRITTEN
    ]
    found = [run for run in found if run]
    if not own or not found:
        return None
    fastest = min(found, key=lambda run: run.median())
    peer, theirs = fastest.engine, fastest.median()
    if row.task == "locate_groupby":
        locate = find(runs, row.workload, "healpix_geo", "locate", cores)
        if not locate:
            return None
        peer, theirs = f"healpix_geo + {peer}", locate.median() + theirs
    finished = own.median(finished=True)
    # Partials of a quantile are the values themselves: there the answer is what counts.
    own_time = finished if row.task == "quartiles" else own.median()
    return Comparison(
        row.title(),
        row.workload,
        row.task,
        cores,
        own_time,
        finished,
        peer,
        theirs,
        theirs / own_time,
        theirs / finished,
        row.target,
    )


def verdict(comparison):
    if comparison.target is None:
        return ""
    return "met" if comparison.ratio >= comparison.target else "missed"


def ratios(comparisons, photons):
    """The table of ratios against the fastest peer."""
    lines = [
        "| what | workload | threads | icefold, ms | Mphotons/s | finished, ms | fastest peer | its ms "
        "| ratio | ratio finished | target | |",
        "| --- | --- | ---: | ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for c in comparisons:
        target = "" if c.target is None else f">= {c.target:g}"
        lines.append(
            f"| {c.what} | {c.workload} | {c.threads} | {c.ours * PER:.2f} "
            f"| {photons / c.ours / 1e6:.0f} | {c.finished * PER:.2f} | {c.peer} "
            f"| {c.theirs * PER:.2f} | {c.ratio:.1f} | {c.finished_ratio:.1f} | {target} "
            f"| {verdict(c)} |"
        )
    return "\n".join(lines)


def times(runs):
    """Every engine's median on every workload, with its spread."""
    lines = [
        "| task | workload | threads | engine | ms | spread | worst errors |",
        "| --- | --- | ---: | --- | ---: | ---: | --- |",
    ]
    for run in sorted(runs, key=lambda r: (r.task, r.workload, r.threads, r.median() or 1e9)):
        if not run.seconds:
            continue
        errors = ", ".join(f"{n} {e:.0e}" for n, e in run.errors.items() if e)
        lines.append(
            f"| {run.task} | {run.workload} | {run.threads} | {run.engine} "
            f"| {run.median() * PER:.2f} | {run.spread():.0%} | {errors} |"
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
    machine = record["machine"]
    parts = [
        f"{record['photons']:.0e} photons, {record['threads']} threads, {record['repeats']} repeats; "
        f"{machine['cpu']}, {machine['cores']} cores; load before: {record['load_before']}",
        ratios(comparisons, record["photons"]),
        times(runs),
    ]
    failures = wrong(runs)
    if failures:
        parts.append("Wrong, so not timed:\n\n" + failures)
    return "\n\n".join(parts) + "\n"


def as_records(comparisons):
    return [{**asdict(c), "verdict": verdict(c)} for c in comparisons]
