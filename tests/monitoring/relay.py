"""A relay of its own for a test, on free ports of the loopback and a folder that goes with it.

    with Relay(weir) as relay:
        relay.get("/metrics")
"""
import contextlib
import pathlib
import re
import select
import shutil
import subprocess
import tempfile
import urllib.request

PATIENCE_SECONDS = 60  # only how long a broken program may hang a test


class Relay:
    def __init__(self, weir, *settings):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-monitoring-"))
        self.command = [weir, "serve", "--data", str(self.folder / "data"), "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0", *settings]

    def __enter__(self):
        with open(self.folder / "log", "w") as log:
            self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=log, bufsize=0)
        said = ""
        try:
            # It prints its addresses once it serves.
            while not (page := re.search(r"page +http://127\.0\.0\.1:(\d+)/", said)):
                ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE_SECONDS)
                line = self.process.stdout.readline().decode() if ready else ""
                if not line:
                    raise AssertionError("the relay did not start: " + said + (self.folder / "log").read_text())
                said += line
        except BaseException:
            self.__exit__()
            raise
        self.port = int(page[1])
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def get(self, path, host="127.0.0.1"):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers={"Host": host})
        with contextlib.closing(urllib.request.urlopen(request, timeout=PATIENCE_SECONDS)) as answer:
            return answer.read().decode()
