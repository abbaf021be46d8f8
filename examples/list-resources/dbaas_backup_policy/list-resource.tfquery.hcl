# In a file called NAME.tfquery.hcl, beside the configuration of the provider (Terraform 1.14).
list "dbaas_backup_policy" "all" {
  provider = dbaas
}
