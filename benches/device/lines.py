"""The file that facts go to: one JSON object a line, appended in one piece and on disk at once."""

import json
import os
import time


def append(path, line):
    """Adds a line behind whatever is there, a line that was cut off included."""
    text = json.dumps(line) + "\n"
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        end = os.lseek(handle, 0, os.SEEK_END)
        if end and os.pread(handle, 1, end - 1) != b"\n":
            text = "\n" + text
        os.write(handle, text.encode())
        os.fsync(handle)
    finally:
        os.close(handle)


class Facts:
    """Facts of one step."""

    def __init__(self, path, step, emulation=False):
        self.path, self.step, self.emulation = path, step, emulation

    def fact(self, fact, value):
        now = round(time.time(), 3)
        line = {"time": now, "step": self.step, "fact": fact, "value": value}
        if self.emulation:
            line["emulation"] = True
        append(self.path, line)

    def measured(self, fact, value, measured):
        """A fact with what was measured; of an emulation nothing is."""
        self.fact(fact, value if self.emulation else {**value, **measured})


def read(path):
    """Every whole line."""
    found = []
    try:
        with open(path, "rb") as file:
            texts = file.read().split(b"\n")
    except FileNotFoundError:
        return found
    for text in texts:
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict) and {"time", "step", "fact", "value"} <= line.keys():
            found.append(line)
    return found


def calls(found):
    """The lines of each call of the script, with the names of the devices that it met."""
    split = []
    for line in found:
        if (line["step"], line["fact"]) == ("call", "begin") or not split:
            split.append({"devices": None, "lines": []})
        call = split[-1]
        call["lines"].append(line)
        if (line["step"], line["fact"]) == ("devices", "found"):
            devices = line["value"].get("devices") or []
            call["devices"] = ", ".join(device["name"] for device in devices) or None
    return split


def of_devices(found, devices):
    """The lines of all calls that met these devices."""
    return [line for call in calls(found) if call["devices"] == devices for line in call["lines"]]


def values(found, step, fact):
    """What was said of a fact, in order; `step` may be a tuple of steps."""
    steps = step if isinstance(step, tuple) else (step,)
    return [line["value"] for line in found if line["step"] in steps and line["fact"] == fact]
