"""Granules, their map, and the answer that every way to it must give."""

import json
import resource
import shutil
import signal
import subprocess
import time

HIDDEN = (".partial-", ".spill-", ".spool-", ".replaced-", ".cleared-", ".probe-", ".lock", ".commit")


class Wrong(Exception):
    """Something that is promised does not hold."""


class Times:
    """How often a part does what it does."""

    def __init__(self, short, factor):
        self.short = short
        self.factor = factor

    def __call__(self, few, many):
        return range((few if self.short else many) * self.factor)


def check(holds, *what):
    if not holds:
        raise Wrong(" ".join(str(part) for part in what))


class Site:
    """Granules, their map, and the answer that every way to it must give."""

    def __init__(self, icefold, folder):
        self.icefold = icefold
        self.folder = folder
        # The exit code of the last program that ended by itself.
        self.code = None
        made = folder / "demo"
        self.run("demo", "--out", made)
        granules = sorted((made / "granules").iterdir())
        self.granules = folder / "granules"
        self.granules.mkdir()
        for granule in granules[:2]:
            shutil.move(granule, self.granules / granule.name)
        shutil.rmtree(made)
        self.map = folder / "map.json"
        self.run("plan", "atl03", self.granules, "-o", self.map)
        self.shards = len(json.loads(self.map.read_text())["shard_keys"])
        began = time.monotonic()
        self.run("run", "atl03", self.granules, "--store", folder / "whole.zarr")
        self.seconds = time.monotonic() - began
        self.content = self.report(folder / "whole.run.json")["content_sha256"]

    def command(self, *args):
        return [str(self.icefold), *(str(arg) for arg in args)]

    def run(self, *args, codes=(0,), memory=None):
        limit = memory and (lambda: resource.setrlimit(resource.RLIMIT_AS, (memory, memory)))
        done = subprocess.run(self.command(*args), capture_output=True, text=True, check=False,
                              preexec_fn=limit, timeout=600)
        check(done.returncode in codes, args, "exits", done.returncode, done.stderr[-2000:])
        check("panicked" not in done.stderr, args, done.stderr[-2000:])
        return done

    @staticmethod
    def report(path):
        return json.loads(path.read_text())

    def fresh(self):
        out = self.folder / "out"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        return out

    def killed(self, args, seconds, how=signal.SIGKILL, env=None):
        """Runs a command and signals it after a while; whether it ended by itself."""
        child = subprocess.Popen(
            self.command(*args), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env
        )
        try:
            self.code = child.wait(seconds)
            return True
        except subprocess.TimeoutExpired:
            child.send_signal(how)
            child.wait()
            return False

    def settled(self, out):
        """What killed runs left is gone, and what stands is of one run."""
        self.run("clean", out)
        left = [path.name for path in out.iterdir() if any(part in path.name for part in HIDDEN)]
        check(not left, "left after clean:", left)
        for report in out.glob("*.run.json"):
            self.run("inspect", report)
        for picture in out.glob("*.png"):
            check(picture.read_bytes().endswith(b"IEND\xaeB`\x82"), picture, "is half a picture")
