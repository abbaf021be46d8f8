# SPDX-License-Identifier: MPL-2.0
"""Functions of the provider, called from a configuration that has nothing else in it."""

import json

from harness import Theme

CALLS = {
    "quantity": ('quantity("256MB")', 268435456),
    "instance_class": ('instance_class("db.medium").memory_bytes', 4 << 30),
    "uri": ('connection_uri("db1:15432", "orders", "app", "p@ss", "application_name=billing")',
            "postgresql://app:p%40ss@db1:15432/orders?application_name=billing&sslmode=require"),
    "parsed": ('parse_uri("postgresql://app@db1/orders")',
               {"scheme": "postgresql", "username": "app", "password": None, "host": "db1", "port": None,
                "db_name": "orders", "options": {}}),
    "cron": ('cron_next("0 2 * * *", "2026-11-21T10:30:00+09:00")', "2026-11-21T02:00:00Z"),
    "window": ('next_window("sun:03:00-sun:05:00", "2026-11-21T10:30:00Z").begin', "2026-11-22T03:00:00Z"),
}


class TestFunctions(Theme):
    clis = ("terraform", "tofu", "terraform-next")
    seconds = 10

    def test_1_values(self):
        self.workspace.write(*(f"output \"{name}\" {{\n  value = provider::dbaas::{call}\n}}\n"
                               for name, (call, _) in CALLS.items()))
        self.workspace.apply()
        outputs = json.loads(self.workspace.run("output", "-json").output)
        self.assertEqual({name: output["value"] for name, output in outputs.items()},
                         {name: value for name, (_, value) in CALLS.items()})

    def test_2_a_wrong_argument_is_pointed_at(self):
        self.workspace.write('output "bad" {\n  value = provider::dbaas::cron_next("61 * * * *",\n'
                             '    "2026-11-21T10:30:00Z")\n}\n')
        planned = self.workspace.run("plan", "-json")
        self.assertEqual(planned.code, 1)
        diagnostics = planned.diagnostics()
        self.assertEqual(len(diagnostics), 1, diagnostics)
        text = diagnostics[0]["summary"] + diagnostics[0]["detail"]
        self.assertIn('minute is "61"', text)
        self.assertIn("schedule", text)

    def test_3_a_password_stays_out_of_the_message(self):
        self.workspace.write('variable "uri" {\n  default = "postgresql://app:hunter2@db1:x"\n  sensitive = true\n}\n',
                             'output "bad" {\n  value = provider::dbaas::parse_uri(var.uri)\n  sensitive = true\n}\n')
        planned = self.workspace.run("plan", "-json")
        self.assertEqual(planned.code, 1)
        self.assertIn("port is not a number", planned.output)
        self.assertNotIn("hunter2", planned.output)
