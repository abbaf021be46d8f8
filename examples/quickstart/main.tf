# SPDX-License-Identifier: MPL-2.0
# A highly available PostgreSQL on this machine's Docker: two members that can become primary, and a replica to read from.

terraform {
  required_providers {
    dbaas = { source = "dbaas/dbaas" }
  }
}

# Without a host block: the Docker engine of DOCKER_HOST, or the one on this machine.
provider "dbaas" {}

resource "dbaas_cluster" "orders" {
  name           = "orders"
  engine         = "postgresql"
  engine_version = "17"
  node_count     = 2
  instance_class = "db.micro"

  parameters = {
    work_mem = "8MB"
  }

  # The default is true: then even `terraform destroy` refuses. This one is for playing.
  deletion_protection = false
}

resource "dbaas_replica" "reports" {
  cluster_id = dbaas_cluster.orders.id
  name       = "reports"
}

# Follows the primary, whoever that is.
output "endpoint" {
  value = dbaas_cluster.orders.endpoint
}

# Spreads over the standbys and replicas.
output "reader_endpoint" {
  value = dbaas_cluster.orders.reader_endpoint
}

output "port" {
  value = dbaas_cluster.orders.port
}

output "reader_port" {
  value = dbaas_cluster.orders.reader_port
}
