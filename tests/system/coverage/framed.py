#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# framed.py attack|benign|watched WAIT: protocols that nobody has a parser for. On each connection 999 messages, then one more, the
# attack or nearly it, which is cut in two segments at each of its bytes in turn, and once in one segment for each byte. The server answers each message with the digest
# of all that arrived. An attack must not be answered (watched: it must), and all else must have arrived as it was sent.
import hashlib
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from traffic import message

HOST, COUNT = "10.57.1.1", 999
FRAMES = {  # port, messages, the attack, nearly it
    "length": (7001, lambda i: message(b"number %d " % i + b"." * (i % 40)), message(b"it is a message-attack"), message(b"it is a message_attack")),
    "delimiter": (7002, lambda i: b"number %d evil\x03" % i, b"evil as it is\x03", b"enil as it is\x03"),
    "fixed": (7003, lambda i: b"number %05d" % i, b"0123456789AB", b"0123456789AC"),
}


def connect(port):
    connection = socket.create_connection((HOST, port), timeout=10)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def answers(connection, lines, wait):
    """So many lines, or what comes in that time."""
    got = b""
    connection.settimeout(wait)
    try:
        while got.count(b"\n") < lines:
            data = connection.recv(1 << 16)
            if not data:
                break
            got += data
    except OSError:
        pass
    return got.split(b"\n")[:-1]


def cut_in(data, cut):
    return [data[:cut], data[cut:]] if cut else [data[i:i + 1] for i in range(len(data))]


def attempt(name, what, cut, wait):
    """None, or what went wrong. Cut at 0: everywhere."""
    port, make, evil, good = FRAMES[name]
    before, last = b"".join(make(i) for i in range(COUNT)), good if what == "benign" else evil
    with connect(port) as connection:
        connection.sendall(before)
        got = answers(connection, COUNT, 10)
        if len(got) != COUNT or got[-1].split()[-1].decode() != hashlib.sha256(before).hexdigest():
            return "%s, cut at %d: of %d messages %d came as they were sent" % (name, cut, COUNT, len(got))
        for piece in cut_in(last, cut):
            connection.sendall(piece)
            time.sleep(0.01)
        got = answers(connection, 1, wait)
    if what == "attack":
        return "%s, cut at %d: the attack was answered: %s" % (name, cut, got) if got else None
    if not got or got[0].split()[-1].decode() != hashlib.sha256(before + last).hexdigest():
        return "%s, cut at %d: the last message came as %s" % (name, cut, got)
    return None


def main():
    runs = [(name, sys.argv[1], cut, float(sys.argv[2])) for name in FRAMES for cut in range(len(FRAMES[name][2]))]
    with ThreadPoolExecutor(8) as pool:
        wrong = [one for one in pool.map(lambda run: attempt(*run), runs) if one]
    print("\n".join(wrong[:20] + ["%d connections, %d wrong" % (len(runs), len(wrong))]))
    sys.exit(bool(wrong))


main()
