#include "tvr/base/progress.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <cstdio>

namespace tvr {
namespace {

// What standard error receives while `work` runs and it is the descriptor `target`.
template <class Work>
void with_stderr(int target, Work work) {
  std::fflush(stderr);
  const int saved = ::dup(STDERR_FILENO);
  ::dup2(target, STDERR_FILENO);
  work();
  std::fflush(stderr);
  ::dup2(saved, STDERR_FILENO);
  ::close(saved);
}

std::string read_waiting(int descriptor) {
  ::fcntl(descriptor, F_SETFL, O_NONBLOCK);
  std::string text;
  char block[4096];
  for (ssize_t count = 0; (count = ::read(descriptor, block, sizeof(block))) > 0;)
    text.append(block, static_cast<size_t>(count));
  return text;
}

void count_to_three() {
  Progress progress("videos", 3);
  for (int i = 0; i < 3; ++i) progress.advance(1, "loss 0.5");
}

TEST(Progress, IsSilentWhereThereIsNoTerminal) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  with_stderr(ends[1], count_to_three);
  EXPECT_EQ(read_waiting(ends[0]), "");
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(Progress, DrawsOnATerminalAndEndsTheLine) {
  int controller = 0, terminal = 0;
  if (::openpty(&controller, &terminal, nullptr, nullptr, nullptr) != 0) GTEST_SKIP() << "no pseudo-terminal";
  with_stderr(terminal, count_to_three);
  const auto drawn = read_waiting(controller);
  EXPECT_THAT(drawn, testing::HasSubstr("videos [############################] 3/3"));
  EXPECT_THAT(drawn, testing::HasSubstr("loss 0.5"));
  EXPECT_TRUE(drawn.ends_with('\n'));
  ::close(controller);
  ::close(terminal);
}

TEST(Progress, OfNothingDividesByNothing) {
  int controller = 0, terminal = 0;
  if (::openpty(&controller, &terminal, nullptr, nullptr, nullptr) != 0) GTEST_SKIP() << "no pseudo-terminal";
  with_stderr(terminal, [] { Progress progress("none", 0); });
  EXPECT_THAT(read_waiting(controller), testing::HasSubstr("0/0"));
  ::close(controller);
  ::close(terminal);
}

}  // namespace
}  // namespace tvr
