# SPDX-License-Identifier: MPL-2.0
# What the configuration asks for, without a host: terraform test -filter=tests/plan.tftest.hcl

# A mocked provider makes up what only an apply can know. A replica wants the id of a cluster, and not just any text.
mock_provider "dbaas" {
  mock_resource "dbaas_cluster" {
    defaults = {
      id       = "local/orders"
      endpoint = "127.0.0.1:15432"
    }
  }
}

run "survives_the_loss_of_a_member" {
  command = plan

  assert {
    condition     = dbaas_cluster.orders.node_count >= 2
    error_message = "One member alone cannot be replaced by another."
  }

  assert {
    condition     = dbaas_cluster.orders.deletion_protection == false
    error_message = "This one is for playing; it must be free to go."
  }
}

run "replica_follows_this_cluster" {
  assert {
    condition     = dbaas_replica.reports.cluster_id == dbaas_cluster.orders.id
    error_message = "The replica follows another cluster."
  }

  assert {
    condition     = output.endpoint == "127.0.0.1:15432"
    error_message = "The output is not the endpoint for writes."
  }
}
