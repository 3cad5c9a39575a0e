#!/usr/bin/env python3
"""Prints what the failed tests of a ctest run said, the end of each: failures.py REPORT [LINES]

REPORT is what `ctest --output-junit` wrote. A long run's log has a failure somewhere in its middle, and what shows a log
often shows its end only; `./dev test` calls this last.
"""
import sys
from xml.etree import ElementTree


def main() -> None:
    report, lines = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 60
    for test in ElementTree.parse(report).iter("testcase"):
        if test.get("status") in ("run", "notrun", "disabled"):
            continue
        said = (test.findtext("system-out") or "").rstrip().splitlines()
        left_out = len(said) - lines
        print(f"-- {test.get('name')}, after {float(test.get('time', 0)):.1f} s" +
              (f" ({left_out} lines left out)" if left_out > 0 else "") + ":")
        print("\n".join(said[-lines:]) if said else "(it said nothing)")


main()
