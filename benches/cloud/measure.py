"""How icefold reads objects, in one run: bytes read against bytes needed, requests a granule, throughput behind a latency
against a plain parallel download of the same bytes, and memory.

Usage: measure.py ICEFOLD [--granules FOLDER] [--config CONFIG] [--latency SECONDS] [--bandwidth BYTES] [--threads N] [--index]

Without granules those of the demo are made. Prints JSON; the store of the objects is compared with that of the files. The
bandwidth, in bytes a second, is of all answers together, as of one wire: without one the loopback device is faster than
anything that reads, and no network. With --index the run has an index of the granules, which was made before.
"""

import argparse
import concurrent.futures
import glob
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
SERVER = os.path.join(HERE, "..", "..", "tests", "support", "cloud", "server.py")
PART = 4 << 20
AT_ONCE = 16


def fetch(url, first, last):
    request = urllib.request.Request(url, headers={"Range": "bytes=%d-%d" % (first, last)})
    with urllib.request.urlopen(request) as answer:
        return len(answer.read())


def download(urls, wanted):
    """Seconds that plain ranged requests in parallel take for so many bytes of these."""
    parts, left = [], wanted
    for url, size in urls:
        for first in range(0, size, PART):
            part = min(PART, size - first, left)
            if part <= 0:
                break
            parts.append((url, first, first + part - 1))
            left -= part
    began = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        brought = sum(pool.map(lambda part: fetch(*part), parts))
    return time.perf_counter() - began, brought


def run(icefold, config, granules, store, threads, more=()):
    report = store + ".json"
    command = [icefold, "run", config, *granules, "--store", store, "--report", report, "--overwrite"]
    command += [*more, "--device", "cpu", "--threads", str(threads), "--progress", "none"]
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with open(report) as opened:
        return time.perf_counter() - began, json.load(opened)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("icefold")
    parser.add_argument("--granules")
    parser.add_argument("--config", default="atl03")
    parser.add_argument("--latency", type=float, default=0.05)
    parser.add_argument("--bandwidth", type=float, default=0)
    parser.add_argument("--index", action="store_true")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        granules = args.granules
        if granules is None:
            subprocess.run([args.icefold, "demo", "--out", folder + "/demo"], check=True, stdout=subprocess.DEVNULL)
            granules = folder + "/demo/granules"
        files = sorted(glob.glob(granules + "/*.h5"))
        sizes = [os.path.getsize(file) for file in files]
        command = [sys.executable, SERVER, granules, "--latency", str(args.latency), "--bandwidth", str(args.bandwidth)]
        server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        port = server.stdout.readline().strip()
        urls = ["http://127.0.0.1:%s/%s" % (port, os.path.basename(file)) for file in files]
        for url in urls:
            # The server has the file in memory from then on, for whoever comes first.
            fetch(url, 0, 0)
        more = []
        if args.index:
            more = ["--index", folder + "/index.parquet"]
            subprocess.run([args.icefold, "index", *urls, "-o", more[1]], check=True, stdout=subprocess.DEVNULL)
        seconds_files, of_files = run(args.icefold, args.config, files, folder + "/files.zarr", args.threads)
        seconds_objects, of_objects = run(args.icefold, args.config, urls, folder + "/objects.zarr", args.threads, more)
        network = of_objects["network"]
        seconds_download, brought = download(list(zip(urls, sizes)), network["bytes_received"])
        server.kill()
        assert of_files["content_sha256"] == of_objects["content_sha256"], "the stores differ"
        print(
            json.dumps(
                {
                    "config": args.config,
                    "granules": len(files),
                    "granule_bytes": sum(sizes),
                    "latency_seconds": args.latency,
                    "bandwidth_bytes_a_second": args.bandwidth or None,
                    "index": args.index,
                    "threads": args.threads,
                    **network,
                    "received_by_needed": network["bytes_received"] / network["bytes_needed"],
                    "requests_a_granule": network["requests"] / len(files),
                    "seconds_of_files": seconds_files,
                    "seconds_of_objects": seconds_objects,
                    "seconds_of_a_plain_download": seconds_download,
                    "bytes_of_the_plain_download": brought,
                    "throughput_by_plain_download": seconds_download / seconds_objects,
                    "peak_resident_bytes_of_files": of_files["peak_resident_bytes"],
                    "peak_resident_bytes_of_objects": of_objects["peak_resident_bytes"],
                    "load_average": os.getloadavg()[0],
                },
                indent=2,
            )
        )


if __name__ == "__main__":
    main()
