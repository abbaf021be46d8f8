// SPDX-License-Identifier: MPL-2.0
//
// FakePatroni: what runs inside the instances of a FakeDriver, seen through the scripts of
// engine/dbms/postgresql/scripts/. Instances that run are members; the first candidate makes the
// cluster and leads until it is gone or hands over; settings are what was last applied. Every
// volume holds a copy of the cluster's rows, so that lost data is seen: `Harms` says what no
// cluster may suffer.
//
//   FakeDriver host(clock);
//   FakePatroni patroni(host);       // answers host's Exec from now on
//   ...
//   EXPECT_EQ(patroni.Primary("orders"), "orders-2");
//
// Times play no part until TakeTime: then a member copies for some seconds before it follows,
// followers lag, and a leader that was killed keeps its key until the ttl ends.
//
// Threading: thread-safe. Must outlive the driver's use.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/base/json.h"
#include "engine/model/backup.h"
#include "tests/fakes/fake_driver.h"
#include "tests/fakes/seeded_random.h"

namespace dbaas {

class FakePatroni {
 public:
  explicit FakePatroni(FakeDriver& host);

  std::string Primary(const std::string& cluster);
  /// How often a member's database was restarted in place.
  int Restarts(const std::string& member);
  /// How often it was asked to read its files again.
  int Reloads(const std::string& member);

  /// The roles for a short time that a cluster has.
  std::set<std::string> Logins(const std::string& cluster);

  /// From now on things take as long as `clock` and `random` say. Both must outlive this.
  void TakeTime(Clock& clock, SeededRandom& random);
  /// A client's row, acknowledged once it is as safe as the cluster promises.
  void Write(const std::string& cluster);
  /// `member` was killed just now: its key stays until the ttl ends, its last rows reached nobody.
  void Died(const std::string& member);
  /// Somebody who may has thrown copies of the rows away: what is left need not be all.
  void MayLose(const std::string& cluster);
  /// The cluster elects someone else, for reasons of its own.
  void FailOver(const std::string& cluster);

  /// Whether `member` leads, and since when.
  std::optional<TimePoint> LeadsSince(const std::string& cluster, const std::string& member);
  /// Whether any running member but `member` could lead at once. `wanted` are those that count.
  bool HasSuccessor(const std::string& cluster, const std::string& member,
                    const std::set<std::string>& wanted);
  /// Whether the rows survive without `volume`: another one of one of `wanted` has them all.
  bool IsSafeWithout(const std::string& cluster, const std::string& volume,
                     const std::set<std::string>& wanted);
  /// What should never happen to a cluster and did, since it was last asked.
  std::vector<std::string> TakeHarms();
  /// Of data that is to stay, or of a verification.
  void FailNextRestore(const std::string& reason);
  void FailNextBackup(const std::string& reason);
  /// By which backups begin. Unless it is set, each begins a minute after the one before.
  void SetServerClock(TimePoint now);
  /// The member whose files the last backup copied.
  std::string BackupSource();
  /// Whether followers can take backups on this host.
  void ServeFollowers(bool serves);
  /// From now on no database of these members starts: they run, and nobody leads.
  void SpoilData(const std::string& cluster);
  /// Whether anybody can look into the repositories.
  void HideBackups(bool hidden);
  /// The next backup is taken, and its answer is `reason` all the same.
  void FailBehindNextBackup(const std::string& reason);
  /// Of all clusters: why their log does not arrive, and the room there is for it.
  void SetArchiving(const Archiving& archiving);

 private:
  /// The rows on one volume.
  struct Copy {
    std::string scope;
    bool complete = false;
    TimePoint complete_at{};
    std::int64_t position = 0;
  };
  /// The parameters that a member's database started with.
  struct Start {
    std::uint64_t incarnation = 0;
    int starts = 0;
    Json in_force;
  };
  struct Member {
    std::string name;
    bool is_candidate = false;
    bool running = false;
    std::uint64_t incarnation = 0;
    int starts = 0;
    std::string mounts;        ///< Name of its volume.
    std::uint64_t volume = 0;  ///< Its incarnation.
  };
  /// What etcd remembers of a cluster, by incarnation.
  struct Cluster {
    Json configuration = Json::object();
    bool has_role_and_database = false;
    Settings settings;  ///< Of roles and databases.
    bool initialized = false;
    std::string leader;
    TimePoint leads_since{};
    std::int64_t promotions = 0;
    std::uint64_t leader_volume = 0;
    std::optional<TimePoint> key_ends;  ///< Of a leader that was killed.
    std::int64_t acknowledged = 0;
    bool tail_at_risk = false;  ///< Somebody pulled the plug: its last rows may be gone.
    std::map<std::string, Start> started;
    std::set<std::string> logins;
  };

  Result<ExecResult> Answer(const FakeExec& exec);
  ExecResult SwitchOver(const ClusterRecord& record, Cluster& cluster, const Json& arguments);
  void TakeLeaderKey(const std::string& scope, Cluster& cluster);
  bool MayAcceptWrites(const std::string& member, std::uint64_t volume) const;
  void ForgetKeys(const std::string& prefix);
  static std::int64_t ClaimOf(const std::vector<Member>& members, const Cluster& cluster);
  ExecResult Transact(const std::string& input);
  ExecResult BackUp(const Json& arguments, const std::string& member, Json& backups);
  static ExecResult RemoveBackups(const Json& arguments, Json& backups);
  static void Annotate(const std::string& note, Json& backup);
  ExecResult Verify(const Json& arguments);
  ExecResult Restore(const ClusterRecord& record, const FakeObject& workbench);
  void ApplySettings(const ClusterRecord& record, Cluster& cluster, const Json& arguments);
  Json Probe(const std::string& member, const ClusterRecord& record, Cluster& cluster);
  static std::string RoleOf(const Cluster& cluster, const Member& member);

  std::vector<Member> MembersOf(const std::string& cluster) const;
  std::vector<Member> MembersOf(const ClusterRecord& record) const;
  /// Lets everything happen that is due: the leader's end, an election, followers catching up.
  std::vector<Member> Settle(const ClusterRecord& record, Cluster& cluster);
  void EndLeader(const std::vector<Member>& members, Cluster& cluster);
  void Elect(const ClusterRecord& record, const std::vector<Member>& members, Cluster& cluster);
  void Promote(const Member& member, const Copy& copy, Cluster& cluster);
  void Follow(const ClusterRecord& record, const std::vector<Member>& members, Cluster& cluster);
  bool HasRows(const ClusterRecord& record, const Member& member) const;
  TimePoint Now() const { return clock_ == nullptr ? TimePoint() : clock_->Now(); }
  static const Member* Find(const std::vector<Member>& members, const std::string& name);
  /// Who leads just now. One with the leader's name and another volume only inherits its key.
  static const Member* LeaderOf(const std::vector<Member>& members, const Cluster& cluster);

  FakeDriver& host_;
  std::mutex mutex_;
  Clock* clock_ = nullptr;
  SeededRandom* random_ = nullptr;
  std::map<std::string, Cluster> clusters_;  ///< By scope: name, uid and set of data.
  std::map<std::string, Json> backups_;      ///< By name and uid: whatever the data.
  std::map<std::uint64_t, Copy> copies_;     ///< By incarnation of the volume.
  std::map<std::string, int> restarts_;
  std::map<std::string, int> reloads_;
  std::vector<std::string> harms_;
  std::string restore_failure_;
  std::string backup_failure_;
  std::string late_backup_failure_;
  std::int64_t backups_taken_ = 0;
  std::optional<TimePoint> server_clock_;
  std::string backup_source_;
  bool serves_followers_ = true;
  bool hidden_backups_ = false;
  Archiving archiving_;
};

}  // namespace dbaas
