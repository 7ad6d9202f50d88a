#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# compare.py VPATCHCTL POLICY FOLDER: replays every capture of captures.py and compares with what was expected.
import glob
import json
import os
import subprocess
import sys

program, policy, folder = sys.argv[1:]
bad = count = 0
for path in sorted(glob.glob(os.path.join(folder, "*.expected"))):
    capture = path[: -len(".expected")]
    with open(path) as file:
        expected = json.load(file)
    command = [program, "replay", "--policy", policy, "--pcap", capture, "--json"]
    run = subprocess.run(command, capture_output=True, text=True)
    count, wrong = count + 1, []
    if run.returncode != expected["status"]:
        wrong.append(f"exit status {run.returncode} instead of {expected['status']}: {run.stderr}")
    elif expected["status"] == 2:
        if json.loads(run.stdout)["schema"] != "vpatch.error/1":
            wrong.append("no error document")
    else:
        *hits, last = [json.loads(line) for line in run.stdout.splitlines()]
        key = lambda hit: (hit["packet"], hit["patch"])
        seen = sorted(({k: hit[k] for k in ("patch", "rule", "verdict", "packet", "reason")} for hit in hits), key=key)
        if seen != sorted(expected["hits"], key=key):
            wrong.append(f"{seen} instead of {expected['hits']}")
        for hit in hits:
            missing = {"schema", "time", "proto", "src", "sport", "dst", "dport", "mode"} - set(hit)
            if missing:
                wrong.append(f"a hit without {missing}")
        tally = {}
        for hit in hits:
            tally[hit["patch"]] = tally.get(hit["patch"], 0) + 1
        summary = last["summary"]
        for member, value in {**expected["summary"], "hits": tally}.items():
            if summary[member] != value:
                wrong.append(f"{member} is {summary[member]} instead of {value}")
        if ("error" in summary) != (expected["status"] == 1):
            wrong.append("error " + summary.get("error", "is missing"))
        if len(summary["not_replayed"]) != 2:
            wrong.append(f"not replayed: {summary['not_replayed']}")
    if wrong:
        bad += 1
        print(os.path.basename(capture), *wrong, sep="\n    ")
print(f"{count} captures, {bad} failed")
sys.exit(bad > 0 or count == 0)
