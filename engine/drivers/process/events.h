// SPDX-License-Identifier: MPL-2.0
//
// What happens to instances, told from their status files, which are looked at ten times a second:
// they count starts and ends, so nothing that comes and goes in between is missed. Called by
// process_driver.cc for Driver::Watch.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "engine/drivers/driver.h"
#include "engine/drivers/process/store.h"

namespace dbaas::process {

class EventReader {
 public:
  /// What is there now is not told.
  explicit EventReader(const Store& store);
  /// What happened since the last time.
  void Read(const std::function<void(const InstanceEvent&)>& on_event);

 private:
  struct Seen {
    InstanceEvent about;  ///< With everything but what happened.
    std::uint64_t incarnation = 0;
    std::int64_t starts = 0;
    std::int64_t ends = 0;
    std::string last_end;
  };
  std::map<std::string, Seen> Look() const;

  const Store& store_;
  std::map<std::string, Seen> seen_;
};

}  // namespace dbaas::process
