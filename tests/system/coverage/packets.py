# SPDX-License-Identifier: GPL-2.0-or-later
# A packet maker: a host that exists only in this process, behind a tun device of this namespace. What it sends is exactly
# what is asked for; the kernel and the servers on this side answer it as they answer anybody.
import fcntl
import os
import random
import select
import socket
import struct
import subprocess
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
HERE, HERE6 = "10.59.0.1", "fd59::1"
FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (1 << i for i in range(8))


def address(text):
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def pseudo(source, destination, protocol, length):
    if len(source) == 4:
        return source + destination + struct.pack("!BBH", 0, protocol, length)
    return source + destination + struct.pack("!IxxxB", length, protocol)


def ip(source, destination, protocol, payload, ttl=64, options=b"", extensions=()):
    """`extensions`: (number, bytes behind its first two), IPv6 only."""
    source, destination = address(source), address(destination)
    if len(source) == 16:
        for number, data in reversed(extensions):
            payload = struct.pack("!BB", protocol, (len(data) + 2) // 8 - 1) + data + payload
            protocol = number
        return struct.pack("!IHBB", 6 << 28, len(payload), protocol, ttl) + source + destination + payload
    words = 5 + len(options) // 4
    head = struct.pack("!BBHHHBBH", 0x40 | words, 0, words * 4 + len(payload), 1, 0, ttl, protocol, 0) + source + destination + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def filled(source, destination, protocol, segment, at):
    value = checksum(pseudo(address(source), address(destination), protocol, len(segment)) + segment)
    return segment[:at] + struct.pack("!H", value) + segment[at + 2:]


class Tun:
    """The device is there only as long as this, unless it was made before to stay."""

    def __init__(self):
        self.fd = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(self.fd, TUNSETIFF, struct.pack("16sH22x", b"maker", IFF_TUN | IFF_NO_PI))
        for command in ("address replace %s/16 dev maker" % HERE, "address replace %s/48 dev maker nodad" % HERE6, "link set maker up"):
            subprocess.run(["ip"] + command.split(), check=True)

    def send(self, packet):
        os.write(self.fd, packet)

    def receive(self, until):
        """The next packet, or None at that time."""
        left = until - time.monotonic()
        if left <= 0 or not select.select([self.fd], [], [], left)[0]:
            return None
        return os.read(self.fd, 1 << 16)


def transport(packet):
    """Addresses, protocol and what is behind the IP header."""
    if packet[0] >> 4 == 6:
        return packet[8:24], packet[24:40], packet[6], packet[40:]
    return packet[12:16], packet[16:20], packet[9], packet[(packet[0] & 15) * 4:]


class Script:
    """Something that is sent, and the answer to it."""

    def __init__(self, source, **fields):
        self.source, self.here = source, HERE6 if ":" in source else HERE
        self.fields = {key: fields[key] for key in ("ttl", "options", "extensions") if key in fields}

    def packet(self, protocol, payload):
        return ip(self.source, self.here, protocol, payload, **self.fields)

    def answers(self, tun, protocol, wait):
        """What is sent back, for as long as that."""
        until = time.monotonic() + wait
        while True:
            packet = tun.receive(until)
            if packet is None:
                return
            _, destination, found, rest = transport(packet)
            if destination == address(self.source) and found == protocol:
                yield rest


class Datagram(Script):
    def __init__(self, source, payload, port=7010, sport=40000, **fields):
        super().__init__(source, **fields)
        self.payload, self.ports = payload, (sport, port)

    def run(self, tun, wait):
        segment = struct.pack("!HHHH", *self.ports, 8 + len(self.payload), 0) + self.payload
        tun.send(self.packet(17, filled(self.source, self.here, 17, segment, 6)))
        for answer in self.answers(tun, 17, wait):
            if struct.unpack("!HH", answer[:4]) == self.ports[::-1]:
                return answer[8:]
        return b""


class Echo(Script):
    """Of ICMP or ICMPv6, or another type."""

    def __init__(self, source, payload=b"payload", kind=None, code=0, **fields):
        super().__init__(source, **fields)
        self.protocol = 58 if ":" in source else 1
        self.kind, self.code, self.payload = kind or {1: 8, 58: 128}[self.protocol], code, payload

    def run(self, tun, wait):
        message = struct.pack("!BBHHH", self.kind, self.code, 0, 7, 1) + self.payload
        covered = message if self.protocol == 1 else pseudo(address(self.source), address(self.here), 58, len(message)) + message
        tun.send(self.packet(self.protocol, message[:2] + struct.pack("!H", checksum(covered)) + message[4:]))
        for answer in self.answers(tun, self.protocol, wait):
            if answer[4:8] == message[4:8]:
                return answer[:1] + answer[8:]
        return b""


def letters(flags):
    return "".join(letter for bit, letter in enumerate("FSRPAUEC") if flags & 1 << bit).encode()


class Segments(Script):
    """
    A SYN with `syn` (flags, window, urgent, options as bytes), then one segment for each of `then`, (flags, payload, others).
    The answer is the flags and the payload of what came back to the last of them. Pure acknowledgements are none. It ends with a
    RST unless it is to `leave` the connection open.
    """

    def __init__(self, source, *then, sport=None, port=7020, flags=SYN, window=64240, urgent=0, tcp_options=b"", leave=False, **fields):
        super().__init__(source, **fields)
        self.then, self.ports, self.leave = then, (sport or random.randint(20000, 60000), port), leave
        self.first = dict(flags=flags, window=window, urgent=urgent, tcp_options=tcp_options)

    def segment(self, sequence, ack, flags, payload=b"", window=64240, urgent=0, tcp_options=b""):
        head = struct.pack("!HHIIBBHHH", *self.ports, sequence & 0xFFFFFFFF, ack, (5 + len(tcp_options) // 4) << 4, flags, window, 0, urgent)
        return self.packet(6, filled(self.source, self.here, 6, head + tcp_options + payload, 16))

    def reply(self, tun, wait):
        """Flags, sequence number and payload of the next that says something."""
        for answer in self.answers(tun, 6, wait):
            if struct.unpack("!HH", answer[:4]) != self.ports[::-1]:
                continue
            sequence, payload = struct.unpack("!I", answer[4:8])[0], answer[(answer[12] >> 4) * 4:]
            if payload or answer[13] & (SYN | FIN | RST):
                return letters(answer[13]), sequence, payload
        return None

    def run(self, tun, wait):
        sequence = int.from_bytes(os.urandom(4), "big")
        tun.send(self.segment(sequence, 0, **self.first))
        got = self.reply(tun, wait)
        if not got:
            return b""
        sequence, ack = sequence + 1, got[1] + 1 & 0xFFFFFFFF
        if self.then:
            tun.send(self.segment(sequence, ack, ACK))
        for flags, payload, *more in self.then:
            tun.send(self.segment(sequence, ack, flags, payload, **(more[0] if more else {})))
            sequence += len(payload) + bool(flags & FIN)
            got = self.reply(tun, wait)
        if not self.leave:
            tun.send(self.segment(sequence, ack, RST | ACK))
        return got[0] + b" " + got[2] if got else b""
