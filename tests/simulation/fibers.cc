// SPDX-License-Identifier: MPL-2.0
//
// Source of the switching: makecontext(3), swapcontext(3). The sanitizers are told of every switch
// (sanitizer/common_interface_defs.h, sanitizer/tsan_interface.h), else they take it for a
// corrupted stack.
#include "tests/simulation/fibers.h"

#include <ucontext.h>

#include <algorithm>
#include <deque>
#include <optional>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace dbaas {
namespace {

constexpr std::size_t kStackSize = std::size_t{512} << 10;
constexpr double kLongestNap = 20'000;

/// Stacks are used again: most fibers are short.
std::vector<std::unique_ptr<char[]>>& SpareStacks() {
  static std::vector<std::unique_ptr<char[]>> stacks;
  return stacks;
}

std::unique_ptr<char[]> TakeStack() {
  auto& spare = SpareStacks();
  if (spare.empty()) return std::unique_ptr<char[]>(new char[kStackSize]);
  auto stack = std::move(spare.back());
  spare.pop_back();
  return stack;
}

Fibers* entering = nullptr;  // makecontext passes ints only; there is one thread.

}  // namespace

struct Fibers::Context {
  ucontext_t registers{};
  const void* stack = nullptr;
  std::size_t stack_size = 0;
  void* fake_stack = nullptr;  ///< The address sanitizer's.
  void* thread = nullptr;      ///< The thread sanitizer's.
};

struct Fibers::Fiber {
  int process = 0;
  std::function<void()> body;
  std::unique_ptr<char[]> stack;
  Context context;
  std::optional<TimePoint> wakes_at;
  const Predicate* predicate = nullptr;
  bool ended = false;
  std::uint64_t seen_progress = 0;
  double stretch = 1;
};

Fibers::Fibers(SeededRandom& random) : random_(random), main_(std::make_unique<Context>()) {
#if defined(__SANITIZE_THREAD__)
  main_->thread = __tsan_get_current_fiber();
#endif
}

Fibers::~Fibers() = default;

void Fibers::Spawn(int process, std::function<void()> body) {
  auto fiber = std::make_unique<Fiber>();
  fiber->process = process;
  fiber->body = std::move(body);
  fiber->stack = TakeStack();
  fiber->context.stack = fiber->stack.get();
  fiber->context.stack_size = kStackSize;
  getcontext(&fiber->context.registers);
  fiber->context.registers.uc_stack.ss_sp = fiber->stack.get();
  fiber->context.registers.uc_stack.ss_size = kStackSize;
  fiber->context.registers.uc_link = nullptr;
  makecontext(&fiber->context.registers, &Fibers::Enter, 0);
#if defined(__SANITIZE_THREAD__)
  fiber->context.thread = __tsan_create_fiber(0);
#endif
  fibers_.push_back(std::move(fiber));
}

void Fibers::Enter() {
  Fibers& fibers = *entering;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, &fibers.main_->stack, &fibers.main_->stack_size);
#endif
  fibers.current_->body();
  fibers.current_->ended = true;
  fibers.SwitchBack(/*is_last=*/true);
}

void Fibers::SwitchTo(Fiber& fiber) {
  current_ = &fiber;
  entering = this;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&main_->fake_stack, fiber.context.stack, fiber.context.stack_size);
#endif
#if defined(__SANITIZE_THREAD__)
  __tsan_switch_to_fiber(fiber.context.thread, 0);
#endif
  swapcontext(&main_->registers, &fiber.context.registers);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(main_->fake_stack, nullptr, nullptr);
#endif
  current_ = nullptr;
}

void Fibers::SwitchBack([[maybe_unused]] bool is_last) {
  Fiber& self = *current_;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(is_last ? nullptr : &self.context.fake_stack, main_->stack,
                                 main_->stack_size);
#endif
#if defined(__SANITIZE_THREAD__)
  __tsan_switch_to_fiber(main_->thread, 0);
#endif
  swapcontext(&self.context.registers, &main_->registers);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(self.context.fake_stack, &main_->stack, &main_->stack_size);
#endif
}

bool Fibers::CanRun(const Fiber& fiber) const {
  for (const auto& [process, holder] : alone_) {
    if (process == fiber.process && holder != &fiber) return false;
  }
  if (fiber.wakes_at && *fiber.wakes_at <= now_) return true;
  if (fiber.predicate != nullptr && *fiber.predicate) return (*fiber.predicate)();
  return !fiber.wakes_at;
}

Fibers::Fiber* Fibers::Pick() {
  for (;;) {
    ready_.clear();
    for (const auto& fiber : fibers_) {
      if (CanRun(*fiber)) ready_.push_back(fiber.get());
    }
    if (!ready_.empty()) return ready_[random_.Below(ready_.size())];
    std::optional<TimePoint> next;
    for (const auto& fiber : fibers_) {
      if (fiber->wakes_at && *fiber->wakes_at > now_ && (!next || *fiber->wakes_at < *next)) {
        next = fiber->wakes_at;
      }
    }
    if (!next) return nullptr;
    now_ = *next;
  }
}

bool Fibers::Run() {
  while (!fibers_.empty()) {
    Fiber* fiber = Pick();
    if (fiber == nullptr) return false;
    SwitchTo(*fiber);
    if (!fiber->ended) continue;
#if defined(__SANITIZE_THREAD__)
    __tsan_destroy_fiber(fiber->context.thread);
#endif
    SpareStacks().push_back(std::move(fiber->stack));
    std::erase_if(fibers_, [&](const auto& other) { return other.get() == fiber; });
  }
  return true;
}

int Fibers::Process() const { return current_->process; }

void Fibers::Yield() { SwitchBack(false); }

void Fibers::Sleep(Milliseconds duration, const Predicate& woken) {
  current_->wakes_at = now_ + duration;
  current_->predicate = &woken;
  SwitchBack(false);
  current_->wakes_at.reset();
  current_->predicate = nullptr;
}

void Fibers::WaitUntil(const Predicate& predicate) {
  current_->predicate = &predicate;
  SwitchBack(false);
  current_->predicate = nullptr;
}

Milliseconds Fibers::Stretched(Milliseconds duration) {
  if (current_->seen_progress != progress_) current_->stretch = 1;
  current_->seen_progress = progress_;
  const double stretched = std::min(duration.count() * current_->stretch, kLongestNap);
  current_->stretch *= 1.6;
  return Milliseconds(std::max<long>(duration.count(), static_cast<long>(stretched)));
}

Fibers::Alone::Alone(Fibers& fibers) : fibers_(fibers), process_(fibers.Process()) {
  fibers.alone_.emplace_back(process_, fibers.current_);
}

Fibers::Alone::~Alone() {
  auto& alone = fibers_.alone_;
  const std::pair<int, Fiber*> mine(process_, fibers_.current_);
  alone.erase(std::find(alone.begin(), alone.end(), mine));
}

// ---- threads ----------------------------------------------------------------------------------

namespace {

class FiberRunner final : public Runner {
 public:
  FiberRunner(Fibers& fibers, int capacity, Perform perform)
      : fibers_(fibers), capacity_(capacity), perform_(std::move(perform)) {}

  void Start(ActionId id, const Action& action) override {
    fibers_.Spawn(fibers_.Process(),
                  [this, id, &action] { results_.emplace_back(id, perform_(action)); });
  }
  std::pair<ActionId, Result<void>> WaitForOne() override {
    fibers_.WaitUntil([this] { return !results_.empty(); });
    auto result = std::move(results_.front());
    results_.pop_front();
    return result;
  }
  int Capacity() const override { return capacity_; }

 private:
  Fibers& fibers_;
  const int capacity_;
  Perform perform_;
  std::deque<std::pair<ActionId, Result<void>>> results_;
};

class FiberRepetition final : public Repetition {
 public:
  FiberRepetition(Fibers& fibers, Milliseconds interval, std::function<void()> work)
      : fibers_(fibers) {
    fibers.Spawn(fibers.Process(), [this, interval, work = std::move(work)] {
      while (!stopped_) {
        fibers_.Sleep(interval, [this] { return stopped_; });
        if (!stopped_) work();
      }
      ended_ = true;
    });
  }
  ~FiberRepetition() override {
    stopped_ = true;
    fibers_.WaitUntil([this] { return ended_; });
  }

 private:
  Fibers& fibers_;
  bool stopped_ = false;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<Runner> FiberThreads::MakeRunner(int capacity, Perform perform) {
  return std::make_unique<FiberRunner>(fibers_, capacity, std::move(perform));
}

std::unique_ptr<Repetition> FiberThreads::Repeat(Milliseconds interval,
                                                 std::function<void()> work) {
  return std::make_unique<FiberRepetition>(fibers_, interval, std::move(work));
}

}  // namespace dbaas
