terraform {
  required_providers {
    dbaas = { source = "dbaas/dbaas" }
  }
}

# One provider, many hosts. Without any host block there is one, called "local": the directory of
# DBAAS_DIRECTORY, else the Docker engine of DOCKER_HOST, or the one on this machine.
provider "dbaas" {
  host {
    name = "local"
    docker {
      endpoint = "unix:///var/run/docker.sock"
    }
  }

  host {
    name = "east"
    docker {
      endpoint  = "tcp://db1.example.com:2376"
      cert_path = "/etc/dbaas/east" # ca.pem, cert.pem, key.pem
    }
  }

  host {
    name = "here" # without a container engine
    process {
      directory = "/var/lib/dbaas"
    }
  }

  host {
    name = "prod" # a namespace of a Kubernetes cluster
    kubernetes {
      context      = "prod"
      namespace    = "databases"
      service_type = "NodePort"
    }
  }
}
