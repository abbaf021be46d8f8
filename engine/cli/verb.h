// SPDX-License-Identifier: MPL-2.0
//
// Verb: one word that the command `dbaas` understands, with its arguments and what it does. The
// table of them is verbs.cc; command.cc makes the command line of it, and with it --help, the
// completion of shells and the manual page. A new verb is one file and one line in the table:
//
//   Verb WatchVerb() {
//     return {.name = "watch", .text = "Follows the hosts", .declare = [](CLI::App& app) {
//               auto once = std::make_shared<bool>(false);
//               app.add_flag("--once", *once, "Only look once");
//               return Run([once](Session& session) { return Watch(session, *once); });
//             }};
//   }
//
// Threading: a verb runs on the main thread; what it starts is its own business.
#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace CLI {
class App;
}

namespace dbaas {

/// Exit codes. Above 100: the command line was not understood (CLI11's own).
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kNoSuchCluster = 2;
inline constexpr int kChangesPlanned = 2;  ///< Only with --detailed-exitcode, as Terraform's.

/// All of the world that a verb may touch.
struct Session {
  std::ostream& out;  ///< Results.
  std::ostream& err;  ///< What happens on the way.
  Clock& clock;
  Random& random;
  std::function<std::unique_ptr<Engine>(std::vector<HostConfig>)> make_engine;
  std::istream* in = nullptr;  ///< A terminal where someone can answer; null when there is none.
  int columns = 0;             ///< Width of the terminal behind err; 0 when it is none.
  /// From here on the first Ctrl-C asks `stop` and only the second one ends the process. Until it
  /// is called, Ctrl-C ends the process.
  std::function<void()> catch_interrupts = [] {};
  std::stop_token stop = {};  ///< Ctrl-C: start nothing more, let what runs end.

  /// The host that DBAAS_HOST describes, the directory that DBAAS_DIRECTORY names, else the engine
  /// of DOCKER_HOST or the local one. kInvalid when DBAAS_HOST is not understood, or both are set.
  Result<std::unique_ptr<Engine>> EngineOfEnvironment() const;
};

/// What is left to do once the command line was read; gives the exit code.
using Run = std::function<int(Session&)>;

struct Verb {
  std::string name;
  std::string text;  ///< For --help: what it is for, without a period.
  /// Declares the arguments on the verb's own subcommand. Where they are stored lives as long as
  /// the Run that is returned.
  std::function<Run(CLI::App&)> declare;
};

/// The table, in the order of --help.
const std::vector<Verb>& AllVerbs();

/// Says on err what went wrong; gives the exit code that belongs to it.
int Fail(Session& session, const Error& error);

/// Asks the person at the terminal. kCancelled when that is no yes, kInvalid when nobody is there.
Result<void> Confirm(Session& session);

/// The cluster called `text` ("orders", "local/orders"), probed. kNotFound when there is none.
Result<ClusterView> FindCluster(Engine& engine, const std::string& text);

}  // namespace dbaas
