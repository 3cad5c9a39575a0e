"""No header of the C++ client names gRPC, protobuf, OpenSSL or zstd: headers.py COMPILER INCLUDE_FOLDER MODULES_FOLDER module...

A file that includes every header of these modules is given to the compiler, which tells all that it read. So a foreign
type cannot be in them, not by way of another header either, and who uses the client needs none of these to compile.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

compiler, include_folder, modules_folder, *modules = sys.argv[1:]
FOREIGN = re.compile(r"/(grpc|grpcpp|google|absl|openssl|rocksdb|spdlog|CLI|toml\+\+|nlohmann|prometheus)/|\.pb\.h$|/zstd\.h$")

headers = []
for module in modules:
    folder = pathlib.Path(modules_folder, module)
    headers += sorted(str(header.relative_to(folder)) for header in (folder / "weir" / module).glob("*.hpp"))
assert len(headers) > 20, headers

with tempfile.TemporaryDirectory() as folder:
    source = pathlib.Path(folder, "all.cpp")
    source.write_text("".join(f'#include "{header}"\n' for header in ["weir/client.hpp", *headers]))
    includes = [f"-I{include_folder}", *(f"-I{pathlib.Path(modules_folder, module)}" for module in modules)]
    told = subprocess.run([compiler, "-std=c++20", "-M", *includes, str(source)], check=True, capture_output=True, text=True)
read = told.stdout.replace("\\\n", " ").split()
assert any(path.endswith("weir/client/client.hpp") for path in read), "the compiler told nothing"
found = [path for path in read if FOREIGN.search(path)]
print(*found, sep="\n")
print(f"{len(headers)} headers read {len(read)} files, {len(found)} of them foreign: keep these to .cpp files" if found
      else f"{len(headers)} headers read {len(read)} files, none of them gRPC's or protobuf's")
sys.exit(1 if found else 0)
