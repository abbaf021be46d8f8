import {
  to = dbaas_cluster.orders
  identity = {
    host_name = "local"
    name      = "orders"
  }
}
