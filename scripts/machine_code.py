# Counts what kernels cost, from the machine code that ptxas makes of their PTX: for `scripts/ptx --count`
# and `--check`. Nothing here has met a device: instructions are counted along one way through the code,
# and times are what memory and instructions allow, not what was measured.
"""Machine code of the kernels: ways through it, occupancy, predicted times."""

import heapq
import re
from dataclasses import dataclass, field

ITEMS = 16
TILE = 4096

# What a kernel does for each photon: where the way that is counted leads, how many photons one thread
# has behind it then, and bytes of device memory that a photon costs.
#
#   ("whole", n)        the longest way through the kernel that goes round no loop: n photons a thread
#   ("past", op, n)     the shortest way through the kernel that passes most of `op`: n photons a thread
#   ("around", op, n, k)  the shortest way around the innermost loop in which k of `op` stand together that
#                       passes them and goes round no loop inside it: n photons each time
WAYS = {
    "locate": (("past", "DMUL", 1), 24, "positions on the ellipsoid to ids"),
    "locate_groups": (("whole", 1), 8, "ids once more"),
    "locate_keys": (("whole", 1), 12, "ids to keys; the search beside it"),
    "segment_count": (("whole", ITEMS), 4, "keys"),
    "segment": (("whole", ITEMS), 4, "keys"),
    "reduce": (("around", "F2I", 1, 1), 4.3, "float32; the loop over values alone"),
    "reduce_f64": (("around", "F2I", 1, 1), 8.3, "float64; the loop over values alone"),
    "reduce_records": (("around", "LDG", 1, 5), 84, "rows of runs, in the order of cells; the loop over them alone"),
    "sort_count": (("whole", ITEMS), 4, "keys, in every pass"),
    "sort": (("whole", ITEMS), 16, "pairs, in every pass"),
    "sweep_count": (("whole", 4), 4, "keys, once"),
    "sweep": (("whole", 24), 16, "pairs, in every pass"),
    "runs": (("past", "LDG", TILE // 32), 16, "positions; where no box has an edge of cells in it"),
    "runs_keys": (("around", "LDG", 16, 4), 4, "keys that are equal"),
    "select_positions": (("whole", 1), 17, "positions of a stretch"),
    "fold": (("around", "DADD", 16, 16), 4, "float32 of a piece"),
    "fold_f64": (("around", "DADD", 8, 8), 8, "float64 of a piece"),
}

# What decodes symbols, a warp a chunk, in rounds of all symbols that begin in 32 bits: the way around one in which no
# byte is repeated: past the vote, and past the store of literals.
SYMBOLS = {"inflate": ("around", "VOTE", 1, 1, "STG")}

# Of each architecture: registers, bytes of shared memory and warps of a multiprocessor.
ARCHITECTURES = {
    "sm_80": (65536, 164 << 10, 64),
    "sm_90": (65536, 228 << 10, 64),
}
WARPS_A_BLOCK = 8
# Bytes of shared memory that the system takes of a block.
RESERVED = 1 << 10
PHOTONS = 1e9
# Devices by the architecture of their machine code: bytes a second of a copy, as others say (`HEAD`), and
# instructions of threads a second: multiprocessors, four warp instructions a clock, 32 threads each, clock.
DEVICES = {
    "A100": ("sm_80", 1.7e12, 108 * 4 * 32 * 1.41e9),
    "H100": ("sm_90", 3.0e12, 132 * 4 * 32 * 1.75e9),
    "H200": ("sm_90", 4.3e12, 132 * 4 * 32 * 1.75e9),
}
# Folds of one float32 column along a track, by the kernels that see every photon.
FOLDS = {
    "runs, from keys": ["runs_keys", "fold"],
    "runs, from coordinates": ["runs", "fold"],
    "stages, from keys": ["segment_count", "segment", "reduce"],
    "stages, from coordinates": [
        "locate", "locate_groups", "locate_keys", "segment_count", "segment", "reduce",
    ],
}
# Growth of a hot loop that fails the check until the table is written anew.
GROWTH = 1.05


@dataclass
class Block:
    """Instructions that are passed together, and where the way may go on."""

    at: int
    ops: list = field(default_factory=list)
    to: list = field(default_factory=list)


def functions(listing):
    """Every function of a listing of nvdisasm: its instructions and labels in order."""
    found, here = {}, None
    for line in listing.splitlines():
        if name := re.match(r"\.text\.(\w+):", line):
            here = found.setdefault(name[1], [])
        elif here is None:
            continue
        elif label := re.match(r"(\.L_\w+):", line):
            here.append(label[1])
        elif code := re.search(r"/\*([0-9a-f]{4,})\*/\s+(@!?U?P\d+\s+)?([A-Z][A-Z0-9_.]*)(.*?);", line):
            here.append((int(code[1], 16), bool(code[2]), code[3], code[4]))
    return found


def blocks(code):
    """The blocks of a function, by their place in the code."""
    places, waiting = {}, []
    for item in code:
        if isinstance(item, str):
            waiting.append(item)
        else:
            places.update((label, item[0]) for label in waiting)
            waiting = []
    instructions = [item for item in code if not isinstance(item, str)]
    begins = {instructions[0][0]} | set(places.values())
    target = lambda rest: places.get((re.search(r"`\((\.L_\w+)\)", rest) or [None, None])[1])
    found, block = {}, None
    for i, (at, guarded, op, rest) in enumerate(instructions):
        if block is None or at in begins:
            if block is not None:
                block.to.append(at)
            block = found[at] = Block(at)
        if op != "NOP":
            block.ops.append(op)
        kind = op.split(".")[0]
        if kind in ("BRA", "EXIT", "RET", "BRX"):
            if kind == "BRA" and target(rest) is not None:
                block.to.append(target(rest))
            # Branches that compare in themselves are named so, or have a register before the label.
            falls = guarded or (kind == "BRA" and not re.match(r"\s*`", rest) and ".U" not in op)
            if falls and i + 1 < len(instructions):
                block.to.append(instructions[i + 1][0])
            block = None
    return found


def loops(found):
    """Ranges of the code from where a branch goes back to up to that branch, the smallest first."""
    back = {(to, b.at) for b in found.values() for to in b.to if to <= b.at}
    return sorted(back, key=lambda loop: loop[1] - loop[0])


def inside(loop, within):
    return loop != within and within[0] <= loop[0] and loop[1] <= within[1]


def shortest(found, start, allowed):
    """Instructions from the start of a block to the start of every other."""
    far, queue = {start: 0}, [(0, start)]
    while queue:
        so_far, at = heapq.heappop(queue)
        for to in found[at].to:
            length = so_far + len(found[at].ops)
            if to in allowed and length < far.get(to, 1 << 60):
                far[to] = length
                heapq.heappush(queue, (length, to))
    return far


def around(found, op, photons, together, then=None):
    """Instructions a photon of the shortest way around a loop, past instructions that stand together, and then past
    another where one is named."""
    every = loops(found)
    has = lambda at: sum(name.split(".")[0] == op for name in found[at].ops) >= together
    with_op = [l for l in every if any(l[0] <= at <= l[1] and has(at) for at in found)]
    if not with_op:
        return None
    loop = with_op[0]
    nested = [l for l in every if inside(l, loop)]
    allowed = {at for at in found if loop[0] <= at <= loop[1]}
    allowed -= {at for at in allowed for l in nested if l[0] <= at <= l[1]}
    from_head = shortest(found, loop[0], allowed)
    ways = []
    for at in filter(has, allowed & set(from_head)):
        # To the last of those that have to be passed, and from there to the end.
        passed = {at: 0}
        if then is not None:
            has_then = lambda block: then in (name.split(".")[0] for name in found[block].ops)
            passed = {block: far for block, far in shortest(found, at, allowed).items() if has_then(block)}
        for block, far in passed.items():
            on = shortest(found, block, allowed)
            if loop[1] in on:
                ways.append((from_head[at] + far + on[loop[1]] + len(found[loop[1]].ops)) / photons)
    return min(ways, default=None)


def whole(found, photons):
    """Instructions a photon of the longest way through a kernel, around no loop."""
    every, longest = loops(found), {}
    within = {at for at in found for l in every if l[0] <= at <= l[1] and l[0] != l[1]}
    first = min(found)
    for at in sorted(set(found) - within, reverse=True):
        after = [longest[to] for to in found[at].to if to > at and to in longest]
        # A loop on the way is passed over.
        skip = [longest[to] for to in longest if to > at] if found[at].to and not after else []
        longest[at] = len(found[at].ops) + max(after or skip or [0])
    return longest[first] / photons


def past(found, op, photons):
    """Instructions a photon of the shortest way through a kernel that passes the block with most of `op`."""
    block = max(found.values(), key=lambda b: sum(name.split(".")[0] == op for name in b.ops))
    to_it = shortest(found, min(found), set(found))[block.at]
    beyond = shortest(found, block.at, set(found))
    ends = [beyond[at] + len(found[at].ops) for at in beyond if "EXIT" in found[at].ops]
    return (to_it + min(ends)) / photons


def instructions(found, way):
    """Instructions a photon of one kernel."""
    return {"whole": whole, "past": past, "around": around}[way[0]](found, *way[1:])


def occupancy(row):
    """Of the warps that a multiprocessor can hold, those that it holds, and what keeps it from more."""
    registers, shared, warps = ARCHITECTURES[row["architecture"]]
    # Registers go to warps in parts of 256.
    of_warp = (row["registers"] * 32 + 255) // 256 * 256
    by_registers = registers // of_warp // WARPS_A_BLOCK
    by_shared = shared // (row["shared"] + RESERVED) if row["shared"] else warps
    return min(by_registers, by_shared, warps // WARPS_A_BLOCK) * WARPS_A_BLOCK / warps


def counted(rows, listings):
    """A row of the table for every kernel and architecture; `listings` by architecture and module."""
    for row in rows:
        if row["architecture"] not in ARCHITECTURES or row["kernel"] not in {**WAYS, **SYMBOLS}:
            continue
        code = functions(listings[row["architecture"], row["module"]])[row["kernel"]]
        if row["kernel"] in SYMBOLS:
            yield {**row, "occupancy": occupancy(row), "each": instructions(blocks(code), SYMBOLS[row["kernel"]])}
            continue
        way, bytes_each, what = WAYS[row["kernel"]]
        each = instructions(blocks(code), way)
        if each is None:
            raise SystemExit(f"scripts/ptx: {row['kernel']} has no loop with {way[1]} in it")
        yield {**row, "occupancy": occupancy(row), "each": each, "bytes": bytes_each, "what": what}


HEAD = """# What the kernels cost, counted

Written by `scripts/ptx --count` from the machine code that the pinned ptxas makes of the committed PTX;
`scripts/ptx --check` fails where a kernel has more than 5 % more instructions a photon than this page says,
or holds fewer warps. Counted, not measured: what an H100 made of it is in `benches/record/`. Instructions are those of a thread along one way through the
code, for each photon: around the hot loop where nothing unusual happens, or once through a kernel without
one. Bytes are those of device memory. The last columns are milliseconds for 10^9 photons on a device of the
architecture: the longer of what the bytes take at the rate of its copies, and of what the instructions take at four a
clock and multiprocessor. An A100 (80 GB) is taken to copy 1.7 TB/s, with 108 multiprocessors at 1.41 GHz; an H100
3.0 TB/s and an H200 4.3 TB/s, with 132 at 1.75 GHz. A kernel reaches that where enough warps hide its waits. The 1.7
TB/s are an assumption from others: [1,727 GB/s](https://github.com/mli/transformers-benchmarks/issues/4) were measured
on an A800 of 80 GB for PCIe, whose memory has 1,935 GB/s on paper as that of such an A100; cards for SXM have more.
"""


FOLDS_HEAD = """
Folds of one float32 column along a track are these kernels one after the other, in 10^9 photons a second at
most; bytes and instructions are those of sm_90. Edges of cells, launches and the host come on top: predicted are
half to three quarters of it.
"""


HOST = """
Before that, the host: a photon with one float32 column costs 80 bytes of its memory from decoding to the wire where
columns are copied to page-locked buffers, and 40 where they are decoded into such memory
([DESIGN.md](../docs/DESIGN.md#where-does-a-device-read-the-columns-of-a-batch)).
"""


SYMBOLS_HEAD = """
Inflating is counted by rounds: instructions that a warp issues for all symbols that begin in 32 bits, where all of them are
literals; the last columns are 10^9 bits a second at most, at four instructions a clock and multiprocessor. A match takes 35
to 60 instructions more. In granules as real ones are (`benches/device/tracks.py`), a round of the H100 took 37 bits, issued
194 instructions with 1.2 matches, and a photon of 11.3 stored bytes took 2.5 rounds.
"""


def symbols(counts):
    """Inflating as a table."""
    columns = ["kernel", "architecture", "registers", "shared", "occupancy", "round", *DEVICES]
    lines = ["| " + " | ".join(columns) + " |", "| --- " * len(columns) + "|"]
    for c in sorted(counts, key=lambda c: (list(SYMBOLS).index(c["kernel"]), c["architecture"])):
        rate = lambda d: f"{32 * d[2] / 32 / c['each'] / 1e9:.0f}" if d[0] == c["architecture"] else ""
        cells = [c["kernel"], c["architecture"], c["registers"], c["shared"], f"{c['occupancy']:.0%}"]
        cells += [f"{c['each']:.1f}", *map(rate, DEVICES.values())]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return lines


def table(counts):
    """The page."""
    of_symbols = [c for c in counts if c["kernel"] in SYMBOLS]
    counts = [c for c in counts if c["kernel"] in WAYS]
    columns = ["kernel", "architecture", "registers", "shared", "occupancy", "instructions", "bytes"]
    lines = ["| " + " | ".join([*columns, *DEVICES, "what it passes over"]) + " |"]
    lines.append("| --- " * (len(columns) + len(DEVICES) + 1) + "|")
    for c in sorted(counts, key=lambda c: (list(WAYS).index(c["kernel"]), c["architecture"])):
        times = [least(c, device) * 1e3 if device[0] == c["architecture"] else None for device in DEVICES.values()]
        cells = [c["kernel"], c["architecture"], c["registers"], c["shared"], f"{c['occupancy']:.0%}"]
        cells += [f"{c['each']:.1f}", f"{c['bytes']:g}", *("" if t is None else f"{t:.2f}" for t in times), c["what"]]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    folded = FOLDS_HEAD + "\n" + "\n".join(folds(counts)) + "\n"
    inflated = SYMBOLS_HEAD + "\n" + "\n".join(symbols(of_symbols)) + "\n"
    return HEAD + "\n" + "\n".join(lines) + "\n" + folded + HOST + inflated


def least(count, device):
    """Seconds that 10^9 photons take at least."""
    _, speed, issued = device
    return max(count["bytes"] / speed, count["each"] / issued) * PHOTONS


def folds(counts):
    """The folds as a table: 10^9 photons a second at most."""
    of = {(c["kernel"], c["architecture"]): c for c in counts}
    lines = ["| fold | bytes | instructions | " + " | ".join(DEVICES) + " |", "| --- " * (3 + len(DEVICES)) + "|"]
    for name, kernels in FOLDS.items():
        each = [of[kernel, "sm_90"] for kernel in kernels]
        rate = lambda d: PHOTONS / sum(least(of[kernel, d[0]], d) for kernel in kernels) / 1e9
        cells = [name, f"{sum(c['bytes'] for c in each):g}", f"{sum(c['each'] for c in each):.1f}"]
        lines.append("| " + " | ".join([*cells, *(f"{rate(d):.0f}" for d in DEVICES.values())]) + " |")
    return lines


def complaints(counts, committed):
    """Where kernels cost more than the committed page says, or are not on it."""
    said = {}
    for line in committed.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) > 6 and cells[1] in ARCHITECTURES:
            said[cells[0], cells[1]] = float(cells[5]), float(cells[4].rstrip("%")) / 100
    for c in counts:
        name, known = f"{c['kernel']} on {c['architecture']}", said.get((c["kernel"], c["architecture"]))
        if known is None:
            yield f"{name} is not in kernels/COUNTS.md: run scripts/ptx --count"
        elif c["each"] > known[0] * GROWTH:
            yield (f"{name}: {c['each']:.1f} instructions each, {known[0]:.1f} before; make it cheaper, "
                   "or say so: run scripts/ptx --count")
        elif c["occupancy"] < known[1] - 0.01:
            yield (f"{name}: {c['occupancy']:.0%} of the warps, {known[1]:.0%} before; make it smaller, or "
                   "say so: run scripts/ptx --count")
