"""The real relay as a child process, on free ports of the loopback, with a data folder of its own. WEIR_BIN names it.

    with Relay() as relay:
        relay.grpc                     127.0.0.1:PORT
        relay.kill(); relay.start()    as a power cut does; again, on the same data and ports
"""
import os
import shutil
import socket
import subprocess
import tempfile
import threading


def free_port():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return bound.getsockname()[1]


class Relay:
    def __init__(self, **settings):
        self.settings = [word for key, value in settings.items() for word in ("--set", f"{key.replace('__', '.')}={value}")]
        self.http, self.grpc = (f"127.0.0.1:{free_port()}" for _ in range(2))
        self.data = tempfile.mkdtemp(prefix="weir-c-")
        self.start()

    def start(self):
        command = [os.environ["WEIR_BIN"], "serve", "--data", self.data, "--http", self.http, "--grpc", self.grpc, *self.settings]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        log = []
        for line in self.process.stdout:
            log.append(line)
            if " listening " in line:
                self.reader = threading.Thread(target=self.process.stdout.read)  # so that it is never full
                return self.reader.start()
        raise AssertionError("the relay ended:\n" + "".join(log))

    def tell(self, *command):
        """What a command of the relay's own says of it."""
        return subprocess.check_output([os.environ["WEIR_BIN"], *command, "--server", self.grpc])

    def kill(self):
        self._end(self.process.kill)

    def _end(self, how):
        how()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._end(self.process.terminate)
        shutil.rmtree(self.data)
