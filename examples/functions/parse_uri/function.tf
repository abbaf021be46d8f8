terraform {
  required_providers {
    dbaas = { source = "dbaas/dbaas" }
  }
}

# "db1"
output "host" {
  value = provider::dbaas::parse_uri("postgresql://app@db1:5432/orders").host
}
