// SPDX-License-Identifier: MPL-2.0
#include "engine/model/host_words.h"

namespace dbaas {
namespace {

constexpr std::string_view kOpen = "{{dbaas:";
constexpr std::string_view kClose = "}}";

std::string Word(std::string_view name, std::string_view argument = {}) {
  std::string word{kOpen};
  word += name;
  if (!argument.empty()) (word += ' ') += argument;
  return word += kClose;
}

/// False for what is no host word: it stays as it is.
bool Resolve(std::string_view name, const std::string& argument, const HostWords& words,
             std::string& text) {
  if (name == "address") {
    text += words.address ? words.address(argument) : argument;
  } else if (name == "listen") {
    text += words.listen;
  } else if (name == "local") {
    text += words.local;
  } else if (name == "path") {
    (text += words.root) += argument;
  } else if (name == "user") {
    text += words.user.empty() ? argument : words.user;
  } else {
    return false;
  }
  return true;
}

}  // namespace

std::string AddressOfInstance(const std::string& instance) { return Word("address", instance); }
std::string ListenAddress() { return Word("listen"); }
std::string LocalAddress() { return Word("local"); }
std::string OwnPath(const std::string& path) { return Word("path", path); }
std::string OwnUser(const std::string& in_container) { return Word("user", in_container); }

std::string ResolveHostWords(std::string_view text, const HostWords& words) {
  std::string resolved;
  while (true) {
    const auto open = text.find(kOpen);
    const auto close = open == std::string_view::npos ? open : text.find(kClose, open);
    if (close == std::string_view::npos) return resolved += text;
    resolved += text.substr(0, open);
    const std::string_view word = text.substr(open + kOpen.size(), close - open - kOpen.size());
    const auto space = word.find(' ');
    const std::string argument(space == std::string_view::npos ? "" : word.substr(space + 1));
    const auto end = close + kClose.size();
    if (!Resolve(word.substr(0, space), argument, words, resolved)) {
      resolved += text.substr(open, end - open);
    }
    text.remove_prefix(end);
  }
}

}  // namespace dbaas
