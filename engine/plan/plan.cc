// SPDX-License-Identifier: MPL-2.0
#include "engine/plan/plan.h"

namespace dbaas {

std::string Condition::ToText() const {
  switch (kind) {
    case Kind::kPrimaryRuns: return "a primary accepts connections";
    case Kind::kMemberFollows: return member + " is primary or streams from it";
    case Kind::kMemberNotPrimary: return member + " is not primary";
    case Kind::kMemberGone: return member + " has left";
    case Kind::kRestartKnown: return "members know what needs a restart";
    case Kind::kCommitsWait: return "commits wait for a standby";
  }
  return "?";
}

namespace {

/// "instance orders-1" for "+ instance orders-1": which one it is, not what becomes of it.
std::string WithoutSymbol(const std::string& title) {
  const bool starts_with_word = !title.empty() && title[0] >= 'a' && title[0] <= 'z';
  return starts_with_word ? title : title.substr(title.find(' ') + 1);
}

}  // namespace

std::string Plan::ToText() const {
  std::string text;
  for (const auto& action : actions) {
    text += action.title;
    for (std::size_t i = 0; i < action.after.size(); ++i) {
      text += i == 0 ? "  after " : ", ";
      text += WithoutSymbol(actions[action.after[i]].title);
    }
    if (!action.reason.empty()) text += "  " + action.reason;
    text += '\n';
  }
  return text;
}

}  // namespace dbaas
