// SPDX-License-Identifier: MPL-2.0
//
// What the Kubernetes API lists, in our words. Called by the files that make the calls. Pure.
//
//   const PodView pod = ReadPod(json);
//   if (!pod.image_problem.empty()) ...
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/base/json.h"
#include "engine/drivers/driver.h"
#include "engine/model/state.h"

namespace dbaas::kubernetes {

struct PodView {
  std::string uid;
  bool running = false;       ///< The instance's own container, and nobody has told it to end.
  bool ever_ran = false;      ///< It runs, or ran and ended.
  bool ending = false;        ///< It was told to.
  bool lost = false;          ///< Its node does not answer.
  std::string detail;         ///< "running", "exited (137)", "CrashLoopBackOff: ..."
  std::string image_problem;  ///< Why its image cannot be had.
  std::string refusal;        ///< Why it can never run as it is.
};
PodView ReadPod(const Json& pod);

/// Null: there is no pod.
RunState ReadRunState(const Json& stateful_set, const PodView* pod, std::string& detail);

/// Appends the objects of a listing: those that are themselves of `kind`, and not what is with one.
void ReadObjects(const Json& list, ObjectKind kind, std::vector<ObservedObject>& objects);
struct Listings {
  Json stateful_sets;
  Json pods;
  Json services;
  Json policies;
  Json secrets;  ///< Those of files; without data where the listing is of the whole host.
};
/// In place of an instance's files_fingerprint: somebody has edited it, or it was never finished.
inline constexpr char kNotAsApplied[] = "not as applied";
enum class Depth {
  kShallow,  ///< What is edited shows, but the content of Secrets; files are not told.
  kDeep,
};
/// The same of StatefulSets, with the states of their pods and the marks of their files.
void ReadInstances(Depth depth, const Listings& listings, std::vector<ObservedObject>& objects);
/// Ports that Services publish. Those of no address of their own publish nothing.
void ReadPublishedPorts(const Json& services, std::set<int>& ports);

/// Bytes of a quantity: "16Gi", "128974848", "1e3", "129M", "100m".
std::int64_t ReadQuantity(const std::string& text);

/// Tells what happened to pods, from one look at each of them to the next. Not thread-safe.
class PodStory {
 public:
  /// A pod as it is, or as it was last when it is `gone`. An end is only told of when its runtime
  /// has confirmed it: what was removed by force may still run.
  std::vector<InstanceEvent> Take(const Json& pod, bool gone);

 private:
  struct Told {
    std::string running;  ///< The container that was told to have started.
    std::set<std::string> ended;
  };
  std::map<std::string, Told> pods_;  ///< By uid.
};

/// The instance that a StatefulSet or a pod is, with that kind; nothing when it is none of ours.
std::optional<InstanceEvent> EventOf(const Json& thing, InstanceEvent::Kind kind);

}  // namespace dbaas::kubernetes
