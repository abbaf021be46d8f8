// SPDX-License-Identifier: MPL-2.0
//
// OwnWebhooks: posts each report about a cluster to the webhook that the cluster itself asks for
// (`failover.webhook_url`), beside the one that `dbaas watch` was given. URL and secret are read
// from the cluster's record when there is something to tell, so a change of them needs nobody to
// start again. Called by Engine::Watch. Docs: docs/watch.md.
//
//   OwnWebhooks webhooks(driver, clock, random, RealThreads());
//   webhooks.Put(report);
//   webhooks.Flush();
//
// Each cluster has an outbox and a thread of its own, from its first report on: a receiver that is
// slow or away holds up no other. Threading: thread-safe. Errors: none get out; what could not be
// told is logged by the outbox, without the URL.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "engine/apply/threads.h"
#include "engine/base/clock.h"
#include "engine/base/random.h"
#include "engine/drivers/driver.h"
#include "engine/model/watch_report.h"
#include "engine/watch/outbox.h"

namespace dbaas {

class OwnWebhooks {
 public:
  /// What is passed must outlive this.
  OwnWebhooks(Driver& driver, Clock& clock, Random& random, Threads& threads)
      : driver_(driver), clock_(clock), random_(random), threads_(threads) {}

  /// Never waits. What is about no cluster is nobody's.
  void Put(const WatchReport& report);
  /// Tries whatever is left once more, all receivers at the same time, and ends their threads.
  void Flush();

 private:
  struct Receiver {
    Receiver(std::string name, Outbox::Deliver deliver, Clock& clock, Random& random)
        : outbox(std::move(name), std::move(deliver), clock, random) {}
    Outbox outbox;
    std::unique_ptr<Repetition> working;
  };

  Driver& driver_;
  Clock& clock_;
  Random& random_;
  Threads& threads_;
  std::mutex mutex_;
  std::map<std::string, Receiver> receivers_;  ///< By cluster.
};

}  // namespace dbaas
