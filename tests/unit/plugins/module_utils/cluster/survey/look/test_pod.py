# Copyright (c) 2026, the llmops.vllm contributors
# SPDX-License-Identifier: Apache-2.0
"""The pod that looks at a directory."""

from __future__ import annotations

from ansible_collections.llmops.vllm.plugins.module_utils.cluster.survey.look.pod import (
    inspection_pod,
)

from ..inspection import PATH, with_directory


def test_the_pod_is_restricted_but_for_its_volume() -> None:
    pod = inspection_pod(with_directory(), "n1")
    spec = pod["spec"]
    assert spec["nodeName"] == "n1"
    assert spec["securityContext"]["runAsUser"] == 2000
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["volumes"][0]["hostPath"] == {"path": PATH, "type": "Directory"}
    [container] = spec["containers"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    mount = {"name": "directory", "mountPath": PATH, "readOnly": True}
    assert container["volumeMounts"] == [mount]
