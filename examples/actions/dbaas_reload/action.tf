terraform {
  required_providers {
    dbaas = { source = "dbaas/dbaas" }
  }
}

resource "dbaas_cluster" "orders" {
  name       = "orders"
  node_count = 3

  # After every change of the cluster; `terraform apply -invoke=action.dbaas_reload.orders` does it
  # at any other time.
  lifecycle {
    action_trigger {
      events  = [after_update]
      actions = [action.dbaas_reload.orders]
    }
  }
}

action "dbaas_reload" "orders" {
  config {
    cluster_id = dbaas_cluster.orders.id
  }
}
