#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Makes the volumes that claims of the testbed's storage class ask for: folders of this machine.

Started by tools/kubernetes/testbed, with its administrator's kubeconfig. Does what a storage driver's controllers do: makes
a volume for a claim that waits for one, lets it grow with its claim, and clears it away after its claim. It looks at all
of them twice a second, which is plenty for tests."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time

CLASS = "dbaas-testbed"
INTERVAL = 0.5


class Cluster:
    def __init__(self, kubectl, kubeconfig, folder, node):
        self.kubectl, self.kubeconfig, self.folder, self.node = kubectl, kubeconfig, folder, node

    def call(self, *argv, given=None):
        return subprocess.run([self.kubectl, "--kubeconfig", self.kubeconfig, *argv], text=True, capture_output=True,
                              check=True, input=None if given is None else json.dumps(given)).stdout

    def items(self, kind):
        return json.loads(self.call("get", kind, "--all-namespaces", "-o=json"))["items"]

    def patch(self, kind, name, patch, *more):
        self.call("patch", kind, name, "--type=merge", "--patch", json.dumps(patch), *more)

    def look(self):
        claims = [claim for claim in self.items("persistentvolumeclaims") if claim["spec"].get("storageClassName") == CLASS]
        volumes = {volume["metadata"]["name"]: volume for volume in self.items("persistentvolumes")
                   if volume["spec"].get("storageClassName") == CLASS}
        for claim in claims:
            name = "claim-" + claim["metadata"]["uid"]
            if "deletionTimestamp" in claim["metadata"]:
                continue
            if name not in volumes:
                self.make(name, claim)
            else:
                self.grow(volumes[name], claim)
        for name, volume in volumes.items():
            if volume.get("status", {}).get("phase") in ("Released", "Failed"):
                self.call("delete", "persistentvolume", name, "--wait=false")
                shutil.rmtree(volume["spec"]["hostPath"]["path"], ignore_errors=True)

    def make(self, name, claim):
        path = os.path.join(self.folder, name)
        os.makedirs(path, exist_ok=True)
        os.chmod(path, 0o777)  # The kubelet gives a folder of the host's to no group.
        self.call("create", "-f", "-", given={
            "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": {
                "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
                "accessModes": claim["spec"]["accessModes"], "storageClassName": CLASS,
                "persistentVolumeReclaimPolicy": "Retain", "hostPath": {"path": path, "type": "Directory"},
                "claimRef": {"namespace": claim["metadata"]["namespace"], "name": claim["metadata"]["name"],
                             "uid": claim["metadata"]["uid"]},
                "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [
                    {"key": "kubernetes.io/hostname", "operator": "In", "values": [self.node]}]}]}}}})

    def grow(self, volume, claim):
        wanted = claim["spec"]["resources"]["requests"]["storage"]
        if volume["spec"]["capacity"]["storage"] != wanted:
            self.patch("persistentvolume", volume["metadata"]["name"], {"spec": {"capacity": {"storage": wanted}}})
        has = claim.get("status", {}).get("capacity", {}).get("storage")
        if has is not None and has != wanted:
            self.patch("persistentvolumeclaim", claim["metadata"]["name"],
                       {"status": {"capacity": {"storage": wanted}, "conditions": None}}, "--subresource=status",
                       "--namespace", claim["metadata"]["namespace"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name in ("kubectl", "kubeconfig", "folder", "node"):
        parser.add_argument("--" + name, required=True)
    cluster = Cluster(**vars(parser.parse_args()))
    while True:
        try:
            cluster.look()
        except subprocess.CalledProcessError as error:
            # Somebody was quicker, or the server is away: the next look is soon.
            print(error.stderr.strip(), file=sys.stderr, flush=True)
        time.sleep(INTERVAL)


if __name__ == "__main__":
    main()
