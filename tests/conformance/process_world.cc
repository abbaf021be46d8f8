// SPDX-License-Identifier: MPL-2.0
// The conformance suite against this machine's processes. Needs busybox-static. Every test has a
// directory of its own, which goes with everything that runs in it, also when a test fails.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "engine/base/random.h"
#include "engine/drivers/process/files.h"
#include "engine/drivers/process/process_driver.h"
#include "engine/drivers/process/status.h"
#include "engine/drivers/process/user.h"
#include "tests/conformance/driver_conformance.h"

namespace dbaas {
namespace {

constexpr const char* kBusybox = "/bin/busybox";
constexpr const char* kTestImage = "dbaas/test:1";

std::string NewDirectory() {
  std::string path = "/tmp/dbaas-conformance-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) return {};
  // As root, the host's user must be able to reach the host's directory, which is another one.
  chmod(path.c_str(), 0755);
  return path;
}

class ProcessWorld final : public DriverWorld {
 public:
  ProcessWorld()
      : folder_(NewDirectory()),
        options_{.directory = folder_ + "/host",
                 .supervisor = DBAAS_SUPERVISOR,
                 .images = {{.image = kTestImage,
                             .programs = {{kBusybox, "busybox-static"}},
                             .search = "",
                             .home = "/tmp",
                             .folders = {},
                             .environment = {}}}} {
    auto driver = MakeProcessDriver(options_, clock_);
    if (!driver) {
      missing_ = driver.error().ToLine() + ". " + driver.error().detail;
      return;
    }
    driver_ = *driver;
    other_driver_ = *MakeProcessDriver(options_, clock_);
    if (!process::Exists(kBusybox)) missing_ = "there is no /bin/busybox: install busybox-static";
  }

  ~ProcessWorld() override {  // NOLINT(bugprone-exception-escape): then the test has failed
    if (driver_) {
      const Result<Observation> seen = driver_->Observe(std::nullopt);
      for (const auto& object : seen->objects) {
        if (object.id.kind == ObjectKind::kInstance) (void)driver_->Remove(object.id).has_value();
      }
    }
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  std::string Missing() const override { return missing_; }
  Driver& driver() override { return *driver_; }
  Driver& other_driver() override { return *other_driver_; }
  std::string image() const override { return kTestImage; }
  std::string cluster() const override { return "orders"; }
  std::string OwnerOf(const File&) const override {
    const auto user = process::ChooseUser({});
    return fmt::format("{}:{}", user->uid, user->gid);
  }
  void LetTimePass(Milliseconds duration) override { std::this_thread::sleep_for(duration); }

  void AddForeign(const ObjectId& id) override {
    std::filesystem::create_directories(
        fmt::format("{}/{}s/{}", options_.directory, ToString(id.kind), id.name));
    HandOver();
  }

  std::string MakeDirectory() override {
    std::filesystem::create_directory(folder_ + "/directory");
    std::filesystem::permissions(folder_ + "/directory", std::filesystem::perms::all);
    return folder_ + "/directory";
  }

  void StopByHand(const std::string& instance) override {
    const auto asked = process::AskSupervisor(options_.directory + "/instances/" + instance, "kill",
                                              std::chrono::seconds(10));
    EXPECT_TRUE(asked.has_value()) << asked.error().ToLine();
  }

 private:
  /// What root made in the directory belongs to the host's user, like all of it.
  void HandOver() {
    const auto user = process::ChooseUser({});
    for (const std::string path : {"", "/networks", "/volumes", "/instances"}) {
      (void)!chown((options_.directory + path).c_str(), user->uid, user->gid);
    }
  }

  SystemClock clock_;
  const std::string folder_;
  ProcessOptions options_;
  std::shared_ptr<Driver> driver_;
  std::shared_ptr<Driver> other_driver_;
  std::string missing_;
};

std::unique_ptr<DriverWorld> MakeProcessWorld() { return std::make_unique<ProcessWorld>(); }

INSTANTIATE_TEST_SUITE_P(Process, DriverConformance, testing::Values(MakeProcessWorld));

}  // namespace
}  // namespace dbaas
