"""Debian's Prometheus watches a relay under load, with the files of deploy/: prometheus.py WEIR LOAD PROMETHEUS

Every series that a rule names is there, every rule can be evaluated and none fires on a relay that is well, and every
query of the dashboards returns something.
"""
import json
import os
import pathlib
import re
import socket
import struct
import subprocess
import sys
import time
import urllib.parse
import urllib.request

from relay import PATIENCE_SECONDS, Relay

DEPLOY = pathlib.Path(__file__).parents[2] / "deploy"
RULES = DEPLOY / "prometheus/weir.rules.yml"


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Prometheus:
    """On a port that was free a moment ago; another is tried when somebody was quicker."""

    def __init__(self, prometheus, relay):
        self.binary, self.relay = prometheus, relay

    def __enter__(self):
        folder = self.relay.folder
        text = (DEPLOY / "prometheus/prometheus.yml").read_text()
        text = text.replace("weir:8787", f"127.0.0.1:{self.relay.port}").replace("15s", "1s")
        (folder / "prometheus.yml").write_text(text)
        (folder / RULES.name).write_text(RULES.read_text())
        for _ in range(5):
            self.port = free_port()
            with open(folder / "prometheus.log", "w") as log:
                self.process = subprocess.Popen(
                    [self.binary, f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'tsdb'}",
                     f"--web.listen-address=127.0.0.1:{self.port}"], stdout=log, stderr=log)
            while self.process.poll() is None:
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=PATIENCE_SECONDS).close()
                    return self
                except OSError:
                    pass
        raise AssertionError("Prometheus did not start: " + (folder / "prometheus.log").read_text())

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def ask(self, path, **parameters):
        query = "?" + urllib.parse.urlencode(parameters) if parameters else ""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/{path}{query}", timeout=PATIENCE_SECONDS) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from None

    def values(self, query):
        """What it returns that is a number."""
        return [sample for sample in self.ask("query", query=query)["result"] if sample["value"][1] != "NaN"]


def until(what, condition):
    patience = time.monotonic() + PATIENCE_SECONDS
    while not (found := condition()):
        assert time.monotonic() < patience, f"waited in vain for {what}"
    return found


def write_updates(path):
    """What weir_bench publishes: (32-bit length, bytes) each. A relay looks into none of them."""
    with open(path, "wb") as file:
        for number in range(200_000):
            payload = b"\1\1" + struct.pack(">Q", number) + bytes(number % 64)
            file.write(struct.pack("<I", len(payload)) + payload)


def start_load(load, relay, protocol):
    more = ["--path", "/yjs/space/"] if protocol == "yjs" else []
    return subprocess.Popen(
        [load, "--protocol", protocol, "--port", str(relay.port), "--server", str(relay.process.pid), "--updates",
         str(relay.folder / "updates"), "--documents", "3", "--subscribers", "2", "--rate", "50", "--warm-up", "0.2",
         "--seconds", "600", *more],
        stdout=subprocess.DEVNULL, stderr=open(relay.folder / f"load-{protocol}", "w"))


def check_rules(prometheus):
    rules = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
    assert len(rules) == len(re.findall(r"- alert:", RULES.read_text())), rules
    for rule in rules:
        assert rule["health"] == "ok", f"{rule['name']}: {rule.get('lastError') or rule['health']}"
        assert rule["state"] == "inactive", f"{rule['name']} fires on a relay that is well: {rule['alerts']}"
    named = sorted(set(re.findall(r"\b(?:weir|process)_[a-z_]+|\bup\b", " ".join(rule["query"] for rule in rules))))
    for series in named:
        assert prometheus.values(series), f"{series}, which a rule names, is not there"
    return len(rules), len(named)


def expressions(panel):
    """Every `expr` below, each with the title of its panel."""
    if isinstance(panel, dict):
        if "expr" in panel:
            yield panel["expr"]
        for value in panel.values():
            yield from expressions(value)
    elif isinstance(panel, list):
        for value in panel:
            yield from expressions(value)


def check_dashboards(prometheus):
    queries = []
    for dashboard in sorted((DEPLOY / "grafana/dashboards").glob("*.json")):
        queries += expressions(json.loads(dashboard.read_text())["panels"])
    assert queries
    for query in queries:
        asked = query.replace("$instance", ".*").replace("$__rate_interval", "30s")
        assert "$" not in asked, f"what is this variable? {query}"
        until(f"data for {query}", lambda: prometheus.values(asked))
    return len(queries)


def main(weir, load, binary):
    with Relay(weir) as relay, Prometheus(binary, relay) as prometheus:
        write_updates(relay.folder / "updates")
        loads = [start_load(load, relay, protocol) for protocol in ("native", "yjs")]
        try:
            for dialect in ("native", "yjs"):
                until(f"{dialect} deltas", lambda: prometheus.values(f'rate(weir_deltas_total{{dialect="{dialect}"}}[30s]) > 0')
                      or [process.poll() for process in loads] != [None, None])
            queries = check_dashboards(prometheus)
            until("rules to be evaluated", lambda: all(
                rule["health"] != "unknown" for group in prometheus.ask("rules")["groups"] for rule in group["rules"]))
            rules, series = check_rules(prometheus)
            assert [process.poll() for process in loads] == [None, None], "the load ended early: " + "".join(
                (relay.folder / f"load-{protocol}").read_text() for protocol in ("native", "yjs"))
        finally:
            for process in loads:
                process.terminate()
                process.wait()
    print(f"{rules} rules over {series} series, {queries} queries of dashboards: all have data")


main(*sys.argv[1:])
