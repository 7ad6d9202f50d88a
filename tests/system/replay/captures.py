#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# captures.py FOLDER: writes captures and, beside each, what replay has to say of it: NAME.expected is JSON with
# "hits" (patch, rule, verdict, packet, reason of each line), "summary" (members that must be so) and "status".
import json
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "coverage"))
from packets import ACK, FIN, PSH, RST, SYN, URG, address, checksum, pseudo  # noqa: E402

ETHERNET, RAW, NULL, LOOP, SLL, SLL2, IPV4, IPV6, PPP = 1, 101, 0, 108, 113, 276, 228, 229, 9
CLIENT, SERVER = "192.0.2.7", "198.51.100.4"
CLIENT6, SERVER6 = "2001:db8::7", "2001:db8:1::4"
ATTACK = b"GET /evil HTTP/1.1\r\nHost: a\r\n\r\n"
BENIGN = b"GET /good HTTP/1.1\r\nHost: a\r\n\r\n"


def ip(source, destination, protocol, payload, identification=0, fragment=0, ttl=64):
    source, destination = address(source), address(destination)
    if len(source) == 16:
        return struct.pack("!IHBB", 6 << 28, len(payload), protocol, ttl) + source + destination + payload
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), identification, fragment, ttl, protocol, 0)
    header += source + destination
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload


def fill(source, destination, protocol, segment, at, kind="right"):
    """The checksum: right, wrong, or what hardware has still to fill in (partial, zero)."""
    covered = pseudo(address(source), address(destination), protocol, len(segment))
    value = checksum(covered + segment)
    if kind == "wrong":
        value ^= 0x5555
    if kind == "partial":
        value = ~checksum(covered) & 0xFFFF
    if kind == "zero":
        value = 0
    return segment[:at] + struct.pack("!H", value) + segment[at + 2:]


def udp(payload, source=CLIENT, destination=SERVER, sport=40000, dport=53, **more):
    segment = struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload
    return ip(source, destination, 17, fill(source, destination, 17, segment, 6), **more)


class Connection:
    """Packets of a TCP connection; what is to be in the capture is appended to `packets`."""

    def __init__(self, source=CLIENT, destination=SERVER, sport=40000, dport=80, isn=1000, handshake=True):
        self.ends, self.ports = (source, destination), (sport, dport)
        self.begin, self.other = isn + 1, 5001
        self.packets = []
        if handshake:
            self.packets += [self.segment(SYN, self.begin - 1, ack=0), self.answer(SYN | ACK, 5000),
                             self.segment(ACK, self.begin)]

    def build(self, ends, ports, flags, sequence, ack, payload, kind):
        segment = struct.pack("!HHIIBBHHH", *ports, sequence & 0xFFFFFFFF, ack & 0xFFFFFFFF, 0x50, flags, 65535, 0, 0)
        return ip(*ends, 6, fill(*ends, 6, segment + payload, 16, kind))

    def segment(self, flags, sequence, payload=b"", ack=None, kind="right"):
        return self.build(self.ends, self.ports, flags, sequence, self.other if ack is None else ack, payload, kind)

    def answer(self, flags, sequence, payload=b"", ack=None):
        return self.build(self.ends[::-1], self.ports[::-1], flags, sequence, self.begin if ack is None else ack, payload, "right")

    def at(self, offset, payload, kind="right"):
        """Bytes at an offset of the client's stream."""
        self.packets.append(self.segment(PSH | ACK, self.begin + offset, payload, kind=kind))
        return self

    def cut(self, payload, size=1):
        for i in range(0, len(payload), size):
            self.at(i, payload[i:i + size])
        return self

    def reply(self, payload=b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"):
        self.packets.append(self.answer(PSH | ACK, self.other, payload))
        self.other += len(payload)
        return self


def fragments(packet, size, identification=77):
    """The pieces of an IP packet, `size` payload bytes each."""
    if packet[0] >> 4 == 4:
        payload, pieces = packet[20:], []
        source, destination = (".".join(map(str, packet[i:i + 4])) for i in (12, 16))
        for i in range(0, len(payload), size):
            more = 0x2000 if i + size < len(payload) else 0
            pieces.append(ip(source, destination, packet[9], payload[i:i + size], identification, more | i // 8))
        return pieces
    payload, pieces = packet[40:], []
    for i in range(0, len(payload), size):
        header = struct.pack("!BBHI", packet[6], 0, i | (i + size < len(payload)), identification)
        body = header + payload[i:i + size]
        pieces.append(packet[:4] + struct.pack("!HBB", len(body), 44, 64) + packet[8:40] + body)
    return pieces


def link_layer(link, packet, tags=()):
    kind = 0x0800 if packet[0] >> 4 == 4 else 0x86DD
    if link == ETHERNET:
        return bytes(12) + b"".join(struct.pack("!HH", *tag) for tag in tags) + struct.pack("!H", kind) + packet
    if link == SLL:
        return struct.pack("!HHH8xH", 0, 1, 6, kind) + packet
    if link == SLL2:
        return struct.pack("!HHIHBB8x", kind, 0, 1, 1, 0, 6) + packet
    if link == NULL:
        return struct.pack("<I", 2 if kind == 0x0800 else 30) + packet
    if link == LOOP:
        return struct.pack("!I", 2 if kind == 0x0800 else 24) + packet
    return packet


def pcap(frames, link, snap=262144, times=None):
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, snap, link)
    for i, frame in enumerate(frames):
        when = times[i] if times else 1700000000 + i / 1000
        out += struct.pack("<IIII", int(when), round(when % 1 * 1e6), min(len(frame), snap), len(frame)) + frame[:snap]
    return out


def pcapng(frames, link):
    def block(kind, body):
        body += b"\0" * (-len(body) % 4)
        return struct.pack("<II", kind, 12 + len(body)) + body + struct.pack("<I", 12 + len(body))

    out = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)) + block(1, struct.pack("<HHI", link, 0, 0))
    for i, frame in enumerate(frames):
        when = 1700000000000000 + i * 1000
        out += block(6, struct.pack("<IIIII", 0, when >> 32, when & 0xFFFFFFFF, len(frame), len(frame)) + frame)
    return out


folder = sys.argv[1]
made = 0


def write(name, data, hits=(), status=0, **summary):
    global made
    made += 1
    with open(os.path.join(folder, name), "wb") as out:
        out.write(data)
    keys = ("patch", "rule", "verdict", "packet", "reason")
    with open(os.path.join(folder, name + ".expected"), "w") as out:
        json.dump({"hits": [dict(zip(keys, hit)) for hit in hits], "status": status, "summary": summary}, out)


def make(name, packets, hits=(), link=ETHERNET, form=pcap, tags=(), times=None, **summary):
    frames = [link_layer(link, packet, tags) for packet in packets]
    data = form(frames, link) if form is pcapng else form(frames, link, times=times)
    write(name, data, hits, packets=len(packets), **summary)


def web(packet):
    """Both patches see it."""
    return [("REPLAY-HTTP", "path", "reset", packet, "rule"), ("REPLAY-MONITOR", "watch", "drop", packet, "rule")]


# links and formats
whole = lambda **more: Connection(**more).at(0, ATTACK).reply().packets
for name, link in (("ethernet", ETHERNET), ("raw", RAW), ("null", NULL), ("loop", LOOP), ("sll", SLL), ("sll2", SLL2), ("ipv4", IPV4)):
    make(f"whole-{name}.pcap", whole(), web(4), link=link, flows=1, blocked=2)
    make(f"whole-{name}.pcapng", whole(), web(4), link=link, form=pcapng, flows=1, blocked=2)
    if link != IPV4:
        make(f"whole-{name}-6.pcap", whole(source=CLIENT6, destination=SERVER6), web(4), link=link)
make("whole-ipv6.pcap", whole(source=CLIENT6, destination=SERVER6), web(4), link=IPV6)
make("vlan.pcap", whole(), web(4), tags=[(0x8100, 5)])
make("qinq.pcap", whole(), web(4), tags=[(0x88A8, 7), (0x8100, 5)])
arp = bytes(12) + b"\x08\x06" + bytes(28)
write("arp.pcap", pcap([arp] + [link_layer(ETHERNET, p) for p in whole()], ETHERNET), web(5), packets=6, not_ip=1)

# streams in disorder
size = len(ATTACK)
make("split.pcap", Connection().cut(ATTACK).packets, web(3 + size), blocked=1)
backwards = Connection()
for offset in reversed(range(0, size, 4)):
    backwards.at(offset, ATTACK[offset:offset + 4])
make("reordered.pcap", backwards.packets, web(3 + len(range(0, size, 4))))
make("retransmitted.pcap", Connection().at(0, BENIGN[:10]).at(0, BENIGN[:10]).at(10, BENIGN[10:]).packets, blocked=0)
make("other-bytes.pcap", Connection().at(0, BENIGN[:8]).at(0, ATTACK[:8]).at(8, BENIGN[8:]).packets,
     [("REPLAY-HTTP", "path", "drop", 5, "conflict")], blocked=1)
make("attack-again.pcap", Connection().at(0, ATTACK).at(0, ATTACK).at(0, ATTACK).packets, web(4), blocked=3)
decoy = Connection().at(0, BENIGN[:20], kind="wrong").at(0, ATTACK)
make("decoy-checksum.pcap", decoy.packets, web(5), checksum=1)
make("offloaded.pcap", Connection().at(0, ATTACK, kind="partial").packets, web(4), checksum=0)
make("without-checksum.pcap", Connection().at(0, ATTACK, kind="zero").packets, web(4), checksum=0)
keep_alive = Connection()
for i in range(50):
    keep_alive.at(i * len(BENIGN), BENIGN).reply()
keep_alive.at(50 * len(BENIGN), ATTACK)
make("keep-alive.pcap", keep_alive.packets, web(104), flows=1, blocked=1)
make("pipelined.pcap", Connection().at(0, BENIGN + ATTACK).packets, web(4))
make("encoded.pcap", Connection().at(0, b"GET /x/../%65vil HTTP/1.1\r\nHost: a\r\n\r\n").packets, web(4))
make("midstream.pcap", Connection(handshake=False).at(0, ATTACK).packets, web(1))
make("no-server.pcap", Connection().at(0, BENIGN).packets + whole(sport=40001), web(8), flows=2)
make("other-port.pcap", whole(dport=81), flows=1, blocked=0)
make("benign.pcap", Connection().at(0, BENIGN).reply().packets, flows=1, blocked=0)
make("time-backwards.pcap", whole(), web(4), times=[1700000000 - 100 * i for i in range(5)])

# fragments
attack = Connection().segment(PSH | ACK, 1001, ATTACK)
attack6 = Connection(source=CLIENT6, destination=SERVER6).segment(PSH | ACK, 1001, ATTACK)
start, start6 = Connection().packets, Connection(source=CLIENT6, destination=SERVER6).packets
for name, first, packet in (("", start, attack), ("-6", start6, attack6)):
    pieces = fragments(packet, 16)
    count = len(pieces)
    make(f"fragments{name}.pcap", first + pieces, web(3 + count), fragments=count, datagrams=1, refused=0)
    make(f"fragments-backwards{name}.pcap", first + pieces[::-1], web(3 + count), datagrams=1)
    make(f"fragments-twice{name}.pcap", first + pieces[:1] + pieces, web(4 + count), datagrams=1, refused=1)
    make(f"fragments-missing{name}.pcap", first + pieces[:-1], incomplete=1, datagrams=0)
    overlap = fragments(packet, 24)[1]  # other bytes for what the second piece has
    make(f"fragments-overlap{name}.pcap", first + pieces[:2] + [overlap] + pieces[2:], refused=1, datagrams=0)
    late = [1700000000 + i / 1000 for i in range(2 + count)] + [1700000061]
    make(f"fragments-late{name}.pcap", first + pieces, times=late, datagrams=0, incomplete=2)

# other protocols
question = lambda name: bytes.fromhex("123401000001000000000000") + name + bytes.fromhex("0000010001")
evil, good = question(b"\x04evil\x07example"), question(b"\x04good\x07example")
make("dns.pcap", [udp(good), udp(evil), udp(good)], [("REPLAY-DNS", "name", "drop", 2, "rule")], flows=1, blocked=1)
make("dns-upper.pcap", [udp(question(b"\x04EVIL\x07Example"))], [("REPLAY-DNS", "name", "drop", 1, "rule")])
make("dns-fragments.pcap", fragments(udp(evil), 8), [("REPLAY-DNS", "name", "drop", len(fragments(udp(evil), 8)), "rule")])
stream = struct.pack("!H", len(evil)) + evil
make("dns-tcp.pcap", Connection(dport=53).cut(stream, 5).packets, [("REPLAY-DNS", "name", "drop", 3 + -(-len(stream) // 5), "rule")])
mail = b"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<${run{x}}@c>\r\n"
make("smtp.pcap", Connection(dport=25).at(0, mail).packets, [("REPLAY-SMTP", "recipient", "reset", 4, "rule")])
make("smtp-split.pcap", Connection(dport=25).cut(mail).packets, [("REPLAY-SMTP", "recipient", "reset", 3 + mail.index(b"x}"), "rule")])
make("smtp-benign.pcap", Connection(dport=25).at(0, b"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n").packets, blocked=0)
make("datagram.pcap", [udp(b"evil bytes", dport=7000), udp(b"good bytes", dport=7000)],
     [("REPLAY-DATAGRAM", "bytes", "drop", 1, "rule")], blocked=0)

# who may connect, and who may not any more
guests = [Connection(source="192.0.2.8", dport=7001).packets[0], *Connection(dport=7001).packets]
make("outsider.pcap", guests, [("REPLAY-HEADERS", "outsiders", "drop", 1, "rule")], blocked=1)
make("often.pcap", [Connection(sport=port, dport=7002).packets[0] for port in range(5)],
     [("REPLAY-HEADERS", "often", "limit", packet, "rule") for packet in (4, 5)], blocked=2)
ban = Connection(dport=7003).at(0, b"ban me").packets
later = Connection(sport=40001, dport=7003).at(0, b"good").packets + [udp(good)] + whole(source="192.0.2.8")[3:4]
times = [1700000000 + i / 1000 for i in range(len(ban) + len(later))]
hits = [("REPLAY-HEADERS", "bytes", "ban", 4, "rule"), *web(10)]
make("ban.pcap", ban + later, hits, times=times, banned=4, blocked=6)
times[-len(later):] = [1700000061 + i / 1000 for i in range(len(later))]
make("ban-over.pcap", ban + later, hits, times=times, banned=0, blocked=2)
make("ban-one-sided.pcap", [ban[0], ban[3], *later], [("REPLAY-HEADERS", "bytes", "ban", 2, "rule"), *web(8)], banned=0)

# captures that are not whole
frames = [link_layer(ETHERNET, p) for p in whole()]
write("cut.pcap", pcap(frames, ETHERNET, snap=70), packets=5, cut=2, blocked=0)
write("truncated.pcap", pcap(frames, ETHERNET)[:-7], web(4), status=1, packets=4)
write("truncated.pcapng", pcapng(frames, ETHERNET)[:-7], web(4), status=1, packets=4)
write("no-packets.pcap", pcap([], ETHERNET), packets=0, flows=0)
write("empty.pcap", b"", status=2)
write("garbage.pcap", bytes(range(256)) * 8, status=2)
write("other-link.pcap", pcap(frames, PPP), status=2)
print(made)
