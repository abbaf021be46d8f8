# Three members on the default host; the loss of any one is survived.
resource "dbaas_cluster" "orders" {
  name           = "orders"
  engine         = "postgresql"
  engine_version = "17"
  node_count     = 3
  instance_class = "db.small"

  parameters = {
    work_mem = "16MB"
  }
}

# One member, sized in numbers, with a password of your own that no state or plan ever holds.
variable "billing_password" {
  type      = string
  sensitive = true
  ephemeral = true
}

resource "dbaas_cluster" "billing" {
  name = "billing"

  resources = {
    cpu    = 2
    memory = "4GiB"
  }

  password_wo         = var.billing_password
  password_wo_version = 1 # count up to put a new password into effect
}

output "orders" {
  value = dbaas_cluster.orders.endpoint
}
