# SPDX-License-Identifier: MPL-2.0
# Functions need no host: terraform get && terraform test

run "connection_uri" {
  command = plan
  module {
    source = "./connection_uri"
  }
  variables {
    password = "p@ss"
  }
  assert {
    condition     = nonsensitive(output.uri) == "postgresql://app:p%40ss@db1:15432/orders?application_name=billing&sslmode=require"
    error_message = "Not the URI that libpq reads."
  }
}

run "parse_uri" {
  command = plan
  module {
    source = "./parse_uri"
  }
  assert {
    condition     = output.host == "db1"
    error_message = "Not the host of the URI."
  }
}

run "quantity" {
  command = plan
  module {
    source = "./quantity"
  }
  assert {
    condition     = output.shared_buffers == 256 * 1024 * 1024
    error_message = "PostgreSQL counts in 1024s."
  }
}

run "instance_class" {
  command = plan
  module {
    source = "./instance_class"
  }
  assert {
    condition     = output.memory == 3 * 2 * 1024 * 1024 * 1024
    error_message = "A db.small has 2 GiB."
  }
}

run "cron_next" {
  command = plan
  module {
    source = "./cron_next"
  }
  assert {
    condition     = endswith(output.next_backup, "T02:00:00Z") && timecmp(output.next_backup, plantimestamp()) > 0
    error_message = "Nightly at two, and not in the past."
  }
}

run "next_window" {
  command = plan
  module {
    source = "./next_window"
  }
  assert {
    condition     = formatdate("EEE", output.maintenance) == "Sun" && timecmp(output.maintenance, timeadd(plantimestamp(), "168h")) < 0
    error_message = "It begins on a Sunday, within a week."
  }
}
