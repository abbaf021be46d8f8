// SPDX-License-Identifier: MPL-2.0
#include "engine/apply/lease_keeper.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "engine/apply/retry.h"

namespace dbaas {
namespace {

constexpr Milliseconds kTtl{30'000};
constexpr Milliseconds kRenewInterval = kTtl / 3;
constexpr Milliseconds kAskAgain{500};
constexpr Milliseconds kNoteInterval{15'000};

}  // namespace

Result<std::unique_ptr<LeaseKeeper>> LeaseKeeper::Wait(Driver& driver, const std::string& name,
                                                       const Holder& holder, Clock& clock,
                                                       Random& random, Progress& progress,
                                                       Threads& threads,
                                                       const std::stop_token& stop,
                                                       std::optional<LeaseQueue::Turn> turn) {
  std::string waited_for;
  TimePoint noted{};
  for (;;) {
    const TimePoint asked_at = clock.Now();
    auto lease =
        Retry(kBrief, clock, random, stop, [&] { return driver.AcquireLease(name, holder, kTtl); });
    if (lease) {
      return std::unique_ptr<LeaseKeeper>(
          new LeaseKeeper(*std::move(lease), asked_at, clock, threads, std::move(turn)));
    }
    if (lease.error().kind != ErrorKind::kConflict) return std::move(lease).error();
    if (lease.error().detail != waited_for || clock.Now() - noted > kNoteInterval) {
      waited_for = lease.error().detail;
      noted = clock.Now();
      progress.Note(fmt::format("waiting for the lease of {}, held by {}", name, waited_for));
    }
    if (!clock.SleepFor(kAskAgain, stop)) {
      return Cancelled("stopped while waiting for the lease of " + name, "Held by " + waited_for);
    }
  }
}

Result<std::unique_ptr<LeaseKeeper>> LeaseKeeper::TryOnce(Driver& driver, const std::string& name,
                                                          const Holder& holder, Clock& clock,
                                                          Threads& threads) {
  const TimePoint asked_at = clock.Now();
  auto lease = TRY(driver.AcquireLease(name, holder, kTtl));
  return std::unique_ptr<LeaseKeeper>(new LeaseKeeper(std::move(lease), asked_at, clock, threads));
}

LeaseKeeper::LeaseKeeper(std::unique_ptr<Lease> lease, TimePoint asked_at, Clock& clock,
                         Threads& threads, std::optional<LeaseQueue::Turn> turn)
    : turn_(std::move(turn)), lease_(std::move(lease)), clock_(clock), renewed_at_(asked_at) {
  renewing_ = threads.Repeat(kRenewInterval, [this] {
    if (auto renewed = Renew(); !renewed) {
      spdlog::warn("cannot renew the lease: {}", renewed.error().ToLine());
    }
  });
}

LeaseKeeper::~LeaseKeeper() = default;

Result<void> LeaseKeeper::Check() {
  while (!IsFresh()) TRY(Renew());
  return Ok();
}

bool LeaseKeeper::IsFresh() {
  const std::lock_guard lock(mutex_);
  return !lost_ && clock_.Now() - renewed_at_ < kTtl / 2;
}

Result<void> LeaseKeeper::Renew() {
  const std::lock_guard lock(mutex_);
  if (lost_) return Conflict("the lease was lost", "Someone else took it over. Apply again.");
  const TimePoint asked_at = clock_.Now();
  auto renewed = lease_->Renew();
  if (renewed) {
    renewed_at_ = asked_at;
  } else if (renewed.error().kind == ErrorKind::kConflict) {
    lost_ = true;
  }
  return renewed;
}

}  // namespace dbaas
