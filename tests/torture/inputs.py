"""Files that must not be written over; documents and granules that were changed."""

import pathlib
import shutil

from site_of_runs import check


def targets(site, _random, _short):
    out = site.fresh()
    mine = out / "thesis"
    granule = next(site.granules.iterdir())
    before = granule.read_bytes()
    store = out / "a.zarr"
    run = ["run", "atl03", site.granules, "--store", store, "--overwrite"]
    count = 0
    for text in [b"text", b"{}", b"[]", b'{"schema_version": 1}', b"\x89PNG\r\n\x1a\n", b"PAR1"]:
        mine.write_bytes(text)
        for args in [[*run, "--report", mine], ["plan", "atl03", site.granules, "-o", mine],
                     ["render", site.folder / "whole.zarr", "h_mean", "-o", mine]]:
            site.run(*args, codes=(2,))
            check(mine.read_bytes() == text, args, "changed a file that is not icefold's")
            count += 1
    for args in [[*run, "--report", granule], ["plan", "atl03", site.granules, "-o", granule]]:
        site.run(*args, codes=(2,))
        check(granule.read_bytes() == before, args, "changed its input")
        count += 1
    store.mkdir()
    (store / "zarr.json").write_text("{}")
    (store / "thesis").write_text("mine")
    site.run(*run, codes=(1,))
    check((store / "thesis").read_text() == "mine", "a foreign folder was replaced")
    return f"{count + 1} files and folders that are not icefold's"


def documents(site, rng, times):
    done = 0
    out = site.fresh()
    store = out / "a.zarr"
    run = ["run", "atl03", "--plan", site.map, "--store", store, "--checkpoint", "0"]
    for _ in times(12, 150):
        site.run("clean", out)
        shutil.rmtree(store, ignore_errors=True)
        seconds = site.seconds
        pieces = pathlib.Path(f"{store}.pieces")
        while not list(pieces.glob("open-*/checkpoint.json")):
            if site.killed([*run, "--overwrite"], seconds * rng.uniform(0.3, 1.0)):
                seconds *= 0.9
        documents = [*pieces.glob("*.json"), *pieces.glob("open-*/checkpoint.json")]
        path = rng.choice(documents)
        text = bytearray(path.read_bytes())
        if path.name == "replaces.json":
            continue
        text[rng.randrange(len(text))] ^= 1 << rng.randrange(8)
        path.write_bytes(text)
        resumed = site.run(*run, "--resume", codes=(0, 1))
        if resumed.returncode:
            check("manifest.json" in resumed.stderr, path, resumed.stderr)
        else:
            report = site.report(out / "a.run.json")
            check(report["content_sha256"] == site.content, path, "made another store")
            site.run("inspect", out / "a.run.json")
        done += 1
    return f"{done} changed documents: refused, or the right store"


def inputs(site, rng, times):
    out = site.fresh()
    granules = sorted(site.granules.iterdir())
    folder = out / "granules"
    folder.mkdir()
    spoiled = folder / granules[0].name
    whole = granules[0].read_bytes()
    store = out / "a.zarr"
    ends = {}
    for turn in times(12, 300):
        data = bytearray(whole)
        # Headers and indices are at the beginning; data everywhere.
        limit = len(data) if turn % 2 else min(len(data), 1 << 16)
        for _ in range(rng.randrange(1, 8)):
            data[rng.randrange(limit)] = rng.randrange(256)
        if rng.random() < 0.2:
            del data[rng.randrange(len(data)):]
        spoiled.write_bytes(data)
        # More than it takes of a whole granule, and less than a file can ask for.
        done = site.run("run", "atl03", folder, "--store", store, "--overwrite", "--tolerant",
                        "--threads", "2", codes=(0, 1, 2, 3), memory=3 << 30)
        ends[done.returncode] = ends.get(done.returncode, 0) + 1
        if done.returncode in (0, 3):
            site.run("inspect", out / "a.run.json")
    return f"{sum(ends.values())} spoiled granules, by exit code: {ends}"
