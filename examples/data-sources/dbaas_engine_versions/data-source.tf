data "dbaas_engine_versions" "postgresql" {
  engine = "postgresql"
}

# Always the newest that this version of the provider knows.
resource "dbaas_cluster" "playground" {
  name           = "playground"
  engine_version = data.dbaas_engine_versions.postgresql.versions[0].version
}
