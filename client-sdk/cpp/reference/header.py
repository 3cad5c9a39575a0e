"""A header as Doxygen is to read it: header.py FILE

Its opening comment, written for who opens the file, becomes the documentation of the file; lines in it that are indented are code.
Specialisations of std::hash, of which Doxygen cannot say where they belong, are left out. The rest is as it is.
"""
import re
import sys

text = open(sys.argv[1], encoding="utf-8").read()
lines = re.sub(r"^template <[^>]*>\nstruct std::hash<.*?^};$", "", text, flags=re.M | re.S).split("\n")
code = False
if lines[0].startswith("//"):
    end = next(i for i, line in enumerate(lines) if not line.startswith("//"))
    for i in range(end):
        text = lines[i][2:]
        indented = text.startswith("   ")
        if text.strip() and indented != code:
            text = ("@code{.cpp}" if indented else "@endcode") + "\n///" + text
            code = indented
        lines[i] = "///" + text
    lines[0] = "/// @file\n" + lines[0]
    lines[end - 1] += "\n/// @endcode" if code else ""
print("\n".join(lines), end="")
