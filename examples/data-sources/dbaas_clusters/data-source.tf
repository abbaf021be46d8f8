data "dbaas_clusters" "all" {}

output "endpoints" {
  value = { for cluster in data.dbaas_clusters.all.clusters : cluster.id => cluster.endpoint }
}
