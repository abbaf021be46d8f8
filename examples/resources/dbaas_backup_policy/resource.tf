resource "dbaas_cluster" "orders" {
  name       = "orders"
  node_count = 2
}

# Everything on Sundays, what changed on the other days, and any moment of the last two weeks. Each night the newest one is restored,
# to see that it can be.
resource "dbaas_backup_policy" "orders" {
  cluster_id = dbaas_cluster.orders.id
  schedule = {
    full        = "0 2 * * sun"
    incremental = "0 2 * * mon-sat"
  }
  retention = { days = 14 }
  verify    = { schedule = "0 4 * * *" }
}
