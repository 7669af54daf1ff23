"""Does an engine return the same bits on a second run, on shuffled input, on another thread count?"""

from contest import Contestant, Entry, Failed, answer_of, digest

# Workloads of the same photons in two orders.
PAIRS = (("shard12", "shard12_shuffled"), ("wide12", "wide12_shuffled"))
TASKS = ("groupby", "locate_groupby")
AGAIN = 3


def compare(engine, task, folders, threads, tools):
    """A row of the record. None where the engine has only one number of threads."""
    straight, shuffled = folders
    row = {"engine": engine.name, "task": task, "workload": straight.name}
    other = 1 if threads > 1 else 2
    try:
        first, *again = answers(engine, task, straight, threads, tools, AGAIN)
        row["second_run"] = all(found == first for found in again)
        row["shuffled"] = answers(engine, task, shuffled, threads, tools, 1)[0] == first
        fixed = engine.threads != "question" or "One thread." in engine.unfair
        row["threads"] = (
            None if fixed else answers(engine, task, straight, other, tools, 1)[0] == first
        )
    except Failed as failure:
        row["failed"] = str(failure)
    return row


def answers(engine, task, folder, threads, tools, count):
    threads = threads if engine.threads == "question" else engine.threads
    contestant = Contestant(Entry(engine, (task,), threads), folder, tools)
    try:
        contestant.hear()
        return [digest(answer_of(contestant, task, folder)) for _ in range(count)]
    finally:
        contestant.close()


def table(rows):
    say = {True: "yes", False: "no", None: ""}
    lines = [
        "| engine | task | workload | second run | shuffled | other threads |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        cells = [say[row.get(name)] for name in ("second_run", "shuffled", "threads")]
        if "failed" in row:
            cells = [row["failed"], "", ""]
        lines.append(f"| {row['engine']} | {row['task']} | {row['workload']} | {' | '.join(cells)} |")
    return "\n".join(lines)
