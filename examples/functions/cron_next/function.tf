terraform {
  required_providers {
    dbaas = { source = "dbaas/dbaas" }
  }
}

# The next backup of a nightly schedule.
output "next_backup" {
  value = provider::dbaas::cron_next("0 2 * * *", plantimestamp())
}
