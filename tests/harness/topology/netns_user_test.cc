// SPDX-License-Identifier: Apache-2.0
#include "harness/topology/netns_user.h"

#include <cerrno>
#include <string>

#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/topology/netns_network.h"
#include "tests/harness/topology/netns_fixture.h"

namespace tcproof::harness {
namespace {

using testing::HasSubstr;

/// Runs `f` in a forked child that is the user nobody, and returns what it says.
template <class F>
std::string as_nobody(F f) {
  int ends[2];
  if (::pipe(ends) != 0) return "no pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr unsigned nobody = 65534;
    const bool dropped = ::geteuid() != 0 || (::setgroups(0, nullptr) == 0 &&
                                              ::setgid(nobody) == 0 && ::setuid(nobody) == 0);
    // A process that changed its user must not write its own /proc files unless it says so.
    ::prctl(PR_SET_DUMPABLE, 1);
    const std::string said = dropped ? f() : "cannot become nobody";
    const auto written = ::write(ends[1], said.data(), said.size());
    ::_exit(written == static_cast<ssize_t>(said.size()) ? 0 : 1);
  }
  ::close(ends[1]);
  std::string said(4096, '\0');
  const auto got = ::read(ends[0], said.data(), said.size());
  said.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return status == 0 ? said : said + " (child failed)";
}

// An ordinary user gets the same network through a user namespace.
TEST(UserNamespace, OrdinaryUserBuildsARoutedNetwork) {
  const std::string said = as_nobody([]() -> std::string {
    if (const auto ready = become_network_admin(); !ready) {
      return "refused: " + ready.error().step + ": " + ready.error().why + "; " +
             ready.error().remedy;
    }
    link::Reaper reaper;
    const auto network = router_network();
    auto built = NetnsNetwork::build(network, {}, reaper);
    if (!built) return built.error().step + ": " + built.error().why;
    return "built " + std::to_string(built->taps().size());
  });
  if (said.starts_with("refused: ")) GTEST_SKIP() << said;
  EXPECT_EQ(said, "built 2");
}

TEST(UserNamespace, EveryRefusalHasACure) {
  EXPECT_THAT(user_namespace_remedy("make a user namespace", EINVAL),
              HasSubstr("before any thread"));
  EXPECT_THAT(user_namespace_remedy("make a user namespace", ENOSPC),
              HasSubstr("user.max_user_namespaces"));
  for (const int number : {EPERM, EACCES, ENOSPC, EINVAL, ENOMEM}) {
    EXPECT_FALSE(user_namespace_remedy("write /proc/self/uid_map", number).empty());
  }
}

}  // namespace
}  // namespace tcproof::harness
