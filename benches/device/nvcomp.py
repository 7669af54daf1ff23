"""nvCOMP's deflate on the chunks that the step `inflate` wrote, through the library's own interface to C."""

import ctypes
from pathlib import Path

import pack

REPEATS = 5
# zlib's header and checksum around a stream of deflate.
HEAD, TAIL = 2, 4
# Where nvCOMP wants streams to begin.
ALIGNED = 8
# nvcompDecompressBackend_t: its kernels. Hopper has no engine of its own for deflate.
BY_KERNELS = 2


class Options(ctypes.Structure):
    """nvcompBatchedDeflateDecompressOpts_t of nvCOMP 5 and 6."""

    _fields_ = [("backend", ctypes.c_int), ("sort_before_hw_decompress", ctypes.c_int),
                ("reserved", ctypes.c_char * 56)]


def library(context):
    """The carried library, or None."""
    folder = Path(context["script"]).parent / "nvcomp"
    packed = next(folder.glob("libnvcomp.so.*.xz"), None) if folder.is_dir() else None
    return ctypes.CDLL(str(pack.unpacked(packed, context["scratch"]))) if packed else None


def checked(status, what):
    if status:
        raise SystemExit(f"nvcomp: {what} gives status {status}")


def begins(lengths):
    """Where each of so many bytes begins, aligned, and the bytes of all."""
    import numpy

    room = (lengths + ALIGNED - 1) // ALIGNED * ALIGNED
    ends = numpy.cumsum(room)
    return ends - room, int(ends[-1])


def times_of(nvcomp, folder):
    """What it inflated, whether every byte is right, and seconds of the device."""
    import cupy
    import numpy

    lengths = numpy.fromfile(folder / "lengths.u32", numpy.uint32).reshape(-1, 2).astype(numpy.int64)
    plain, stored = lengths[:, 0], lengths[:, 1]
    streams = stored - HEAD - TAIL
    froms, held = begins(streams)
    host, bytes_of = numpy.zeros(held, numpy.uint8), numpy.fromfile(folder / "stored", numpy.uint8)
    for begin, there, length in zip(numpy.cumsum(stored) - stored, froms, streams):
        host[there:there + length] = bytes_of[begin + HEAD:begin + HEAD + length]
    source = cupy.asarray(host)
    tos, room = begins(plain)
    # What nothing is written to is no right byte.
    out = cupy.full(room, 0xA5, cupy.uint8)
    word = lambda numbers: cupy.asarray(numpy.asarray(numbers).astype(numpy.uint64))
    sources, outs = word(source.data.ptr + froms), word(out.data.ptr + tos)
    source_bytes, out_bytes = word(streams), word(plain)
    written, status = cupy.zeros(len(plain), cupy.uint64), cupy.full(len(plain), 1, cupy.int32)
    count, options = ctypes.c_size_t(len(plain)), Options(backend=BY_KERNELS)
    need = ctypes.c_size_t()
    checked(nvcomp.nvcompBatchedDeflateDecompressGetTempSizeSync(
        ctypes.c_void_p(sources.data.ptr), ctypes.c_void_p(source_bytes.data.ptr), count,
        ctypes.c_size_t(int(plain.max())), ctypes.byref(need), ctypes.c_size_t(int(plain.sum())), options,
        ctypes.c_void_p(status.data.ptr), ctypes.c_void_p(0)), "its memory")
    work = cupy.empty(max(need.value, 1), cupy.uint8)

    def inflate():
        checked(nvcomp.nvcompBatchedDeflateDecompressAsync(
            ctypes.c_void_p(sources.data.ptr), ctypes.c_void_p(source_bytes.data.ptr),
            ctypes.c_void_p(out_bytes.data.ptr), ctypes.c_void_p(written.data.ptr), count,
            ctypes.c_void_p(work.data.ptr), ctypes.c_size_t(need.value), ctypes.c_void_p(outs.data.ptr), options,
            ctypes.c_void_p(status.data.ptr), ctypes.c_void_p(0)), "inflating")

    inflate()
    cupy.cuda.Device().synchronize()
    # Chunks follow each other, or have a few bytes between them.
    place = numpy.repeat(tos - (numpy.cumsum(plain) - plain), plain) + numpy.arange(int(plain.sum()))
    expected = numpy.fromfile(folder / "plain", numpy.uint8)
    same = bool((out.get()[place] == expected).all() and (status == 0).all() and (written == out_bytes).all())
    seconds = []
    for _ in range(REPEATS):
        begin, end = cupy.cuda.Event(), cupy.cuda.Event()
        begin.record()
        inflate()
        end.record()
        end.synchronize()
        seconds.append(cupy.cuda.get_elapsed_time(begin, end) / 1e3)
    what = {"chunks": len(plain), "bytes": int(plain.sum()), "stored_bytes": int(stored.sum())}
    return what, same, seconds


def nvcomp(facts, context):
    """nvCOMP beside `inflate`, chunk by chunk the same."""
    def left_out(why):
        facts.fact("left out", {"why": why})
        return 77

    if facts.emulation:
        return left_out("the device is an emulation, and nvCOMP does not run on one")
    found = library(context)
    if found is None:
        return left_out("nvCOMP is not carried: name its library to --pack with --nvcomp")
    try:
        import cupy  # noqa: F401
    except ImportError as error:
        return left_out(str(error))
    folders = sorted(Path(context["scratch"], "chunks").glob("*/lengths.u32"))
    if not folders:
        return left_out("the step inflate wrote no chunks in this call")
    wrong = 0
    for path in folders:
        what, same, seconds = times_of(found, path.parent)
        what = {"by": "nvCOMP", "chunk_rows": int(path.parent.name), "photons": context["sizes"]["chunked"], **what}
        if not same:
            facts.fact("wrong", what)
            wrong = 1
            continue
        facts.measured("inflate", what, {"seconds": seconds})
    return wrong
