// SPDX-License-Identifier: MPL-2.0
#include "engine/engine.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <mutex>
#include <optional>

#include "engine/apply/backups.h"
#include "engine/apply/converge.h"
#include "engine/apply/desired.h"
#include "engine/apply/holder.h"
#include "engine/apply/intent.h"
#include "engine/apply/journal.h"
#include "engine/apply/lease_queue.h"
#include "engine/apply/limiter.h"
#include "engine/apply/logins.h"
#include "engine/apply/memory.h"
#include "engine/apply/offline.h"
#include "engine/apply/retry.h"
#include "engine/apply/settlements.h"
#include "engine/apply/view.h"
#include "engine/drivers/docker/docker_driver.h"
#include "engine/drivers/kubernetes/kubernetes_driver.h"
#include "engine/drivers/process/process_driver.h"
#include "engine/watch/archive_monitor.h"
#include "engine/watch/backup_scheduler.h"
#include "engine/watch/chronicle.h"
#include "engine/watch/outbox.h"
#include "engine/watch/own_webhooks.h"
#include "engine/watch/reconciler.h"
#include "engine/watch/verification_scheduler.h"
#include "engine/watch/watcher.h"

namespace dbaas {
namespace {

// A refresh or a plan of a thousand resources asks within moments: they share one listing.
constexpr Milliseconds kListingLifetime{1000};
constexpr Milliseconds kDeadLeaseTtl{5000};
constexpr int kLoginNameLength = 12;
constexpr int kLoginPasswordLength = 32;  // 190 bits.
// How often it is looked whether a watcher has something to tell.
constexpr Milliseconds kTellInterval{250};
// A look asks a member's database, which costs a fraction of a second of one core.
// Schedules have minutes.
constexpr Milliseconds kScheduleInterval = std::chrono::seconds(10);
constexpr Milliseconds kReconcileInterval = std::chrono::seconds(30);
// A cluster of nine may start at once; more at a time only makes an engine slow.
constexpr int kCallsPerHost = 24;
constexpr int kCallsInTotal = 96;

/// Everything that a host reported at one moment.
struct Listing {
  std::map<std::string, Observation> clusters;
  std::map<std::string, ClusterRecord> records;

  const ClusterRecord* Find(const std::string& cluster) const {
    const auto found = records.find(cluster);
    return found == records.end() ? nullptr : &found->second;
  }

  /// A cluster's objects and those that all clusters share.
  Observation Of(const std::string& cluster) const {
    Observation observed;
    for (const auto& name : {cluster, std::string(kManagementCluster)}) {
      const auto found = clusters.find(name);
      if (found == clusters.end()) continue;
      const auto& objects = found->second.objects;
      observed.objects.insert(observed.objects.end(), objects.begin(), objects.end());
    }
    return observed;
  }
};

/// A host as configured. Its driver may have failed to be made: whoever needs it gets the reason.
class Host {
 public:
  Host(std::string name, Result<std::shared_ptr<Driver>> driver)
      : name_(std::move(name)), driver_(std::move(driver)) {}

  const std::string& name() const { return name_; }

  Result<Driver*> driver() const {
    if (!driver_) return driver_.error();
    return driver_->get();
  }
  /// The driver, once everything is settled that was applied to the cluster before.
  Result<Driver*> DriverFor(const std::string& cluster) {
    settlements_.Finish(cluster);
    return driver();
  }
  Settlements& settlements() { return settlements_; }

  /// One listing and all records. Concurrent callers wait for the same answer, or the same error:
  /// a silent host is not asked anew for each of a hundred resources.
  Result<std::shared_ptr<const Listing>> List(Clock& clock, Random& random) {
    Driver* driver = TRY(this->driver());
    settlements_.FinishAll();
    const TimePoint asked_at = clock.Now();
    const std::lock_guard lock(mutex_);
    if (listing_ && clock.Now() - listed_at_ < kListingLifetime) return listing_;
    if (failure_ && asked_at < failed_at_) return *failure_;
    auto listing = Fetch(*driver, clock, random);
    if (!listing) {
      failure_ = listing.error();
      failed_at_ = clock.Now();
      return std::move(listing).error();
    }
    failure_.reset();
    listing_ = *std::move(listing);
    listed_at_ = clock.Now();
    return listing_;
  }

  /// The ports that are taken, for a plan. What is not settled yet changes none of them.
  Result<std::shared_ptr<const TakenPorts>> Ports(Clock& clock) {
    Driver* driver = TRY(this->driver());
    const std::lock_guard lock(ports_mutex_);
    if (ports_ && clock.Now() - ports_asked_at_ < kListingLifetime) return ports_;
    ports_ = TRY(PortsTakenOn(*driver));
    ports_asked_at_ = clock.Now();
    return ports_;
  }

  void ForgetListing() {
    const std::scoped_lock lock(mutex_, ports_mutex_);
    listing_.reset();
    ports_.reset();
  }

 private:
  static Result<std::shared_ptr<const Listing>> Fetch(Driver& driver, Clock& clock,
                                                      Random& random) {
    auto listing = std::make_shared<Listing>();
    listing->clusters = ByCluster(TRY(Retry(kBrief, clock, random, std::stop_token(),
                                            [&] { return driver.Observe(std::nullopt); })));
    for (auto& record : TRY(driver.ReadRecords())) {
      listing->records.emplace(record.cluster, std::move(record));
    }
    return std::shared_ptr<const Listing>(std::move(listing));
  }

  std::string name_;
  Result<std::shared_ptr<Driver>> driver_;
  std::mutex mutex_;
  std::shared_ptr<const Listing> listing_;
  TimePoint listed_at_{};
  std::optional<Error> failure_;  ///< Of the last attempt.
  TimePoint failed_at_{};
  std::mutex ports_mutex_;
  std::shared_ptr<const TakenPorts> ports_;
  TimePoint ports_asked_at_{};
  Settlements settlements_;  ///< Last: they use the driver until they are gone.
};

/// For views.
std::function<std::string(const std::string&)> AddressesOn(const Driver& driver) {
  return [&driver](const std::string& instance) { return driver.Address(instance); };
}

Result<std::shared_ptr<Driver>> MakeKubernetes(const HostConfig& config, Clock& clock,
                                               Random& random) {
  const KubernetesConfig& kubernetes = config.kubernetes;
  const auto variable = [](const std::string& name) { return ReadEnvironment(name).value_or(""); };
  KubernetesOptions options{
      .access = TRY(kubernetes::ReadAccess(
          {.config_path = kubernetes.config_path, .context = kubernetes.context}, variable)),
      .namespace_name = kubernetes.namespace_name,
      .storage_class = kubernetes.storage_class,
      .volume_bytes = kubernetes.volume_bytes,
      .service_type = kubernetes.node_ports ? "NodePort" : "ClusterIP",
      .cluster_domain = kubernetes.cluster_domain,
      .address = kubernetes.address};
  return MakeKubernetesDriver(config.name, std::move(options), clock, random);
}

Result<std::shared_ptr<Driver>> MakeDriver(const HostConfig& config, Clock& clock, Random& random) {
  const bool asks_environment = config.kind == HostConfig::Kind::kOfEnvironment;
  const auto directory = asks_environment ? ReadEnvironment("DBAAS_DIRECTORY") : std::nullopt;
  if (config.kind == HostConfig::Kind::kProcess || directory) {
    return MakeProcessDriver({.host_name = config.name,
                              .directory = directory.value_or(config.directory),
                              .user = config.user},
                             clock);
  }
  if (config.kind == HostConfig::Kind::kKubernetes) {
    return MakeKubernetes(config, clock, random);
  }
  const DockerOptions options{.host_name = config.name,
                              .endpoint = config.docker_endpoint,
                              .cert_path = config.cert_path,
                              .tls_verify = config.tls_verify};
  return MakeDockerDriver(FromEnvironment(options, ReadEnvironment), clock);
}

}  // namespace

struct Engine::Impl {
  Clock& clock;
  Random& random;
  std::vector<std::unique_ptr<Host>> hosts;
  /// Of all applies together, however many Terraform asks for at once.
  mutable Limiter limiter{kCallsPerHost, kCallsInTotal};
  mutable LeaseQueue queue;

  Result<Host*> Find(const std::string& name) const {
    for (const auto& host : hosts) {
      if (host->name() == name) return host.get();
    }
    return Invalid("host_name", fmt::format("there is no host called {}", name),
                   "Hosts are named by the host blocks of the provider.");
  }

  struct Stored {
    Driver* driver;
    ClusterRecord record;
  };
  Result<Stored> ReadRecord(const ClusterId& id) const {
    Host* host = TRY(Find(id.host));
    Driver* driver = TRY(host->DriverFor(id.cluster));
    auto record = TRY(driver->ReadRecord(id.cluster));
    if (!record || !record->has_cluster_part()) {
      return NotFound("cluster " + id.ToText() + " does not exist").On("cluster_id");
    }
    return Stored{driver, *std::move(record)};
  }

  static Result<Credentials> CredentialsOf(const Stored& stored, const std::string& username,
                                           const Secret<std::string>& password) {
    const Dbms* dbms = TRY(DbmsOf(stored.record));
    const auto uri = [&](const char* key) {
      const auto found = stored.record.ports.find(key);
      const int port = found == stored.record.ports.end() ? 0 : found->second;
      const std::string address = stored.driver->Address(PublisherOf(*dbms, stored.record, key));
      return dbms->ConnectionUri(stored.record, username, password, address, port);
    };
    return Credentials{
        .username = username, .password = password, .uri = uri("write"), .reader_uri = uri("read")};
  }

  ConvergeContext Context(Host& host, Driver& driver, Progress& progress,
                          std::stop_token stop) const {
    return {.driver = driver,
            .clock = clock,
            .random = random,
            .progress = progress,
            .stop = std::move(stop),
            .journal_folder = Journal::DefaultFolder(),
            .limiter = &limiter,
            .settlements = &host.settlements(),
            .queue = &queue};
  }

  /// A deletion that was killed after its last step but one leaves its lock behind, and there is no
  /// apply to come that would find it. Taking a dead holder's lease and letting go of it removes
  /// it; a living holder keeps his.
  void ClearDeadLease(Driver& driver, const std::string& name) const {
    const auto lease = driver.AcquireLease(name, ThisProcess("refresh", random), kDeadLeaseTtl);
    if (!lease && lease.error().kind != ErrorKind::kConflict) {
      spdlog::debug("cannot look for a dead lease of {}: {}", name, lease.error().ToLine());
    }
  }

  Result<ClusterView> View(Host& host, const Listing& listing, const ClusterRecord& record,
                           ReadDepth depth) const {
    Driver* driver = TRY(host.driver());
    const Observation observed = listing.Of(record.cluster);
    std::optional<ClusterFacts> facts;
    if (depth == ReadDepth::kProbe) facts = Probe(*driver, clock, record, observed);
    return MakeView({.host = host.name(),
                     .address = AddressesOn(*driver),
                     .record = record,
                     .observed = observed,
                     .facts = facts ? &*facts : nullptr});
  }
};

Engine::Engine(const std::vector<HostConfig>& hosts, Clock& clock, Random& random)
    : impl_(new Impl{clock, random, {}}) {
  for (const auto& config : hosts) {
    impl_->hosts.push_back(std::make_unique<Host>(config.name, MakeDriver(config, clock, random)));
  }
}

Engine::Engine(std::vector<std::shared_ptr<Driver>> drivers, Clock& clock, Random& random)
    : impl_(new Impl{clock, random, {}}) {
  for (auto& driver : drivers) {
    const std::string name = driver->Host();
    impl_->hosts.push_back(std::make_unique<Host>(name, std::move(driver)));
  }
}

Engine::~Engine() = default;

std::vector<std::string> Engine::Hosts() const {
  std::vector<std::string> names;
  for (const auto& host : impl_->hosts) names.push_back(host->name());
  return names;
}

std::vector<std::pair<std::string, std::string>> Engine::EngineVersions() {
  std::vector<std::pair<std::string, std::string>> versions;
  for (const Dbms* dbms : AllDbms()) {
    for (const auto& version : dbms->Versions()) versions.emplace_back(dbms->Name(), version);
  }
  return versions;
}

std::vector<Error> Engine::Validate(const PartSpec& spec) {
  const auto* cluster = std::get_if<ClusterSpec>(&spec);
  if (cluster == nullptr) return {};
  const Dbms* dbms = FindDbms(cluster->engine);
  if (dbms != nullptr) return dbms->Validate(*cluster);
  std::vector<std::string> names;
  for (const Dbms* known : AllDbms()) names.push_back(known->Name());
  return {Invalid("engine", "there is no engine called " + cluster->engine,
                  fmt::format("Known engines: {}.", fmt::join(names, ", ")))};
}

Result<void> Engine::CheckHost(const PartChange& change) {
  Host* host = TRY(impl_->Find(change.id.host));
  Driver* driver = TRY(host->driver());
  TRY(CheckMemory(*driver, std::nullopt, change));
  return change.spec ? CheckTraits(host->name(), driver->Traits(), *change.spec) : Ok();
}

Result<Preview> Engine::Plan(const PartChange& change) {
  Host* host = TRY(impl_->Find(change.id.host));
  Driver* driver = TRY(host->DriverFor(change.id.cluster));
  SilentProgress silent;
  auto plan = PreviewChange(impl_->Context(*host, *driver, silent, {}), change,
                            [&] { return host->Ports(impl_->clock); });
  if (plan) return Preview{.plan = std::move(plan).value(), .warnings = {}};
  if (plan.error().kind != ErrorKind::kUnavailable) return std::move(plan).error();
  return Preview{
      .plan = PlanOffline(change).value_or(dbaas::Plan()),
      .warnings = {fmt::format("Host {} does not answer, so the plan could not be checked "
                               "against it: {}",
                               host->name(), plan.error().ToLine())}};
}

Result<ClusterView> Engine::Apply(const PartChange& change, Progress& progress,
                                  std::stop_token stop) {
  Host* host = TRY(impl_->Find(change.id.host));
  Driver* driver = TRY(host->DriverFor(change.id.cluster));
  auto converged = Converge(impl_->Context(*host, *driver, progress, std::move(stop)), change);
  host->ForgetListing();
  if (!converged) return std::move(converged).error();
  if (!converged->record) return ClusterView{.id = change.id};
  return MakeView({.host = host->name(),
                   .address = AddressesOn(*driver),
                   .record = *converged->record,
                   .observed = converged->observed,
                   .facts = nullptr});
}

void Engine::Settle() {
  for (const auto& host : impl_->hosts) host->settlements().FinishAll();
}

Result<dbaas::Plan> Engine::PlanMaintenance(const Maintenance& wanted) {
  Host* host = TRY(impl_->Find(wanted.id.host));
  Driver* driver = TRY(host->DriverFor(wanted.id.cluster));
  SilentProgress silent;
  return PreviewMaintenance(impl_->Context(*host, *driver, silent, {}), wanted);
}

Result<void> Engine::Maintain(const Maintenance& wanted, Progress& progress, std::stop_token stop) {
  Host* host = TRY(impl_->Find(wanted.id.host));
  Driver* driver = TRY(host->DriverFor(wanted.id.cluster));
  auto done = dbaas::Maintain(impl_->Context(*host, *driver, progress, std::move(stop)), wanted);
  host->ForgetListing();
  return done;
}

Result<std::optional<ClusterView>> Engine::Read(const ClusterId& id, ReadDepth depth) {
  Host* host = TRY(impl_->Find(id.host));
  const auto listing = TRY(host->List(impl_->clock, impl_->random));
  const ClusterRecord* record = listing->Find(id.cluster);
  if (record == nullptr || !record->has_cluster_part()) {
    if (depth == ReadDepth::kListing) {
      Driver* driver = TRY(host->driver());
      impl_->ClearDeadLease(*driver, id.cluster);
      if (listing->records.empty()) {
        impl_->ClearDeadLease(*driver, std::string(kManagementCluster));
      }
    }
    return std::optional<ClusterView>();
  }
  return std::optional(TRY(impl_->View(*host, *listing, *record, depth)));
}

Result<std::vector<ClusterView>> Engine::List(const std::string& host_name, ReadDepth depth) {
  if (!host_name.empty()) TRY(impl_->Find(host_name));
  std::vector<ClusterView> views;
  for (const auto& host : impl_->hosts) {
    if (!host_name.empty() && host->name() != host_name) continue;
    const auto listing = TRY(host->List(impl_->clock, impl_->random));
    for (const auto& [name, record] : listing->records) {
      if (!record.has_cluster_part()) continue;
      views.push_back(TRY(impl_->View(*host, *listing, record, depth)));
    }
  }
  return views;
}

Result<Credentials> Engine::ReadCredentials(const ClusterId& id) {
  const Impl::Stored stored = TRY(impl_->ReadRecord(id));
  const auto password = stored.record.secrets.find("password");
  if (password == stored.record.secrets.end()) {
    return Unavailable("cluster " + id.ToText() + " has no password yet");
  }
  return Impl::CredentialsOf(stored, stored.record.cluster_spec().username, password->second);
}

Result<BackupCatalogue> Engine::Backups(const ClusterId& id) {
  const Impl::Stored stored = TRY(impl_->ReadRecord(id));
  return ListBackups(*stored.driver, impl_->clock, stored.record);
}

Result<Credentials> Engine::OpenLogin(const ClusterId& id, Login wanted) {
  const Impl::Stored stored = TRY(impl_->ReadRecord(id));
  wanted.role = kLoginPrefix + impl_->random.Token(kLoginNameLength);
  std::transform(wanted.role.begin(), wanted.role.end(), wanted.role.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  wanted.password = Secret(impl_->random.Token(kLoginPasswordLength));
  TRY(dbaas::OpenLogin({*stored.driver, impl_->clock, impl_->random, stored.record}, wanted));
  return Impl::CredentialsOf(stored, wanted.role, wanted.password);
}

Result<void> Engine::RenewLogin(const ClusterId& id, const Login& login) {
  const Impl::Stored stored = TRY(impl_->ReadRecord(id));
  return dbaas::RenewLogin({*stored.driver, impl_->clock, impl_->random, stored.record}, login);
}

Result<void> Engine::CloseLogin(const ClusterId& id, const std::string& role) {
  const Impl::Stored stored = TRY(impl_->ReadRecord(id));
  return dbaas::CloseLogin({*stored.driver, impl_->clock, impl_->random, stored.record}, role);
}

Result<std::map<std::string, std::string>> Engine::Logs(const ClusterId& id,
                                                        const std::string& instance, int lines) {
  Host* host = TRY(impl_->Find(id.host));
  Driver* driver = TRY(host->driver());
  const auto listing = TRY(host->List(impl_->clock, impl_->random));
  std::map<std::string, std::string> logs;
  const Observation observed = listing->Of(id.cluster);
  for (const auto& object : observed.objects) {
    if (object.id.kind != ObjectKind::kInstance || object.cluster != id.cluster) continue;
    if (!instance.empty() && object.id.name != instance) continue;
    logs[object.id.name] =
        TRY_IN(driver->Logs(object.id.name, lines), "reading the log of " + object.id.name);
  }
  if (!logs.empty()) return logs;
  return NotFound(instance.empty() ? "there is no cluster " + id.ToText()
                                   : "cluster " + id.ToText() + " has no instance " + instance);
}

Result<JournalExcerpt> Engine::ReadJournal(const ClusterId& id) {
  return dbaas::ReadJournal(Journal::DefaultFolder(), id.host, id.cluster);
}

Result<void> Engine::Watch(const WatchOptions& options, std::stop_token stop) {
  Host* host = TRY(impl_->Find(options.host.empty() ? Hosts().front() : options.host));
  Driver* driver = TRY(host->driver());
  Outbox history(
      "the history",
      [&](const WatchReport& report) {
        return WriteDown(*driver, impl_->clock, ThisProcess("dbaas watch", impl_->random), report);
      },
      impl_->clock, impl_->random);
  Outbox webhook(
      "the webhook",
      [&](const WatchReport& report) { return Post(options.webhook, impl_->clock, report); },
      impl_->clock, impl_->random);
  OwnWebhooks own_webhooks(*driver, impl_->clock, impl_->random, RealThreads());
  const bool has_webhook = !options.webhook.url.Reveal().empty();
  std::mutex mutex;
  const auto take = [&](const WatchReport& report) {
    const std::lock_guard lock(mutex);
    options.report(report);
    if (has_webhook) webhook.Put(report);
    own_webhooks.Put(report);
    if (report.kind == WatchReport::Kind::kFailover) history.Put(report);
  };
  {
    // A thread each: a receiver that takes its time holds up no entry.
    const auto writing = RealThreads().Repeat(kTellInterval, [&] { history.Work(); });
    const auto posting = RealThreads().Repeat(kTellInterval, [&] { webhook.Work(); });
    SilentProgress silent;
    const Rounds rounds{.converge = impl_->Context(*host, *driver, silent, stop),
                        .clusters = options.clusters,
                        .report = take};
    Reconciler reconciler(rounds);
    BackupScheduler backups(rounds);
    VerificationScheduler verifications(rounds);
    ArchiveMonitor archives(rounds);
    const auto monitoring = RealThreads().Repeat(kScheduleInterval, [&] { archives.Look(); });
    const auto verifying = RealThreads().Repeat(kScheduleInterval, [&] { verifications.Look(); });
    const auto backing_up = RealThreads().Repeat(kScheduleInterval, [&] { backups.Look(); });
    const auto repairing = RealThreads().Repeat(kReconcileInterval, [&] { reconciler.Look(); });
    Watcher watcher({.driver = *driver,
                     .clock = impl_->clock,
                     .random = impl_->random,
                     .clusters = options.clusters,
                     .declared_only = options.declared_only,
                     .report = take});
    watcher.Run(stop);
  }
  history.Flush();
  webhook.Flush();
  own_webhooks.Flush();
  return Ok();
}

Result<ClusterId> Engine::ParseClusterId(const std::string& text) const {
  const auto slash = text.find('/');
  const std::string host = slash == std::string::npos ? Hosts().front() : text.substr(0, slash);
  const std::string cluster = slash == std::string::npos ? text : text.substr(slash + 1);
  if (host.empty() || cluster.empty() || cluster.find('/') != std::string::npos) {
    return Invalid("cluster_id", fmt::format("\"{}\" is not the id of a cluster", text),
                   "It reads <host>/<cluster>, as in local/orders.");
  }
  return ClusterId{host, cluster};
}

}  // namespace dbaas
