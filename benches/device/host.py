"""What the machine is, and where it keeps NVIDIA's and Vulkan's libraries."""

import json
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

# Where systems and containers have the driver when the loader does not know it.
DRIVER_FOLDERS = ["/usr/local/nvidia/lib64", "/usr/local/nvidia/lib", "/usr/lib/wsl/lib"]
# What the driver says of itself to Vulkan's loader, where that does not look by itself.
VULKAN_DRIVERS = [
    "/usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json",
    "/usr/local/nvidia/vulkan/icd.d/nvidia_icd.json",
]


def said(*command, seconds=20):
    """What a program prints, or None."""
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ran.stdout.strip() if ran.returncode == 0 else None


def known_libraries():
    """Names that the loader knows without being told where."""
    listed = said("ldconfig", "-p") or said("/sbin/ldconfig", "-p") or ""
    return set(re.findall(r"^\s*(\S+) \(", listed, re.M))


def environment(scratch):
    """Variables for every step."""
    found = dict(os.environ, PYTHONUNBUFFERED="1", RUST_BACKTRACE="1")
    found.setdefault("CUDA_CACHE_PATH", str(Path(scratch) / "nvidia-cache"))
    folders = [f for f in found.get("LD_LIBRARY_PATH", "").split(":") if f]
    if "libcuda.so.1" not in known_libraries():
        folders += [f for f in DRIVER_FOLDERS if (Path(f) / "libcuda.so.1").exists()]
    if folders:
        found["LD_LIBRARY_PATH"] = ":".join(folders)
    return found


def vulkan_environment(carried, scratch):
    """Variables with which Vulkan's loader and the card's driver are found."""
    found, known = environment(scratch), known_libraries()
    folder = Path(scratch) / "lib"
    folder.mkdir(exist_ok=True)
    lacking = [p for p in sorted(Path(carried).glob("*.so*")) if p.name not in known]
    for library in lacking:
        if not (folder / library.name).exists():
            shutil.copy(library, folder)
    if lacking:
        found["LD_LIBRARY_PATH"] = ":".join([str(folder), found.get("LD_LIBRARY_PATH", "")])
    usual = [Path(f) / "vulkan" / "icd.d" for f in ("/usr/share", "/etc", "/usr/local/share")]
    if not any(f.is_dir() and list(f.glob("*nvidia*")) for f in usual):
        drivers = [path for path in VULKAN_DRIVERS if Path(path).exists()]
        if drivers:
            found.setdefault("VK_DRIVER_FILES", drivers[0])
    return found, [library.name for library in lacking]


def glibc():
    """The machine's, as in (2, 36)."""
    try:
        text = os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (ValueError, OSError):
        return None
    found = re.search(r"(\d+)\.(\d+)", text)
    return tuple(map(int, found.groups())) if found else None


def machine(facts, context):
    """Writes what the numbers are measured on."""
    cpu = [
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    facts.fact("host", {
        "platform": platform.platform(),
        "python": platform.python_version(),
        "cpu": cpu[0] if cpu else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": memory,
        "free_bytes_on_disk": shutil.disk_usage(context["scratch"]).free,
    })
    query = "name,driver_version,memory.total,clocks.max.sm,pcie.link.gen.max,pcie.link.width.max"
    cards = said("nvidia-smi", f"--query-gpu={query}", "--format=csv,noheader")
    facts.fact("nvidia-smi", {"query": query, "cards": (cards or "").splitlines()})
    tools = {
        name: (said(name, "--version") or "").splitlines()[-1:]
        for name in ("nvcc", "ncu", "compute-sanitizer")
    }
    facts.fact("tools", {name: line[0] if line else None for name, line in tools.items()})
    has = glibc()
    needs = context["pack"].get("glibc")
    missing = [line.strip() for line in (said("ldd", context["binary"]) or "").splitlines()
               if "not found" in line]
    facts.fact("libraries", {"glibc": has, "glibc_needed": needs, "not_found": missing})
    return 0


def pack_facts(here):
    """What the one who packed said of it."""
    try:
        return json.loads((Path(here) / "pack.json").read_text())
    except (OSError, ValueError):
        return {}
