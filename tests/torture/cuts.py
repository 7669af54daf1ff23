"""Power cuts: what was not synced is lost, in whole or in part."""

import ctypes
import json
import os
import pathlib
import shutil
import stat
import struct
import subprocess

from site_of_runs import Wrong, check

SUPPORT = pathlib.Path(__file__).resolve().parent.parent / "support"


class Disk:
    """What a disk would hold of a folder after a cut: tests/support/power_cut.c tells what was synced."""

    def __init__(self, site):
        self.folder = site.folder / "disk"
        self.library = site.folder / "power_cut.so"
        source = SUPPORT / "power_cut.c"
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", self.library, source], check=True)
        self.environment = {**os.environ, "LD_PRELOAD": str(self.library),
                            "POWER_CUT_DISK": str(self.folder)}

    @staticmethod
    def identity(path):
        """How the library names a file: Python does not tell the time of birth, so statx(2) is asked."""
        found = ctypes.create_string_buffer(256)
        folder, no_links, inode_and_birth = -100, 0x100, 0x800 | 0x100 | 0x1
        code = ctypes.CDLL(None).statx(folder, os.fsencode(path), no_links, inode_and_birth, found)
        check(code == 0, path, "cannot be looked at")
        mode, inode = struct.unpack_from("=H2xQ", found, 28)
        seconds, nanoseconds = struct.unpack_from("=qI", found, 80)
        kind = "d" if stat.S_ISDIR(mode) else "f" if stat.S_ISREG(mode) else "o"
        return f"{kind}{inode}-{seconds}.{nanoseconds}"

    def listed(self, folder):
        """Identities of a folder and of all that is in it, by path."""
        return {path: self.identity(path) for path in [folder, *folder.rglob("*")]}

    def begin(self, folder):
        """All that is in the folder is synced."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        listed = self.listed(folder)
        for path, identity in listed.items():
            if path.is_dir():
                inside = [f"{listed[inner]} {inner.name}\0" for inner in path.iterdir()]
                (self.folder / identity).write_text("".join(inside))
            elif path.is_file():
                shutil.copyfile(path, self.folder / identity)

    def names(self, identity):
        kept = self.folder / identity
        lines = kept.read_text().split("\0")[:-1] if kept.exists() else []
        return {name: inner for inner, name in (line.split(" ", 1) for line in lines)}

    def cut(self, folder, rng=None):
        """Leaves of the folder what was synced; with a generator, and at random some of the rest."""
        listed = self.listed(folder)
        live = {identity: path for path, identity in listed.items()}
        after = folder.with_name("after")

        def file(identity, to):
            versions = [self.folder / identity] if (self.folder / identity).exists() else []
            if identity in live and (rng or False) and live[identity].is_file():
                versions.append(live[identity])
            data = rng.choice(versions).read_bytes() if rng and versions else (
                versions[0].read_bytes() if versions else b"")
            to.write_bytes(data)

        def tree(identity, to):
            to.mkdir()
            names = self.names(identity)
            if rng and identity in live:
                now = {path.name: listed[path] for path in live[identity].iterdir()}
                both = {name: [names.get(name), now.get(name)] for name in {**names, **now}}
                names = {name: rng.choice(of) for name, of in sorted(both.items())}
            for name, inner in names.items():
                if inner and inner[0] == "f":
                    file(inner, to / name)
                elif inner and inner[0] == "d":
                    tree(inner, to / name)

        tree(listed[folder], after)
        shutil.rmtree(folder)
        after.rename(folder)


def power(site, rng, times):
    if not shutil.which("cc"):
        return "left out: there is no C compiler"
    disk = Disk(site)
    out = site.fresh()
    if disk.identity(out).endswith("-0.0"):
        return "left out: the file system tells no time of birth"
    store, table, picture, plan = (out / name for name in ("a.zarr", "a.parquet", "a.png", "map.json"))
    direct = ["run", "atl03", site.granules, "--store", store, "--overwrite", "--table", table]
    mapped = ["run", "atl03", "--plan", site.map, "--store", out / "m.zarr", "--resume",
              "--checkpoint", "0", "--partials-memory", "1"]
    part = ["run", "atl03", "--plan", site.map, "--store", out / "p.zarr", "--resume", "--shards", "0.."]
    verbs = {
        "direct": direct, "mapped": mapped, "part": part, "finalize": ["finalize", out / "p.zarr"],
        "plan": ["plan", "atl03", site.granules, "-o", plan],
        "render": ["render", site.folder / "whole.zarr", "h_mean", "-o", picture],
    }

    def stands(verb):
        """What success was said of is there."""
        if verb == "plan":
            check(json.loads(plan.read_text())["shard_keys"], "the map is empty")
        elif verb == "render":
            check(picture.exists(), "the picture is lost")
        elif verb != "part":
            name = {"direct": "a.run.json", "mapped": "m.run.json", "finalize": "p.finalize.json"}[verb]
            content = site.report(out / name)["content_sha256"]
            check(content == site.content, name, "is of another content")
            check(verb != "direct" or table.exists(), "the table is lost")

    cuts, after_success = 0, 0
    for turn in times(24, 400):
        verb = rng.choice([name for name in verbs if name != "finalize" or
                           pathlib.Path(f"{out}/p.zarr.pieces").exists()])
        disk.begin(out)
        # Half of them end: what they say is done has to last.
        seconds = 600 if turn % 2 else rng.uniform(0, 1.2) * site.seconds
        ended = site.killed(verbs[verb], seconds, env=disk.environment)
        disk.cut(out, rng if turn % 3 else None)
        try:
            if ended and site.code == 0:
                stands(verb)
                after_success += 1
            site.settled(out)
        except (Wrong, OSError, ValueError) as wrong:
            raise Wrong(f"cut {turn} of {verb}: {wrong}") from wrong
        cuts += 1
    for verb in ["direct", "mapped", "part", "finalize", "plan", "render"]:
        site.run(*verbs[verb])
        stands(verb)
    site.settled(out)
    return f"{cuts} power cuts, {after_success} right after success, and every store right in the end"
