"""What /metrics says, says well, and says in docs/metrics.md too: metrics.py WEIR PROMTOOL [--write]

promtool reads the answer of a relay and must have nothing to say against it. The table of the page is the answer's own
names, types, labels and words; --write puts it there.
"""
import pathlib
import re
import subprocess
import sys
import urllib.error

from relay import Relay

PAGE = pathlib.Path(__file__).parents[2] / "docs/metrics.md"
BEGIN = "<!-- The table below is what /metrics says of itself; the test monitoring/metrics compares them. -->\n"
END = "<!-- The end of the table. -->\n"
HEAD = "\n| series | type | labels | |\n|---|---|---|---|\n"


def families(text):
    """name -> (type, {label: values in order}, help), in the order of the answer."""
    found = {}
    name = None
    for line in text.splitlines():
        if help_line := re.fullmatch(r"# HELP (\S+) (.*)", line):
            name = help_line[1]
            assert name not in found, f"{name} is told twice"
            found[name] = ["", {}, help_line[2]]
        elif type_line := re.fullmatch(r"# TYPE (\S+) (\S+)", line):
            assert type_line[1] == name, line
            found[name][0] = type_line[2]
        else:
            sample = re.fullmatch(r"([a-z_]+)(?:\{(.*)\})? (\S+)", line)
            assert sample and sample[1].startswith(name), f"not a sample of {name}: {line}"
            float(sample[3])
            for label, value in re.findall(r'(\w+)="([^"]*)"', sample[2] or ""):
                if label != "le":
                    values = found[name][1].setdefault(label, [])
                    if value not in values:
                        values.append(value)
    return found


def table(text):
    rows = HEAD
    for name, (kind, labels, words) in families(text).items():
        told = []
        for label, values in labels.items():
            if label == "version":
                told.append("`version`")
            elif label == "transport":
                told.append(f"`transport`")
            else:
                told.append(f"`{label}`: {', '.join(values)}")
        rows += f"| `{name}` | {kind} | {'; '.join(told)} | {words} |\n"
    return rows + "\n"


def check_strangers_are_refused(relay):
    try:
        relay.get("/metrics", host="evil.example")
    except urllib.error.HTTPError as error:
        assert error.code == 403, error.code
    else:
        raise AssertionError("/metrics answers to a name that is not the relay's")


def main(weir, promtool, *options):
    with Relay(weir) as relay:
        text = relay.get("/metrics")
        check_strangers_are_refused(relay)
    checked = subprocess.run([promtool, "check", "metrics"], input=text, text=True, capture_output=True)
    said = checked.stdout + checked.stderr
    assert checked.returncode == 0 and not said.strip(), f"promtool: {said}"
    wanted = table(text)
    before, begin, rest = PAGE.read_text().partition(BEGIN)
    written, end, after = rest.partition(END)
    assert begin and end, f"{PAGE} has lost the markers around its table"
    if "--write" in options:
        PAGE.write_text(before + begin + wanted + end + after)
        return
    if written != wanted:
        for line in sorted(set(wanted.splitlines()) ^ set(written.splitlines())):
            print(("page:  " if line in written.splitlines() else "relay: ") + line)
        sys.exit("docs/metrics.md and /metrics differ; python3 tests/monitoring/metrics.py build/release/weir promtool --write")
    print(f"{len(families(text))} series: as docs/metrics.md has them")


main(*sys.argv[1:])
