terraform {
  required_providers {
    dbaas = { source = "dbaas/dbaas" }
  }
}

resource "dbaas_cluster" "orders" {
  name       = "orders"
  node_count = 3
}

# terraform apply -invoke=action.dbaas_restart.orders
action "dbaas_restart" "orders" {
  config {
    cluster_id = dbaas_cluster.orders.id
  }
}
