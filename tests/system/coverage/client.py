#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Sends the traffic of cases and tells what became of it:
#
#   client.py FROM KINDS WAIT RESULTS LOGS FILE...
#
# FROM is `peer`, `host` or `packets` (only cases of that kind are run), KINDS `stop`, `pass` or both with a comma, WAIT how long an
# answer may take in seconds. RESULTS gets a JSON object a line: `case`, `kind`, `answer` (the last, latin-1), `acts` (what the logs in
# the folder LOGS say the server did). Servers are spoken to at the same time, the cases of each one after another.
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time

import packets
import traffic
from case import read

HOST, HOST6 = "10.57.1.1", "fd57:1::1"
SAME = {"tls": "http"}  # one after the other: they are one process
QUIET, SHORTLY = 0.05, 0.02  # an answer is complete when so long nothing more comes: the last one, and those before


class Pieces:
    """Bytes that are sent in several segments."""

    def __init__(self, *pieces):
        self.pieces = pieces


class From:
    """The steps from another address, or from (address, port)."""

    def __init__(self, address, *steps):
        self.address, self.steps = address if isinstance(address, tuple) else (address, 0), list(steps)


class To:
    """The steps to another address of the server's."""

    def __init__(self, address, *steps):
        self.address, self.steps = address, list(steps)


class Ping:
    def __init__(self, address):
        self.address = address


class Curl:
    def __init__(self, arguments):
        self.arguments = arguments


class Tcp:
    """DNS and its like: by TCP though the server's first port is UDP; or to another port."""

    def __init__(self, *steps, port=None):
        self.steps, self.port = list(steps), port


class Udp(Tcp):
    pass


def by_bytes(data, size=1):
    return Pieces(*(data[i:i + size] for i in range(0, len(data), size)))


def names():
    found = {key: value for module in (traffic, packets) for key, value in vars(module).items() if not key.startswith("_")}
    found.update(Pieces=Pieces, From=From, To=To, Ping=Ping, Curl=Curl, Tcp=Tcp, Udp=Udp, by_bytes=by_bytes)
    return found


def hear(connection, wait, quiet=SHORTLY):
    """What is answered: until it is quiet or closed."""
    got = b""
    connection.settimeout(wait)
    try:
        while True:
            data = connection.recv(1 << 16)
            if not data:
                break
            got += data
            connection.settimeout(quiet)
    except OSError:
        pass
    return got


def converse(connection, steps, greets, wait):
    answer = hear(connection, wait) if greets else b""
    for number, step in enumerate(steps, 1):
        try:
            for piece in step.pieces if isinstance(step, Pieces) else [step]:
                connection.sendall(piece)
                if isinstance(step, Pieces):
                    time.sleep(0.003)
        except OSError:
            return b""
        answer = hear(connection, wait, QUIET if number == len(steps) else SHORTLY)
    return answer


def run_socket(case, given, wait, host):
    source, udp, port = None, case.server.udp, case.server.port
    if isinstance(given, From):
        source, given = given.address, given.steps
    if isinstance(given, To):
        host, given = given.address, given.steps
    if isinstance(given, Tcp):
        udp, port, given = isinstance(given, Udp), given.port or port, given.steps
    steps = given if isinstance(given, list) else [given]
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM) as connection:
        connection.settimeout(wait)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            if source:
                connection.bind(source)
            connection.connect((host, port))
            if not udp:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return converse(connection, steps, case.server.greets and not udp, wait)
        except OSError:
            return b""


def run_curl(given, wait, host):
    done = subprocess.run("curl -s -S -i -k --max-time %f %s" % (wait, given.arguments.format(host=host)), shell=True, capture_output=True)
    return done.stdout + done.stderr


def run(case, kind, wait, tun):
    given = case.traffic(kind, names())
    if isinstance(given, packets.Script):
        return given.run(tun, wait)
    host = {"6": HOST6}.get(case["family"], HOST)
    if case["by"] == "host":
        host = "127.0.0.1"
    if isinstance(given, Ping):
        return subprocess.run(["ping", "-q", "-c", "1", "-W", str(wait), given.address], capture_output=True).returncode == 0 and b"pong" or b""
    if isinstance(given, Curl):
        return run_curl(given, wait, host)
    return run_socket(case, given, wait, host)


class Logs:
    """What a server's logs say that it did since the last look, for each log."""

    def __init__(self, folder, logs):
        self.logs = [(name, "%s/%s.log" % (folder, name), re.compile(pattern)) for name, pattern in dict(logs).items()]
        self.at = {path: self.size(path) for _, path, _ in self.logs}

    def size(self, path):
        return os.path.getsize(path) if os.path.exists(path) else 0

    def settled(self, awaited):
        """Until nothing more is written; where something is awaited, once something was."""
        end, before = time.monotonic() + 1, None
        while time.monotonic() < end:
            sizes = [self.size(path) for _, path, _ in self.logs]
            if sizes == before and not (awaited and sizes == list(self.at.values())):
                return
            before = sizes
            time.sleep(0.02)

    def acts(self, awaited):
        found = {}
        self.settled(awaited)
        for name, path, pattern in self.logs:
            if self.size(path) == self.at[path]:
                continue
            with open(path, "rb") as log:
                log.seek(self.at[path])
                data = log.read()
            self.at[path] += len(data)
            matches = [match.group(1).decode("latin-1").strip() for match in map(pattern.search, data.split(b"\n")) if match and match.group(1)]
            if matches:
                found[name] = matches
        return found


def run_server(cases, kinds, wait, folder, tun, results):
    logs = Logs(folder, [log for case in cases for log in case.server.logs])
    for case in cases:
        for kind in kinds:
            answer = run(case, kind, wait, tun)
            acts = logs.acts(answer and case.server.logs and not case["log"])
            results.append(json.dumps({"case": case.name, "kind": kind, "answer": answer.decode("latin-1"), "acts": acts}))


def main():
    where, kinds, wait, path, folder = sys.argv[1:6]
    groups, results = {}, []
    for case in read(sys.argv[6:]):
        if (case["by"] or "peer") == where:
            groups.setdefault("maker" if where == "packets" else SAME.get(case["server"], case["server"]), []).append(case)
    tun = packets.Tun() if where == "packets" else None
    threads = [threading.Thread(target=run_server, args=(cases, kinds.split(","), float(wait), folder, tun, results)) for cases in groups.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with open(path, "a") as out:
        out.write("".join(line + "\n" for line in results))


if __name__ == "__main__":
    main()
