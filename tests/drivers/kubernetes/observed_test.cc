// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/kubernetes/observed.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "engine/drivers/kubernetes/leases.h"

namespace dbaas::kubernetes {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A pod of orders-1 whose container's status is `main`.
Json Pod(const Json& main, const std::string& uid = "u1") {
  Json status = main;
  status["name"] = "main";
  return {{"metadata",
           {{"name", "orders-1-0"},
            {"uid", uid},
            {"labels", {{kLabelManagedBy, kManagedBy}, {kLabelCluster, "orders"}}},
            {"annotations", {{kLabelObject, "instance/orders-1"}, {kLabelPart, "cluster"}}}}},
          {"status", {{"containerStatuses", Json::array({status})}}}};
}

Json Running(const std::string& id) {
  return {{"containerID", id}, {"state", {{"running", {{"startedAt", "2026-11-21T03:42:00Z"}}}}}};
}
Json Terminated(const std::string& id, int code) {
  return {{"containerID", id}, {"exitCode", code}};
}

std::vector<std::string> Told(const std::vector<InstanceEvent>& events) {
  std::vector<std::string> told;
  for (const InstanceEvent& event : events) {
    told.push_back(fmt::format("{} {} {}", ToString(event.kind), event.instance, event.detail));
  }
  return told;
}

RunState StateOf(const Json& pod, std::string& detail, int replicas = 1) {
  const PodView view = ReadPod(pod);
  return ReadRunState({{"spec", {{"replicas", replicas}}}}, pod.is_null() ? nullptr : &view,
                      detail);
}

TEST(ObservedTest, RunStates) {
  std::string detail;
  EXPECT_EQ(StateOf(Pod(Running("a")), detail), RunState::kRunning);
  EXPECT_EQ(detail, "running since 2026-11-21T03:42:00Z");
  EXPECT_EQ(StateOf(Json(), detail), RunState::kRestarting);
  EXPECT_EQ(detail, "no pod");
  EXPECT_EQ(StateOf(Json(), detail, 0), RunState::kStopped);
  EXPECT_EQ(detail, "scaled to 0");
  EXPECT_EQ(StateOf(Pod({{"state", {{"terminated", Terminated("a", 137)}}}}), detail),
            RunState::kRestarting);
  EXPECT_EQ(detail, "exited (137)");
  EXPECT_EQ(StateOf(Pod({{"state", {{"waiting", {{"reason", "CrashLoopBackOff"}}}}},
                         {"lastState", {{"terminated", Terminated("a", 1)}}}}),
                    detail),
            RunState::kRestarting);
  EXPECT_EQ(detail, "exited (1), CrashLoopBackOff");
  Json pod = Pod(Running("a"));
  pod["metadata"]["deletionTimestamp"] = "2026-11-21T03:43:00Z";
  EXPECT_EQ(StateOf(pod, detail), RunState::kRestarting);
  pod["status"]["reason"] = "NodeLost";
  EXPECT_EQ(StateOf(pod, detail), RunState::kLost);
  pod = Json{{"status",
              {{"phase", "Pending"},
               {"conditions", Json::array({{{"type", "PodScheduled"},
                                            {"status", "False"},
                                            {"reason", "Unschedulable"},
                                            {"message", "0/1 nodes are available"}}})}}}};
  EXPECT_EQ(StateOf(pod, detail), RunState::kRestarting);
  EXPECT_EQ(detail, "Unschedulable: 0/1 nodes are available");
}

TEST(ObservedTest, AnImageThatIsMissingIsKnownFromTheInitContainerToo) {
  const Json waiting = {{"waiting", {{"reason", "ErrImageNeverPull"}, {"message", "not there"}}}};
  EXPECT_EQ(ReadPod(Pod({{"state", waiting}})).image_problem, "ErrImageNeverPull: not there");
  Json pod = Pod({{"state", {{"waiting", {{"reason", "PodInitializing"}}}}}});
  pod["status"]["initContainerStatuses"] = Json::array({{{"name", "files"}, {"state", waiting}}});
  EXPECT_EQ(ReadPod(pod).image_problem, "ErrImageNeverPull: not there");
  EXPECT_FALSE(ReadPod(pod).ever_ran);
}

TEST(ObservedTest, EachStartAndEndIsToldOnce) {
  PodStory story;
  EXPECT_THAT(Told(story.Take(Pod(Running("a")), false)), ElementsAre("started orders-1 "));
  EXPECT_THAT(story.Take(Pod(Running("a")), false), IsEmpty());
  const Json ended = Pod({{"state", {{"terminated", Terminated("a", 137)}}}});
  EXPECT_THAT(Told(story.Take(ended, false)), ElementsAre("ended orders-1 exited (137)"));
  EXPECT_THAT(story.Take(ended, true), IsEmpty());
}

TEST(ObservedTest, AnEndThatWasNotSeenIsToldWithTheNextStart) {
  PodStory story;
  (void)story.Take(Pod(Running("a")), false);
  Json again = Running("b");
  again["lastState"] = {{"terminated", Terminated("a", 1)}};
  EXPECT_THAT(Told(story.Take(Pod(again), false)),
              ElementsAre("ended orders-1 exited (1)", "started orders-1 "));
}

TEST(ObservedTest, WhatWasRemovedByForceIsNotSaidToHaveEnded) {
  PodStory story;
  (void)story.Take(Pod(Running("a")), false);
  EXPECT_THAT(story.Take(Pod(Running("a")), true), IsEmpty());
}

TEST(ObservedTest, Quantities) {
  EXPECT_EQ(ReadQuantity("16Gi"), std::int64_t{16} << 30);
  EXPECT_EQ(ReadQuantity("128974848"), 128974848);
  EXPECT_EQ(ReadQuantity("129M"), 129000000);
  EXPECT_EQ(ReadQuantity("1e3"), 1000);
  EXPECT_EQ(ReadQuantity("1500m"), 2);
  EXPECT_EQ(ReadQuantity("nonsense"), 0);
}

TEST(ObservedTest, AServiceWithoutAddressPublishesNothing) {
  std::set<int> ports;
  const Json port = {{"port", 15432}, {"nodePort", 30432}};
  ReadPublishedPorts(
      {{"items",
        {{{"spec", {{"clusterIP", "None"}, {"ports", Json::array({{{"port", 1}}})}}}},
         {{"spec", {{"clusterIP", "10.0.0.1"}, {"ports", Json::array({port})}}}}}}},
      ports);
  EXPECT_THAT(ports, ElementsAre(15432, 30432));
}

TEST(LeasesTest, TheServersOwnTimesSayWhenALeaseWasWritten) {
  const Json lease = {
      {"metadata",
       {{"creationTimestamp", "2026-11-21T03:42:00Z"},
        {"managedFields",
         {{{"time", "2026-11-21T03:42:07Z"}}, {{"time", "2026-11-21T03:42:05Z"}}}}}}};
  EXPECT_EQ(ToText(LastWritten(lease)), "2026-11-21T03:42:07.000Z");
  EXPECT_EQ(LastWritten(Json()), TimePoint());
}

}  // namespace
}  // namespace dbaas::kubernetes
