#!/usr/bin/env python3
"""Counts the tests of a ctest run: each GoogleTest case by itself, any other ctest entry as one test.

usage: count_tests.py CTEST_JUNIT.xml GTEST_FOLDER. Prints "N passed, N failed, N skipped"; exit status 1 when anything
failed or nothing ran.
"""
import pathlib
import sys
import xml.etree.ElementTree as tree


def case_state(case):
    """passed, failed or skipped, of one <testcase> of GoogleTest."""
    if case.find("failure") is not None:
        return "failed"
    if case.find("skipped") is not None or case.get("status") == "notrun":
        return "skipped"
    return "passed"


def entry_state(entry):
    """The same of one <testcase> of ctest, which is a whole executable or script."""
    return {"run": "passed", "fail": "failed"}.get(entry.get("status"), "skipped")


def count(junit, folder):
    """Counts by state, and the names of what failed."""
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    failed = []
    for entry in tree.parse(junit).getroot().iter("testcase"):
        name, state = entry.get("name"), entry_state(entry)
        file = pathlib.Path(folder) / f"{name}_test.xml"
        cases = [(f"{c.get('classname')}.{c.get('name')}", case_state(c)) for c in tree.parse(file).iter("testcase")] if file.exists() else []
        # An executable that dies after or without writing its results fails once more than its cases say.
        if not cases or (state == "failed" and all(s != "failed" for _, s in cases)):
            cases.append((name, state))
        for case, case_result in cases:
            counts[case_result] += 1
            if case_result == "failed":
                failed.append(f"{name}: {case}")
    return counts, failed


def main():
    counts, failed = count(sys.argv[1], sys.argv[2])
    for name in failed:
        print(f"failed: {name}")
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return 1 if counts["failed"] or not counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
