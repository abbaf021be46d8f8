data "dbaas_cluster" "orders" {
  name = "orders"
}

output "primary" {
  value = data.dbaas_cluster.orders.primary
}

# A warning in every plan while a member is not well.
check "orders_is_healthy" {
  assert {
    condition     = alltrue(data.dbaas_cluster.orders.members[*].healthy)
    error_message = "orders: ${jsonencode(data.dbaas_cluster.orders.members)}"
  }
}
