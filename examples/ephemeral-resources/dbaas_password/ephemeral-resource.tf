terraform {
  required_providers {
    dbaas = { source = "dbaas/dbaas" }
  }
}

ephemeral "dbaas_password" "orders" {
  length      = 40
  min_numeric = 4
}

# Another password is made in every run; the cluster takes it when the version changes.
resource "dbaas_cluster" "orders" {
  name                = "orders"
  password_wo         = ephemeral.dbaas_password.orders.result
  password_wo_version = 1
}
