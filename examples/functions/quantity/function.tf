terraform {
  required_providers {
    dbaas = { source = "dbaas/dbaas" }
  }
}

# 268435456
output "shared_buffers" {
  value = provider::dbaas::quantity("256MB")
}
