import {
  to = dbaas_replica.reports
  identity = {
    cluster_id = dbaas_cluster.orders.id
    name       = "reports"
  }
}
