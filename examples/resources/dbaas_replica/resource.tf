resource "dbaas_cluster" "orders" {
  name       = "orders"
  node_count = 2
}

# Follows, never leads: long reports do not touch the members that keep the service up.
resource "dbaas_replica" "reports" {
  cluster_id     = dbaas_cluster.orders.id
  name           = "reports"
  instance_class = "db.medium" # that of the cluster when left out
}

output "reports" {
  value = dbaas_replica.reports.endpoint
}
