# The id of the cluster; the host may be left out when it is the provider's first one.
terraform import dbaas_backup_policy.orders local/orders
