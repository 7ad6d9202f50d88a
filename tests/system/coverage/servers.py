#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# servers.py FOLDER: listeners for what no small package serves, and the application behind nginx. Each line of
# FOLDER/NAME.log is one thing that was done: a request, a line, a message, a datagram.
import hashlib
import os
import socket
import struct
import sys
import threading

folder = sys.argv[1]


def note(name, what):
    with open("%s/%s.log" % (folder, name), "ab", buffering=0) as log:
        said = repr(what) if len(what) < 300 else "%d bytes, %s" % (len(what), hashlib.sha256(what).hexdigest())
        log.write(said.encode() + b"\n")


class Peer:
    """The bytes of a connection, as many as asked for."""

    def __init__(self, connection):
        self.connection, self.bytes = connection, b""

    def more(self):
        got = self.connection.recv(1 << 16)
        if not got:
            raise ConnectionError
        self.bytes += got

    def exactly(self, count):
        while len(self.bytes) < count:
            self.more()
        taken, self.bytes = self.bytes[:count], self.bytes[count:]
        return taken

    def until(self, end):
        while end not in self.bytes:
            self.more()
        return self.exactly(self.bytes.index(end) + len(end))

    def say(self, what):
        self.connection.sendall(what)


def lines(name, greeting, answer):
    """A server of lines; `answer` maps a line to what is said."""
    def serve(peer):
        if greeting:
            peer.say(greeting)
        while True:
            line = peer.until(b"\n").rstrip(b"\r\n")
            note(name, line)
            peer.say(answer(line))
    return serve


def imap(line):
    tag = line.split(b" ")[0]
    return b"+ go on\r\n" if line.endswith(b"}") else tag + b" OK done\r\n"


def smb(peer):
    while True:
        length = struct.unpack("!I", peer.exactly(4))[0] & 0xFFFFFF
        message = peer.exactly(length)
        note("smb", message)
        peer.say(struct.pack("!I", 4) + message[:4])


def framed(name, message):
    """A server of messages; each is answered by its length and the digest of all so far."""
    def serve(peer):
        digest = hashlib.sha256()
        while True:
            one = message(peer)
            note(name, one)
            digest.update(one)
            peer.say(b"ok %d %s\n" % (len(one), digest.hexdigest().encode()))
    return serve


def with_length(peer):
    head = peer.exactly(6)
    return head + peer.exactly(struct.unpack("!H", head[4:])[0])


def raw(peer):
    """A line is answered by it reversed."""
    while True:
        line = peer.until(b"\n")
        note("raw", line)
        peer.say(line[-2::-1] + b"\n")


def header(head, name):
    for line in head.split(b"\r\n")[1:]:
        if line.lower().startswith(name + b":"):
            return line.split(b":", 1)[1].strip()
    return None


def chunks(peer):
    body = b""
    while True:
        size = int(peer.until(b"\r\n").split(b";")[0], 16)
        if not size:
            return body, peer.until(b"\r\n")
        body += peer.exactly(size)
        peer.until(b"\r\n")


def application(peer):
    """Behind nginx: does what the request says, once it has come whole."""
    while True:
        head = peer.until(b"\r\n\r\n")
        body = b""
        if header(head, b"transfer-encoding"):
            body = chunks(peer)[0]
        elif header(head, b"content-length"):
            body = peer.exactly(int(header(head, b"content-length")))
        note("http", b"%s %s" % (head.split(b"\r\n")[0], body))
        peer.say(answer(head, body))


def answer(head, body):
    """/answer/STATUS/REASON/VALUE/BODY is that response; all else is 200 with what was asked for."""
    target = head.split(b" ")[1]
    status, reason, value, text = b"200", b"OK", b"none", b"done " + target
    if target.startswith(b"/answer/"):
        status, reason, value, text = target.split(b"/")[2:6]
    return b"HTTP/1.1 %s %s\r\nX-Value: %s\r\nContent-Length: %d\r\n\r\n%s" % (status, reason, value, len(text), text)


def connection(serve, accepted):
    try:
        serve(Peer(accepted))
    except (OSError, ValueError, IndexError):
        pass
    accepted.close()


def accept(listener, serve):
    while True:
        threading.Thread(target=connection, args=(serve, listener.accept()[0]), daemon=True).start()


def datagrams(name, port):
    """A datagram is answered by itself, reversed."""
    receiver = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    receiver.bind(("::", port))
    while True:
        data, sender = receiver.recvfrom(1 << 16)
        note(name, data)
        receiver.sendto(data[::-1], sender)


TCP = {
    23: lines("telnet", b"\xff\xfd\x18login: ", lambda line: b"$ "),
    110: lines("pop3", b"+OK ready\r\n", lambda line: b"+OK\r\n"),
    143: lines("imap", b"* OK ready\r\n", imap),
    445: smb,
    7000: raw,
    7001: framed("length", with_length),
    7002: framed("delimiter", lambda peer: peer.until(b"\x03")),
    7003: framed("fixed", lambda peer: peer.exactly(12)),
    7004: raw,
    7020: raw,
    7021: raw,
}
UDP = {7010: "datagram", 7011: "messages", 7012: "datagram", 5300: "names"}


def main():
    for port, serve in TCP.items():
        listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=500)
        threading.Thread(target=accept, args=(listener, serve), daemon=True).start()
    for port, name in UDP.items():
        threading.Thread(target=datagrams, args=(name, port), daemon=True).start()
    local = socket.socket(socket.AF_UNIX)
    local.bind(folder + "/application")
    os.chmod(folder + "/application", 0o666)
    local.listen(100)
    accept(local, application)


main()
