data "dbaas_instance_classes" "all" {}

# The smallest class with at least 4 GiB.
resource "dbaas_cluster" "orders" {
  name = "orders"
  instance_class = [
    for class in data.dbaas_instance_classes.all.classes : class.name
    if class.memory_bytes >= 4 * pow(1024, 3)
  ][0]
}
