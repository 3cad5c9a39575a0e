"""What deploy/ and the Dockerfile say fits the relay and each other: deploy.py WEIR [SYSTEMD_ANALYZE]

They are read as YAML and compared with what they speak of: settings, ports, addresses of probes, the data's folder, who
runs it; `weir health`, which the image asks by, is asked. systemd-analyze reads the unit. What only a cluster or a container engine could tell is not looked at here.
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import yaml

from relay import Relay

ROOT = pathlib.Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
EXPOSURE_MAX = 15  # systemd's points, times ten, for what a service could do if it were taken over


def settings(weir):
    """WEIR_... of every setting."""
    printed = subprocess.run([weir, "config", "print"], env={}, check=True, capture_output=True, text=True).stdout
    section, names = "", {"WEIR_CONFIG"}
    for line in printed.splitlines():
        if header := re.fullmatch(r"\[(.*)\]", line):
            section = header[1] + "_"
        elif value := re.match(r"(\w+) = ", line):
            names.add("WEIR_" + (section + value[1]).upper())
    return names


def check_settings_exist(weir):
    known = settings(weir)
    files = [ROOT / "Dockerfile", *(path for path in DEPLOY.rglob("*") if path.is_file())]
    named = {name for path in files for name in re.findall(r"\bWEIR_[A-Z_]+\b", path.read_text())}
    assert named, "nothing is set by the environment?"
    assert named <= known, f"no settings of the relay: {sorted(named - known)}"


def check_compose():
    services = yaml.safe_load((DEPLOY / "compose/compose.yml").read_text())["services"]
    assert set(services) == {"weir", "prometheus", "grafana"}
    for name, service in services.items():
        for port in service["ports"]:
            assert port.startswith("127.0.0.1:"), f"compose publishes {name} to others: {port}"
        assert "network_mode" not in service and "privileged" not in service, name
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (DEPLOY / "compose" / source).exists(), f"{name}: {source} is not there"
        for image in [service.get("image", "weir")]:
            assert image == "weir" or re.search(r":v?\d+\.\d+\.\d+$", image), f"{image}: name a version"
    assert services["weir"]["build"] == "../.."
    targets = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())["scrape_configs"][0]["static_configs"]
    assert targets == [{"targets": ["weir:8787"]}], targets
    assert services["weir"]["environment"]["WEIR_ACCESS_HOSTS"] == "weir", "the relay does not answer Prometheus"
    source = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yml").read_text())
    assert source["datasources"][0]["url"] == "http://prometheus:9090"
    provider = yaml.safe_load((DEPLOY / "grafana/provisioning/dashboards/weir.yml").read_text())["providers"][0]
    mounts = [volume.split(":")[:2] for volume in services["grafana"]["volumes"]]
    assert ["../grafana/dashboards", provider["options"]["path"]] in mounts, mounts
    dashboard = json.loads((DEPLOY / "grafana/dashboards/weir.json").read_text())
    identities = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(identities)) == len(identities) > 20
    for panel in dashboard["panels"]:
        assert panel["type"] == "row" or panel.get("description"), f"the panel {panel['title']} does not say what it shows"
        shown = panel.get("fieldConfig", {}).get("defaults", {})
        # Without either Grafana's own thresholds hold: red from 80 of whatever it is.
        assert panel["type"] != "stat" or {"thresholds", "color"} & set(shown), f"when is {panel['title']} red?"


def check_image():
    text = (ROOT / "Dockerfile").read_text()
    for wanted in ("USER weir", "VOLUME /var/lib/weir", "EXPOSE 8787 8788", "STOPSIGNAL SIGTERM", 'CMD ["weir", "health"]'):
        assert re.search(rf"^.*{re.escape(wanted)}$", text, re.M), f"Dockerfile has no {wanted}"
    return int(re.search(r"--uid (\d+)", text)[1])


def check_kubernetes(user):
    objects = {entry["kind"]: entry for entry in yaml.safe_load_all((DEPLOY / "kubernetes/weir.yaml").read_text())}
    assert set(objects) == {"Service", "StatefulSet", "NetworkPolicy"}
    for entry in objects.values():
        assert entry["metadata"]["name"] == "weir" and entry["apiVersion"]
    spec = objects["StatefulSet"]["spec"]
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    labels = spec["template"]["metadata"]["labels"]
    assert spec["replicas"] == 1 and spec["serviceName"] == objects["Service"]["metadata"]["name"]
    assert spec["selector"]["matchLabels"] == labels == objects["Service"]["spec"]["selector"]
    assert objects["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"] == labels
    assert pod["securityContext"]["runAsUser"] == pod["securityContext"]["fsGroup"] == user
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"]["drop"] == ["ALL"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"http": 8787, "grpc": 8788}
    for port in objects["Service"]["spec"]["ports"]:
        assert ports[port["targetPort"]] == port["port"]
    for probe, path in (("startupProbe", "/healthz"), ("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")):
        asked = container[probe]["httpGet"]
        assert asked["path"] == path and asked["port"] == "http"
        assert asked["httpHeaders"] == [{"name": "Host", "value": "localhost"}], "it does not answer to a pod's address"
    (claim,) = spec["volumeClaimTemplates"]
    assert container["volumeMounts"] == [{"name": claim["metadata"]["name"], "mountPath": "/var/lib/weir"}]
    assert claim["spec"]["accessModes"] == ["ReadWriteOnce"] and claim["spec"]["resources"]["requests"]["storage"]


def check_unit(weir, analyze):
    text = (DEPLOY / "systemd/weir.service").read_text()
    assert "ExecStart=/usr/bin/weir serve\n" in text
    with tempfile.TemporaryDirectory() as folder:
        unit = pathlib.Path(folder) / "weir.service"
        unit.write_text(text.replace("/usr/bin/weir", str(weir)))  # it has to be there to be found good
        verified = subprocess.run([analyze, "verify", unit], capture_output=True, text=True)
        assert verified.returncode == 0 and "weir.service" not in verified.stderr, verified.stderr
        exposed = subprocess.run([analyze, "security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE_MAX}", unit],
                                 capture_output=True, text=True)
        assert exposed.returncode == 0, exposed.stdout + exposed.stderr


def check_health(weir):
    def ask(port):
        return subprocess.run([weir, "health", "--http", f"0.0.0.0:{port}"], capture_output=True, text=True)

    with Relay(weir) as relay:
        well = ask(relay.port)  # 0.0.0.0 as in the image: it is asked at loopback
        assert (well.returncode, well.stdout) == (0, "ready\n"), well
    gone = ask(relay.port)
    assert gone.returncode == 1 and "nothing answers at 127.0.0.1" in gone.stderr, gone


def main(weir, analyze=None):
    check_health(weir)
    check_settings_exist(weir)
    check_compose()
    check_kubernetes(check_image())
    if analyze:
        check_unit(weir, analyze)
    print("compose, Kubernetes, the image" + (" and systemd's unit fit" if analyze else " fit; systemd's unit was not looked at"))


main(*sys.argv[1:])
