// SPDX-License-Identifier: MPL-2.0
// The conformance suite against the host in memory, with a page of busybox played by hand.
#include <fmt/format.h>

#include <sstream>

#include "tests/conformance/driver_conformance.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_driver.h"

namespace dbaas {
namespace {

std::string Repeat(const std::string& text, std::size_t times) {
  std::string repeated;
  for (std::size_t time = 0; time < times; ++time) repeated += text;
  return repeated;
}

class FakeWorld final : public DriverWorld {
 public:
  FakeWorld() : driver_(clock_) {
    driver_.SetMissingImages({"dbaas/there-is-no-such-image:1"});
    driver_.OnExec([this](const FakeExec& exec) { return Play(exec); });
    driver_.OnLogs([](const FakeObject& instance) {
      return Repeat("hello from the log\n", static_cast<std::size_t>(instance.starts));
    });
  }

  Driver& driver() override { return driver_; }
  Driver& other_driver() override { return driver_; }
  std::string image() const override { return "dbaas/test:1"; }
  std::string cluster() const override { return "orders"; }
  void LetTimePass(Milliseconds duration) override { clock_.Tick(duration); }
  void AddForeign(const ObjectId& id) override { driver_.AddForeign(id); }
  void StopByHand(const std::string& instance) override { driver_.StopInstance(instance); }

 private:
  /// The few commands that the suite runs: busybox cat, stat and one shell line.
  Result<ExecResult> Play(const FakeExec& exec) {
    const FakeObject instance = *driver_.Find({ObjectKind::kInstance, exec.instance});
    const std::string& applet = exec.argv.at(1);
    if (applet == "sh") return ExecResult{.exit_code = 3, .output = "out\n", .errors = "err\n"};
    if (applet == "cat" && exec.argv.size() == 2) return ExecResult{.output = exec.input};
    const std::string& path = exec.argv.back();
    if (applet == "cat") return Cat(instance, path);
    return Stat(instance, exec.argv.at(3), path);
  }

  static ExecResult Cat(const FakeObject& instance, const std::string& path) {
    if (path == "/tmp/starts") {
      return {.output = Repeat("start\n", static_cast<std::size_t>(instance.starts))};
    }
    if (path == "/tmp/uptime") return {.output = std::to_string(instance.starts)};
    if (path == "/tmp/reloads") return {.output = Repeat("reload\n", instance.signals.size())};
    const auto found = instance.files.find(path);
    if (found == instance.files.end()) return {.exit_code = 1, .errors = "no such file\n"};
    return {.output = found->second.content.Reveal()};
  }

  static ExecResult Stat(const FakeObject& instance, const std::string& format,
                         const std::string& path) {
    for (const auto& [file_path, file] : instance.files) {
      if (!file_path.starts_with(path)) continue;
      const std::string owner = fmt::format("{}:{}\n", file.uid, file.gid);
      return {.output = format == "%u:%g" ? owner : fmt::format("{:o} {}", file.mode, owner)};
    }
    return {.exit_code = 1, .errors = "no such file\n"};
  }

  FakeClock clock_;
  FakeDriver driver_;
};

std::unique_ptr<DriverWorld> MakeFakeWorld() { return std::make_unique<FakeWorld>(); }

INSTANTIATE_TEST_SUITE_P(Fake, DriverConformance, testing::Values(MakeFakeWorld));

}  // namespace
}  // namespace dbaas
