# SPDX-License-Identifier: MPL-2.0
"""The same containers by plain `docker` commands, one after another, as a shell script would make them.

Everything comes from the containers that an apply made: how they were created from `docker inspect`, their
files from `docker cp`. So the settings of Patroni, PostgreSQL and HAProxy are the same by construction, and
what differs is who makes them. Their etcd is one of its own, which has the name that the members look for
only on its own network: it does not get in the way of clusters that dbaas keeps on this host.
"""

import subprocess

import docker

LABEL = "bench=plain"
ETCD = "bench-plain-etcd"
MANAGEMENT = "bench-plain-management"
FILES = "/etc/dbaas"


class Plan:
    """What the containers of a cluster are, taken while it runs and is healthy."""

    def __init__(self, cluster):
        self.cluster = cluster
        members = [Container(name) for name in cluster.member_names]
        self.containers = members + [Container(cluster.proxy_name)]
        self.etcd = Container(f"{docker.MANAGEMENT}-etcd")

    def run(self, with_etcd_inside):
        """Makes and starts all of it. Without `with_etcd_inside` etcd runs already: see start_etcd()."""
        if with_etcd_inside:
            self.start_etcd()
        docker.call("network", "create", "--label", LABEL, self.cluster.name)
        for container in self.containers:
            container.create(container.name, lambda network: MANAGEMENT if network == docker.MANAGEMENT else network)
            docker.call("start", container.name)

    def start_etcd(self):
        docker.call("network", "create", "--label", LABEL, MANAGEMENT)
        self.etcd.create(ETCD, lambda _: MANAGEMENT)
        docker.call("start", ETCD)


class Container:
    """One container as it was found: the arguments of `docker create`, and its files."""

    def __init__(self, name):
        self.name = name
        self._found = docker.inspect(name)
        self._files = subprocess.run(["docker", "cp", f"{name}:{FILES}", "-"], stdout=subprocess.PIPE,
                                     stderr=subprocess.DEVNULL).stdout  # etcd has none.

    def create(self, name, rename_network):
        networks = [(network, rename_network(network)) for network in self._found["NetworkSettings"]["Networks"]]
        # The first network is the one that the container was made with.
        networks.sort(key=lambda pair: pair[0] != self._found["HostConfig"]["NetworkMode"])
        volumes = {mount["Source"]: f"{name}-data" for mount in self._found["HostConfig"].get("Mounts") or []}
        for volume in volumes.values():
            docker.call("volume", "create", "--label", LABEL, volume)
        docker.call("create", "--name", name, "--label", LABEL, "--network", networks[0][1],
                    "--network-alias", self.name, *self._options(volumes),
                    self._found["Config"]["Image"], *self._found["Config"]["Cmd"])
        for _, network in networks[1:]:
            docker.call("network", "connect", "--alias", self.name, network, name)
        if self._files:
            subprocess.run(["docker", "cp", "-", f"{name}:{FILES.rpartition('/')[0]}"], input=self._files, check=True,
                           stdout=subprocess.DEVNULL)

    def _options(self, volumes):
        config, host = self._found["Config"], self._found["HostConfig"]
        options = ["--hostname", config["Hostname"], "--user", config["User"],
                   "--restart", host["RestartPolicy"]["Name"], "--shm-size", str(host["ShmSize"])]
        options += ["--init"] if host["Init"] else []
        options += ["--stop-timeout", str(config["StopTimeout"])] if config.get("StopTimeout") else []
        options += ["--stop-signal", config["StopSignal"]] if config.get("StopSignal") else []
        options += ["--memory", str(host["Memory"]), "--memory-swap", str(host["MemorySwap"])] if host["Memory"] else []
        options += ["--cpus", str(host["NanoCpus"] / 1e9)] if host["NanoCpus"] else []
        for flag, values in (("--env", config["Env"]), ("--security-opt", host["SecurityOpt"])):
            options += [word for value in values or [] for word in (flag, value)]
        for key, value in host["LogConfig"]["Config"].items():
            options += ["--log-opt", f"{key}={value}"]
        for mount in host.get("Mounts") or []:
            options += ["--volume", f"{volumes[mount['Source']]}:{mount['Target']}"]
        for inside, bindings in host["PortBindings"].items():
            for binding in bindings:
                options += ["--publish", f"{binding['HostIp']}:{binding['HostPort']}:{inside.partition('/')[0]}"]
        return options


def remove():
    """Everything that is ours by label, in whatever state."""
    for kind, remove_command in (("container", ("rm", "-f")), ("volume", ("volume", "rm", "-f")),
                                 ("network", ("network", "rm"))):
        found = docker.listing(kind, LABEL)
        if found:
            docker.call(*remove_command, *found)
