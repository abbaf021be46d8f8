import {
  to = dbaas_backup.before_upgrade
  identity = {
    cluster_id = dbaas_cluster.orders.id
    name       = "before-upgrade"
  }
}
