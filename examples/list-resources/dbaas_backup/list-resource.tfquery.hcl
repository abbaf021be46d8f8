# In a file called NAME.tfquery.hcl, beside the configuration of the provider (Terraform 1.14).
list "dbaas_backup" "all" {
  provider = dbaas
}

list "dbaas_backup" "of_orders" {
  provider = dbaas
  config {
    cluster_id = "local/orders"
  }
}
