# SPDX-License-Identifier: MPL-2.0
# Starts Patroni as it is, but for two of its waits after a leader's death. While either goes by, a standby follows
# nobody, and every commit that waits for this standby waits with it. Who may lead, and who does, is none of this.
# And an address at which nobody answers is not kept for ten minutes: what starts again may have another one.
# Sources: patroni/ha.py, patroni/dcs/etcd.py and patroni/dcs/etcd3.py (4.0).
import sys
import time

import patroni.postgresql  # First: patroni.ha and it import each other, and only this order works.
import urllib3
from patroni.__main__ import main
from patroni.dcs.etcd import DnsCachingResolver
from patroni.ha import Ha
from patroni.request import PatroniRequest

# In an election every standby asks all members, the dead one too, and gives each two seconds (fetch_node_status).
# Nothing refuses a connection to a container that is gone, and Patroni remembers its address. A kernel takes a
# connection at once, however busy its machine is; the answer may take the two seconds as before.
SECONDS_TO_CONNECT = 0.2
# One that lost the election may read its cache before the winner's name is in it; then it follows nobody until its
# next round, in two seconds. While nobody leads, rounds are short, for as long as an election takes.
SECONDS_OF_ROUND = 0.2
SECONDS_OF_ELECTION = 5
# Patroni tries a name again by itself, once a second, if that many attempts are left. Whoever fails next asks anyway.
LAST_ATTEMPT = 10

ask = PatroniRequest.request
watch = Ha.watch
resolve = DnsCachingResolver.resolve
leader_seen_at = 0.0


def ask_who_is_there(self, method, url, body=None, **options):
    limit = options.get("timeout")
    if isinstance(limit, (int, float)):
        options["timeout"] = urllib3.Timeout(connect=min(limit, SECONDS_TO_CONNECT), read=limit)
    return ask(self, method, url, body, **options)


def watch_for_a_leader(self, timeout):
    global leader_seen_at
    now = time.monotonic()
    if self.cluster and not self.cluster.is_unlocked():
        leader_seen_at = now
    elif now - leader_seen_at < SECONDS_OF_ELECTION:
        watch(self, min(timeout, SECONDS_OF_ROUND))
        return True  # There is work: the next round begins now.
    return watch(self, timeout)


def resolve_until_one_answers(self, host, port):
    """Whoever connects goes through the addresses until one answers. Past the last one nobody did. The name is looked
    up in the background, and what was known of it stays until there is an answer: names that are gone take long."""
    yield from resolve(self, host, port)
    if self._resolve_queue.empty():
        self.resolve_async(host, port, LAST_ATTEMPT)


# Above the guard: whatever Patroni starts its own processes by, they have it too.
PatroniRequest.request = ask_who_is_there
Ha.watch = watch_for_a_leader
DnsCachingResolver.resolve = resolve_until_one_answers

if __name__ == "__main__":
    sys.exit(main())
