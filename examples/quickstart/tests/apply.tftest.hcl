# SPDX-License-Identifier: MPL-2.0
# The real thing: makes the cluster on this machine's Docker, looks at it, and destroys it again.
# terraform test -filter=tests/apply.tftest.hcl

run "runs" {
  assert {
    condition     = dbaas_cluster.orders.id == "local/${dbaas_cluster.orders.name}"
    error_message = "It is not on the default host."
  }

  assert {
    condition     = length(dbaas_cluster.orders.members) == 2 && dbaas_replica.reports.member == "${dbaas_cluster.orders.name}-reports"
    error_message = "There should be two members and a replica."
  }

  assert {
    condition     = startswith(dbaas_cluster.orders.engine_version_actual, "17.")
    error_message = "Another version runs."
  }

  assert {
    condition     = output.endpoint == "${dbaas_cluster.orders.host}:${output.port}" && output.port != output.reader_port
    error_message = "Writes and reads have a port each, on the cluster's host."
  }
}

run "is_as_it_was_applied" {
  command = plan

  assert {
    condition     = length(dbaas_cluster.orders.drift) == 0
    error_message = "Something differs from what was applied a moment ago."
  }
}
