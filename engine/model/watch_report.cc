// SPDX-License-Identifier: MPL-2.0
#include "engine/model/watch_report.h"

#include <fmt/format.h>

namespace dbaas {

const char* ToString(WatchReport::Kind kind) {
  switch (kind) {
    case WatchReport::Kind::kWatching: return "watching";
    case WatchReport::Kind::kInterrupted: return "interrupted";
    case WatchReport::Kind::kFailover: return "failover";
    case WatchReport::Kind::kRepaired: return "repaired";
    case WatchReport::Kind::kBackedUp: return "backed up";
    case WatchReport::Kind::kNoBackup: return "no backup";
    case WatchReport::Kind::kVerified: return "verified";
    case WatchReport::Kind::kNotVerified: return "not verified";
    case WatchReport::Kind::kNotArchived: return "not archived";
    case WatchReport::Kind::kArchived: return "archived";
    case WatchReport::Kind::kLeftAlone: return "left alone";
  }
  return "";
}

Json ToJson(const WatchReport& report) {
  Json json = {{"at", ToText(report.at)},
               {"host", report.host},
               {"event", ToString(report.kind)},
               {"text", report.text}};
  if (report.cluster.empty()) return json;
  json["cluster"] = report.cluster;
  if (!report.member.empty()) json["member"] = report.member;
  json["milliseconds"] = report.took.count();
  return json;
}

std::string ToLine(const WatchReport& report) {
  const std::string subject = report.cluster.empty() ? "" : " " + report.cluster;
  return fmt::format("{} {} {}{}: {}", ToText(report.at), report.host, ToString(report.kind),
                     subject, report.text);
}

}  // namespace dbaas
