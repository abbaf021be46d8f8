// SPDX-License-Identifier: MPL-2.0
//
// PartChange: one part of one cluster and what should become of it. The only thing that an apply is
// asked for. Plain data.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/model/spec.h"

namespace dbaas {

struct PartChange {
  enum class Verb { kCreate, kUpdate, kDelete };
  ClusterId id;
  std::string key;  ///< "cluster", "replica/reports"
  Verb verb = Verb::kUpdate;
  std::optional<PartSpec> spec;  ///< Absent for kDelete.
  /// What it was, as far as the caller remembers: all there is to plan from while a host is silent.
  std::optional<PartSpec> before = {};
  std::string who;  ///< Caller in a word, for lease and history: "terraform", "dbaas".
  /// How long the apply may take, waiting for others included. Absent: as long as it needs.
  std::optional<Milliseconds> timeout = {};
  /// The caller learns of what was made by the answer alone, as Terraform does of a create: it is
  /// settled only after that. Killed before, it counts as unfinished, and may be asked for again.
  bool settles_after_answer = false;
};

/// What differs between two versions of a part, one line an attribute: "node_count 1 → 3".
std::vector<std::string> SpecChanges(const PartSpec& before, const PartSpec& after);

}  // namespace dbaas
