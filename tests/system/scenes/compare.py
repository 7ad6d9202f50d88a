#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# compare.py EVENTS PATCH REPLAYED: what inspection did live against what the replay of the same packets says. EVENTS is `events --json`,
# REPLAYED the output of `replay --json`. The same number of hits for each rule, reason and outcome; each event's connection has one
# in the replay, and where each hit is an event of its own, the connections are the same. What netfilter drops before inspection sees
# it (reason `invalid`) is left out.
import json
import sys
from collections import Counter

events, patch, replayed = sys.argv[1:]
KINDS = {"blocked": "enforce", "reset": "enforce", "would-block": "monitor"}


def live():
    for event in json.load(open(events))["events"]:
        if event["kind"] in KINDS and event.get("patch") == patch and event["reason"] != "invalid":
            if "protocol" not in event:  # others of its rule came since, of which nothing but the number is known
                yield (event["rule"], event["reason"], event["verdict"], KINDS[event["kind"]]), None, event["count"]
                continue
            ends = tuple(event.get(key) for key in ("source", "source_port", "destination", "destination_port"))
            yield (event["rule"], event["reason"], event["verdict"], KINDS[event["kind"]]), (event["protocol"],) + ends, event["count"]


def replay():
    for line in open(replayed):
        hit = json.loads(line)
        if hit.get("patch") == patch:
            ends = tuple(hit[key] for key in ("src", "sport", "dst", "dport"))
            yield (hit["rule"], hit["reason"], hit["verdict"], hit["mode"]), (hit["proto"],) + ends
        elif "patch" in hit:
            print("a hit of another patch:", line)


wrong = []
then, now = Counter(), Counter()
then_ends, now_ends, single = {}, {}, {}
for what, ends in replay():
    then[what] += 1
    then_ends.setdefault(what, Counter())[ends] += 1
for what, ends, count in live():
    now[what] += count
    if ends:
        now_ends.setdefault(what, Counter())[ends] += 1
    single[what] = single.get(what, True) and count == 1
for what in sorted(set(then) | set(now)):
    ends, others = now_ends.get(what, Counter()), then_ends.get(what, Counter())
    if then[what] != now[what]:
        wrong.append("%s: %d live, %d in the replay; live %s; replayed %s" % (what, now[what], then[what], list(ends)[:6], list(others)[:6]))
    elif single[what] and ends != others or set(ends) - set(others):
        wrong.append("%s: connections differ: live %s, in the replay %s" % (what, ends - others, others - ends))
print("\n".join(wrong))
print("%d hits, of %d kinds" % (sum(now.values()), len(now)))
sys.exit(bool(wrong) or not now)
