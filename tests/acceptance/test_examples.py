# SPDX-License-Identifier: MPL-2.0
"""What `examples/` shows is valid, and its own tests hold: `terraform test` on copies of it."""

import os
import re
import shutil

import docker
from harness import PREAMBLE, ROOT, Theme, say

EXAMPLES = os.path.join(ROOT, "examples")
# What a command line does not know yet, by a word that such files have.
UNKNOWN = {"terraform": ("action ", "identity ="), "tofu": ("action ",), "terraform-next": ()}
# A provider beside ours, which a machine without a registry does not have.
OTHERS = re.compile(r"^ *postgresql += .*\n|^provider \"postgresql\" \{\n(.*\n)*?\}\n", re.MULTILINE)


class TestExamples(Theme):
    clis = tuple(UNKNOWN)
    seconds = 45

    def copy(self, name, change=lambda text: text):
        """A workspace with the files of one example, folders and all."""
        workspace = self.new_workspace(name.replace("/", "-"))
        shutil.copytree(os.path.join(EXAMPLES, name), workspace.path, dirs_exist_ok=True)
        texts = {}
        for file in sorted(os.listdir(workspace.path)):
            if file.endswith((".tf", ".hcl")):
                path = os.path.join(workspace.path, file)
                with open(path, encoding="utf-8") as source:
                    texts[path] = change(source.read())
                if any(re.search(rf"(?m)^ *{word}", texts[path]) for word in UNKNOWN[self.cli]):
                    texts.pop(path)
                    os.unlink(path)
        if texts and not any("required_providers" in text for text in texts.values()):
            texts[os.path.join(workspace.path, "providers.tf")] = PREAMBLE
        for path, text in texts.items():
            with open(path, "w", encoding="utf-8") as target:
                target.write(text)
        return workspace, texts

    def test_1_valid(self):
        count = 0
        for folder, folders, files in sorted(os.walk(EXAMPLES)):
            if not any(file.endswith((".tf", ".tfquery.hcl")) for file in files):
                continue
            name = os.path.relpath(folder, EXAMPLES)
            queries = any(file.endswith(".tfquery.hcl") for file in files)
            if queries and self.cli != "terraform-next":
                continue
            workspace, texts = self.copy(name, lambda text: OTHERS.sub("", text))
            if not texts:
                continue
            validated = workspace.run("validate", "-json", *(("-query",) if queries else ()))
            self.assertEqual((validated.code, validated.diagnostics()), (0, []), name)
            count += 1
        say(f"{count} examples are valid")
        self.assertGreater(count, 12)

    def assert_pass(self, workspace, file, environment=None):
        result = workspace.run("test", "-no-color", f"-filter=tests/{file}", environment=environment)
        self.assertEqual(result.code, 0, result)
        self.assertRegex(result.output, r"Success! [1-9]\d* passed, 0 failed")
        return result

    def test_2_functions(self):
        workspace, _ = self.copy("functions")
        self.assertEqual(workspace.run("get").code, 0)
        self.assert_pass(workspace, "functions.tftest.hcl")

    def test_3_quickstart_without_a_host(self):
        workspace, _ = self.copy("quickstart")
        self.assert_pass(workspace, "plan.tftest.hcl", environment={"DOCKER_HOST": "unix:///nowhere/docker.sock"})

    def test_4_quickstart_applied(self):
        """As it is but for its name: others may run theirs on this host."""
        workspace, texts = self.copy("quickstart", lambda text: re.sub(r'(name +=) "orders"', rf'\1 "{self.cluster}"', text))
        self.assertIn(f'"{self.cluster}"', "".join(texts.values()))
        result = self.assert_pass(workspace, "apply.tftest.hcl")
        say(f"{self.cli} test took {result.seconds:.1f} s")
        self.assert_nothing_left()
        self.assertEqual(docker.members(self.cluster), [])
