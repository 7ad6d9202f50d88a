#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Scenes of traffic against shielded servers, each with a patch of its own:
#
#   scenes.py list                  NAME FROM TCPDUMP-ARGUMENTS, a line each
#   scenes.py definitions FOLDER    their patches
#   scenes.py run NAME              its traffic, to be run where FROM says: outside, here, or here behind the packet maker
#
# Where a scene has several hits, each comes from another address, so that each is an event of its own.
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "coverage"))
import packets  # noqa: E402
from client import Pieces, by_bytes, converse  # noqa: E402
from packets import ACK, PSH, SYN  # noqa: E402
from traffic import *  # noqa: E402,F403
import socket  # noqa: E402

HERE, HERE6, INSIDE = "10.57.1.1", "fd57:1::1", "10.57.2.2"
SCENES = {}


class Scene:
    def __init__(self, run, where, capture, rules, ports, reading, mode):
        self.run, self.where, self.capture = run, where, capture
        self.rules, self.ports, self.reading, self.mode = rules, ports, reading, mode

    def definition(self, name):
        text = "[patch]\nid = %s\ntitle = a scene\nseverity = high\nmode = %s\n" % (name, self.mode)
        text += "[service s]\nports = %s\n%s\n" % (self.ports, self.reading)
        for number, rule in enumerate(self.rules):
            text += "[rule r%d]\nservice = s\n%s\n" % (number, "\n".join(line.strip() for line in rule.split(";")))
            if "action" not in rule and "set =" not in rule:
                text += "action = drop\n"
            if "set =" not in rule:
                text += "[sample attack%d]\nrule = r%d\nexpect = blocked\nsend = \"see the scene\"\n" % (number, number)
        return text + "[sample benign]\nservice = s\nexpect = passed\nsend = \"see the scene\"\n"


def scene(*rules, ports="tcp/80", reading="application = http", mode="enforce", where="outside", capture="-i outside"):
    def add(run):
        SCENES[run.__name__.replace("_", "-")] = Scene(run, where, capture, rules, ports, reading, mode)
        return run
    return add


def maker(*rules, **more):
    return scene(*rules, where="maker", capture="-i maker", **more)


def talk(*steps, port=80, host=HERE, source=None, greets=False, udp=False, wait=0.3):
    """A connection with those steps; one that is not answered is reset, lest it go on in the next scene."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM) as connection:
        connection.settimeout(2)
        if source:
            connection.bind((source, 0))
        connection.connect((host, port))
        if not udp:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answer = converse(connection, steps, greets, wait)
        if not udp and not answer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return answer


def client(i):
    """Addresses of the client; so many that no two attacks of a scene come from one."""
    return "10.57.1.%d" % (10 + i)


@scene("when = http.path equals \"/keep\"")
def http_keep_alive():
    for i in range(4):
        talk(*[request("GET /alive")] * 30, request("GET /keep"), source=client(i))
        talk(*[request("GET /alive")] * 5, source=client(i))


@scene("when = http.path starts-with \"/pipe/evil\"")
def http_pipelined():
    for i in range(4):
        talk(request("GET /pipe/a") * 10 + request("GET /pipe/evil%d" % i) + request("GET /pipe/b"), source=client(i))


@scene("when = http.header(X-Split) contains \"split attack\"")
def http_split():
    for i in range(1, 6):
        talk(by_bytes(request("GET /split", "X-Split: a split attack"), i), source=client(i))
        talk(by_bytes(request("GET /split", "X-Split: no such thing"), i), source=client(i))


@scene("when = http.request_body contains \"in chunks and\"")
def http_chunked():
    for i in range(3):
        talk(by_bytes(chunked("/c", b"it is in ch", b"unks and", b"more" * i), 9), source=client(i))
        talk(chunked("/c", b"it is in ch", b"unks or"), source=client(i))


@scene("when = http.request_body.json(a.b) equals \"zipped\"")
def http_gzip():
    for i in range(3):
        talk(request("POST /g", "Content-Encoding: gzip", "Content-Type: application/json", body=gzip('{"a":{"b":"zipped"}}' + " " * i)), source=client(i))


@scene("when = http.path equals \"/ambiguous\"")
def http_ambiguous():
    talk(request("POST /both", "Transfer-Encoding: chunked", body="0\r\n\r\n"), source=client(1))
    talk(request("GET /folded", "X-A: b\r\n c"), source=client(2))


@scene("when = http.path equals \"/watched\"", mode="monitor")
def http_monitor():
    for i in range(3):
        talk(*[request("GET /watched"), request("GET /other")] * 3, source=client(i))


@scene("direction = to-client; when = http.response_body contains \"leaked\"", mode="monitor")
def http_responses():
    for i in range(3):
        talk(request("GET /answer/200/OK/a/it-is-leaked-%d" % i), request("GET /answer/200/OK/a/nothing"), source=client(i))


@scene("when = http.uri contains \"six-attack\"")
def http_ipv6():
    for i in range(3):
        talk(request("GET /a%d" % i), by_bytes(request("GET /?a=six-attack"), 11), host=HERE6, source="fd57:1:0:%d::2" % (i + 1))


@scene("when = http.path equals \"/before\"; set = seen", "when = flow(seen) at-least 2; when = http.path equals \"/behind\"")
def http_variables():
    for i in range(4):
        talk(*[request("GET /before")] * i, request("GET /behind"), source=client(i))


@scene("when = http.path equals \"/ban\"; action = ban 1m", "when = http.path equals \"/refuse\"; action = reject")
def http_ban():
    for i in range(3):
        talk(request("GET /a"), request("GET /ban"), request("GET /b"), source=client(i + 20))
        talk(request("GET /a"), request("GET /refuse"), source=client(i))


@scene("when = dns.query ends-with \".evil.example\"", ports="udp/53, tcp/53", reading="application = dns")
def dns_udp():
    for i in range(5):
        talk(query("a%d.evil.example" % i), port=53, udp=True, source=client(i))
        talk(query("a%d.good.example" % i), port=53, udp=True, source=client(i))


@scene("when = dns.query ends-with \".wrong.example\"", ports="udp/53, tcp/53", reading="application = dns")
def dns_tcp():
    for i in range(4):
        talk(by_bytes(over_tcp(query("right.example")) + over_tcp(query("a%d.wrong.example" % i)), 10), port=53, source=client(i))


@scene("direction = to-client; when = dns.flags.response equals 1; when = dns.query equals \"watched.example\"",
       ports="udp/53", reading="application = dns", mode="monitor")
def dns_answers():
    for i in range(3):
        talk(query("watched.example"), port=53, udp=True, source=client(i))


@scene("when = ftp.command equals \"SITE\"", ports="tcp/21", reading="application = ftp")
def ftp():
    for i in range(3):
        talk(b"USER anonymous\r\n", b"PASS a\r\n", b"PWD\r\n", by_bytes(b"SITE EXEC %d\r\n" % i), port=21, greets=True, source=client(i))


@scene("when = smtp.line contains \"scene attack\"", ports="tcp/25", reading="application = smtp")
def smtp():
    for i in range(3):
        talk(b"EHLO a\r\n", b"MAIL FROM:<a@b>\r\n", b"RCPT TO:<c@d>\r\n", b"DATA\r\n", by_bytes(b"a\r\nthe scene attack\r\n.\r\n"), port=25, greets=True,
             source=client(i))
        talk(b"EHLO a\r\n", b"MAIL FROM:<a@b>\r\n", b"QUIT\r\n", port=25, greets=True, source=client(i))


@scene("when = ssh.software starts-with \"Scene\"", "when = ssh.kex_algorithms contains \"scene-kex\"", ports="tcp/2222", reading="application = ssh")
def ssh():
    for i in range(3):
        talk(banner("Scene_%d" % i), port=2222, greets=True, source=client(i))
        talk(banner("Other"), kexinit(kex="curve25519-sha256,scene-kex"), port=2222, greets=True, source=client(i))
        talk(banner("Other"), kexinit() + agree(), port=2222, greets=True, source=client(i))


@scene("when = tls.sni equals \"scene.example\"", "when = tls.heartbeat.excess greater-than 0", ports="tcp/443", reading="application = tls")
def tls():
    for i in range(3):
        talk(by_bytes(hello(sni="scene.example"), 100), port=443, source=client(i))
        talk(hello(newest=TLS12), heartbeat(1000 + i, b"a"), port=443, source=client(i))
        talk(hello(sni="other.example"), port=443, source=client(i))


@scene("when = redis.argument contains \"scene\"", ports="tcp/6379", reading="application = redis")
def redis_commands():
    for i in range(3):
        talk(redis(b"PING") * 5, by_bytes(redis(b"ECHO", b"a scene %d" % i)), port=6379, source=client(i))


@scene("when = smb2.filename contains \"scene\"", ports="tcp/445", reading="application = smb")
def smb():
    for i in range(3):
        talk(negotiate(0x0311), by_bytes(create2("a\\scene%d" % i), 33), port=445, source=client(i))


@scene("when = telnet.line equals \"scene\"", ports="tcp/23", reading="application = telnet")
def telnet():
    for i in range(3):
        talk(b"\xff\xfb\x18", b"root\r\n", by_bytes(b"scene\r\n"), port=23, greets=True, source=client(i))


@scene("when = stream[0:] contains \"raw scene\"; action = reset", ports="tcp/7000", reading="")
def raw_stream():
    for i in range(3):
        talk(b"x" * 300000 + b"\n", by_bytes(b"a raw scene\n"), port=7000, source=client(i))


@scene("when = message[6:] contains \"framed scene\"", ports="tcp/7001", reading="frame = length(at 4, bytes 2, big-endian, plus 6)")
def framed():
    for i in range(3):
        talk(message(b"benign") * 200, by_bytes(message(b"benign") + message(b"a framed scene")), port=7001, source=client(i))


@scene("when = datagram[0:] contains \"datagram scene\"", ports="udp/7010", reading="")
def datagrams():
    for i in range(5):
        talk(b"%d a datagram scene" % i, port=7010, udp=True, source=client(i))
        talk(b"%d a datagram" % i, port=7010, udp=True, source=client(i))


@scene("when = stream[0:] contains \"local scene\"", ports="tcp/7004", reading="", mode="monitor", where="here", capture="-i lo -Q in")
def loopback():
    for i in range(3):
        talk(b"hello\n", by_bytes(b"a local scene\n"), port=7004, host="127.0.0.1", source="127.0.0.%d" % (i + 2))


@scene("when = stream[0:] contains \"forwarded scene\"", "direction = to-client; when = stream[0:] contains \"txet\"",
       ports="tcp/7000", reading="address = 10.57.2.2", capture="-i any -Q in")
def forwarded():
    for i in range(3):
        talk(b"hello\n", by_bytes(b"a forwarded scene\n"), port=7000, host=INSIDE, source=client(i))
        talk(b"hello\n", by_bytes(b"a text to turn round\n"), port=7000, host=INSIDE, source=client(i + 3))


@scene("when = datagram[0:] contains \"forwarded datagram\"", ports="udp/7010", reading="address = 10.57.2.2", capture="-i any -Q in")
def forwarded_datagrams():
    for i in range(4):
        talk(b"a forwarded datagram", port=7010, udp=True, host=INSIDE, source=client(i))
        talk(b"a forwarded telegram", port=7010, udp=True, host=INSIDE, source=client(i))


# By the packet maker: what no socket sends

class Connection(packets.Segments):
    """Its segments at offsets of the stream, in any order; sent without waiting."""

    def __init__(self, tun, source, port):
        super().__init__(source, port=port)
        self.tun, self.begin = tun, 1000
        tun.send(self.segment(self.begin, 0, SYN))
        self.ack = self.reply(tun, 2)[1] + 1 & 0xFFFFFFFF
        tun.send(self.segment(self.begin + 1, self.ack, ACK))

    def at(self, offset, payload):
        self.tun.send(self.segment(self.begin + 1 + offset, self.ack, PSH | ACK, payload))
        time.sleep(0.02)
        return self


@maker("when = stream[0:] contains \"again scene\"", ports="tcp/7021", reading="")
def retransmitted(tun):
    for i in range(4):
        Connection(tun, "10.59.3.%d" % (i + 1), 7021).at(0, b"hello\n").at(0, b"hello\n").at(6, b"again ").at(6, b"again ").at(0, b"hello\nagain ").at(12, b"scene\n")


@maker("when = stream[0:] contains \"conflict scene\"", ports="tcp/7021", reading="")
def conflicting(tun):
    for i in range(3):
        Connection(tun, "10.59.4.%d" % (i + 1), 7021).at(0, b"conf").at(0, b"evil").at(4, b"lict")


@maker("when = stream[0:] contains \"order scene\"", ports="tcp/7021", reading="")
def out_of_order(tun):
    for i in range(3):
        Connection(tun, "10.59.5.%d" % (i + 1), 7021).at(12, b"ne\n").at(6, b"scene ").at(3, b"er ").at(0, b"ord")


@maker("when = stream[0:] contains \"lap scene\"", ports="tcp/7021", reading="")
def overlapping(tun):
    for i in range(3):
        Connection(tun, "10.59.6.%d" % (i + 1), 7021).at(0, b"the over").at(4, b"overlap s").at(8, b"lap scene\n")


def fragments(packet, size):
    """The pieces of an IPv4 or IPv6 packet, of so many bytes."""
    head, protocol = (20, packet[9]) if packet[0] >> 4 == 4 else (40, packet[6])
    payload, source, destination = packet[head:], packets.transport(packet)[0], packets.transport(packet)[1]
    for at in range(0, len(payload), size):
        more = at + size < len(payload)
        if head == 20:
            header = packet[:2] + struct.pack("!HHHBBH", 20 + len(payload[at:at + size]), 7, more << 13 | at // 8, 64, protocol, 0) + packet[12:20]
            yield header[:10] + struct.pack("!H", packets.checksum(header)) + header[12:] + payload[at:at + size]
        else:
            body = struct.pack("!BBHI", protocol, 0, at | more, 7) + payload[at:at + size]
            yield packet[:4] + struct.pack("!HBB", len(body), 44, 64) + source + destination + body


def in_fragments(tun, source, payload, port):
    one = packets.Datagram(source, payload, port)
    segment = struct.pack("!HHHH", 40000, port, 8 + len(payload), 0) + payload
    for piece in fragments(one.packet(17, packets.filled(source, one.here, 17, segment, 6)), 16):
        tun.send(piece)
    time.sleep(0.05)


@maker("when = datagram[0:] contains \"fragmented scene\"", ports="udp/7012", reading="")
def fragments_ipv4(tun):
    for i in range(4):
        in_fragments(tun, "10.59.7.%d" % (i + 1), b"in so many pieces a fragmented scene", 7012)
        in_fragments(tun, "10.59.7.%d" % (i + 1), b"in so many pieces an unfragmented one", 7012)


@maker("when = datagram[0:] contains \"sixfold scene\"", ports="udp/7012", reading="")
def fragments_ipv6(tun):
    for i in range(4):
        in_fragments(tun, "fd59:0:0:%d::2" % (i + 1), b"in so many pieces a sixfold scene", 7012)


def main():
    if sys.argv[1] == "list":
        for name, one in SCENES.items():
            print(name, one.where, one.capture)
    elif sys.argv[1] == "definitions":
        for name, one in SCENES.items():
            with open("%s/%s.vpatch" % (sys.argv[2], name), "w") as out:
                out.write(one.definition(name))
    else:
        one = SCENES[sys.argv[2]]
        one.run(*([packets.Tun()] if one.where == "maker" else []))


main()
