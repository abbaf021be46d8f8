terraform {
  required_providers {
    dbaas      = { source = "dbaas/dbaas" }
    postgresql = { source = "cyrilgdn/postgresql" }
  }
}

resource "dbaas_cluster" "orders" {
  name = "orders"
}

ephemeral "dbaas_credentials" "orders" {
  cluster_id = dbaas_cluster.orders.id
}

# Another provider logs in with them; nothing of it is stored.
provider "postgresql" {
  host     = dbaas_cluster.orders.host
  port     = dbaas_cluster.orders.port
  username = ephemeral.dbaas_credentials.orders.username
  password = ephemeral.dbaas_credentials.orders.password
}
