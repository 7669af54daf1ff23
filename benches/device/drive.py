"""Steps one after the other, each in a process of its own that is ended at its limit, facts on disk."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import host
import lines
import processes
import steps
from lines import Facts

# What ends the call, by the worst that a step met; 3: some step failed, had no time or was not begun.
WELL, PARTLY, DIFFERS, NO_DEVICE, EMULATION = 0, 3, 4, 5, 6
OUTCOMES = {0: "done", 4: "differs", 5: "no device", 6: "done", 77: "left out"}
# Seconds that a step needs at least to be begun, and that ending one may take.
LEAST, ENDING = 8, 3


class Interrupted(Exception):
    """A signal asks the call to end."""


def begun_but_never_ended(found, step):
    """How often a step was begun without coming to an end: it may take the machine with it."""
    marks = [l["fact"] for l in found if l["step"] == step and l["fact"] in ("begin", "end")]
    return marks.count("begin") - marks.count("end")


def ended(found):
    """Steps that came to an end, whatever it was."""
    return {line["step"] for line in found if line["fact"] == "end"}


def order(chosen, found):
    """Those that are left, in their order; what twice did not come to an end waits for the rest."""
    done = ended(found)
    left = [name for name in chosen if name not in done]
    return sorted(left, key=lambda name: begun_but_never_ended(found, name) >= 2)


def end_group(child):
    """Ends a step with all that it started."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, how)
            child.wait(ENDING)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
    # What it left behind in its group.
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def run_step(name, context, limit):
    """One step; how it ended, and its exit code, None where time ran out."""
    step, facts = steps.named(name), Facts(context["lines"], name, context["emulation"])
    said = Path(context["scratch"]) / f"{name}.said"
    facts.fact("begin", {"limit": round(limit)})
    start, code = time.monotonic(), None
    with open(said, "wb") as output:
        child = processes.start(
            steps.command(step, context), stdout=output, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, env=context["environment"], start_new_session=True)
        try:
            code = child.wait(limit)
        except subprocess.TimeoutExpired:
            pass
        finally:
            end_group(child)
    text = said.read_text(errors="replace")
    with open(Path(context["out"]) / "log.txt", "a") as log:
        log.write(f"=== {name}\n{text}")
    outcome = "out of time" if code is None else OUTCOMES.get(code, "failed")
    if name != "devices" and outcome == "no device":
        # It was there: the step made it useless.
        outcome = "failed"
    value = {"outcome": outcome, "code": code, "took": round(time.monotonic() - start, 1)}
    if outcome in ("failed", "differs", "no device", "out of time"):
        value["said"] = [line[:300] for line in text.strip().splitlines()[-4:]]
    facts.fact("end", value)
    return outcome, code


def drive(context, chosen, seconds, say):
    """Steps until all are over or the time is; the exit code."""
    end = time.monotonic() + seconds
    Facts(context["lines"], "call", False).fact("begin", {"steps": chosen, "small": context["small"]})
    for name in ("machine", "devices"):
        outcome, found = run_step(name, context, steps.named(name).seconds)
        say(f"{name}: {outcome}")
    here = lines.calls(lines.read(context["lines"]))[-1]
    if found not in (0, 6) or not here["devices"]:
        said = [line["value"] for line in here["lines"] if line["fact"] == "error"]
        say("no device: " + (said[-1]["message"] if said else "see log.txt"))
        return NO_DEVICE
    context["emulation"] = found == 6
    before = lines.of_devices(lines.read(context["lines"]), here["devices"])
    over = [name for name in chosen if name in ended(before)]
    if over:
        say(f"over since an earlier call: {', '.join(over)}; name another --out to run them again")
    missed = []
    for name in order(chosen, before):
        limit = min(steps.named(name).seconds, context["limit"], end - time.monotonic() - ENDING)
        if limit < min(LEAST, context["limit"]):
            missed.append(name)
            continue
        outcome, _ = run_step(name, context, limit)
        say(f"{name}: {outcome}")
    if missed:
        say(f"no time was left for {', '.join(missed)}: call again")
    return verdict(lines.of_devices(lines.read(context["lines"]), here["devices"]), missed)


def verdict(found, missed):
    """The exit code of all that is known of the devices, earlier calls included."""
    last = {line["step"]: line["value"] for line in found if line["fact"] == "end"}
    outcomes = {value["outcome"] for value in last.values()}
    if "differs" in outcomes:
        return DIFFERS
    if any(line.get("emulation") for line in found):
        return EMULATION
    return PARTLY if missed or outcomes & {"failed", "out of time", "no device"} else WELL


def warm(context, chosen):
    """Peers are cold, and their first import takes longest: it is begun before they are needed."""
    peers = [name for name in ("cupy", "torch") if name in chosen]
    if not peers:
        return None
    return processes.start(
        [sys.executable, "-c", f"import {', '.join(peers)}"], stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, env=context["environment"], start_new_session=True)


def call(context, chosen, seconds, say):
    """All of it; a signal ends the step that runs, which the next call begins again."""

    def stop(number, _):
        raise Interrupted(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    context["environment"] = host.environment(context["scratch"])
    file = Path(context["scratch"]) / "context.json"
    context["file"] = str(file)
    file.write_text(json.dumps(context))
    warming = warm(context, chosen)
    try:
        return drive(context, chosen, seconds, say)
    except Interrupted:
        say("interrupted; call again to go on")
        return 130
    finally:
        if warming:
            end_group(warming)
