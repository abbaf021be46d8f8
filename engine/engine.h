// SPDX-License-Identifier: MPL-2.0
//
// Engine: the facade. Everything that provider/ and cli/ ask for goes through here; they know
// neither drivers nor databases. Thread-safe: Terraform calls from ten threads at once.
//
//   Engine engine(hosts, clock, random);
//   auto view = engine.Apply({.id = {"local", "orders"}, .key = "cluster", .spec = spec}, progress,
//   stop);
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/apply/journal_reader.h"
#include "engine/apply/progress.h"
#include "engine/base/clock.h"
#include "engine/base/random.h"
#include "engine/base/result.h"
#include "engine/drivers/driver.h"
#include "engine/model/backup.h"
#include "engine/model/host.h"
#include "engine/model/login.h"
#include "engine/model/maintenance.h"
#include "engine/model/part_change.h"
#include "engine/model/view.h"
#include "engine/model/watch_report.h"
#include "engine/plan/plan.h"
#include "engine/watch/webhook.h"

namespace dbaas {

/// What an apply would do, as far as it can be known without changing anything.
struct Preview {
  Plan plan;  ///< Of a silent host: what PlanOffline (apply/offline.h) makes of the change.
  std::vector<std::string> warnings;  ///< "host local does not answer; ..."
};

/// How much a read costs: the listing alone, or also a probe inside each cluster.
enum class ReadDepth { kListing, kProbe };

struct WatchOptions {
  std::string host;                ///< Empty: the default one.
  std::set<std::string> clusters;  ///< Empty: all of the host.
  bool declared_only = false;      ///< Fail over only those whose configuration asks for it.
  WebhookOptions webhook;          ///< Is told everything that `report` is. Clusters may name
                                   ///< webhooks of their own (watch/own_webhooks.h).
  /// Called from one thread at a time; returns soon.
  std::function<void(const WatchReport&)> report;
};

class Engine {
 public:
  Engine(const std::vector<HostConfig>& hosts, Clock& clock, Random& random);
  /// With ready-made drivers (tests).
  Engine(std::vector<std::shared_ptr<Driver>> drivers, Clock& clock, Random& random);
  ~Engine();

  /// Names of the hosts, in the order configured. The first is the default.
  std::vector<std::string> Hosts() const;

  /// Every engine and version that can be asked for: {"postgresql", "17"} first.
  static std::vector<std::pair<std::string, std::string>> EngineVersions();
  /// Offline checks of a part: everything that can be known without a host.
  static std::vector<Error> Validate(const PartSpec& spec);

  /// Whether the host could do what the change asks for at all, were nothing there yet: for a
  /// replacement, in whose plan the old one is still in the way. Errors: kUnavailable, kInvalid.
  Result<void> CheckHost(const PartChange& change);
  /// Checks the change against the host and says what would be done. An unreachable host is a
  /// warning in the preview, not an error.
  Result<Preview> Plan(const PartChange& change);
  /// Takes the cluster's lease (waiting for whoever holds it), writes the intent, converges,
  /// settles. On error everything done so far stands, and the next apply continues from there.
  Result<ClusterView> Apply(const PartChange& change, Progress& progress, std::stop_token stop);

  /// Settles now what would be settled a moment after its answer
  /// (PartChange::settles_after_answer): the callers have theirs.
  void Settle();

  /// What Maintain would do now, and what it would cost.
  Result<dbaas::Plan> PlanMaintenance(const Maintenance& wanted);
  /// A switchover, a failover, restarts, reloads, a backup or a restoration, under the same lease
  /// as an apply; a verification of the backups, beside it.
  Result<void> Maintain(const Maintenance& wanted, Progress& progress, std::stop_token stop);

  /// Nothing when there is no such cluster; a lock that its killed remover left behind is cleared
  /// then. kUnavailable when the host does not answer.
  Result<std::optional<ClusterView>> Read(const ClusterId& id, ReadDepth depth);
  /// Of one host, or of all when `host` is empty. kInvalid (field "host_name") when there is none
  /// of that name.
  Result<std::vector<ClusterView>> List(const std::string& host, ReadDepth depth);
  Result<Credentials> ReadCredentials(const ClusterId& id);

  /// What there is, and what could be restored. kInvalid (field "cluster_id") when the cluster has
  /// no backup policy, kUnavailable when nobody answers.
  Result<BackupCatalogue> Backups(const ClusterId& id);

  /// A role for a short time (model/login.h): its name and password are chosen here. Until it is
  /// closed it has to be renewed within its ttl; whoever opens the next one clears up after those
  /// that nobody closed.
  Result<Credentials> OpenLogin(const ClusterId& id, Login wanted);
  Result<void> RenewLogin(const ClusterId& id, const Login& login);
  /// Nothing to do when the role is gone.
  Result<void> CloseLogin(const ClusterId& id, const std::string& role);
  /// The last `lines` lines that each instance of a cluster wrote, by the instance's name; of
  /// `instance` alone when that is not empty. kNotFound when there is none of that name.
  Result<std::map<std::string, std::string>> Logs(const ClusterId& id, const std::string& instance,
                                                  int lines);

  /// What the applies of this machine did to a cluster, from the journal that they left here. Asks
  /// no host; the cluster's one need not even be configured. kNotFound when there is no journal.
  static Result<JournalExcerpt> ReadJournal(const ClusterId& id);

  /// Follows a host until it is stopped: lets a cluster fail over as soon as its primary is dead
  /// (engine/watch/watcher.h), and repairs those that ask for it (engine/watch/reconciler.h). A
  /// host that is away is waited for.
  Result<void> Watch(const WatchOptions& options, std::stop_token stop);

  /// "local/orders" or, on the default host, "orders". kInvalid for anything else.
  Result<ClusterId> ParseClusterId(const std::string& text) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// What a program that has an engine asks first, before it has any other thread: as "PROGRAM
/// supervise FOLDER" and "PROGRAM watch-directory DIRECTORY" it is what a process host runs beside
/// its databases (drivers/process/supervisor.h). Gives the exit code at the end of that; nothing
/// when the arguments ask for something else.
std::optional<int> RunHiddenMode(int argc, char** argv);

}  // namespace dbaas
