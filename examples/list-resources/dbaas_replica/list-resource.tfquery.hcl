# In a file called NAME.tfquery.hcl, beside the configuration of the provider (Terraform 1.14).
list "dbaas_replica" "all" {
  provider = dbaas
}

list "dbaas_replica" "of_orders" {
  provider = dbaas
  config {
    cluster_id = "local/orders"
  }
}
