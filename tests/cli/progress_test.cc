// SPDX-License-Identifier: MPL-2.0
#include "engine/cli/progress.h"

#include <gtest/gtest.h>

#include <sstream>

#include "tests/fakes/fake_clock.h"

namespace dbaas {
namespace {

TEST(ProgressTest, PlainLinesSayWhatBeganAndHowItEnded) {
  std::ostringstream out;
  PlainProgress progress(out);
  progress.Began(0, 2, "+ instance orders-1");
  progress.Ended(1, 2, "+ instance orders-1", "", Milliseconds(2130));
  progress.Ended(2, 2, "+ instance orders-2", "no room", Milliseconds(65'000));
  EXPECT_EQ(out.str(),
            "began  + instance orders-1\n"
            "ended  + instance orders-1  2.1 s  [1/2]\n"
            "ended  + instance orders-2  failed after 1 min 5 s: no room  [2/2]\n");
}

/// What a terminal shows in the end: "\x1b[<n>A\x1b[J" goes up n lines and clears from there.
std::string OnTerminal(const std::string& written) {
  std::vector<std::string> lines = {""};
  for (std::size_t i = 0; i < written.size(); ++i) {
    if (written[i] == '\x1b') {
      const std::size_t up = written.find('A', i);
      const int count = std::stoi(written.substr(i + 2, up - i - 2));
      lines.resize(lines.size() - count - 1);
      lines.emplace_back();
      i = up + 3;
    } else if (written[i] == '\n') {
      lines.emplace_back();
    } else {
      lines.back() += written[i];
    }
  }
  std::string text;
  for (std::size_t i = 0; i + 1 < lines.size(); ++i) text += lines[i] + "\n";
  return text;
}

TEST(ProgressTest, LiveListShowsWhatRunsBelowWhatEnded) {
  std::ostringstream out;
  FakeClock clock;
  std::string during;
  {
    LiveProgress progress(out, clock, 40);
    progress.Began(0, 3, "+ volume orders-1-data");
    progress.Began(0, 3, "+ volume orders-2-data");
    clock.Tick(Milliseconds(1500));
    progress.Ended(1, 3, "+ volume orders-1-data", "", Milliseconds(1500));
    progress.Began(1, 3, "wait until the very last of them is there");
    clock.Tick(Milliseconds(500));
    progress.Draw();
    progress.Note("switchover");
    during = OnTerminal(out.str());
  }
  EXPECT_EQ(during,
            "✓ + volume orders-1-data  1.5 s\n"
            "  switchover\n"
            "· + volume orders-2-data  2.0 s\n"
            "· wait until the very last of them is t\n"
            "  1 of 3 done, 2.0 s\n");
  EXPECT_EQ(OnTerminal(out.str()), "✓ + volume orders-1-data  1.5 s\n  switchover\n");
}

}  // namespace
}  // namespace dbaas
