# SPDX-License-Identifier: MPL-2.0
"""Roles that exist while a command runs: what they may do, and that they go, also after a kill."""

import json
import os

import docker
from forbidden import KILLED
from harness import PSQL_ENVIRONMENT, Theme

# What a role may do, told by the server itself through a provisioner while the role is there.
LOGIN = """
ephemeral "dbaas_credentials" "main" {
  cluster_id = dbaas_cluster.main.id
  access     = "%s"
  ttl        = "%s"
}
resource "terraform_data" "work" {
  triggers_replace = "%s"
  provisioner "local-exec" {
    command = %s
""" + PSQL_ENVIRONMENT + "  }\n}\n"


def login(access, command, ttl="5m", trigger=""):
    return LOGIN % (access, ttl, trigger or access, json.dumps(command))


class TestLogin(Theme):
    seconds = 60

    def roles(self):
        return self.as_superuser("select rolname from pg_roles where rolname like 'dbaas\\_login\\_%'").split()

    def as_superuser(self, sql, database="app"):
        leader, = docker.primaries(self.cluster)
        return docker.call("exec", leader, "psql", "-XAtq", "-h", "/run/postgresql", "-U", "postgres", "-d", database,
                           "-v", "ON_ERROR_STOP=1", "-c", sql).strip()

    def have_table(self):
        self.have_cluster()
        self.connect().query("create table if not exists t (n int primary key);"
                             " grant create on schema public to public")

    def test_1_read_write(self):
        """It writes what is there; what it could make nevertheless, in whatever database, is the administrator's then."""
        self.have_table()
        self.connect().query('create database "odd = name"')
        self.as_superuser("grant create on schema public to public", database="dbname='odd = name'")
        self.workspace.write(self.cluster_block(), login(
            "read_write",
            "psql -XAtq -v ON_ERROR_STOP=1 -c 'insert into t values (7)'"
            " -c 'create table left_behind as select current_user::text as who, n from t' &&"
            " PGDATABASE='odd = name' psql -XAtq -v ON_ERROR_STOP=1 -c 'create table left_there as select 9 as n'"))
        self.workspace.apply()
        self.assertRegex(self.connect().query("select who, n from left_behind"), r"^dbaas_login_[a-z0-9]+\|7$")
        owner = "select tableowner from pg_tables where tablename like 'left\\_%'"
        self.assertEqual(self.as_superuser(owner), "admin")
        self.assertEqual(self.as_superuser(owner, database="dbname='odd = name'"), "admin")
        self.assertEqual(self.roles(), [], "the role is still there")
        self.assert_empty_plan()
        self.assertEqual(self.roles(), [], "the plan left a role")

    def test_2_read_only(self):
        self.have_table()
        self.workspace.write(self.cluster_block(), login(
            "read_only", "psql -XAtq -c 'select count(*) from t' >count && "
                         "! psql -XAtq -c 'insert into t values (8)' 2>refused"))
        self.workspace.apply()
        with open(os.path.join(self.workspace.path, "count"), encoding="utf-8") as count:
            self.assertRegex(count.read(), r"^\d+\n$")
        with open(os.path.join(self.workspace.path, "refused"), encoding="utf-8") as refused:
            self.assertIn("permission denied for table t", refused.read())
        self.assertEqual(self.roles(), [])

    def test_3_left_behind_by_a_kill_and_dropped_by_the_next(self):
        self.have_table()
        self.workspace.write(self.cluster_block(), login("read_write", "psql -XAtq -c 'select pg_sleep(30)'",
                                                         trigger="sleep"))
        # A killed process cannot take its socket with it; the place for those is not searched at the end.
        running = self.workspace.start("apply", "-auto-approve", "-no-color", name="apply-" + KILLED,
                                       environment={"TMPDIR": self.run_folder.temporary_of_killed})
        sessions = "select usename from pg_stat_activity where usename like 'dbaas\\_login\\_%'"
        killed = self.wait_until("a role has a session", lambda: self.as_superuser(sessions))
        running.kill_providers()
        running.process.kill()
        running.wait()
        self.assertEqual(self.roles(), [killed])
        self.assertEqual(self.as_superuser(f"select rolvaliduntil between now() + '3m' and now() + '5m' from pg_roles "
                                           f"where rolname = '{killed}'"), "t")
        # Its own session, which the killed terraform left behind, ends with it.
        self.as_superuser(f"alter role {killed} valid until '2000-01-01'")
        self.workspace.write(self.cluster_block(), login("read_only", "psql -XAtq -c 'select 1' >one"))
        self.workspace.apply()
        self.assertEqual(self.roles(), [])
        self.assertEqual(self.as_superuser(f"select count(*) from pg_stat_activity where usename = '{killed}'"), "0")

    def test_4_renewed_while_it_is_needed(self):
        """With a ttl of a minute an apply of 75 seconds outlives the role, unless it is renewed."""
        self.have_table()
        self.workspace.write(self.cluster_block(), login("read_only", "sleep 75; psql -XAtq -c 'select 1' >late",
                                                         ttl="1m", trigger="long"))
        self.workspace.apply()
        with open(os.path.join(self.workspace.path, "late"), encoding="utf-8") as late:
            self.assertEqual(late.read(), "1\n")
        self.assertEqual(self.roles(), [])

    def test_5_many_at_once(self):
        self.have_table()
        many = login("read_write", "psql -XAtq -v ON_ERROR_STOP=1 -c 'select pg_sleep(1)'", trigger="many")
        many = many.replace('"main" {', '"main" {\n  count = 8').replace('"work" {', '"work" {\n  count = 8')
        many = many.replace("dbaas_credentials.main.", "dbaas_credentials.main[count.index].")
        self.workspace.write(self.cluster_block(), many)
        self.workspace.apply()
        self.assertEqual(self.roles(), [])
        self.assert_empty_plan()

    def test_6_refused(self):
        workspace = self.new_workspace("bad")
        workspace.write('ephemeral "dbaas_credentials" "bad" {\n  cluster_id = "nothing"\n  access = "read_only"\n}\n')
        found = workspace.run("plan", "-json").diagnostics()
        self.assertEqual([item["summary"] for item in found], ["Cluster local/nothing does not exist"])
        workspace.write('ephemeral "dbaas_credentials" "bad" {\n  cluster_id = "nothing"\n  ttl = "5m"\n}\n')
        found = workspace.run("validate", "-json").diagnostics()
        self.assertEqual([item["summary"] for item in found], ["The administrator's credentials have no ttl"])
