"""Who may include whom: modules.py ROOT MODULES_TXT

MODULES_TXT is what CMake was told: a line `name|folder|declared depends|sources` for each weir_module. Checked:
  1. the declared depends are among those agreed below, and the graph has no cycle;
  2. an #include "weir/<module>/..." names the file's own module or one that it declares;
  3. a foreign library is included only where it belongs;
  4. every .cpp in a module's folder is built.
"""
import fnmatch
import pathlib
import re
import sys

from sources import listed

# The graph as agreed (docs/architecture.md draws it). "*" may include every other.
MAY_INCLUDE = {
    "vocabulary": set(),
    "frames": {"vocabulary"},
    "storage": {"vocabulary"},
    "packing": {"vocabulary"},
    "archive": {"vocabulary"},
    "memory": {"vocabulary", "storage", "packing"},
    "rocksdb": {"vocabulary", "storage", "packing"},
    "core": {"vocabulary", "frames"},
    "runtime": {"vocabulary"},
    "observe": {"vocabulary"},
    "config": {"vocabulary"},
    "auth": {"vocabulary", "core", "config"},
    "shard": {"vocabulary", "core", "storage", "runtime", "observe"},
    "native": {"vocabulary", "frames", "core"},
    "yjs": {"vocabulary", "frames", "core"},
    "websocket": {"vocabulary", "core", "native", "yjs", "shard", "runtime", "observe"},
    "http": {"vocabulary", "core", "storage", "native", "yjs", "shard", "runtime", "observe", "web"},
    "grpc": {"vocabulary", "frames", "core", "storage", "native", "shard", "runtime", "observe"},
    "web": {"vocabulary"},
    "client": {"vocabulary", "frames", "packing"},
    "c": {"vocabulary", "frames", "client"},
    "cli": {"vocabulary", "config", "storage", "memory", "rocksdb", "packing", "archive", "client"},
    "app": {"*"},
}

# A foreign library: the files that may include it, and why not the others.
FOREIGN = [
    (r"google/protobuf|google/rpc/|weir/v1/|.*\.pb\.h", ["proto/frames/*.cpp", "server/transport/grpc/*.cpp",
                                                      "client-sdk/cpp/relay*.cpp", "client-sdk/cpp/internal/relay_parts.hpp"],
     "generated messages are known to the sources that speak gRPC alone; use the plain structs of proto/frames"),
    (r"rocksdb/", ["storage/rocksdb/*"], "use the interfaces in storage/"),
    (r"boost/asio|boost/beast", ["server/runtime/*", "server/transport/*", "server/app/*", "client-sdk/cpp/*"],
     "sockets and executors belong to runtime and transport; the rest runs in the simulation too"),
    (r"prometheus/", ["server/app/*"], "observe counts; only app puts it into Prometheus' words"),
    (r"grpc", ["server/transport/grpc/*", "client-sdk/cpp/grpc_*.cpp", "client-sdk/cpp/internal/relay_parts.hpp"],
     "only the gRPC transports know gRPC"),
    (r"openssl/", ["proto/vocabulary/*.cpp", "server/auth/*.cpp", "server/transport/*", "server/app/*", "storage/*/*.cpp",
                   "server/runtime/*.cpp", "client-sdk/cpp/sealed.cpp"], "use weir/vocabulary/digest.hpp"),
    (r"zstd\.h|zlib\.h", ["storage/packing/*.cpp", "server/web/*", "server/transport/http/*", "client-sdk/cpp/sealed_contents.cpp"],
     "compression belongs to packing"),
    (r"toml\+\+|toml\.hpp", ["server/config/*.cpp"], "configuration is read by config, once"),
    (r"CLI/", ["server/config/*.cpp", "server/cli/*", "server/app/*", "server/main.cpp", "client-sdk/cpp/examples/*"], "flags are read at the door"),
    (r"spdlog/", ["server/observe/*", "server/app/*", "server/main.cpp"], "log through server/observe"),
    (r"thread|mutex|condition_variable|shared_mutex|future|stop_token", ["!server/core/*", "!server/dialect/*"],
     "core and dialects are step functions; threads belong to who drives them"),
]

# Words that do not belong in a module's code at all.
FORBIDDEN_WORDS = [
    (r"\bio_context\b", ["server/core/*", "server/shard/*", "server/dialect/*"], "take runtime's Executor instead"),
    (r"\b(system_clock|steady_clock)::now\b", ["server/core/*", "server/dialect/*", "server/shard/*"],
     "time is an argument; the simulation owns the clock"),
    (r"\b(random_device|mt19937)\b", ["server/core/*", "server/dialect/*", "server/shard/*"],
     "randomness is given; the simulation owns the seed"),
]


class Module:
    def __init__(self, line):
        self.name, self.folder, depends, sources = line.split("|")
        self.depends = set(filter(None, depends.split(";")))
        self.sources = set(filter(None, sources.split(";")))


def matches(path, patterns):
    """Patterns with '!' exclude; a file is in when an including one matches, or when all are excluding and none does."""
    excluding = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
    if excluding:
        return not any(fnmatch.fnmatch(path, pattern) for pattern in excluding)
    return any(fnmatch.fnmatch(path, pattern) for pattern in patterns)


def check_graph(modules, found):
    for module in modules.values():
        allowed = MAY_INCLUDE.get(module.name)
        if allowed is None:
            found.append(f"module {module.name} is not in the agreed graph: add it to MAY_INCLUDE in "
                         "tests/house/modules.py and to docs/architecture.md")
        elif "*" not in allowed:
            for extra in sorted(module.depends - allowed):
                found.append(f"module {module.name} declares {extra}; agreed are {sorted(allowed)}. Take the dependency "
                             "out, or change the graph on purpose (tests/house/modules.py, docs/architecture.md)")
        for unknown in sorted(module.depends - set(modules)):
            found.append(f"module {module.name} declares {unknown}, which is no module")


def check_acyclic(modules, found):
    done, trail = set(), []

    def visit(name):
        if name in trail:
            found.append("cycle: " + " -> ".join(trail[trail.index(name):] + [name]))
        elif name in modules and name not in done:
            trail.append(name)
            for depend in sorted(modules[name].depends):
                visit(depend)
            trail.pop()
            done.add(name)

    for name in sorted(modules):
        visit(name)


def owner_of(path, modules):
    """The module with the deepest folder that holds the file."""
    holders = [module for module in modules.values() if path.startswith(module.folder + "/")]
    return max(holders, key=lambda module: len(module.folder), default=None)


def check_file(root, path, modules, found):
    owner = owner_of(path, modules)
    if owner is None or path.count("/") != owner.folder.count("/") + 1:
        owner = None  # main.cpp, or a folder that is no module
    elif path.endswith(".cpp") and str(root / path) not in owner.sources:
        found.append(f"{path}: not built; add it to the SOURCES of weir_module({owner.name}) or remove it")
    for number, line in enumerate((root / path).read_text().splitlines(), 1):
        code = line.split("//")[0]
        for word, where, fix in FORBIDDEN_WORDS:
            if matches(path, where) and re.search(word, code):
                found.append(f"{path}:{number}: {re.search(word, code)[0]}: {fix}")
        include = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
        if not include:
            continue
        for library, where, fix in FOREIGN:
            if re.match(f"({library})", include[1]) and exact(library, include[1]) and not matches(path, where):
                found.append(f"{path}:{number}: includes {include[1]}: {fix}")
        own = re.match(r"weir/(\w+)/", include[1])
        if owner and own and own[1] in modules and own[1] != owner.name and own[1] not in owner.depends:
            found.append(f"{path}:{number}: includes {include[1]}, but weir_module({owner.name}) does not declare "
                         f"{own[1]}: add it to DEPENDS if the graph allows it")


def exact(library, name):
    """Names of standard headers are whole words: <thread>, not <threadpool.h>."""
    return "/" in name or name.endswith((".h", ".hpp")) or name in library.split("|")


root = pathlib.Path(sys.argv[1])
modules = {}
for line in pathlib.Path(sys.argv[2]).read_text().splitlines():
    module = Module(line)
    modules[module.name] = module

found = []
check_graph(modules, found)
check_acyclic(modules, found)
files = [str(path) for path in listed(root, ".cpp", ".hpp") if path.parts[0] in ("proto", "storage", "server", "client-sdk")]
assert files and modules, "nothing to look at"
for path in files:
    check_file(root, path, modules, found)
print(*found, sep="\n")
print(f"{len(found)} things to put right" if found else f"{len(modules)} modules, {len(files)} files: as agreed")
sys.exit(1 if found else 0)
