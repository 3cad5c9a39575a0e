"""The reference of the C++ client and of its C interface, by Doxygen: reference.py FOLDER [COMPILER]

It writes FOLDER/cpp and FOLDER/c, a page index.html in each, and fails at the first thing that Doxygen has to complain of. Of C++ the
public headers are those that a program reads with <weir/client.hpp>, as the compiler tells. Of C everything must be documented.
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

here = pathlib.Path(__file__).resolve().parent
root = here.parents[2]
modules = {"client": "client-sdk/cpp", "frames": "proto/frames", "vocabulary": "proto/vocabulary"}


def public_headers(include, compiler):
    """Links the modules as they are installed, and asks what <weir/client.hpp> leads to."""
    (include / "weir").mkdir(parents=True)
    for name, folder in modules.items():
        (include / "weir" / name).symlink_to(root / folder)
    (include / "weir/client.hpp").symlink_to(root / "client-sdk/cpp/include/weir/client.hpp")
    source = include / "all.cpp"
    source.write_text("#include <weir/client.hpp>\n")
    told = subprocess.run([compiler, "-std=c++20", "-MM", f"-I{include}", source], check=True, capture_output=True, text=True)
    read = told.stdout.replace("\\\n", " ").split()
    headers = sorted({path for path in read if path.endswith(".hpp")})
    assert len(headers) > 10, told.stdout
    return headers


def doxygen(output, page, headers, more):
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    version = subprocess.run(["git", "-C", root, "describe", "--always"], capture_output=True, text=True).stdout.strip()
    settings = (here / "Doxyfile").read_text() + "\n".join([
        f"PROJECT_NUMBER = {version}", f"OUTPUT_DIRECTORY = {output}", "HTML_OUTPUT = .", f"USE_MDFILE_AS_MAINPAGE = {page}",
        "INPUT = " + " \\\n  ".join(f'"{path}"' for path in [page, *headers]), *more, ""])
    done = subprocess.run(["doxygen", "-"], input=settings, text=True, stderr=subprocess.PIPE)
    if done.returncode or done.stderr:
        sys.exit(done.stderr + "Doxygen complains: say it right in the comment (or, of C, say it at all)")
    assert (output / "index.html").is_file()


output = pathlib.Path(sys.argv[1]).resolve()
compiler = sys.argv[2] if len(sys.argv) > 2 else "g++"
with tempfile.TemporaryDirectory() as folder:
    include = pathlib.Path(folder)
    headers = public_headers(include, compiler)
    doxygen(output / "cpp", here / "cpp.md", headers,
            ['PROJECT_NAME = "weir for C++"', "EXTRACT_ALL = YES", f"STRIP_FROM_PATH = {include} {here}",
             f"STRIP_FROM_INC_PATH = {include}", f'FILTER_PATTERNS = "*.hpp=python3 {here / "header.py"}"'])
c_include = root / "client-sdk/c/include"
doxygen(output / "c", here / "c.md", [c_include / "weir.h"],
        ['PROJECT_NAME = "weir for C"', "EXTRACT_ALL = NO", "OPTIMIZE_OUTPUT_FOR_C = YES", "WARN_IF_UNDOCUMENTED = YES",
         "EXTRACT_STATIC = YES", f"STRIP_FROM_PATH = {c_include} {here}"])
print(f"{output}/cpp/index.html: {len(headers)} headers\n{output}/c/index.html")
