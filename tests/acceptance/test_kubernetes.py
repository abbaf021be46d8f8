# SPDX-License-Identifier: MPL-2.0
"""A cluster in a namespace of a real Kubernetes cluster, under the restricted Pod Security level: made, grown, hurt, destroyed."""

import json
import os
import time

import kubernetes
from harness import Theme, dbaas, say

HOST = "prod"
SIZE = {"cpu": 0.5, "memory": "256MiB"}
BIGGER = {"cpu": 0.5, "memory": "320MiB"}
# Of the ttl of Patroni, 20 s, and of a pod that starts: a test must not fail because its machine is busy.
LONGEST_FAILOVER = 60


class Kubernetes(Theme):
    """A cluster in a namespace of its own, and what can be seen of it."""

    on = "kubernetes"
    clis = ("tofu",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.namespace = cls.cluster
        kubernetes.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": cls.namespace, "labels": {
            "pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/warn": "restricted"}}})
        cls.host = {"config_path": kubernetes.CONFIG, "namespace": cls.namespace, "storage_class": "dbaas-testbed",
                    "volume_size": "1GiB", "service_type": "NodePort", "address": "127.0.0.1"}

    @classmethod
    def provider(cls, *others, **changes):
        settings = {key: value for key, value in {**cls.host, **changes}.items() if value is not None}
        lines = "\n".join(f"      {key} = {json.dumps(value)}" for key, value in settings.items())
        return (f'provider "dbaas" {{\n  host {{\n    name = "{HOST}"\n    kubernetes {{\n{lines}\n    }}\n  }}\n'
                + "".join(others) + "}\n")

    @classmethod
    def cluster_block(cls, label="main", provider=True, **attributes):
        attributes = {"instance_class": None, "resources": SIZE, **attributes}
        return (cls.provider() if provider else "") + super().cluster_block(label, **attributes)

    @classmethod
    def environment(cls):
        return {"DBAAS_HOST": json.dumps({"name": HOST, "kubernetes": cls.host})}

    @classmethod
    def dbaas(cls, *arguments):
        return dbaas(cls.run_folder, *arguments, environment=cls.environment())

    @classmethod
    def credentials(cls, cluster):
        given = json.loads(cls.dbaas("credentials", cluster, "--json"))
        cls.run_folder.remember_secret(cluster, "password", given["password"])
        return given

    @classmethod
    def tearDownClass(cls):
        try:
            cls.keep_evidence()
            for workspace in cls.workspaces:
                if workspace.addresses():
                    result = cls.destroy_unprotected(workspace)
                    if result.code != 0:
                        say(f"clean-up by {cls.cli} destroy failed: {result}")
        finally:
            kubernetes.call("delete", "namespace", cls.namespace, "--wait=true", "--timeout=120s", check=False, timeout=150)

    @classmethod
    def keep_evidence(cls):
        """What an onlooker sees, and what he must not see, for the search at the end."""
        for name, value in kubernetes.secret_values(cls.namespace).items():
            for line in value.splitlines():
                if "password" in line.lower() and ":" in line:
                    word = line.rpartition(":")[2].strip().strip('",\'')
                    if len(word) >= 16:
                        cls.run_folder.remember_secret(cls.cluster, name, word)
        path = cls.run_folder.new_evidence("kubernetes.yaml")
        with open(path, "w", encoding="utf-8") as evidence:
            evidence.write(kubernetes.everything_but_secrets(cls.namespace))

    # -- looking at it

    def members(self):
        shown = json.loads(self.dbaas("show", self.cluster, "--json"))
        return {member["name"]: (member["role"], member["state"]) for member in shown["clusters"][0]["members"]}

    def primary(self):
        leads = [name for name, state in self.members().items() if state == ("primary", "running")]
        self.assertEqual(len(leads), 1, self.members())
        return leads[0]

    def assert_members_stream(self, count):
        def all_well():
            wanted = [("primary", "running")] + [("standby", "streaming")] * (count - 1)
            return sorted(self.members().values()) == sorted(wanted)
        self.wait_until(f"a primary and {count - 1} standbys", all_well, 90, 1, lambda: str(self.members()))

    def uids(self):
        return {name: kubernetes.uid("pod", name, self.namespace) for name in kubernetes.names("pod", self.namespace, self.cluster)}

    def plan_with_reasons(self):
        """The plan is an update in place; its reasons."""
        result = self.workspace.plan()
        self.assertEqual(result.code, 2, f"what was changed by hand does not show: {result}")
        change = self.workspace.plan_changes(result)["dbaas_cluster.main"]
        self.assertEqual(change["actions"], ["update"])
        return "\n".join(change["before"]["drift"])


class TestKubernetes(Kubernetes):
    seconds = 120

    def test_1_created(self):
        began = time.monotonic()
        values = self.have_cluster(node_count=1)
        say(f"a first member after {time.monotonic() - began:.1f} s")
        self.assert_empty_plan()
        connection = self.connect()
        connection.query("create table kept as select generate_series(1, 1000) as n")
        self.wait_until("the reader has it", lambda: self.connect(reader=True).try_query("select count(*) from kept")[1] == "1000", 20)
        self.assertEqual(values["members"], [f"{self.cluster}-1"])

    def test_2_grows_and_shrinks(self):
        self.have_cluster(node_count=1)
        before = self.uids()
        began = time.monotonic()
        self.have_cluster(node_count=3)
        self.assert_members_stream(3)
        say(f"from one to three members that stream: {time.monotonic() - began:.1f} s")
        self.assert_empty_plan()
        after = self.uids()
        self.assertEqual({name: after[name] for name in before}, before, "what was there was made anew")
        self.have_cluster(node_count=2)
        self.assert_members_stream(2)
        self.assert_empty_plan()
        self.assertNotIn(f"{self.cluster}-3", kubernetes.names("statefulset", self.namespace, self.cluster))
        self.assertEqual(self.connect().query("select count(*) from kept"), "1000")

    def test_3_parameters(self):
        self.have_cluster(node_count=2)
        before = self.uids()
        self.have_cluster(node_count=2, parameters={"work_mem": "9MB", "max_connections": "120"})
        self.assertEqual(self.connect().query("show work_mem"), "9MB")
        self.assertEqual(self.connect().query("show max_connections"), "120")
        self.assertEqual(self.uids(), before, "a pod was made anew for a parameter")
        self.assert_members_stream(2)
        self.assert_empty_plan()

    def test_4_switchover(self):
        self.have_cluster(node_count=2)
        before = self.primary()
        other = next(name for name in self.members() if name != before)
        with self.writer() as writer:
            self.dbaas("switchover", self.cluster, "--to", other)
            self.assertEqual(self.primary(), other)
        self.assert_rows(writer.ledger, self.connect())
        say(f"switchover: longest time without a row {writer.ledger.longest_gap():.1f} s")
        self.assert_members_stream(2)
        self.assert_empty_plan()

    def test_5_pods_die(self):
        self.have_cluster(node_count=2)
        self.assert_members_stream(2)
        standby = next(name for name, state in self.members().items() if state[0] == "standby")
        before = kubernetes.uid("pod", kubernetes.pod_of(standby), self.namespace)
        kubernetes.call("delete", "pod", kubernetes.pod_of(standby), "-n", self.namespace)
        self.assert_members_stream(2)
        self.assertNotEqual(kubernetes.uid("pod", kubernetes.pod_of(standby), self.namespace), before)
        lost = self.primary()
        with self.writer() as writer:
            killed_at = time.monotonic()
            kubernetes.call("delete", "pod", kubernetes.pod_of(lost), "-n", self.namespace, "--force", "--grace-period=0")
            time.sleep(1)
            writer.wait_for_row(LONGEST_FAILOVER)
        self.assert_rows(writer.ledger, self.connect())
        gap = writer.ledger.longest_gap(since=killed_at)
        say(f"{lost}, the primary, force-deleted: writes blocked for {gap:.1f} s")
        self.assertLess(gap, LONGEST_FAILOVER)
        self.assert_members_stream(2)
        self.assert_empty_plan()

    def test_6_drift(self):
        self.have_cluster(node_count=2)
        self.assert_members_stream(2)
        standby = next(name for name, state in self.members().items() if state[0] == "standby")
        service = next(item["metadata"]["name"] for item in kubernetes.listed(
            "service", self.namespace, f"{kubernetes.LABEL_CLUSTER}={self.cluster}") if item["spec"]["type"] == "NodePort")
        port = '[{"op": "replace", "path": "/spec/ports/0/targetPort", "value": 1}]'
        kubernetes.call("patch", "service", service, "-n", self.namespace, "--type=json", "-p", port)
        kubernetes.call("delete", "statefulset", standby, "-n", self.namespace, "--cascade=orphan")
        reasons = self.plan_with_reasons()
        self.assertIn(f"instance {standby} is missing", reasons)
        self.assertIn(f"instance {self.cluster}-proxy its files differ", reasons)
        self.workspace.apply()
        self.assert_empty_plan()
        self.assert_members_stream(2)
        self.wait_until("the port leads to the proxy again",  # kube-proxy follows in a second or three.
                        lambda: self.connect().try_query("select count(*) from kept")[1] == "1000", 20)

        secret = next(name for name in kubernetes.names("secret", self.namespace, self.cluster) if standby in name)
        kubernetes.call("delete", "secret", secret, "-n", self.namespace)
        self.assertIn(f"instance {standby} its files differ", self.plan_with_reasons())
        self.workspace.apply()
        self.assert_empty_plan()

    def test_7_a_field_of_others_stays(self):
        self.have_cluster(node_count=2)
        name = f"{self.cluster}-1"
        kubernetes.call("annotate", "statefulset", name, "-n", self.namespace, "example.org/owner=team-a",
                        "--field-manager=team-a")
        self.assert_empty_plan()
        self.have_cluster(node_count=2, parameters={"work_mem": "7MB"})
        found = kubernetes.call("get", "statefulset", name, "-n", self.namespace,
                                "-o", "jsonpath={.metadata.annotations.example\\.org/owner}")
        self.assertEqual(found, "team-a")
        self.assertEqual(self.connect().query("show work_mem"), "7MB")
        self.assert_empty_plan()

    def test_7_resources(self):
        self.have_cluster(node_count=2)
        with self.writer() as writer:
            self.have_cluster(node_count=2, resources=BIGGER)
        self.assert_rows(writer.ledger, self.connect())
        say(f"resources changed: longest time without a row {writer.ledger.longest_gap():.1f} s")
        limit = kubernetes.call("get", "pod", kubernetes.pod_of(self.primary()), "-n", self.namespace,
                                "-o", "jsonpath={.spec.containers[0].resources.limits.memory}")
        self.assertIn(limit, (str(320 << 20), "320Mi"))
        self.assert_members_stream(2)
        self.assert_empty_plan()

    def test_8_nothing_secret_where_others_read(self):
        self.have_cluster(node_count=2)
        secrets = [self.credentials(self.cluster)["password"]]
        shown = kubernetes.everything_but_secrets(self.namespace)
        for secret in secrets:
            self.assertNotIn(secret, shown)
        self.keep_evidence()

    def test_9_a_verb_that_is_not_granted(self):
        """The message names verb, resource and namespace; and a second host that nobody reaches stops nothing on the first."""
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "onlooker", "namespace": self.namespace}}
        role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "onlooker", "namespace": self.namespace},
                "rules": [{"apiGroups": ["", "apps", "networking.k8s.io", "coordination.k8s.io", "policy"], "resources": ["*"],
                           "verbs": ["get", "list", "watch"]}]}
        binding = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
                   "metadata": {"name": "onlooker", "namespace": self.namespace},
                   "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "onlooker"},
                   "subjects": [{"kind": "ServiceAccount", "name": "onlooker", "namespace": self.namespace}]}
        kubernetes.apply(account, role, binding)
        token = kubernetes.call("create", "token", "onlooker", "-n", self.namespace, "--duration=1h").strip()
        self.run_folder.remember_secret(self.cluster, "token", token)
        config = json.loads(kubernetes.call("config", "view", "--raw", "-o", "json"))
        config["users"] = [{"name": user["name"], "user": {"token": token}} for user in config["users"]]
        path = os.path.join(self.run_folder.temporary, "onlooker.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)
        self.addCleanup(os.remove, path)
        workspace = self.new_workspace("onlooker")
        workspace.write(self.provider(config_path=path), Theme.cluster_block.__func__(type(self), name=self.cluster + "-b"))
        result = workspace.run("apply", "-auto-approve", "-no-color")
        self.assertEqual(result.code, 1, result)
        self.assertRegex(" ".join(result.output.replace("│", " ").split()), rf'cannot (create|patch|update) resource "\w+".*namespace "{self.namespace}"')
        self.assertEqual(workspace.addresses(), [])

        away = '  host {\n    name = "away"\n    docker { endpoint = "tcp://127.0.0.1:1" }\n  }\n'
        self.workspace.write(self.provider(away), self.cluster_block(provider=False, node_count=2))
        type(self).applied = None
        self.workspace.apply()
        self.assertEqual(self.connect().query("select count(*) from kept"), "1000")

    def test_a_same_outputs_as_on_docker(self):
        values = self.have_cluster(node_count=2)
        workspace = self.new_workspace("docker")
        workspace.write(Theme.cluster_block.__func__(type(self), name=self.cluster + "-d", node_count=2,
                                                     failover={"watch": False}))
        workspace.apply()
        others = workspace.values("dbaas_cluster.main")
        self.assertEqual(sorted(values), sorted(others))
        filled = lambda found: sorted(key for key, value in found.items() if value not in (None, "", [], {}))  # noqa: E731
        only = {"failover", "resources", "instance_class", "parameters"}
        self.assertEqual(set(filled(values)) - only, set(filled(others)) - only)
        self.assertEqual(workspace.destroy().code, 0)

    def test_b_destroyed(self):
        self.have_cluster(node_count=2)
        result = self.workspace.destroy()
        self.assertEqual(result.code, 0, result)
        type(self).applied = None
        left = {kind: kubernetes.names(kind, self.namespace) for kind in kubernetes.KINDS}
        self.assertEqual({kind: found for kind, found in left.items() if found}, {})
