data "dbaas_backups" "orders" {
  cluster_id = "orders"
}

output "restorable" {
  value = "${data.dbaas_backups.orders.earliest_restorable_time} to ${data.dbaas_backups.orders.latest_restorable_time}"
}
