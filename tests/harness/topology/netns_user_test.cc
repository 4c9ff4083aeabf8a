// SPDX-License-Identifier: Apache-2.0
#include "harness/topology/netns_user.h"

#include <cerrno>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include "harness/topology/netns_network.h"
#include "tests/harness/topology/as_nobody.h"
#include "tests/harness/topology/netns_fixture.h"

namespace tcproof::harness {
namespace {

using testing::HasSubstr;

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

// The root of a user namespace whose network is the machine's: it cannot return there.
TEST(UserNamespace, ItsRootBuildsANetworkToo) {
  const std::string said = as_nobody([]() -> std::string {
    if (::unshare(CLONE_NEWUSER) != 0) return "refused: unshare";
    if (const auto ready = become_network_admin(); !ready) return "refused: " + ready.error().step;
    link::Reaper reaper;
    const auto network = router_network();
    auto built = NetnsNetwork::build(network, {}, reaper);
    return built ? "built" : built.error().step + ": " + built.error().why;
  });
  if (said.starts_with("refused: ")) GTEST_SKIP() << said;
  EXPECT_EQ(said, "built");
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
