terraform {
  required_providers {
    dbaas = { source = "dbaas/dbaas" }
  }
}

# When the coming maintenance may begin.
output "maintenance" {
  value = provider::dbaas::next_window("sun:03:00-sun:05:00", plantimestamp()).begin
}
