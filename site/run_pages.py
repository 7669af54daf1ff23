"""Runs what pages say: `run_pages.py [--update] PAGE...`, with the Python that has xarray, h5py and the rest.

A page is run from its top to its bottom in an empty folder: `sh` blocks by bash, `python` blocks one after the other in
one interpreter, and a `yaml` block that begins with `# name.yaml` is written to that file. What stands in a `text` block
right behind a block is what the block has to print; a line of three dots stands for any lines, and seconds and rates for any
others. With --update such blocks are written anew.

Comments on a page say what its blocks need:

    <!-- data: land-ice -->        granules/ and others of that name, which `made` below makes once
    <!-- not run: WHY -->          the next block is not run; allowed for what changes the reader's machine, asks another, or waits
                                   for a person
    <!-- fails: 2 -->              the next block has to exit with 2
    <!-- stand-in: sbatch -->      a program of this name, from stand_in/, that does here what the real one would do there

ICEFOLD names the program, ICEFOLD_PACKAGES the folder in which the module is.
"""

import argparse
import contextlib
import difflib
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

SITE = Path(__file__).resolve().parent
ROOT = SITE.parent
DATA = ROOT / "target/docs/data"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```[ ]*$", re.M | re.S)
WORD = re.compile(r"<!-- (data|not run|fails|stand-in): (.*?) -->")
# Of these languages a page has blocks that are shown and not run.
SHOWN = {"json", "toml", "rust", "console"}
REASONS = ("installs", "makes its own data", "waits for a person", "asks NASA")
SECONDS = 300


class Failed(Exception):
    """A block that did not do what its page says."""


def made(name):
    """The folder with the data of this name, which is made where it is not there yet."""
    folder = DATA / name
    if not folder.exists():
        subprocess.run([sys.executable, SITE / "tiny.py", name, folder], check=True, env=environment())
    return folder


def environment(folder=None, stand_ins=()):
    """Variables of a page: the program first in PATH, no colours, nothing of the caller's settings."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ICEFOLD_")}
    kept["ICEFOLD"] = os.environ["ICEFOLD"]
    paths = [str(Path(os.environ["ICEFOLD"]).parent), str(Path(sys.executable).parent)]
    if folder:
        kept["HOME"] = str(folder)
        paths = [str(SITE / "stand_in" / name) for name in stand_ins] + paths
    kept["PATH"] = os.pathsep.join([*paths, kept["PATH"]])
    kept["PYTHONPATH"] = os.environ.get("ICEFOLD_PACKAGES", "")
    return kept | {"NO_COLOR": "1", "MPLBACKEND": "Agg", "COLUMNS": "100", "PYTHONWARNINGS": "ignore", "TZ": "UTC"}


def blocks(text):
    """Every block of a page: language, body, where it is, and the words in comments since the block before."""
    at = 0
    for found in BLOCK.finditer(text):
        words = {kind: value for kind, value in WORD.findall(text[at : found.start()]) if kind != "data"}
        adjacent = not text[at : found.start()].strip()
        at = found.end()
        yield found.group(1), found.group(2), found.span(2), words, adjacent


def even(text):
    """The text with what differs from run to run made even."""
    text = re.sub(r"\b\d+(\.\d+)?( ?s\b| ms\b| million photons/s)", r"N\2", text)
    return [line.rstrip() for line in text.strip("\n").splitlines()]


def lasting(text):
    """What is printed as a page shows it: lines of seconds, which say nothing of the reader's machine, are dots."""
    return re.sub(r"^( *)time +[\d.]+ s.*$", r"\1...", text, flags=re.M)


def agrees(printed, shown):
    """Whether what was printed is what the page shows, where a line `...` is any lines."""
    parts, at = [], 0
    printed, shown = even(printed), even(shown)
    for line in shown:
        parts.append("(?:.*\n)*?" if line.strip() == "..." else re.escape(line) + "\n")
    return re.fullmatch("".join(parts), "".join(line + "\n" for line in printed)) is not None


class Running:
    """A page that is being run in a folder of its own."""

    def __init__(self, page, folder):
        self.page, self.folder, self.ran = page, folder, 0
        self.stand_ins = set()
        self.names = {"__name__": "__main__"}
        self.printed = None

    def block(self, language, body, words):
        """Runs one block, and keeps what it printed."""
        self.printed = None
        if "not run" in words:
            if not words["not run"].startswith(REASONS):
                raise Failed(f"is not run for no reason that there is: {words['not run']}")
            return
        if language == "yaml":
            name = re.match(r"# ([\w./-]+\.ya?ml)\n", body)
            if name:
                (self.folder / name[1]).write_text(body)
        elif language == "sh":
            self.stand_ins |= {words["stand-in"]} if "stand-in" in words else set()
            self.sh(body, int(words.get("fails", 0)), [words["stand-in"]] if "stand-in" in words else [])
        elif language == "python":
            self.python(body)
        elif language not in SHOWN:
            raise Failed(f"is of the language {language!r}, which is not known: text belongs right behind a block")

    def sh(self, body, expected, stand_ins):
        command = ["bash", "-euo", "pipefail", "-c", body]
        done = subprocess.run(command, cwd=self.folder, env=environment(self.folder, stand_ins), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL)
        if done.returncode != expected:
            raise Failed(f"exits {done.returncode}, not {expected}:\n{done.stdout}{done.stderr}")
        self.printed, self.ran = done.stdout or done.stderr, self.ran + 1

    def python(self, body):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(body, f"<a block of {self.page.name}>", "exec"), self.names)
        self.printed, self.ran = out.getvalue(), self.ran + 1


def run(page, update):
    """Runs a page; gives what is wrong with it, and how many blocks were run."""
    text = page.read_text()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix=page.stem + "-") as name:
        folder = Path(name)
        for kind, value in WORD.findall(text):
            for data in value.split() if kind == "data" else []:
                shutil.copytree(made(data), folder, dirs_exist_ok=True, copy_function=os.link)
        os.chdir(folder)
        os.environ.update(environment(folder))
        sys.path.insert(0, os.environ.get("ICEFOLD_PACKAGES", ""))
        running, complaint, new, at = Running(page, folder), None, [], 0
        for language, body, (begin, end), words, adjacent in blocks(text):
            line = text[:begin].count("\n")
            try:
                if language == "text":
                    if running.printed is None or not adjacent:
                        continue
                    if not agrees(running.printed, body):
                        if update:
                            new += [text[at:begin], lasting(running.printed).strip("\n") + "\n"]
                            at = end
                        else:
                            diff = "\n".join(difflib.unified_diff(even(body), even(running.printed), "the page", "printed", lineterm=""))
                            raise Failed(f"prints something else:\n{diff}")
                    running.printed = None
                else:
                    running.block(language, body, words)
            except Failed as failed:
                complaint = f"{page}:{line}: the block {failed}"
            except Exception:
                complaint = f"{page}:{line}: the block raised\n{traceback.format_exc()}"
            if complaint:
                break
        os.chdir("/")
    if new:
        page.write_text("".join([*new, text[at:]]))
    return complaint, running.ran, running.stand_ins, time.monotonic() - started


def self_test():
    """Lines that differ have to be told apart, and seconds not."""
    assert agrees("a\nb 1.5 s\nc\n", "a\n...\nc\n") and agrees("b 1.5 s\n", "b 0.2 s\n")
    assert lasting("  a 1\n  time   1.5 s, 2 x\n") == "  a 1\n  ...\n"
    assert not agrees("a\nb\n", "a\n") and not agrees("a 2\n", "a 3\n") and not agrees("", "a\n")
    found = list(blocks("<!-- fails: 2 -->\n```sh\nx\n```\n\n```text\ny\n```\n"))
    assert found[0][3] == {"fails": "2"} and found[1][4], found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--update", action="store_true")
    parser.add_argument("pages", nargs="+", type=Path)
    asked = parser.parse_args()
    self_test()
    pages = [page.resolve() for page in asked.pages]
    needed = {data for page in pages for kind, value in WORD.findall(page.read_text()) if kind == "data" for data in value.split()}
    # That of the demo first: others are made of it.
    for data in ["demo", *sorted(needed)]:
        made(data)
    # A process for each page: what one imports and sets is not there for another.
    complaints, ran = [], 0
    with ProcessPoolExecutor(2, max_tasks_per_child=1) as pool:
        for page, (complaint, blocks_run, stand_ins, seconds) in zip(pages, pool.map(run, pages, [asked.update] * len(pages))):
            note = f", with a stand-in for {', '.join(sorted(stand_ins))}" if stand_ins else ""
            verdict = "FAILED" if complaint else "ok"
            print(f"{seconds:6.1f} s  {blocks_run:3} blocks  {verdict:6}  {page.relative_to(ROOT)}{note}", flush=True)
            ran += blocks_run
            complaints += [complaint] if complaint else []
    print("\n".join(complaints))
    print(f"{len(pages)} pages, {ran} blocks run, {len(complaints)} failed")
    sys.exit(bool(complaints) or ran == 0)


if __name__ == "__main__":
    main()
