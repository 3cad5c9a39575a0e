"""docs/operations.md names every setting with its default: operations.py ROOT WEIR [--write]

The tables between the markers are what `weir config print` says without file, environment and flags. --write puts them
there.
"""
import pathlib
import re
import subprocess
import sys

BEGIN = "<!-- The tables below are what `weir config print` says; the test house/operations compares them. -->\n"
END = "<!-- The end of the tables. -->\n"


def settings(weir):
    """(section, key, default, sentence) in the order printed."""
    printed = subprocess.run([weir, "config", "print"], env={}, check=True, capture_output=True, text=True).stdout
    section, sentence = "", ""
    for line in printed.splitlines():
        if header := re.fullmatch(r"\[(.*)\]", line):
            section = header[1]
        elif line.startswith("# "):
            sentence = line[2:]
        elif value := re.fullmatch(r"(\w+) = (.*?)  # default", line):
            yield section, value[1], value[2], sentence


def tables(weir):
    text, current = "", None
    for section, key, default, sentence in settings(weir):
        if section != current:
            text += "\n| setting | default | |\n|---|---|---|\n"
            current = section
        name = f"{section}.{key}" if section else key
        text += f"| `{name}` | `{default}` | {sentence} |\n"
    return text + "\n"


root, weir = pathlib.Path(sys.argv[1]), sys.argv[2]
page = root / "docs/operations.md"
before, begin, rest = page.read_text().partition(BEGIN)
written, end, after = rest.partition(END)
assert begin and end, f"{page} has lost the markers around its tables"
wanted = tables(weir)
assert wanted.count("\n") > 5, "weir config print showed no settings"
if "--write" in sys.argv:
    page.write_text(before + begin + wanted + end + after)
elif written != wanted:
    for line in sorted(set(wanted.splitlines()) ^ set(written.splitlines())):
        print(("page:    " if line in written else "program: ") + line)
    sys.exit("docs/operations.md and `weir config print` differ; python3 tests/house/operations.py . build/release/weir --write")
else:
    print(f"{len(list(settings(weir)))} settings: as the program has them")
