terraform {
  required_providers {
    dbaas = { source = "dbaas/dbaas" }
  }
}

resource "dbaas_cluster" "orders" {
  name       = "orders"
  node_count = 3
}

# terraform apply -invoke=action.dbaas_switchover.orders
action "dbaas_switchover" "orders" {
  config {
    cluster_id = dbaas_cluster.orders.id
    member     = "orders-2"
  }
}
