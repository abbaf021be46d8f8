# SPDX-License-Identifier: MPL-2.0
"""What the acceptance tests ask of the testbed's API server: kubectl, as the cluster's administrator."""

import base64
import gzip
import json
import os
import shutil
import subprocess

CONFIG = "/var/lib/dbaas-testbed/admin.kubeconfig"
LABEL_CLUSTER = "dbaas/cluster"
LABEL_MANAGED = "app.kubernetes.io/managed-by=dbaas"
KINDS = ("statefulset", "service", "secret", "networkpolicy", "persistentvolumeclaim", "poddisruptionbudget", "lease", "pod")


def missing():
    """What is not there for these tests, or None."""
    if not shutil.which("kubectl") or not os.path.exists(CONFIG):
        return "no testbed runs: ./dev kubernetes up, and its programs belong on PATH"
    return None if call("get", "--raw=/readyz", check=False) == "ok" else "the testbed's API server does not answer"


def call(*arguments, check=True, timeout=120, text=None, config=CONFIG):
    """Runs kubectl and gives its stdout."""
    result = subprocess.run(["kubectl", "--kubeconfig", config, *arguments], text=True, input=text, capture_output=True,
                            timeout=timeout, check=False)
    if check and result.returncode != 0:
        raise AssertionError(f"kubectl {' '.join(arguments)}: {result.stderr.strip()}")
    return result.stdout


def apply(*objects):
    call("apply", "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))


def listed(kind, namespace, selector=LABEL_MANAGED):
    return json.loads(call("get", kind, "-n", namespace, "-l", selector, "-o", "json"))["items"]


def names(kind, namespace, cluster=None):
    selector = f"{LABEL_CLUSTER}={cluster}" if cluster else LABEL_MANAGED
    return sorted(item["metadata"]["name"] for item in listed(kind, namespace, selector))


def pod_of(instance):
    """A StatefulSet of one replica has one pod, always of the same name."""
    return f"{instance}-0"


def uid(kind, name, namespace):
    return call("get", kind, name, "-n", namespace, "-o", "jsonpath={.metadata.uid}", check=False)


def ready(instance, namespace):
    path = '-o=jsonpath={.status.conditions[?(@.type=="Ready")].status}'
    return call("get", "pod", pod_of(instance), "-n", namespace, path, check=False) == "True"


def secret_values(namespace):
    """{"name/key": text} of all Secrets of ours, unpacked."""
    found = {}
    for secret in listed("secret", namespace):
        for key, value in (secret.get("data") or {}).items():
            content = base64.b64decode(value)
            if content.startswith(b"\x1f\x8b"):
                content = gzip.decompress(content)
            found[f"{secret['metadata']['name']}/{key}"] = content.decode(errors="replace")
    return found


def everything_but_secrets(namespace):
    """All that an ordinary onlooker may read, as text."""
    kinds = ("pods,services,endpoints,statefulsets,controllerrevisions,networkpolicies,persistentvolumeclaims,configmaps,"
             "events,leases,poddisruptionbudgets,serviceaccounts,roles,rolebindings")
    return call("get", kinds, "-n", namespace, "-o", "yaml", "--show-managed-fields")
