#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Cases of the coverage test. A file of them:
#
#   [NAME]                      the patch's id
#   server = http               where it goes, see SERVERS
#   when   = http.method ...    lines of the rule; the first is what the case is about
#   stop   = request("...")     Python: traffic that must not reach the server, with the functions of traffic.py and client.py
#   pass   = request("...")     nearly the same, which must
#
# and where they are needed `threshold`, `first` (a condition that sets the variable `first` of the connection), `direction`, `action`, `ports` (others than the server's), `family` (6), `by` (`host`: over loopback;
# `packets`: by the packet maker), `answer` (a regular expression that the server's last answer to either matches),
# `answer-stop`, `answer-pass`, `acts = no` (the server acts, only its answer is
# stopped, or does not log the part that matters), `acts = LOG` (only that log says whether it acts) `log = no` (the server logs nothing
# of it) and `varies = yes` (answers differ from time to time). {source} is the case's own address
# in the packet maker's network.
#
#   case.py definitions FOLDER FILE...      writes a definition for each case
import os
import re
import sys
from collections import namedtuple

Server = namedtuple("Server", "ports reading port udp greets answer logs")


def server(ports, reading="", greets=False, answer=b".", logs=()):
    first = ports.split(",")[0]
    return Server(ports, reading, int(first.split("/")[1].split("-")[0]) if "/" in first else 0, first.startswith("udp"), greets, answer, logs)


PLAIN = rb"(?s)(.*)"
SERVERS = {
    "http": server("tcp/80", "application = http", answer=rb"^HTTP/1\.1 ", logs=[("http", PLAIN), ("nginx", PLAIN)]),
    "tls": server("tcp/443", "application = tls", answer=rb"^[\x15\x16]\x03"),  # the same nginx as http
    "dns": server("udp/53, tcp/53", "application = dns", logs=[("dns", rb"query(\[\S+\] \S+)")]),
    "names": server("udp/5300", "application = dns", logs=[("names", PLAIN)]),
    "ssh": server("tcp/2222", "application = ssh", greets=True, logs=[("ssh", rb"(Remote protocol version.*|KEX algorithms.*|ciphers ctos.*)")]),
    "smtp": server("tcp/25", "application = smtp", greets=True, logs=[("smtp", rb"SMTP<< (.*)"), ("exim/main", rb"<= (\S+)")]),
    "ftp": server("tcp/21", "application = ftp", greets=True, logs=[("ftp", rb"FTP command: [^,]*, (.*)")]),
    "pop3": server("tcp/110", "application = pop3", greets=True, logs=[("pop3", PLAIN)]),
    "imap": server("tcp/143", "application = imap", greets=True, logs=[("imap", PLAIN)]),
    "telnet": server("tcp/23", "application = telnet", greets=True, logs=[("telnet", PLAIN)]),
    "redis": server("tcp/6379", "application = redis", logs=[("redis", rb"\] (.*)")]),
    "smb": server("tcp/445", "application = smb", logs=[("smb", PLAIN)]),
    "raw": server("tcp/7000", logs=[("raw", PLAIN)]),
    "length": server("tcp/7001", "frame = length(at 4, bytes 2, big-endian, plus 6)", logs=[("length", PLAIN)]),
    "delimiter": server("tcp/7002", "frame = delimiter \"\\x03\"", logs=[("delimiter", PLAIN)]),
    "fixed": server("tcp/7003", "frame = fixed 12", logs=[("fixed", PLAIN)]),
    "datagram": server("udp/7010"),
    "messages": server("udp/7011", "frame = length(at 0, bytes 1, big-endian, plus 1)"),
    "segments": server("tcp/7020", answer=b"S"),
    "icmp": server("icmp"),
    "icmpv6": server("icmpv6"),
}


class Case:
    def __init__(self, name, number, where):
        self.name, self.number, self.where = name, number, where
        self.values = {"when": []}

    def __getitem__(self, key):
        return self.values.get(key)

    @property
    def server(self):
        return SERVERS[self["server"]]

    @property
    def source(self):
        return ("fd59::1:%x" if self["family"] == "6" else "10.59.1.%d") % self.number

    def traffic(self, kind, names):
        return eval(self[kind], dict(names, source=self.source))

    def answer(self, kind):
        own = self["answer-" + kind] or self["answer"]
        return own.encode("latin-1") if own else self.server.answer

    def definition(self):
        """The patch; its samples only say that it has some, the case is the proof."""
        def lines(*pairs):
            return "".join("%s = %s\n" % pair for pair in pairs if pair[1])
        text = lines(("id", self.name), ("title", "a case of the coverage test"), ("severity", "high"))
        text = "[patch]\n" + text + "[service s]\n" + lines(("ports", self["ports"] or self.server.ports))
        text += self.server.reading + "\n"
        if self["first"]:
            text += "[rule first]\n" + lines(("service", "s"), ("when", self["first"]), ("set", "first"))
        text += "[rule r]\n" + lines(("service", "s"), ("direction", self["direction"]), ("threshold", self["threshold"]),
                                    *(("when", line.replace("{source}", self.source)) for line in self["when"]),
                                    ("action", self["action"] or "drop"))
        return text + ("[sample attack]\nrule = r\nexpect = blocked\nsend = \"see its case\"\n"
                       "[sample benign]\nservice = s\nexpect = passed\nsend = \"see its case\"\n")


KEYS = "server first threshold when stop pass direction action ports family by answer answer-stop answer-pass acts log varies".split()


def read(paths):
    cases = []
    for path in paths:
        for number, line in enumerate(open(path), 1):
            line, where = line.strip(), "%s:%d" % (os.path.basename(path), number)
            if not line or line.startswith("#"):
                continue
            if re.fullmatch(r"\[[\w.-]+\]", line):
                cases.append(Case(line[1:-1], len(cases) + 1, where))
                continue
            key, _, value = (part.strip() for part in line.partition("="))
            if key not in KEYS:
                sys.exit("%s: no such key: %s" % (where, key))
            if key == "when":
                cases[-1].values["when"].append(value)
            else:
                cases[-1].values[key] = value
    if len({case.name for case in cases}) != len(cases):
        sys.exit("two cases have one name")
    return cases


def main():
    folder = sys.argv[2]
    cases = read(sys.argv[3:])
    for case in cases:
        with open("%s/%s.vpatch" % (folder, case.name), "w") as out:
            out.write(case.definition())
    print(len(cases))


if __name__ == "__main__":
    main()
