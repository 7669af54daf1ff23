"""What is carried to a machine with a device, in one folder."""

import json
import lzma
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

MOST_BYTES = 40 << 20
# Vulkan's loader, and what NVIDIA's driver for it stands on: machines for computing often lack them.
LIBRARIES = ["libvulkan.so.1", "libGLdispatch.so.0", "libGLX.so.0", "libEGL.so.1"]


def newest(paths):
    """The file that was built last, or None."""
    found = [path for path in paths if path.is_file() and path.suffix == ""]
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def built(root):
    """The binary and the tests of this tree, of the release where there is one."""
    binary = newest([root / "target/release/icefold"])
    folders = [root / "target" / kind / "deps" for kind in ("release", "debug")]
    suites = [newest(folder.glob("suite-*")) for folder in folders]
    return binary, next((suite for suite in suites if suite), None)


def glibc_needed(path):
    """The newest version of the C library that a file asks for, as in (2, 34)."""
    if shutil.which("objdump"):
        text = subprocess.run(["objdump", "-T", path], capture_output=True, text=True).stdout
    else:
        text = Path(path).read_bytes().decode("latin-1")
    versions = re.findall(r"GLIBC_(\d+)\.(\d+)", text)
    return max((tuple(map(int, version)) for version in versions), default=(0, 0))


def stripped(path, to):
    shutil.copy(path, to)
    if shutil.which("strip"):
        subprocess.run(["strip", str(to)], check=True)
    else:
        print("pack: there is no strip; the files are larger than they need be", file=sys.stderr)


def compressed(path):
    """Replaces a file by its xz."""
    to = path.with_name(path.name + ".xz")
    with open(path, "rb") as raw, lzma.open(to, "wb", preset=6) as packed:
        shutil.copyfileobj(raw, packed)
    path.unlink()
    return to


def unpacked(path, folder):
    """A file out of its xz, ready to run."""
    to = Path(folder) / path.stem
    if not to.exists():
        with lzma.open(path, "rb") as packed, open(to, "wb") as raw:
            shutil.copyfileobj(packed, raw)
        to.chmod(0o755)
    return to


def libraries(named, folder):
    """Copies libraries; those of the list from where this machine's loader has them."""
    listed = subprocess.run(["ldconfig", "-p"], capture_output=True, text=True).stdout \
        if shutil.which("ldconfig") else ""
    where = dict(re.findall(r"^\s*(\S+) \(.*x86-64.*\) => (\S+)", listed, re.M))
    folder.mkdir()
    for name in LIBRARIES:
        if name in where and not named:
            shutil.copy(Path(where[name]).resolve(), folder / name)
    for path in named:
        shutil.copy(path, folder / Path(path).name)
    return sorted(path.name for path in folder.iterdir())


def cub(nvcc, source, to):
    """Builds the baseline for data centre cards, where there is a compiler."""
    if not nvcc:
        return False
    targets = ["80", "90"]
    codes = [f"-gencode=arch=compute_{t},code=sm_{t}" for t in targets]
    command = [*shlex.split(nvcc), "-O3", "-std=c++17", *codes, str(source), "-o", str(to)]
    subprocess.run(command, check=True)
    stripped(to, to.with_suffix(".stripped"))
    to.with_suffix(".stripped").replace(to)
    return True


def pack(arguments, script, modules):
    """Fills the folder; whatever is too old in it goes."""
    folder, root = Path(arguments.pack), script.parent.parent
    binary, suite = built(root)
    binary, suite = arguments.binary or binary, arguments.suite or suite
    if not binary or not Path(binary).is_file():
        sys.exit("pack: there is no release binary: cargo build --release --locked, or name one with "
                 "--binary")
    if not suite:
        sys.exit("pack: the tests are not built: cargo test --locked --test suite --no-run, or name "
                 "them with --suite")
    if folder.exists() and not (folder / "pack.json").exists() and any(folder.iterdir()):
        sys.exit(f"pack: {folder} has files that are not of a pack: empty it, or name another folder")
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "device").mkdir(parents=True)
    needs = {}
    for name, path in (("icefold", binary), ("suite", suite)):
        stripped(path, folder / name)
        needs[name] = glibc_needed(folder / name)
        compressed(folder / name)
    shutil.copy(script, folder / "bench-device")
    for module in sorted([*modules.glob("*.py"), *modules.glob("*.cu")]):
        shutil.copy(module, folder / "device")
    nvcc = arguments.nvcc or shutil.which("nvcc")
    if arguments.nvcomp:
        (folder / "nvcomp").mkdir()
        stripped(arguments.nvcomp, folder / "nvcomp" / arguments.nvcomp.name)
        needs[arguments.nvcomp.name] = glibc_needed(folder / "nvcomp" / arguments.nvcomp.name)
        compressed(folder / "nvcomp" / arguments.nvcomp.name)
    with_cub = cub(nvcc, modules / "cub_sort.cu", folder / "cub_sort")
    carried = libraries(arguments.library, folder / "lib")
    for path in sorted((folder / "lib").iterdir()):
        needs[path.name] = glibc_needed(path)
    newest_needed = max(needs.values())
    (folder / "pack.json").write_text(json.dumps({
        "glibc": newest_needed, "needs": needs, "cub": with_cub, "libraries": carried}) + "\n")
    files = [path for path in folder.rglob("*") if path.is_file()]
    for path in sorted(files):
        needed = needs.get(path.name.replace(".xz", ""))
        says = f"   glibc {needed[0]}.{needed[1]}" if needed else ""
        print(f"{path.stat().st_size / 2**20:8.2f} MiB  {path.relative_to(folder)}{says}")
    size = sum(path.stat().st_size for path in files)
    print(f"{size / 2**20:8.2f} MiB  in all; needs glibc {newest_needed[0]}.{newest_needed[1]} or "
          f"newer, and Python 3.9; CUB is {'built' if with_cub else 'built there, with its nvcc'}")
    # Who names nvCOMP carries it as well.
    own = sum(path.stat().st_size for path in files if path.parent.name != "nvcomp")
    if own > MOST_BYTES:
        sys.exit(f"pack: {own} bytes are more than {MOST_BYTES}: leave libraries or the tests out")
    if arguments.glibc:
        most = tuple(map(int, arguments.glibc.split(".")))
        if newest_needed > most:
            sys.exit(f"pack: glibc {newest_needed} is needed and {most} is there: build on an older "
                     "system")
