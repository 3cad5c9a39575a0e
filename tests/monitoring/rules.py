"""The alert rules are well formed, each is tested, and each test holds: rules.py PROMTOOL"""
import pathlib
import re
import subprocess
import sys

FOLDER = pathlib.Path(__file__).parents[2] / "deploy/prometheus"
promtool = sys.argv[1]
for command in (["check", "config", "prometheus.yml"], ["check", "rules", "weir.rules.yml"],
                ["test", "rules", "weir.rules.test.yml"]):
    subprocess.run([promtool, *command], cwd=FOLDER, check=True)
alerts = re.findall(r"- alert: (\w+)", (FOLDER / "weir.rules.yml").read_text())
tests = (FOLDER / "weir.rules.test.yml").read_text()
untested = [alert for alert in alerts
            if f'alertname="{alert}", alertstate="firing"' not in tests and f"- alertname: {alert}\n" not in tests]
assert alerts and not untested, f"no test lets these fire: {untested}"
print(f"{len(alerts)} alerts, each seen to fire")
