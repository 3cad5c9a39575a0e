"""./dev fmt would change nothing: format.py ROOT CLANG_FORMAT"""
import pathlib
import subprocess
import sys

from sources import listed

root = pathlib.Path(sys.argv[1])
clang_format = sys.argv[2]
files = [str(path) for path in listed(root, ".cpp", ".hpp", ".c", ".h")]
assert files, "no C or C++ sources found"
run = subprocess.run([clang_format, "--dry-run", "--Werror", *files], cwd=root, capture_output=True, text=True)
if run.returncode:
    unformatted = sorted({line.split(":")[0] for line in run.stderr.splitlines() if "-Wclang-format-violations" in line})
    print(*unformatted, sep="\n")
    print(run.stderr if not unformatted else "these are not formatted: run ./dev fmt")
    sys.exit(1)
print(f"{len(files)} files are formatted")
