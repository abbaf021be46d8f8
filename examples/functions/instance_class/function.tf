terraform {
  required_providers {
    dbaas = { source = "dbaas/dbaas" }
  }
}

# The memory of three members together, in bytes.
output "memory" {
  value = 3 * provider::dbaas::instance_class("db.small").memory_bytes
}
