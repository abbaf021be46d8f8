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

# A role of its own, which is gone when the apply ends.
ephemeral "dbaas_credentials" "report" {
  cluster_id = dbaas_cluster.orders.id
  access     = "read_only"
  ttl        = "15m"
}

resource "terraform_data" "report" {
  provisioner "local-exec" {
    command = "psql -f report.sql"
    environment = {
      PGHOST     = dbaas_cluster.orders.host
      PGPORT     = dbaas_cluster.orders.reader_port
      PGDATABASE = dbaas_cluster.orders.db_name
      PGUSER     = ephemeral.dbaas_credentials.report.username
      PGPASSWORD = ephemeral.dbaas_credentials.report.password
    }
  }
}
