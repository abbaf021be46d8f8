# host/name; the host may be left out when it is the provider's first one.
terraform import dbaas_cluster.orders local/orders
