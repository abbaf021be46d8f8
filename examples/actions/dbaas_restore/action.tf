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

variable "restore_to" {
  description = "The moment to go back to, such as 2026-11-21T10:29:59Z."
  type        = string
}

# terraform apply -var=restore_to=2026-11-21T10:29:59Z -invoke=action.dbaas_restore.orders
action "dbaas_restore" "orders" {
  config {
    cluster_id = dbaas_backup_policy.orders.id
    time       = var.restore_to
  }
}
