resource "dbaas_cluster" "orders" {
  name = "orders"
}

resource "dbaas_backup_policy" "orders" {
  cluster_id = dbaas_cluster.orders.id
  schedule   = { full = "0 2 * * *" }
  retention  = { full = 7, min_recovery_window = "72h" }
}

# Taken now, and there for as long as this is, whatever the retention says.
resource "dbaas_backup" "before_upgrade" {
  cluster_id  = dbaas_backup_policy.orders.id
  name        = "before-upgrade"
  description = "Before the shop moved to the new schema"
  keep_until  = "2027-06-30T00:00:00Z" # left out: for ever
}

output "before_upgrade" {
  value = dbaas_backup.before_upgrade.backup_id
}
