"""What a reader should not have to stumble over, each with its fix: tidy.py ROOT"""
import pathlib
import re
import sys

from sources import listed

LINES_MAX = 450
CODE = {".cpp", ".hpp", ".c", ".h", ".ts", ".mts", ".js", ".mjs", ".css", ".html"}
CPP = {".cpp", ".hpp"}
TEXT = CODE | {".md", ".txt", ".cmake", ".proto", ".py", ".sh", ".toml", ".json", ".yml", ".yaml", ""}

# (what it is, where it is looked for, pattern, how to put it right)
LINE_RULES = [
    ("tab", lambda path: path.suffix in TEXT, r"\t", "indent with spaces"),
    ("trailing space", lambda path: path.suffix in TEXT, r"[ \t]+$", "take the spaces at the line's end away"),
    ("leftover", lambda path: path.suffix in CODE | {".py", ".sh"}, r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b",
     "do it now, or take the remark out and open an issue"),
    ("sleep in a test", lambda path: path.parts[0] == "tests" and path.suffix in CODE,
     r"\b(sleep_for|sleep_until|usleep|nanosleep|sleep)\s*\(", "wait for the condition, not for a time"),
    # A factory with a private constructor may write unique_ptr<T>(new T(...)), on one line.
    ("raw new", lambda path: path.suffix in CPP, r"^(?!.*(unique|shared)_ptr<).*(?<![\w.>])new\s+[A-Za-z_:(]",
     "std::make_unique, or a member"),
    ("raw delete", lambda path: path.suffix in CPP, r"(?<!= )\bdelete(\[\])?\s+[A-Za-z_]", "give it an owner"),
    ("detached thread", lambda path: path.suffix in CPP, r"[.>]detach\(\)", "join it: what runs has an owner"),
    ("plain assert", lambda path: path.suffix in CPP and path.parts[0] != "tests", r"(?<![_\w])assert\(",
     "WEIR_ASSERT of weir/vocabulary/assert.hpp stays on in every build"),
    ("any in a public type", lambda path: path.suffix == ".ts", r"^\s*export\b.*(:\s*|<)any\b", "name the type, or unknown"),
]


def without_comments_and_strings(path, line):
    if path.suffix not in CODE:
        return line
    line = re.sub(r'"(\\.|[^"\\])*"', '""', line)
    return re.sub(r"(^|\s)(//|\*|/\*).*$", "", line)


def check_lines(root, found):
    for path in listed(root):
        if path.suffix not in TEXT:
            continue
        try:
            lines = (root / path).read_text(encoding="utf-8").split("\n")
        except UnicodeDecodeError:
            continue  # bytes for a test to read
        if path.suffix in CODE - {".html", ".css"} and len(lines) - 1 > LINES_MAX:
            found.append(f"{path}: {len(lines) - 1} lines; at most {LINES_MAX}: one idea a file, split it")
        if lines[-1] and len(lines) > 1 and path.suffix != ".json":
            found.append(f"{path}: the last line has no end; add a newline")
        for number, line in enumerate(lines, 1):
            code = without_comments_and_strings(path, line)
            for what, applies, pattern, fix in LINE_RULES:
                looked_at = line if what in ("leftover", "tab", "trailing space") else code
                if applies(path) and re.search(pattern, looked_at):
                    found.append(f"{path}:{number}: {what}: {fix}")


def check_headers(root, found):
    for path in listed(root, ".hpp"):
        text = (root / path).read_text()
        if not text.startswith("//"):
            found.append(f"{path}: say in an opening comment what it is for and which threads may call it")
        if "#pragma once" not in text:
            found.append(f"{path}: #pragma once is missing")
        if re.search(r"^using namespace (?!std::\w*literals)", text, re.M):
            found.append(f"{path}: `using namespace` in a header; name what you use")


def check_decisions(root, found):
    """docs/decisions/NNNN-title.md: each number once, each listed in README.md there, each with its three parts."""
    files = [path for path in listed(root, ".md") if path.parts[:2] == ("docs", "decisions")]
    numbers = {}
    index = root / "docs/decisions/README.md"
    listing = index.read_text() if index.is_file() else ""
    for path in files:
        if path.name == "README.md":
            continue
        match = re.fullmatch(r"(\d{4})-[a-z0-9-]+\.md", path.name)
        if not match:
            found.append(f"{path}: name it NNNN-words-with-hyphens.md")
            continue
        if match[1] in numbers:
            found.append(f"{path}: the number of {numbers[match[1]]} too; take the next free one")
        numbers[match[1]] = path.name
        if f"({path.name})" not in listing:
            found.append(f"{path}: not listed; add its line to docs/decisions/README.md")
        text = (root / path).read_text()
        for part in ("## Context", "## Decision", "## Consequences"):
            if part not in text:
                found.append(f"{path}: has no \"{part}\"")


def check_links(root, found):
    for path in listed(root, ".md"):
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", (root / path).read_text()):
            if re.match(r"[a-z]+:", target):
                continue
            if not (root / path.parent / target).exists():
                found.append(f"{path}: links to {target}, which does not exist")


root = pathlib.Path(sys.argv[1])
found = []
for check in (check_lines, check_headers, check_decisions, check_links):
    check(root, found)
if not listed(root, ".cpp"):
    found.append("no C++ source found: is this a git checkout?")
print(*found, sep="\n")
print(f"{len(found)} things to put right" if found else "tidy")
sys.exit(1 if found else 0)
