#!/usr/bin/env python3
"""Counts what `meson test` really ran: `count_results.py BUILD_DIR...` prints "PASSED FAILED SKIPPED".

testlog.junit.xml holds each case of a GoogleTest or TAP program; testlog.json holds one verdict a program. A program
that failed without a failing case (a crash, a time-out, a bad exit status) counts as one failure.
"""

import collections
import json
import os
import sys
import xml.etree.ElementTree as ElementTree

BAD = {"FAIL", "ERROR", "TIMEOUT", "INTERRUPT", "UNEXPECTEDPASS"}


def case_verdict(case):
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    if case.find("skipped") is not None or case.get("status") == "notrun" or case.get("result") == "skipped":
        return "skipped"
    return "passed"


def count(log_directory):
    counts = collections.Counter()
    failing = set()
    for suite in ElementTree.parse(os.path.join(log_directory, "testlog.junit.xml")).getroot().iter("testsuite"):
        for case in suite.findall("testcase"):
            verdict = case_verdict(case)
            counts[verdict] += 1
            if verdict == "failed":
                failing.update({suite.get("name", ""), case.get("name", "")})
    with open(os.path.join(log_directory, "testlog.json"), encoding="utf-8") as log:
        programs = [json.loads(line) for line in log if line.strip()]
    for program in programs:
        name = program["name"].split(" / ")[-1]
        if program["result"] in BAD and not any(name in known for known in failing):
            counts["failed"] += 1
    return counts


def main(builds):
    total = collections.Counter()
    for build in builds:
        try:
            total += count(os.path.join(build, "meson-logs"))
        except (OSError, ElementTree.ParseError, ValueError) as error:
            print(f"count_results: {build}: {error}", file=sys.stderr)
            total["failed"] += 1
    print(total["passed"], total["failed"], total["skipped"])


if __name__ == "__main__":
    main(sys.argv[1:])
