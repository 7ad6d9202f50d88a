#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Judges what client.py found:
#
#   judge.py reached RESULTS CASES...              without a shield: attacks and benign traffic are answered
#   judge.py same KIND CONTROL RESULTS CASES...    what a shield lets through: the same answers, and the same was done
#   judge.py stopped CONTROL RESULTS CASES...      attacks: not answered, and not done
#   judge.py counts BEFORE AFTER N CASES...        two documents of `status --json`: each case's count moved by N
import json
import re
import sys
from collections import Counter

from case import read

wrong = []
RANDOM = ("tls", "ssh", "smtp", "segments")  # their answers differ each time


def fault(case, kind, text):
    wrong.append(case.name)
    print("%s: %s (%s): %s" % (case.where, case.name, kind, text))


def results(path):
    found = {}
    for line in open(path):
        one = json.loads(line)
        found[one["case"], one["kind"]] = one
    return found


def brief(one):
    return "answer %.200r, done %.500r" % (one["answer"][-200:], one["acts"])


def answered(case, one):
    return re.search(case.answer(one["kind"]), one["answer"].encode("latin-1")) is not None


def each(cases, kinds, path):
    found = results(path)
    for case in cases:
        for kind in kinds:
            if (case.name, kind) in found:
                yield case, kind, found[case.name, kind]
            else:
                fault(case, kind, "was not sent")


def reached(cases, path):
    for case, kind, one in each(cases, ("pass", "stop"), path):
        if not answered(case, one):
            fault(case, kind, "not answered as it should: " + brief(one))
        elif case.server.logs and not one["acts"] and not case["log"]:
            fault(case, kind, "nothing in the server's log")


def undated(answer):
    return re.sub(r"\r\nDate: [^\r]*", "", answer)


def same(cases, kind, control, path):
    before = results(control)
    for case, kind, one in each(cases, (kind,), path):
        other = before[case.name, kind]
        if not answered(case, one):
            fault(case, kind, "not answered: " + brief(one))
        elif one["acts"] != other["acts"]:
            fault(case, kind, "the server did %r instead of %r" % (one["acts"], other["acts"]))
        elif case["server"] not in RANDOM and not case["varies"] and undated(one["answer"]) != undated(other["answer"]):
            fault(case, kind, "answered %r instead of %r" % (one["answer"], other["answer"]))


def stopped(cases, control, path):
    before = results(control)
    for case, kind, one in each(cases, ("stop",), path):
        if answered(case, one):
            fault(case, kind, "answered: " + brief(one))
        for log, acts in before[case.name, kind]["acts"].items():
            # the last thing that it did without a shield is not done
            if case["acts"] in (None, log) and not (Counter(acts) - Counter(one["acts"].get(log)))[acts[-1]]:
                fault(case, kind, "the server did it: " + brief(one))


def packets(path):
    return {patch["id"]: sum(rule["packets"] for rule in patch["rules"]) for patch in json.load(open(path))["patches"]}


def counts(cases, before, after, moved):
    before, after = packets(before), packets(after)
    for case in cases:
        if case.name not in before or case.name not in after:
            fault(case, "counts", "is not there")
        elif after[case.name] - before[case.name] != int(moved):
            fault(case, "counts", "moved by %d instead of %s" % (after[case.name] - before[case.name], moved))


def main():
    what, arguments = sys.argv[1], sys.argv[2:]
    count = {"reached": 1, "same": 3, "stopped": 2, "counts": 3}[what]
    cases = read(arguments[count:])
    {"reached": reached, "same": same, "stopped": stopped, "counts": counts}[what](cases, *arguments[:count])
    print("%d cases, %d wrong" % (len(cases), len(set(wrong))))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
