"""The manifests: nothing in them that Kubernetes does not know, and a measurement that no machine repeats."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

import click
import pytest
import yaml

from loadgen.cli.main import loadgen
from loadgen.core.redact import is_secret_key
from loadgen.core.setting_table import ROWS, VARIABLES
from loadgen.plan.load import Inputs, load_plan
from loadgen.plan.model import Kind
from loadgen.run.ending import SIGTERM_DRAIN_NS
from tests.support.workflows import ROOT, workflows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DIRECTORY = ROOT / "ops" / "kubernetes"
NAMES = {"app.kubernetes.io/name": str, "app.kubernetes.io/component": str}
META: dict[str, Any] = {"name": str, "generateName": str, "labels": NAMES, "annotations": {}}
QUANTITIES = {"cpu": str, "memory": str}
PROBE = {
    "httpGet": {"path": str, "port": str}, "initialDelaySeconds": int, "periodSeconds": int, "timeoutSeconds": int,
    "failureThreshold": int,
}  # fmt: skip
CONTAINER = {
    "name": str, "image": str, "imagePullPolicy": str, "workingDir": str, "args": [str],
    "envFrom": [{"configMapRef": {"name": str}}],
    "env": [{"name": str, "valueFrom": {"secretKeyRef": {"name": str, "key": str, "optional": bool}}}],
    "ports": [{"name": str, "containerPort": int}], "livenessProbe": PROBE, "readinessProbe": PROBE,
    "resources": {"requests": QUANTITIES, "limits": QUANTITIES},
    "securityContext": {
        "allowPrivilegeEscalation": bool, "readOnlyRootFilesystem": bool, "capabilities": {"drop": [str]},
    },
    "volumeMounts": [{"name": str, "mountPath": str, "subPath": str, "readOnly": bool}],
}  # fmt: skip
TERM = {"topologyKey": str, "labelSelector": {"matchLabels": NAMES}}
POD = {
    "restartPolicy": str, "terminationGracePeriodSeconds": int, "automountServiceAccountToken": bool,
    "enableServiceLinks": bool,
    "securityContext": {
        "runAsNonRoot": bool, "runAsUser": int, "runAsGroup": int, "fsGroup": int, "seccompProfile": {"type": str},
    },
    "affinity": {"podAntiAffinity": {
        "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": int, "podAffinityTerm": TERM}],
    }},
    "containers": [CONTAINER],
    "volumes": [{
        "name": str, "emptyDir": {"sizeLimit": str}, "persistentVolumeClaim": {"claimName": str},
        "configMap": {"name": str},
    }],
}  # fmt: skip
TEMPLATE = {"metadata": META, "spec": POD}
JOB = {
    "backoffLimit": int, "completions": int, "parallelism": int, "podReplacementPolicy": str,
    "activeDeadlineSeconds": int, "ttlSecondsAfterFinished": int, "template": TEMPLATE,
}  # fmt: skip
SELECTED = {"matchLabels": NAMES}
SPECS: dict[tuple[str, str], dict[str, Any]] = {
    ("batch/v1", "Job"): {"spec": JOB},
    ("batch/v1", "CronJob"): {"spec": {
        "schedule": str, "timeZone": str, "concurrencyPolicy": str, "startingDeadlineSeconds": int,
        "successfulJobsHistoryLimit": int, "failedJobsHistoryLimit": int,
        "jobTemplate": {"metadata": META, "spec": JOB},
    }},
    ("apps/v1", "Deployment"): {"spec": {
        "replicas": int, "strategy": {"type": str}, "selector": SELECTED, "template": TEMPLATE,
    }},
    ("v1", "Service"): {"spec": {"selector": NAMES, "ports": [{"name": str, "port": int, "targetPort": str}]}},
    ("v1", "ConfigMap"): {"data": {}},
    ("v1", "PersistentVolumeClaim"): {"spec": {"accessModes": [str], "resources": {"requests": {"storage": str}}}},
    ("networking.k8s.io/v1", "NetworkPolicy"): {"spec": {
        "podSelector": SELECTED, "policyTypes": [str],
        "ingress": [{"from": [{"podSelector": SELECTED}], "ports": [{"protocol": str, "port": int}]}],
    }},
}  # fmt: skip
"""What may stand where, of all that Kubernetes knows; an empty table is a map of texts."""


def manifests() -> dict[str, dict[str, Any]]:
    """Return every document by its file and kind; a second of a kind has its own name too."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(DIRECTORY.glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text()):
            name = f"{path.name}: {document['kind']}"
            found[f"{name} {document['metadata']['name']}" if name in found else name] = document
    return found


ALL = manifests()
PODS = {
    "baseline": ALL["baseline-job.yaml: Job"]["spec"]["template"]["spec"],
    "nightly": ALL["nightly-cronjob.yaml: CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"],
    "demo": ALL["demo.yaml: Deployment"]["spec"]["template"]["spec"],
}
JOBS = {
    "baseline": ALL["baseline-job.yaml: Job"]["spec"],
    "nightly": ALL["nightly-cronjob.yaml: CronJob"]["spec"]["jobTemplate"]["spec"],
}
SETTINGS = ALL["settings.yaml: ConfigMap"]["data"]
every_pod = pytest.mark.parametrize("pod", PODS.values(), ids=list(PODS))
every_job = pytest.mark.parametrize("job", JOBS.values(), ids=list(JOBS))


def strange(found: Any, shape: Any, place: str) -> Iterator[str]:
    """Yield what stands where nothing of that name or kind may stand."""
    if isinstance(shape, list):
        if not isinstance(found, list) or not found:
            yield f"{place}: must be a list of one or more"
        else:
            for at, item in enumerate(found):
                yield from strange(item, shape[0], f"{place}[{at}]")
    elif isinstance(shape, dict):
        if not isinstance(found, dict):
            yield f"{place}: must be a map"
        elif not shape:
            yield from (f"{place}.{key}: must be a text" for key, value in found.items() if not isinstance(value, str))
        else:
            for key, value in found.items():
                yield from (
                    strange(value, shape[key], f"{place}.{key}") if key in shape else (f"{place}.{key}: unknown",)
                )
    elif not isinstance(found, shape) or (shape is int and isinstance(found, bool)):
        yield f"{place}: must be {shape.__name__}"


@pytest.mark.parametrize("name", ALL)
def test_a_manifest_holds_nothing_that_kubernetes_does_not_know(name: str) -> None:
    document = ALL[name]
    shape = {"apiVersion": str, "kind": str, "metadata": META, **SPECS[document["apiVersion"], document["kind"]]}
    assert list(strange(document, shape, document["kind"])) == []
    assert set(document) == set(shape)


def test_a_misspelt_key_and_a_wrong_kind_are_found() -> None:
    broken = {"backofLimit": 0, "parallelism": "1", "template": {"spec": {"containers": []}}}
    assert list(strange(broken, JOB, "spec")) == [
        "spec.backofLimit: unknown", "spec.parallelism: must be int",
        "spec.template.spec.containers: must be a list of one or more",
    ]  # fmt: skip


@every_job
def test_a_measurement_is_never_repeated(job: dict[str, Any]) -> None:
    assert (job["backoffLimit"], job["completions"], job["parallelism"]) == (0, 1, 1)
    assert job["podReplacementPolicy"] == "Failed", "no second pod while the first still drains"
    assert job["template"]["spec"]["restartPolicy"] == "Never"


def test_nights_never_overlap_and_ring_when_the_workflow_does() -> None:
    spec = ALL["nightly-cronjob.yaml: CronJob"]["spec"]
    assert (spec["concurrencyPolicy"], spec["timeZone"]) == ("Forbid", "Etc/UTC")
    assert [spec["schedule"]] == workflows()["nightly"].crons
    assert spec["startingDeadlineSeconds"] < 86_400


@every_job
def test_the_deadline_leaves_room_for_the_planned_load_and_ends_what_hangs(job: dict[str, Any]) -> None:
    load_s = int(SETTINGS["LOAD_SAMPLES"]) * int(SETTINGS["INTERVAL_SECONDS"])
    assert load_s + 900 <= job["activeDeadlineSeconds"] <= 2 * load_s


@every_job
def test_the_grace_period_fits_the_drain(job: dict[str, Any]) -> None:
    assert job["template"]["spec"]["terminationGracePeriodSeconds"] >= 3 * SIGTERM_DRAIN_NS / 1e9


@every_pod
def test_a_pod_has_no_rights_that_it_does_not_need(pod: dict[str, Any]) -> None:
    around, (container,) = pod["securityContext"], pod["containers"]
    assert around["runAsNonRoot"] is True
    assert around["runAsUser"] >= 10_000
    assert around["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip


@every_pod
def test_requests_equal_limits_so_that_nothing_is_throttled_unasked(pod: dict[str, Any]) -> None:
    (container,) = pod["containers"]
    assert container["resources"]["requests"] == container["resources"]["limits"]
    assert container["resources"]["limits"]["cpu"].isdigit(), "whole processors"


@every_pod
def test_every_mount_has_its_volume_and_what_is_written_has_a_mount(pod: dict[str, Any]) -> None:
    (container,) = pod["containers"]
    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    assert set(mounts.values()) == {volume["name"] for volume in pod["volumes"]}
    assert "/tmp" in mounts
    if "workingDir" in container:
        assert container["workingDir"] in mounts
        assert mounts["/loadgen/results"] == mounts["/loadgen/baseline"] == "results", "they outlive the pod"


@pytest.mark.parametrize("name", JOBS)
def test_secrets_come_from_a_secret_and_settings_from_settings(name: str) -> None:
    (container,) = PODS[name]["containers"]
    assert container["envFrom"] == [{"configMapRef": {"name": "loadgen"}}]
    for variable in container["env"]:
        assert variable["valueFrom"]["secretKeyRef"]["key"] == variable["name"]
        assert is_secret_key(variable["name"])
    assert [key for key in SETTINGS if is_secret_key(key)] == []


@pytest.mark.parametrize("profile", ["production", "staging"])
def test_the_settings_and_the_plan_are_those_of_a_baseline(tmp_path: Path, profile: str) -> None:
    (tmp_path / "plan.toml").write_text(ALL["plan.yaml: ConfigMap"]["data"]["plan.toml"])
    inputs = Inputs(SETTINGS, tmp_path, plan_file=tmp_path / "plan.toml")
    _, plan = load_plan(Kind.BASELINE, profile, {}, inputs)
    assert {target.name for target in plan.load.targets} == {
        "/api/v2/hello", "/health", "/api/plugins", "/api/data/item-1", "/api/data/item-2",
    }  # fmt: skip
    assert plan.base_url == "http://loadgen-demo:8901"


def test_every_setting_is_one_that_loadgen_reads() -> None:
    known = {name.text for row in ROWS for name in row.variables} | VARIABLES.keys()
    assert sorted(set(SETTINGS) - known) == []


@every_pod
def test_the_arguments_are_those_of_a_command(pod: dict[str, Any]) -> None:
    (container,) = pod["containers"]
    with click.Context(loadgen) as context:
        _, command, arguments = loadgen.resolve_command(context, list(container["args"]))
        assert command is not None
        command.make_context("pod", arguments, parent=context)


@every_pod
def test_the_image_is_that_of_this_version(pod: dict[str, Any]) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert pod["containers"][0]["image"] == f"loadgen:{version}"


def test_a_job_and_its_night_run_in_the_same_pod() -> None:
    def without_arguments(pod: dict[str, Any]) -> dict[str, Any]:
        (container,) = pod["containers"]
        return {**pod, "containers": [{**container, "args": []}]}

    assert without_arguments(PODS["baseline"]) == without_arguments(PODS["nightly"])


def test_selectors_find_the_pods_they_mean() -> None:
    deployment, service = ALL["demo.yaml: Deployment"]["spec"], ALL["demo.yaml: Service"]["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    assert deployment["selector"]["matchLabels"] == service["selector"] == labels
    assert deployment["replicas"] == 1, "two processes behind one address would look like counter resets"
    assert SETTINGS["METRICS_URL"].startswith(f"http://{ALL['demo.yaml: Service']['metadata']['name']}:")


def test_the_image_is_built_without_root_from_a_pinned_base() -> None:
    text = (ROOT / "ops" / "container" / "Containerfile").read_text()
    lines = [line for line in re.sub(r"\\\n", " ", text).splitlines() if line and not line.startswith("#")]
    assert re.fullmatch(r"ARG BASE=docker\.io/library/python:3\.\d+\.\d+-slim-\w+@sha256:[0-9a-f]{64}", lines[0])
    assert lines[0].replace("ARG BASE=", "DEBIAN := ") in (ROOT / "Makefile").read_text(), "tests run on the same base"
    assert [line for line in lines if line.startswith("FROM")] == ["FROM ${BASE} AS build", "FROM ${BASE}"]
    assert "--require-hashes -r requirements.lock" in text
    users = [line.split()[1] for line in lines if line.startswith("USER")]
    assert users == [f"{PODS['baseline']['securityContext'][key]}" for key in ("runAsUser",)] or users == [
        "10001:10001"
    ]
    for line in lines:
        words = line.split()
        if words[0] == "COPY" and not words[1].startswith("--"):
            assert all((ROOT / word).exists() for word in words[1:-1]), line
        assert words[0] != "ADD"
        assert not (words[0] in ("ENV", "ARG") and any(is_secret_key(word.partition("=")[0]) for word in words[1:]))
    assert lines[-2] == 'ENTRYPOINT ["/opt/loadgen/bin/loadgen"]'
