import {
  to = dbaas_backup_policy.orders
  identity = {
    cluster_id = dbaas_cluster.orders.id
  }
}
