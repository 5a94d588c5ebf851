#!/usr/bin/env python3
"""Attacks a videod with default settings from one address, and measures what another address notices of it.

For each storm: the p99 of GET /healthz alone and during the storm, both divided by those of a server of ten lines that
does nothing else (the load generator shares the cores, so it gets slower too), the slowest of the sign-ins of another
user from another address and how many were refused, and the largest memory of the daemon.
    storms.py [VIDEOD] [SECONDS] [STORM...]        Linux; the addresses are 127.0.0.2 (attacker) and 127.0.0.3
"""
import asyncio
import contextlib
import http.client
import json
import multiprocessing
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

ATTACKER, OTHER = "127.0.0.2", "127.0.0.3"
COMMENT = "x" * 2000


def ask(port, method, path, body=None, headers=None, source=OTHER, timeout=60):
    """Sends one request on a connection of its own; returns status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout, source_address=(source, 0))
    try:
        connection.request(method, path, json.dumps(body) if isinstance(body, dict) else body, headers or {})
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


class Site:
    """A daemon with default settings, the users mallory (attacker) and anna, and a video with 1,000 long comments."""

    def __init__(self, videod, folder):
        self.folder = pathlib.Path(folder)
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            self.port = one.getsockname()[1]
        self.log = open(self.folder / "log", "wb")
        self.config = self.folder / "videod.toml"
        self.config.write_text("[log]\naccess = false\n[storage]\nquota = \"20MiB\"\n")
        self.daemon = subprocess.Popen(
            [videod, "--config", self.config, "--data-dir", self.folder / "data", "--listen", f"127.0.0.1:{self.port}"],
            stderr=self.log)
        while True:
            with contextlib.suppress(OSError):
                if ask(self.port, "GET", "/readyz")[0] == 200:
                    break
            if self.daemon.poll() is not None:
                sys.exit((self.folder / "log").read_text())
        self.sessions = {}
        for name, source in (("anna", OTHER), ("mallory", ATTACKER)):
            status, reply = ask(self.port, "POST", "/user", {"user_name": name, "pwd": "long enough"}, source=source)
            assert status == 201, reply
            self.sessions[name] = json.loads(reply)["session_id"]
        self.login()  # anna's address is known from now on
        self.clip = b"\0\0\0\x18ftypmp42" + os.urandom(5 << 20)
        self.video = self.add()
        status, reply = ask(self.port, "PUT", f"/upload/{self.video}", self.clip, self.by("mallory"), ATTACKER)
        assert status in (201, 204), reply
        self.fill()

    def by(self, name):
        return {"X-Session-Id": self.sessions[name]}

    def add(self):
        status, reply = ask(self.port, "POST", "/user/mallory/videos", {"name": "clip"}, self.by("mallory"), ATTACKER)
        assert status == 201, reply
        return json.loads(reply)["id"]

    def fill(self):
        """Writes the comments on the operator's socket, which no bound applies to."""

        class Local(http.client.HTTPConnection):
            def connect(its):
                its.sock = socket.socket(socket.AF_UNIX)
                its.sock.connect(str(self.folder / "data" / "videod.sock"))

        connection = Local("localhost")
        for _ in range(1000):
            connection.request("POST", f"/videos/{self.video}/comments", json.dumps({"content": COMMENT}),
                               {"X-Videod-As": "mallory"})
            reply = connection.getresponse()
            body = reply.read()
            assert reply.status == 201, body

    def login(self):
        began = time.monotonic()
        status, _ = ask(self.port, "POST", "/user/anna", {"user_name": "anna", "pwd": "long enough"})
        return status, time.monotonic() - began

    def memory(self, what="VmRSS"):
        for line in open(f"/proc/{self.daemon.pid}/status"):
            if line.startswith(what):
                return int(line.split()[1]) / 1024
        return 0

    def stop(self):
        self.daemon.terminate()
        self.daemon.wait(30)


# ---- storms: coroutines of one attacker, run until the process is ended


async def send(site, data, read=True):
    """Sends bytes on a connection of the attacker's; returns the reply, or the open connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port, local_addr=(ATTACKER, 0))
    writer.write(data)
    if not read:
        return reader, writer
    try:
        await writer.drain()
        return await reader.read()
    finally:
        writer.close()


def head(site, method, path, body=b"", close=True, who="mallory", **fields):
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{site.port}"]
    if who:
        lines.append(f"X-Session-Id: {site.sessions[who]}")
    if close:
        lines.append("Connection: close")
    fields.setdefault("Content_Length", len(body))
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items() if value is not None]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


async def each(count, work):
    """Runs `count` loops of `work(number, round)` for ever."""

    async def loop(number):
        turn = 0
        while True:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await work(number, turn)
            turn += 1
            await asyncio.sleep(0)

    await asyncio.gather(*(loop(number) for number in range(count)))


async def registrations(site):
    async def work(number, turn):
        body = json.dumps({"user_name": f"m{os.getpid()}.{number}.{turn}", "pwd": "long enough"}).encode()
        await send(site, head(site, "POST", "/user", body, who=None))

    await each(80, work)


async def sign_ins(site):
    body = json.dumps({"user_name": "mallory", "pwd": "long enough"}).encode()
    await each(80, lambda *_: send(site, head(site, "POST", "/user/mallory", body, who=None)))


async def passwords(site):
    body = json.dumps({"pwd": "long enough", "old_pwd": "long enough"}).encode()
    await each(80, lambda *_: send(site, head(site, "PATCH", "/user/mallory", body)))


async def guesses(site):
    async def work(number, turn):
        body = json.dumps({"user_name": "anna", "pwd": f"wrong {number} {turn}"}).encode()
        await send(site, head(site, "POST", "/user/anna", body, who=None))

    await each(80, work)


async def slow_readers(site):
    path = f"/videos/{site.video}/comments?limit=1000"
    held = [await send(site, head(site, "GET", path, close=False, who=None), read=False) for _ in range(150)]
    await asyncio.sleep(3600)
    del held


async def lists(site):
    path = f"/videos/{site.video}/comments?limit=1000"
    await each(24, lambda *_: send(site, head(site, "GET", path, who=None)))


async def trickles(site):
    async def work(*_):
        reader, writer = await send(site, head(site, "PUT", f"/upload/{site.video}", Content_Length=4 << 20), read=False)
        for byte in site.clip:
            writer.write(bytes([byte]))
            await asyncio.sleep(0.5)
            if reader.at_eof():
                break
        writer.close()

    await each(64, work)


async def uploads(site):
    request = head(site, "PUT", f"/upload/{site.video}", site.clip)
    await each(4, lambda *_: send(site, request))


async def replacements(site):
    videos = [site.video] + [site.add() for _ in range(9)]
    await each(30, lambda number, _: send(site, head(site, "PUT", f"/upload/{videos[number % 10]}", site.clip)))


async def verifications(site):
    await each(100, lambda *_: send(site, head(site, "POST", f"/video/{site.video}/verify", b"{}")))


async def connections(site):
    held = []
    while True:
        try:
            held.append(await send(site, b"", read=False))
        except OSError:
            await asyncio.sleep(0.01)
        if len(held) > 20000:
            await asyncio.sleep(3600)


STORMS = [registrations, sign_ins, passwords, guesses, slow_readers, lists, trickles, uploads, replacements,
          verifications, connections]


def attack(site, storm):
    os.nice(5)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    asyncio.run(storm(site))


# ---- what the other address sees


def answer_forever(listener):
    """The reference: a server that answers each request with the same bytes."""
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n"
    while True:
        client, _ = listener.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(OSError):
            while client.recv(4096):
                client.sendall(reply)


def measure(site, reference, seconds):
    """Returns the p99 of /healthz and of the reference in ms, the slowest sign-in in s, the refused sign-ins, and the
    largest memory in MB."""
    logins, memory = [], [0.0]
    times = {site.port: [], reference: []}
    end = time.monotonic() + seconds

    def sign_in():
        while time.monotonic() < end:
            try:
                logins.append(site.login())
            except OSError as failure:
                logins.append((str(failure), seconds))
            memory[0] = max(memory[0], site.memory())
            time.sleep(0.2)

    thread = threading.Thread(target=sign_in)
    thread.start()
    connections = {}
    while time.monotonic() < end:
        for port, took in times.items():
            began = time.monotonic()
            try:
                if port not in connections:
                    connections[port] = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds,
                                                                   source_address=(OTHER, 0))
                connections[port].request("GET", "/healthz")
                connections[port].getresponse().read()
            except (OSError, http.client.HTTPException):
                connections.pop(port, None)
            took.append(time.monotonic() - began)
        time.sleep(0.002)
    thread.join()
    p99 = [sorted(took)[len(took) * 99 // 100] * 1000 for took in times.values()]
    refused = [status for status, _ in logins if status != 200]
    return *p99, max(took for _, took in logins), f"{len(refused)}/{len(logins)}", memory[0]


def disk(site):
    return sum(one.stat().st_size for one in (site.folder / "data").rglob("*")
               if one.is_file() and one.name != "reserve") >> 20


def main():
    videod = sys.argv[1] if len(sys.argv) > 1 else "build/release/videod"
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 5
    wanted = sys.argv[3:] or [storm.__name__ for storm in STORMS]
    with contextlib.suppress(PermissionError):
        os.nice(-5)
    listener = socket.create_server(("127.0.0.1", 0))
    reference = listener.getsockname()[1]
    multiprocessing.Process(target=answer_forever, args=(listener,), daemon=True).start()
    print(f"{'storm':16}{'healthz p99 alone':>19}{'during':>9}{'ratio':>7}{'its ratio to the reference':>28}"
          f"{'slowest sign-in':>17}{'refused':>9}{'memory':>9}{'disk':>8}")
    for storm in STORMS:
        if storm.__name__ not in wanted:
            continue
        with tempfile.TemporaryDirectory() as folder:
            site = Site(videod, folder)
            quiet, quiet_reference, *_ = measure(site, reference, seconds)
            attacker = multiprocessing.Process(target=attack, args=(site, storm))
            attacker.start()
            time.sleep(1)
            p99, p99_reference, slowest, refused, memory = measure(site, reference, seconds)
            size = disk(site)
            attacker.terminate()
            attacker.join()
            site.stop()
            ratio = p99 / quiet
            print(f"{storm.__name__:16}{quiet:16.2f} ms{p99:6.2f} ms{ratio:7.1f}"
                  f"{ratio / (p99_reference / quiet_reference):28.1f}{slowest:15.2f} s{refused:>9}{memory:6.0f} MB"
                  f"{size:5} MB", flush=True)


if __name__ == "__main__":
    main()
