// SPDX-License-Identifier: MPL-2.0
#include "engine/dbms/postgresql/haproxy.h"

#include <fmt/format.h>

#include "engine/model/host_words.h"

namespace dbaas::postgresql {
namespace {

// Sessions may idle for a week; dead peers are found by keep-alive probes in two minutes instead.
// After a reload the old process serves its sessions to their end, for a day at most.
// Sessions end when their server is no longer what they came for: clients that stay on a former
// primary would try to write there for ever. A refusal counts at once; a member whose CPU is used
// up may take its time to answer. A member that cannot be found stops nobody; it is looked for
// until it appears. A process that has just started takes every server for healthy until it has
// asked it. All are asked at once, and as long as more than one seems to be primary, nobody is let
// through. The name server is the host's own (with Docker 127.0.0.11), which knows its instances;
// where addresses are numbers, nobody asks it.
constexpr char kTop[] = R"(global
  maxconn 8192
  hard-stop-after 24h
  max-spread-checks 1ms
  stats socket {{dbaas:path /var/lib/haproxy/admin.sock}} mode 600 level admin expose-fd listeners

defaults
  mode tcp
  timeout connect 200ms
  timeout client 7d
  timeout server 7d
  timeout check 4s
  option clitcpka
  clitcpka-idle 60s
  clitcpka-intvl 10s
  clitcpka-cnt 6
  option srvtcpka
  srvtcpka-idle 60s
  srvtcpka-intvl 10s
  srvtcpka-cnt 6
  option redispatch 1
  retries 3
  default-server inter 500ms fastinter 200ms fall 2 rise 1 on-marked-down shutdown-sessions init-addr libc,none resolvers runtime resolve-prefer ipv4 check port 8008

resolvers runtime
  parse-resolv-conf
  resolve_retries 3
  timeout resolve 500ms
  timeout retry 500ms
  hold valid 1s

)";

// A session that is still connecting when its server is marked down hangs for ever (3.0.11), and a
// primary's death is just when that happens. So the server that tells who is primary is another one
// than that which has the sessions: the former is down first, nobody begins to connect any more,
// and when the latter follows, connecting has succeeded or failed long ago.
constexpr char kWrite[] = R"(frontend write
  bind {{dbaas:listen}}:5000
  tcp-request connection reject if { nbsrv(primary) gt 1 }
)";

constexpr char kUse[] = "  use_backend to-{0} if {{ srv_is_up(primary/{0}) }}\n";

constexpr char kRead[] = R"(  default_backend primary

frontend read
  bind {{dbaas:listen}}:5001
  use_backend standbys if { nbsrv(standbys) gt 0 }
  use_backend primary if { nbsrv(primary) gt 0 }
  default_backend followers

)";

constexpr char kPrimary[] = R"(backend primary
  option httpchk OPTIONS /primary
  http-check expect status 200
  default-server inter 250ms fastinter 100ms
)";

// A former primary has ended its sessions itself: no PostgreSQL turns into a standby without a
// restart. What is left are those to one that is gone or does not answer. Trying twice would only
// keep a client from trying again, with the next primary.
constexpr char kTo[] = R"(
backend to-{0}
  option httpchk OPTIONS /health
  http-check expect status 200
  retries 0
  default-server fall 4 downinter 250ms
  server {0} {2}:{1}
)";

// Patroni 4.0 has no health check for "really streaming": a standby that lost its primary would
// count as healthy for as long as it runs. The text of its answer says so, though (where the text
// is not looked at, OPTIONS keeps it from being sent). Patroni 3.0 does not say it; there, running
// has to do. Sessions survive the second or two in which a standby turns to another primary.
constexpr char kStandbys[] = R"text(
backend standbys
  balance leastconn
  option httpchk GET /replica
  http-check expect rstring "\"state\": *\"running\".*(\"replication_state\": *\"streaming\"|\"role\": *\"replica\".*\"version\": *\"3\.0\.)"
  default-server inter 1s fastinter 1s fall 3
)text";

// Without a primary nobody streams: better an answer that is seconds old than none.
constexpr char kFollowers[] = R"(
backend followers
  balance leastconn
  option httpchk OPTIONS /replica
  http-check expect status 200
)";

std::string Servers(const std::vector<Member>& members, bool with_replicas) {
  std::string text;
  for (const auto& member : members) {
    if (member.is_replica && !with_replicas) continue;
    text += fmt::format("  server {} {}:{}\n", member.name, AddressOfInstance(member.name),
                        kPostgresPort);
  }
  return text;
}

std::string ForEachCandidate(const std::vector<Member>& members, const char* text) {
  std::string all;
  for (const auto& member : members) {
    if (!member.is_replica)
      all += fmt::format(fmt::runtime(text), member.name, kPostgresPort,
                         AddressOfInstance(member.name));
  }
  return all;
}

}  // namespace

std::string HaproxyConfiguration(const std::vector<Member>& members) {
  static_assert(kWritePort == 5000 && kReadPort == 5001 && kRestPort == 8008);
  return kTop + (kWrite + ForEachCandidate(members, kUse)) +
         (kRead + (kPrimary + Servers(members, false))) + ForEachCandidate(members, kTo) +
         (kStandbys + Servers(members, true)) + (kFollowers + Servers(members, true));
}

}  // namespace dbaas::postgresql
