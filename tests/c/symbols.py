"""libweir.so exports what weir.h declares, and nothing else: symbols.py LIBWEIR_SO WEIR_H"""
import re
import subprocess
import sys

library, header = sys.argv[1:]
printed = subprocess.run(["nm", "--dynamic", "--defined-only", library], check=True, capture_output=True, text=True).stdout
exported = {line.split()[-1] for line in printed.splitlines()}
declared = set(re.findall(r"^WEIR_API [^;(]*?(\w+)\(", open(header).read(), re.M))
assert len(declared) > 15, declared
for name in sorted(exported - declared):
    print(f"{name}: exported, but weir.h does not declare it")
for name in sorted(declared - exported):
    print(f"{name}: declared in weir.h, but not exported: is it defined?")
soname = subprocess.run(["objdump", "-p", library], check=True, capture_output=True, text=True).stdout
name = re.search(r"SONAME\s+(\S+)", soname)
if not name or not re.fullmatch(r"libweir\.so\.\d+", name[1]):
    sys.exit("the library has no SONAME of the form libweir.so.N")
sys.exit(1 if exported != declared else print(f"{name[1]} exports {len(exported)} functions, all of them weir.h's"))
