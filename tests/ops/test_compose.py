"""The compose stack as a document: everything it mounts is there, listens on loopback only, and is pinned."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.debian import program

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "ops" / "compose" / "compose.yaml"
STACK: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
SERVICES: dict[str, dict[str, Any]] = STACK["services"]
PROMETHEUS: dict[str, Any] = yaml.safe_load((ROOT / "ops" / "prometheus" / "prometheus.yml").read_text())
_LISTENS = re.compile(r"--(?:web|cluster)\.listen-address=(.*)")


def listening(service: str) -> list[str]:
    """Return every address that a service is told to listen on."""
    body = SERVICES[service]
    told = [match[1] for word in body.get("command", ()) if (match := _LISTENS.fullmatch(word))]
    environment = body.get("environment", {})
    if "GF_SERVER_HTTP_ADDR" in environment:
        told.append(f"{environment['GF_SERVER_HTTP_ADDR']}:{environment['GF_SERVER_HTTP_PORT']}")
    return [address for address in told if address]


def check_schema(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(path)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_the_file_keeps_the_schema_of_compose_and_the_schema_refuses_what_is_none(tmp_path: Path) -> None:
    whole = check_schema(COMPOSE)
    assert whole.returncode == 0, whole.stdout
    broken = tmp_path / "compose.yaml"
    broken.write_text(COMPOSE.read_text().replace("network_mode:", "network_mood:"))
    refused = check_schema(broken)
    assert refused.returncode == 1
    assert "network_mood" in refused.stdout


def test_the_stack_is_what_an_sre_expects() -> None:
    assert set(SERVICES) == {"prometheus", "alertmanager", "pushgateway", "grafana"}


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_is_pinned_by_its_version_and_its_digest(service: str) -> None:
    assert re.fullmatch(r"(?:prom|grafana)/[a-z]+:v?\d+\.\d+\.\d+@sha256:[0-9a-f]{64}", SERVICES[service]["image"])


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_listens_on_loopback_only(service: str) -> None:
    body = SERVICES[service]
    assert body["network_mode"] == "host"
    assert "ports" not in body, "with the host's network they would be without effect"
    addresses = listening(service)
    assert len(addresses) == 1
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+", address) for address in addresses)


def test_every_service_has_a_port_of_its_own_and_prometheus_19190() -> None:
    addresses = [address for service in SERVICES for address in listening(service)]
    assert len(set(addresses)) == len(addresses)
    assert listening("prometheus") == ["127.0.0.1:19190"]
    assert "--cluster.listen-address=" in SERVICES["alertmanager"]["command"], "else it listens on every address"


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_mounted_is_there_and_cannot_be_written(service: str) -> None:
    for mount in SERVICES[service].get("volumes", ()):
        source, _, rest = mount.partition(":/")
        if source.startswith("."):
            place = (COMPOSE.parent / source).resolve()
            assert place.exists(), mount
            assert ROOT in place.parents, mount
            assert rest.endswith(":ro"), mount
        elif not source.startswith("$"):
            assert source in STACK["volumes"], mount


def test_what_alertmanager_must_keep_secret_is_mounted_where_its_configuration_looks_and_git_does_not() -> None:
    (mount,) = [mount for mount in SERVICES["alertmanager"]["volumes"] if mount.startswith("$")]
    found = re.fullmatch(r"\$\{ALERT_SECRETS:-\./secrets\}:(/\S+):ro", mount)
    assert found is not None
    told = (ROOT / "ops" / "alertmanager" / "alertmanager.yml").read_text()
    files = re.findall(r"(?:credentials_file|api_url_file): (\S+)", told)
    assert files
    assert all(file.startswith(found[1] + "/") for file in files)
    assert "/ops/compose/secrets/" in (ROOT / ".gitignore").read_text().splitlines()


def test_the_files_that_the_services_are_told_to_read_are_mounted() -> None:
    told = [
        (service, word.partition("=")[2])
        for service, body in SERVICES.items()
        for word in body.get("command", ())
        if word.startswith("--config.file=")
    ]
    assert len(told) == 2
    for service, inside in told:
        mounts = [mount.split(":") for mount in SERVICES[service]["volumes"] if not mount.startswith("$")]
        (outside,) = [
            COMPOSE.parent / source / inside.removeprefix(target).removeprefix("/")
            for source, target, *_ in mounts
            if inside == target or inside.startswith(target + "/")
        ]
        assert outside.is_file(), inside


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_no_right_that_it_does_not_need(service: str) -> None:
    body = SERVICES[service]
    assert (body["read_only"], body["cap_drop"]) == (True, ["ALL"])
    assert body["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in body


def test_grafana_has_no_password_that_is_known_to_everybody() -> None:
    environment = SERVICES["grafana"]["environment"]
    assert environment["GF_SECURITY_ADMIN_PASSWORD"].startswith("${GRAFANA_ADMIN_PASSWORD:?")
    assert environment["GF_USERS_ALLOW_SIGN_UP"] == "false"


def test_grafana_finds_prometheus_where_it_listens_and_the_dashboard_where_it_is_mounted() -> None:
    provisioning = ROOT / "ops" / "grafana" / "provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources" / "prometheus.yaml").read_text())["datasources"]
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "loadgen.yaml").read_text())["providers"]
    assert source["url"] == f"http://{listening('prometheus')[0]}"
    assert source["jsonData"]["timeInterval"] == PROMETHEUS["global"]["scrape_interval"]
    mounts = dict(mount.split(":")[:2] for mount in SERVICES["grafana"]["volumes"])
    (outside,) = [where for where, inside in mounts.items() if inside == provider["options"]["path"]]
    found = sorted((COMPOSE.parent / outside).resolve().glob("*.json"))
    assert [json.loads(path.read_text())["uid"] for path in found] == ["loadgen-metasheet", "loadgen-relay"]


def test_prometheus_knows_the_others_where_they_listen() -> None:
    (alertmanager,) = PROMETHEUS["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"]
    assert alertmanager == listening("alertmanager")[0]
    targets = {job["job_name"]: job["static_configs"][0]["targets"] for job in PROMETHEUS["scrape_configs"]}
    assert targets == {
        "service": ["127.0.0.1:8901"],
        "pushgateway": listening("pushgateway"),
        "prometheus": listening("prometheus"),
        "alertmanager": listening("alertmanager"),
    }
    (gateway,) = [job for job in PROMETHEUS["scrape_configs"] if job["job_name"] == "pushgateway"]
    assert gateway["honor_labels"], "else what is pushed loses its job"


def test_the_stacks_own_processes_are_not_judged_as_services_are() -> None:
    for job in PROMETHEUS["scrape_configs"]:
        drops = [rule["regex"] for rule in job.get("metric_relabel_configs", ()) if rule["action"] == "drop"]
        assert drops == ([] if job["job_name"] == "service" else ["process_.*"]), job["job_name"]


def test_promtool_finds_no_fault_with_the_configuration_and_its_rules() -> None:
    done = subprocess.run(
        [program("promtool"), "check", "config", "ops/prometheus/prometheus.yml"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 rule files found" in done.stdout
