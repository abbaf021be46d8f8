#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""What the testbed promises to those who test on it: pods run, are reached by exec, reach each other and the API server,
and end. Called by `./dev kubernetes smoke`, with a cluster that is up."""

import json
import os
import subprocess
import time
import unittest

KUBECTL = os.environ["DBAAS_KUBECTL"]
NAMESPACE = "smoke"
IMAGE = "docker.io/dbaas/postgresql:17"
ANSWER = "the other pod answers"
SERVE = f"""
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write({ANSWER!r}.encode())
http.server.HTTPServer(("", 8080), Handler).serve_forever()
"""
GET = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=2).read().decode())"
ASK_API = """
import ssl, sys, urllib.request
folder = "/var/run/secrets/kubernetes.io/serviceaccount/"
request = urllib.request.Request("https://%s/version" % sys.argv[1],
                                 headers={"Authorization": "Bearer " + open(folder + "token").read()})
print(urllib.request.urlopen(request, timeout=2, context=ssl.create_default_context(cafile=folder + "ca.crt")).status)
"""


def kubectl(*argv, **more):
    done = subprocess.run([KUBECTL, "--namespace", NAMESPACE, *argv], text=True, capture_output=True, check=False, **more)
    if done.returncode != 0:
        raise AssertionError(f"kubectl {' '.join(argv[:3])}: {done.stderr.strip()}")
    return done.stdout.strip()


def pod(name):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}}, "spec": {
        "terminationGracePeriodSeconds": 0, "containers": [{
            "name": "main", "image": IMAGE, "imagePullPolicy": "Never", "command": ["python3", "-c", SERVE]}]}}


SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "first"},
           "spec": {"selector": {"app": "first"}, "ports": [{"port": 80, "targetPort": 8080}]}}


class TestTestbed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        kubectl("create", "namespace", NAMESPACE)
        for thing in (pod("first"), pod("second"), SERVICE):
            kubectl("apply", "-f", "-", input=json.dumps(thing))
        kubectl("wait", "--for=condition=Ready", "pod/first", "pod/second", "--timeout=60s")

    @classmethod
    def tearDownClass(cls):
        kubectl("delete", "namespace", NAMESPACE, "--timeout=60s")

    def get_from_second(self, url):
        deadline = time.monotonic() + 20  # The rules of a new Service lag by seconds.
        while True:
            try:
                return kubectl("exec", "second", "--", "python3", "-c", GET, url)
            except AssertionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)

    def test_exec(self):
        self.assertEqual(kubectl("exec", "-i", "first", "--", "cat", input="as it came"), "as it came")

    def test_pod_to_pod(self):
        address = kubectl("get", "pod", "first", "-o=jsonpath={.status.podIP}")
        self.assertEqual(self.get_from_second(f"http://{address}:8080/"), ANSWER)

    def test_service(self):
        address = kubectl("get", "service", "first", "-o=jsonpath={.spec.clusterIP}")
        self.assertEqual(self.get_from_second(f"http://{address}/"), ANSWER)

    def test_pod_to_api_server(self):
        self.assertEqual(kubectl("exec", "second", "--", "python3", "-c", ASK_API, "10.96.0.1"), "200")

    def test_names(self):
        self.assertEqual(self.get_from_second(f"http://first.{NAMESPACE}.svc.cluster.local/"), ANSWER)
        self.assertEqual(self.get_from_second("http://first/"), ANSWER)

    def test_a_volume_is_made_and_grows_and_goes(self):
        claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "volume"}, "spec": {
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}}
        kubectl("apply", "-f", "-", input=json.dumps(claim))
        kubectl("wait", "--for=jsonpath={.status.phase}=Bound", "pvc/volume", "--timeout=30s")
        kubectl("patch", "pvc", "volume", "--patch", json.dumps({"spec": {"resources": {"requests": {"storage": "2Mi"}}}}))
        kubectl("wait", "--for=jsonpath={.status.capacity.storage}=2Mi", "pvc/volume", "--timeout=30s")
        kubectl("delete", "pvc", "volume", "--timeout=30s")

    def test_a_pod_that_is_removed_is_gone(self):
        kubectl("apply", "-f", "-", input=json.dumps(pod("third")))
        kubectl("wait", "--for=condition=Ready", "pod/third", "--timeout=60s")
        kubectl("delete", "pod", "third", "--timeout=30s")
        self.assertNotIn("third", kubectl("get", "pods", "-o=name"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
