// SPDX-License-Identifier: MPL-2.0
#include "tests/simulation/planted_bug.h"

#include <optional>
#include <set>
#include <vector>

namespace dbaas {
namespace {

/// What somebody has who took no lease, or does not look at it.
class BlindLease final : public Lease {
 public:
  explicit BlindLease(std::unique_ptr<Lease> lease) : lease_(std::move(lease)) {}
  Result<void> Renew() override {
    if (lease_) (void)lease_->Renew();
    return Ok();
  }

 private:
  std::unique_ptr<Lease> lease_;
};

class BuggyDriver final : public Driver {
 public:
  BuggyDriver(PlantedBug bug, std::unique_ptr<Driver> driver)
      : bug_(bug), driver_(std::move(driver)) {}

  const std::string& Host() const override { return driver_->Host(); }
  HostTraits Traits() const override { return driver_->Traits(); }
  std::string Address(const std::string& instance) const override {
    return driver_->Address(instance);
  }
  std::vector<std::string> OtherNames(const std::string& instance) const override {
    return driver_->OtherNames(instance);
  }
  Result<std::int64_t> MemoryBytes() override { return driver_->MemoryBytes(); }

  Result<Observation> Observe(const std::optional<std::string>& cluster) override {
    auto observed = driver_->Observe(cluster);
    if (observed && bug_ == PlantedBug::kGivesOutTheSamePort) observed->used_ports.clear();
    if (observed) {
      std::erase_if(observed->objects,
                    [&](const auto& o) { return said_to_be_gone_.contains(o.id); });
    }
    if (observed && bug_ == PlantedBug::kFencesInNameOnly) {
      for (auto& object : observed->objects) {
        if (object.id.name == said_to_be_dead_) object.state = RunState::kStopped;
      }
    }
    return Told(std::move(observed));
  }
  Result<void> Ensure(const Object& object) override {
    if (bug_ == PlantedBug::kForgetsALabel && object.id.kind == ObjectKind::kVolume) {
      Object unlabelled = object;
      unlabelled.part.clear();
      return Told(driver_->Ensure(unlabelled));
    }
    return Told(driver_->Ensure(object));
  }
  Result<void> Remove(const ObjectId& id) override {
    if (bug_ == PlantedBug::kServesWhatItLeaves && restores_in_place_ &&
        id.kind == ObjectKind::kInstance) {
      said_to_be_gone_.insert(id);
      return Ok();
    }
    auto removed = driver_->Remove(id);
    if (removed && bug_ == PlantedBug::kRemovesTheVolumeToo && id.kind == ObjectKind::kInstance) {
      (void)driver_->Remove({ObjectKind::kVolume, id.name + "-data"});
    }
    return Told(std::move(removed));
  }
  Result<void> Restart(const std::string& instance) override {
    return Told(driver_->Restart(instance));
  }
  Result<void> Kill(const std::string& instance) override {
    if (bug_ != PlantedBug::kFencesInNameOnly) return Told(driver_->Kill(instance));
    said_to_be_dead_ = instance;
    return Ok();
  }
  Result<ExecResult> Exec(const std::string& instance, const std::vector<std::string>& argv,
                          const Secret<std::string>& input) override {
    const bool is_switchover = input.Reveal().find("def try_switch") != std::string::npos;
    if (bug_ == PlantedBug::kPromotesWithoutFencing && is_switchover) {
      const auto record = driver_->ReadRecord(instance.substr(0, instance.find('-')));
      if (!record || !*record) return Unavailable("no record");
      const std::string prefix = "/dbaas/" + (*record)->cluster + "-" + (*record)->uid + "/";
      return driver_->Exec("dbaas-management-etcd", {"etcdctl", "del", "--prefix", prefix},
                           Secret(std::string()));
    }
    return Told(driver_->Exec(instance, argv, input));
  }
  Result<std::string> Logs(const std::string& instance, int lines) override {
    return driver_->Logs(instance, lines);
  }
  Result<void> Watch(const std::function<void(const InstanceEvent&)>& on_event,
                     std::stop_token stop) override {
    return driver_->Watch(on_event, std::move(stop));
  }
  Result<std::optional<ClusterRecord>> ReadRecord(const std::string& cluster) override {
    return Told(driver_->ReadRecord(cluster));
  }
  Result<std::vector<ClusterRecord>> ReadRecords() override {
    if (bug_ == PlantedBug::kGivesOutTheSamePort) return std::vector<ClusterRecord>();
    return Told(driver_->ReadRecords());
  }
  Result<void> WriteRecord(const ClusterRecord& record, std::int64_t expected) override {
    const bool settles = record.generation == expected;
    restores_in_place_ = record.in_place.has_value();
    if (settles && bug_ == PlantedBug::kForgetsToSettle) return Ok();
    if (!settles && bug_ == PlantedBug::kWritesNoIntent) {
      not_written_ = expected;
      return Ok();
    }
    if (not_written_) return Told(driver_->WriteRecord(record, *not_written_));
    auto written = driver_->WriteRecord(record, expected);
    if (written && record.deleting && bug_ == PlantedBug::kRemovesTheRecordFirst) {
      return Told(driver_->RemoveRecord(record.cluster));
    }
    return Told(std::move(written));
  }
  Result<void> RemoveRecord(const std::string& cluster) override {
    return Told(driver_->RemoveRecord(cluster));
  }
  Result<std::unique_ptr<Lease>> AcquireLease(const std::string& name, const Holder& holder,
                                              Milliseconds ttl) override {
    using Answer = std::unique_ptr<Lease>;
    if (bug_ == PlantedBug::kSkipsTheLease) return Answer(std::make_unique<BlindLease>(nullptr));
    auto lease = driver_->AcquireLease(name, holder, ttl);
    if (lease && bug_ == PlantedBug::kIgnoresALostLease) {
      return Answer(std::make_unique<BlindLease>(*std::move(lease)));
    }
    return Told(std::move(lease));
  }

 private:
  /// Without retries "try again later" is a plain failure.
  template <typename T>
  Result<T> Told(Result<T> result) const {
    if (bug_ == PlantedBug::kNeverRetries && !result &&
        result.error().kind == ErrorKind::kUnavailable) {
      result.error().kind = ErrorKind::kInternal;
    }
    return result;
  }

  const PlantedBug bug_;
  std::unique_ptr<Driver> driver_;
  std::optional<std::int64_t> not_written_;
  std::string said_to_be_dead_;
  bool restores_in_place_ = false;
  std::set<ObjectId> said_to_be_gone_;
};

class BuggyThreads final : public Threads {
 public:
  BuggyThreads(PlantedBug bug, Threads& threads) : bug_(bug), threads_(threads) {}
  std::unique_ptr<Runner> MakeRunner(int capacity, Perform perform) override {
    return threads_.MakeRunner(capacity, [bug = bug_, perform](const Action& action) {
      const bool is_switchover = std::holds_alternative<Switchover>(action.operation);
      const bool restores = std::holds_alternative<RestoreData>(action.operation);
      if (bug == PlantedBug::kLeavesOutTheSwitchover && is_switchover) return Ok();
      if (bug == PlantedBug::kForgetsToRestore && restores) return Ok();
      return perform(action);
    });
  }
  std::unique_ptr<Repetition> Repeat(Milliseconds interval, std::function<void()> work) override {
    return threads_.Repeat(interval, std::move(work));
  }

 private:
  const PlantedBug bug_;
  Threads& threads_;
};

}  // namespace

const std::vector<PlantedBug>& PlantedBugs() {
  static const std::vector<PlantedBug> bugs = {
      PlantedBug::kSkipsTheLease,          PlantedBug::kIgnoresALostLease,
      PlantedBug::kForgetsALabel,          PlantedBug::kNeverRetries,
      PlantedBug::kRemovesTheVolumeToo,    PlantedBug::kRemovesTheRecordFirst,
      PlantedBug::kWritesNoIntent,         PlantedBug::kForgetsToSettle,
      PlantedBug::kLeavesOutTheSwitchover, PlantedBug::kPromotesWithoutFencing,
      PlantedBug::kFencesInNameOnly,       PlantedBug::kGivesOutTheSamePort,
      PlantedBug::kForgetsToRestore,       PlantedBug::kServesWhatItLeaves};
  return bugs;
}

std::string ToString(PlantedBug bug) {
  switch (bug) {
    case PlantedBug::kNone: return "None";
    case PlantedBug::kSkipsTheLease: return "SkipsTheLease";
    case PlantedBug::kIgnoresALostLease: return "IgnoresALostLease";
    case PlantedBug::kForgetsALabel: return "ForgetsALabel";
    case PlantedBug::kNeverRetries: return "NeverRetries";
    case PlantedBug::kRemovesTheVolumeToo: return "RemovesTheVolumeToo";
    case PlantedBug::kRemovesTheRecordFirst: return "RemovesTheRecordFirst";
    case PlantedBug::kWritesNoIntent: return "WritesNoIntent";
    case PlantedBug::kForgetsToSettle: return "ForgetsToSettle";
    case PlantedBug::kLeavesOutTheSwitchover: return "LeavesOutTheSwitchover";
    case PlantedBug::kPromotesWithoutFencing: return "PromotesWithoutFencing";
    case PlantedBug::kFencesInNameOnly: return "FencesInNameOnly";
    case PlantedBug::kGivesOutTheSamePort: return "GivesOutTheSamePort";
    case PlantedBug::kForgetsToRestore: return "ForgetsToRestore";
    case PlantedBug::kServesWhatItLeaves: return "ServesWhatItLeaves";
  }
  return "?";
}

std::unique_ptr<Driver> Plant(PlantedBug bug, std::unique_ptr<Driver> driver) {
  if (bug == PlantedBug::kNone) return driver;
  return std::make_unique<BuggyDriver>(bug, std::move(driver));
}

std::unique_ptr<Threads> Plant(PlantedBug bug, Threads& threads) {
  return std::make_unique<BuggyThreads>(bug, threads);
}

}  // namespace dbaas
