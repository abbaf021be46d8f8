// SPDX-License-Identifier: MPL-2.0
#include "engine/watch/own_webhooks.h"

#include <thread>
#include <vector>

#include "engine/watch/webhook.h"

namespace dbaas {
namespace {

// How often it is looked whether there is something to tell.
constexpr Milliseconds kInterval{250};

Result<void> Deliver(Driver& driver, Clock& clock, const WatchReport& report) {
  const auto record = TRY(driver.ReadRecord(report.cluster));
  if (!record || !record->has_cluster_part()) return Ok();  // Nobody is left who asked for it.
  WebhookOptions webhook{.url = record->cluster_spec().webhook_url, .secret = {}};
  if (webhook.url.Reveal().empty()) return Ok();
  const auto secret = record->secrets.find(kWebhookSecret);
  if (secret != record->secrets.end()) webhook.secret = secret->second;
  return Post(webhook, clock, report);
}

}  // namespace

void OwnWebhooks::Put(const WatchReport& report) {
  if (report.cluster.empty()) return;
  const std::lock_guard lock(mutex_);
  const auto deliver = [this](const WatchReport& letter) {
    return Deliver(driver_, clock_, letter);
  };
  const auto [receiver, is_new] = receivers_.try_emplace(
      report.cluster, "the webhook of " + report.cluster, deliver, clock_, random_);
  Outbox& outbox = receiver->second.outbox;
  outbox.Put(report);
  if (is_new) receiver->second.working = threads_.Repeat(kInterval, [&outbox] { outbox.Work(); });
}

void OwnWebhooks::Flush() {
  const std::lock_guard lock(mutex_);
  {
    std::vector<std::jthread> flushing;
    for (auto& [cluster, receiver] : receivers_) {
      flushing.emplace_back([&receiver = receiver] {
        receiver.working.reset();
        receiver.outbox.Flush();
      });
    }
  }
  receivers_.clear();
}

}  // namespace dbaas
