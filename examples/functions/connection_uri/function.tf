terraform {
  required_providers {
    dbaas = { source = "dbaas/dbaas" }
  }
}

variable "password" {
  type      = string
  sensitive = true
}

# postgresql://app:p%40ss@db1:15432/orders?application_name=billing&sslmode=require
output "uri" {
  value = provider::dbaas::connection_uri(
    "db1:15432", "orders", "app", var.password, "application_name=billing",
  )
  sensitive = true
}
