# host/cluster/name; the host may be left out when it is the provider's first one.
terraform import dbaas_backup.before_upgrade local/orders/before-upgrade
