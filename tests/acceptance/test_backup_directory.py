# SPDX-License-Identifier: MPL-2.0
"""Backups in a directory of the user's choice, which stays when the cluster goes."""

import os
import shutil

import docker
from harness import dbaas
from test_backup import Backups, policy


class TestBackupDirectory(Backups):
    seconds = 45

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.directory = f"/tmp/dbaas-backups-{cls.cluster}"

    @classmethod
    def remove_leftovers(cls):
        super().remove_leftovers()
        shutil.rmtree(cls.directory, ignore_errors=True)

    @classmethod
    def cluster_block(cls, label="main", **attributes):
        return super().cluster_block(label, **{"backup_directory": cls.directory, **attributes})

    def test_1_one_that_is_not_there_is_said_and_can_be_made(self):
        self.workspace.write(self.cluster_block(node_count=2), policy())
        result = self.workspace.run("apply", "-auto-approve", "-no-color")
        self.assertEqual(result.code, 1, result)
        said = " ".join(result.output.replace("│", " ").split())
        self.assertIn(f"Directory {self.directory} of host local cannot be used", said)
        self.assertIn("no such file or directory", said)
        self.assertRegex(said, r"backup_directory *=")
        os.mkdir(self.directory)
        self.have()
        self.assert_empty_plan()

    def test_2_backups_are_in_it_and_good(self):
        os.makedirs(self.directory, exist_ok=True)
        self.have()
        self.query("create table if not exists kept as select 42 as n")
        dbaas(self.run_folder, "backup", self.cluster)
        self.assertEqual(sorted(os.listdir(self.directory)), ["archive", "backup"])
        dbaas(self.run_folder, "verify", self.cluster)
        self.assertEqual(self.restored("select n from kept"), "42")
        self.workspace.write(self.cluster_block(node_count=2, backup_directory=None), policy())
        type(self).applied = None
        result = self.workspace.plan()
        self.assertIn("must be replaced", result.output)

    def test_3_it_stays_with_what_is_in_it(self):
        self.have()
        self.assertEqual(self.destroy_unprotected(self.workspace).code, 0)
        type(self).applied = None
        self.assertEqual(docker.names("volume", self.cluster), [])
        self.assertEqual(sorted(os.listdir(self.directory)), ["archive", "backup"])
        # And another of that name is made over it, with backups of its own.
        self.have()
        self.assertEqual(self.types(), [])
        dbaas(self.run_folder, "backup", self.cluster)
        self.assertEqual(self.types(), ["full"])
        self.assert_empty_plan()
