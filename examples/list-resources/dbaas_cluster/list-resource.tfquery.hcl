# In a file called NAME.tfquery.hcl, beside the configuration of the provider (Terraform 1.14):
#   terraform query                                   shows them
#   terraform query -generate-config-out=found.tf     writes resource and import blocks
list "dbaas_cluster" "all" {
  provider = dbaas
}

list "dbaas_cluster" "east" {
  provider = dbaas
  limit    = 10
  config {
    host_name = "east"
  }
}
