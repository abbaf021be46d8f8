# SPDX-License-Identifier: MPL-2.0
"""Values that exist while a command runs: passwords that nobody keeps."""

from harness import Reference, Theme

PASSWORD = """
ephemeral "dbaas_password" "main" {
  length      = 40
  min_numeric = 20
}
"""


class TestEphemeral(Theme):
    seconds = 40

    def password_of(self, version):
        self.have_cluster(PASSWORD, password_wo=Reference("ephemeral.dbaas_password.main.result"),
                          password_wo_version=version)
        return self.credentials(self.cluster)["password"]

    def test_1_password(self):
        password = self.password_of(1)
        self.assertEqual(len(password), 40)
        self.assertGreaterEqual(sum(map(str.isdigit, password)), 20)
        self.assertEqual(self.connect().query("select current_user"), "admin")
        self.assert_empty_plan()
        self.workspace.apply()
        self.assertEqual(self.credentials(self.cluster)["password"], password, "another one was taken")
        with open(self.workspace.state_path, encoding="utf-8") as state:
            self.assertNotIn(password, state.read())
        self.assertNotEqual(self.password_of(2), password)
        self.assertEqual(self.connect().query("select 1"), "1")

    def test_2_password_that_cannot_be(self):
        workspace = self.new_workspace("bad")
        workspace.write('ephemeral "dbaas_password" "bad" {\n  length = 8\n  min_lower = 9\n}\n')
        found = workspace.run("validate", "-json").diagnostics()
        self.assertEqual([item["summary"] for item in found], ["Length is 8, and the characters asked for are 9"])
        self.assertEqual(found[0]["range"]["start"]["line"], 8)
