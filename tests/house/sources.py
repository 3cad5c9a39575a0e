"""The project's own files: what git knows or would take."""
import pathlib
import subprocess

GENERATED = ("package-lock.json",)


def listed(root, *suffixes):
    """Paths below `root` (a pathlib.Path) that end in one of `suffixes`; all of them when none is given."""
    names = subprocess.run(
        ["git", "-c", f"safe.directory={root}", "-C", str(root), "ls-files", "-co", "--exclude-standard", "-z"],
        check=True, capture_output=True).stdout.decode().split("\0")
    paths = sorted({pathlib.PurePosixPath(name) for name in names if name})
    return [path for path in paths
            if (not suffixes or path.suffix in suffixes) and path.name not in GENERATED and (root / path).is_file()]
