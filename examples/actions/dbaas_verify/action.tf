terraform {
  required_providers {
    dbaas = { source = "dbaas/dbaas" }
  }
}

resource "dbaas_cluster" "orders" {
  name = "orders"
}

resource "dbaas_backup_policy" "orders" {
  cluster_id = dbaas_cluster.orders.id
  retention  = { full = 7 }
}

# terraform apply -invoke=action.dbaas_verify.orders
action "dbaas_verify" "orders" {
  config {
    cluster_id = dbaas_backup_policy.orders.id
  }
}
