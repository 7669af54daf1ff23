"""A web server of files with ranges and ETags, which can be told to be faulty: for tests of objects that are read and written.

Usage: server.py FOLDER [--faults SEED:RATE:MOST] [--latency SECONDS] [--bandwidth BYTES] [--no-ranges] [--lose NAME:AFTER:STATUS]
                 [--change NAME:AFTER] [--throttle N] [--earthdata] [--behind PORT]
                 [--refuse METHOD:AFTER:STATUS] [--keep-out END]

Prints the port; with --earthdata those of the data host, of the login host and of the host of signed URLs. What it was asked for is at /_count, as JSON: requests, bytes sent, faults.
"""

import argparse
import base64
import functools
import hashlib
import http.client
import json
import os
import random
import re
import socket
import struct
import sys
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

# Bytes that go through the wire together.
WIRE = 128 << 10
args = None
lock = threading.Lock()
count = {"requests": 0, "bytes": 0, "faults": 0, "by_kind": {}, "by_name": {}, "without_if_match": 0, "ranges": [], "leaked": [], "by_method": {}, "waits": 0}
chance = None
ports = []
# Requests that are being answered.
busy = [0]
# When what was sent before is through the wire, if that has a bandwidth.
through = [0.0]


@functools.lru_cache(maxsize=64)
def content(file, modified):
    """The bytes of a file and its ETag."""
    with open(file, "rb") as opened:
        whole = opened.read()
    return whole, '"%s"' % hashlib.sha256(whole).hexdigest()[:32]


def fault(kinds=("drop", "reset", "truncate", "stall", "busy", "throttle", "broken")):
    """The kind of fault of this request, if it has one."""
    with lock:
        if chance is None or count["faults"] >= args.most or chance.random() >= args.rate:
            return None, 0.0
        kind = chance.choice(kinds)
        count["faults"] += 1
        count["by_kind"][kind] = count["by_kind"].get(kind, 0) + 1
        return kind, chance.random()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # What is written in two parts must not wait for the first to be acknowledged.
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def answer(self, status, headers=(), body=b""):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send(self, body):
        """Sends as fast as a wire of the bandwidth takes it, which all answers share."""
        if not args.bandwidth:
            self.wfile.write(body)
            return
        for at in range(0, len(body), WIRE):
            part = body[at : at + WIRE]
            with lock:
                through[0] = max(through[0], time.monotonic()) + len(part) / args.bandwidth
                wait = through[0] - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            self.wfile.write(part)

    def cut(self, reset):
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.connection.close()

    def lead(self, port, path, *headers):
        self.answer(302, [("Location", "http://127.0.0.1:%d%s" % (port, path)), *headers])
        return True

    def earthdata(self, path, name):
        """What the three hosts of Earthdata's login answer; False where the file itself is to be sent."""
        data, login, signed = ports
        port = self.server.server_address[1]
        told = self.headers.get("Authorization", "")
        query = urlsplit(self.path).query
        if port == login:
            if told != "Basic " + base64.b64encode(b"me:secret-password").decode():
                if told:
                    count["leaked"].append("login: " + told)
                self.answer(401)
                return True
            return self.lead(data, "/login?code=secret-code&state=" + query.split("state=")[-1])
        if port == data:
            if told not in ("", "Bearer secret-token"):
                count["leaked"].append("data: " + told)
            if path == "/login":
                return self.lead(data, query.split("state=")[-1], ("Set-Cookie", "session=secret-cookie; Path=/; HttpOnly"))
            known = told == "Bearer secret-token" or "session=secret-cookie" in self.headers.get("Cookie", "")
            if not known:
                return self.lead(login, "/oauth/authorize?client_id=1&state=" + path)
            if args.astray:
                self.answer(302, [("Location", args.astray + path)])
                return True
            if path == "/s3credentials":
                keys = {"accessKeyId": "AKID", "secretAccessKey": "secret-key", "sessionToken": "secret-session"}
                self.answer(200, [], json.dumps(keys).encode())
                return True
            return self.lead(signed, path + "?Expires=1&Signature=secret-signature")
        if told or self.headers.get("Cookie"):
            count["leaked"].append("signed: credentials")
        if "Signature=secret-signature" not in query:
            self.answer(403)
            return True
        return False

    def refuse(self, *answer):
        self.answer(*answer)

    def forwarded(self, sent=None):
        """What the server behind this one answers; of what a HEAD asks for, how long it is."""
        behind = http.client.HTTPConnection("127.0.0.1", args.behind)
        behind.request(self.command, self.path, body=sent, headers=dict(self.headers))
        found = behind.getresponse()
        body = found.read()
        hop = ("content-length", "connection", "transfer-encoding", "date", "server")
        kept = [pair for pair in found.getheaders() if pair[0].lower() not in hop]
        length = len(body) if self.command != "HEAD" else found.getheader("Content-Length", "0")
        behind.close()
        return found.status, kept, body, length

    def counted(self, name):
        """How often the name was asked for, this time included; whether it is refused now."""
        with lock:
            count["requests"] += 1
            seen = count["by_name"][name] = count["by_name"].get(name, 0) + 1
            asked = count["by_method"][self.command] = count["by_method"].get(self.command, 0) + 1
        if args.latency:
            time.sleep(args.latency)
        if args.keep_out and self.command == "PUT" and urlsplit(self.path).path.endswith(args.keep_out):
            return seen, 403
        method, after, status = (args.refuse or "::").split(":")
        if self.command == method and asked > int(after):
            return seen, int(status)
        return seen, None

    def do_PUT(self):
        """Forwards what is sent, or fails before that, or loses the answer."""
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        _, status = self.counted(os.path.basename(urlsplit(self.path).path))
        if status:
            return self.answer(status)
        kind, _ = fault(("drop", "reset", "lost", "lost", "busy", "throttle", "broken"))
        if kind in ("drop", "reset"):
            return self.cut(kind == "reset")
        if kind in ("busy", "throttle", "broken"):
            return self.answer({"busy": 503, "throttle": 429, "broken": 500}[kind], [("Retry-After", "0")])
        status, headers, body, _ = self.forwarded(sent)
        if kind == "lost":
            return self.cut(False)
        return self.answer(status, headers, body)

    do_POST = do_PUT
    do_DELETE = do_PUT

    def of_file(self, path, name, seen):
        """A file of the folder, or the part of it that is asked for; None where that was refused."""
        file = os.path.join(args.folder, path.lstrip("/"))
        if not os.path.isfile(file):
            return self.refuse(404)
        whole, etag = content(file, os.path.getmtime(file))
        if args.change:
            changed, after = args.change.split(":")
            if name == changed and seen > int(after):
                etag = '"another"'
        if self.headers.get("If-Match") not in (None, etag):
            return self.refuse(412)
        headers = [("ETag", etag), ("Last-Modified", formatdate(os.path.getmtime(file), usegmt=True))]
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        status, body = 200, whole
        if wanted and not args.no_ranges:
            first, last = int(wanted[1]), min(int(wanted[2]), len(whole) - 1)
            if first >= len(whole):
                return self.refuse(416, [("Content-Range", "bytes */%d" % len(whole))])
            status, body = 206, whole[first : last + 1]
            headers.append(("Content-Range", "bytes %d-%d/%d" % (first, last, len(whole))))
            with lock:
                count["ranges"].append([name, first, last])
        return status, headers, body

    def do_GET(self):
        """Answers, and counts how often nobody was being answered before: each is a wait of who asks for what the last answer said."""
        if urlsplit(self.path).path == "/_count":
            return self.get()
        with lock:
            count["waits"] += busy[0] == 0
            busy[0] += 1
        try:
            return self.get()
        finally:
            with lock:
                busy[0] -= 1

    def get(self):
        path = unquote(urlsplit(self.path).path)
        if path == "/_count":
            with lock:
                return self.answer(200, [], json.dumps(count).encode())
        name = os.path.basename(path)
        seen, refused = self.counted(name)
        if refused:
            return self.answer(refused)
        with lock:
            if seen > 1 and "If-Match" not in self.headers:
                count["without_if_match"] += 1
        if args.lose:
            lost, after, status = args.lose.split(":")
            if name == lost and seen > int(after):
                return self.answer(int(status))
        if args.throttle and seen <= args.throttle:
            return self.answer(503, [("Retry-After", "0")], b"<Error><Code>SlowDown</Code></Error>")
        if args.earthdata and self.earthdata(path, name):
            return
        kind, part = fault()
        if kind == "drop" or kind == "reset":
            return self.cut(kind == "reset")
        if kind == "busy":
            return self.answer(503, [("Retry-After", "0")])
        if kind == "throttle":
            return self.answer(429, [("Retry-After", "0")])
        if kind == "broken":
            return self.answer(500)
        if args.behind:
            status, headers, body, length = self.forwarded()
        else:
            found = self.of_file(path, name, seen)
            if found is None:
                return
            (status, headers, body), length = found, len(found[2])
        self.send_response(status)
        for header in headers:
            self.send_header(*header)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command == "HEAD":
            return
        sent = int(len(body) * part) if kind in ("truncate", "stall") else len(body)
        try:
            self.send(body[:sent])
            if kind == "stall":
                time.sleep(0.05)
        except OSError:
            return
        with lock:
            count["bytes"] += sent
        if sent < len(body):
            self.cut(kind == "stall")

    do_HEAD = do_GET


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_):
        pass


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--faults", default="")
    parser.add_argument("--latency", type=float, default=0)
    parser.add_argument("--bandwidth", type=float, default=0)
    parser.add_argument("--no-ranges", action="store_true")
    parser.add_argument("--lose", default="")
    parser.add_argument("--change", default="")
    parser.add_argument("--throttle", type=int, default=0)
    parser.add_argument("--earthdata", action="store_true")
    parser.add_argument("--astray", default="")
    parser.add_argument("--behind", type=int, default=0)
    parser.add_argument("--refuse", default="")
    parser.add_argument("--keep-out", default="")
    args = parser.parse_args()
    if args.faults:
        seed, rate, most = args.faults.split(":")
        chance, args.rate, args.most = random.Random(int(seed)), float(rate), int(most)
    server = Server(("127.0.0.1", 0), Handler)
    others = [Server(("127.0.0.1", 0), Handler) for _ in range(2 if args.earthdata else 0)]
    ports = [one.server_address[1] for one in [server, *others]]
    print(*ports, flush=True)
    for one in others:
        threading.Thread(target=one.serve_forever, daemon=True).start()
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    server.serve_forever()
