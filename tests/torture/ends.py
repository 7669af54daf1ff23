"""Runs that are killed, runs whose system calls fail, runs that race for one store."""

import shutil
import signal
import subprocess
import time

from site_of_runs import check


def kills(site, rng, times):
    out = site.fresh()
    store, table = out / "a.zarr", out / "a.parquet"
    direct = ["run", "atl03", site.granules, "--store", store, "--overwrite", "--table", table]
    mapped = ["run", "atl03", "--plan", site.map, "--store", out / "m.zarr", "--resume",
              "--checkpoint", "0", "--partials-memory", "1"]
    part = ["run", "atl03", "--plan", site.map, "--store", out / "p.zarr", "--resume", "--shards"]
    half = site.shards // 2
    verbs = [
        direct,
        mapped,
        [*part, f"0..{half}"],
        [*part, f"{half}.."],
        ["finalize", out / "p.zarr"],
        ["plan", "atl03", site.granules, "-o", out / "map.json"],
        ["render", site.folder / "whole.zarr", "h_mean", "-o", out / "map.png"],
    ]
    signals = [signal.SIGKILL] * 4 + [signal.SIGTERM, signal.SIGHUP, signal.SIGXCPU]
    killed = 0
    for _ in times(40, 300):
        verb = rng.choice(verbs)
        killed += not site.killed(verb, rng.uniform(0, 1.3) * site.seconds, rng.choice(signals))
        site.settled(out)
    site.run(*direct)
    for command in [mapped, verbs[2], verbs[3], verbs[4], verbs[5]]:
        # Done already or not, the same command ends in the right state.
        site.run(*command)
        site.run(*command)
    site.settled(out)
    for report in ["a.run.json", "m.run.json", "p.finalize.json"]:
        content = site.report(out / report)["content_sha256"]
        check(content == site.content, report, "is of another content")
    return f"{killed} kills of {len(verbs)} commands, and every store right in the end"


def calls(site, _random, times):
    if not shutil.which("strace"):
        return "left out: there is no strace"
    out = site.fresh()
    command = site.command("run", "atl03", site.granules, "--store", out / "a.zarr", "--overwrite",
                           "--table", out / "a.parquet", "--threads", "1")
    kinds = ["rename,renameat,renameat2", "unlink,unlinkat,rmdir", "fsync"]
    done = 0
    for kind in kinds:
        for number in range(1, 200):
            if times.short and kind == "fsync" and number % 16:
                continue
            if times.short and number > 40:
                break
            traced = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={kind}",
                      "-e", f"inject={kind}:signal=KILL:when={number}"]
            ended = subprocess.run([*traced, *command], capture_output=True, check=False)
            if ended.returncode == 0:
                break
            check(ended.returncode in (-9, 137), kind, number, "was not killed", ended.stderr[-500:])
            site.settled(out)
            if (out / "a.run.json").exists():
                content = site.report(out / "a.run.json")["content_sha256"]
                check(content == site.content, kind, number, "left another content")
            done += 1
    site.run(*command[1:])
    site.settled(out)
    return f"killed at {done} system calls"


def faults(site, rng, times):
    if not shutil.which("strace"):
        return "left out: there is no strace"
    out = site.fresh()
    command = site.command("run", "atl03", site.granules, "--store", out / "a.zarr", "--overwrite",
                           "--table", out / "a.parquet", "--threads", "1")
    kinds = ["rename,renameat,renameat2", "unlink,unlinkat,rmdir", "fsync", "write", "mkdir", "close",
             "openat", "getdents64", "flock", "ftruncate,fallocate"]
    ends = {}
    for turn in times(24, 300):
        kind = kinds[turn % len(kinds)]
        error = rng.choice(["EIO", "ENOSPC", "EDQUOT", "EACCES", "EINTR"])
        when = rng.randrange(1, 60)
        traced = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={kind}",
                  "-e", f"inject={kind}:error={error}:when={when}"]
        ended = subprocess.run([*traced, *command], capture_output=True, text=True, check=False,
                               timeout=600)
        what = f"{error} of {kind}, number {when}"
        check(ended.returncode in (0, 1, 2, 3), what, "exits", ended.returncode, ended.stderr[-2000:])
        check("panicked" not in ended.stderr, what, ended.stderr[-2000:])
        ends[ended.returncode] = ends.get(ended.returncode, 0) + 1
        site.settled(out)
        if ended.returncode == 0 and (out / "a.run.json").exists():
            content = site.report(out / "a.run.json")["content_sha256"]
            check(content == site.content, what, "left another content")
    site.run(*command[1:])
    site.settled(out)
    return f"{sum(ends.values())} system calls that failed, by exit code: {ends}"


def races(site, rng, times):
    out = site.fresh()
    granules = sorted(site.granules.iterdir())
    won = 0
    for _ in times(8, 120):
        runs = []
        for granule in [*granules, granules[0]]:
            args = ["run", "atl03", granule, "--store", out / "a.zarr", "--overwrite",
                    "--table", out / "a.parquet"]
            runs.append(subprocess.Popen(site.command(*args), stdout=subprocess.DEVNULL,
                                         stderr=subprocess.PIPE, text=True))
            time.sleep(rng.uniform(0, site.seconds / 3))
        for run in runs:
            said = run.communicate()[1]
            check(run.returncode == 0 or "is being written by" in said, run.returncode, said)
            won += run.returncode == 0
        site.settled(out)
    return f"{won} runs won their store, and all of it was of one run each time"
