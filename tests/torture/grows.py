"""A store that grows, and updates of it that are killed at one system call after the other."""

import shutil
import subprocess

from site_of_runs import check


def tree(folder):
    """Every file below a folder, with its bytes."""
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def grows(site, _random, times):
    if not shutil.which("strace"):
        return "left out: there is no strace"
    out, first = site.fresh(), sorted(site.granules.iterdir())[0]
    new = tree(site.folder / "whole.zarr")
    kinds = ["rename,renameat,renameat2", "unlink,unlinkat,rmdir", "link,linkat", "fsync"]
    done = 0
    for keep in [["--keep-partials"], []]:
        before = site.folder / "before"
        shutil.rmtree(before, ignore_errors=True)
        site.run("run", "atl03", first, "--store", before / "a.zarr", *keep)
        old = tree(before / "a.zarr")
        command = site.command("run", "atl03", site.granules, "--update", out / "a.zarr", "--threads", "1",
                               "--checkpoint", "0")
        for kind in kinds:
            for number in range(1, 200):
                if times.short and (number > 20 or (kind == "fsync" and number % 16)):
                    continue
                shutil.rmtree(out)
                shutil.copytree(before, out)
                traced = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={kind}",
                          "-e", f"inject={kind}:signal=KILL:when={number}"]
                ended = subprocess.run([*traced, *command], capture_output=True, check=False)
                site.settled(out)
                now = tree(out / "a.zarr")
                check(now in (old, new), kind, number, "left a mixture")
                if ended.returncode == 0:
                    check(now == new, kind, number, "left the old store")
                    break
                check(ended.returncode in (-9, 137), kind, number, "was not killed", ended.stderr[-500:])
                # The same again makes the new one, whatever was left.
                site.run(*command[1:], "--resume")
                check(tree(out / "a.zarr") == new, kind, number, "did not go on")
                site.settled(out)
                done += 1
    check(done, "no update was killed")
    return f"killed at {done} system calls, and every store the old or the new one"
