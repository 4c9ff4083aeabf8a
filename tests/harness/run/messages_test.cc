// SPDX-License-Identifier: Apache-2.0
#include "harness/run/messages.h"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace tcproof::harness {
namespace {

TEST(Messages, ComeOutAsTheyWentInHoweverTheyAreCut) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  Outbox outbox(ends[0]);
  const wire::Buffer body{1, 2, 3, 4, 5};
  outbox.add(Message::Kind::trace, 7, body);
  outbox.add(Message::Kind::partial, 8, {});
  EXPECT_EQ(outbox.size(), 12U + 5U + 12U);
  ASSERT_TRUE(outbox.flush());
  EXPECT_EQ(outbox.size(), 0U);

  Inbox inbox;
  std::vector<Message> messages;
  std::uint8_t octet = 0;
  for (std::size_t i = 0; i < 29; ++i) {
    ASSERT_EQ(::read(ends[1], &octet, 1), 1);
    inbox.add(wire::Bytes(&octet, 1));
    while (auto message = inbox.next()) messages.push_back(std::move(*message));
  }
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(messages[0].kind, Message::Kind::trace);
  EXPECT_EQ(messages[0].index, 7U);
  EXPECT_EQ(messages[0].body, body);
  EXPECT_EQ(messages[1].kind, Message::Kind::partial);
  EXPECT_TRUE(messages[1].body.empty());

  ::close(ends[1]);
  outbox.add(Message::Kind::trace, 1, body);
  EXPECT_FALSE(outbox.flush()) << "the other side is gone";
  ::close(ends[0]);
}

TEST(Messages, AnErrorSurvivesTheWay) {
  const EnvironmentError error{"making a namespace", "Operation not permitted", ""};
  const EnvironmentError back = unpack_error(pack(error));
  EXPECT_EQ(back.step, error.step);
  EXPECT_EQ(back.why, error.why);
  EXPECT_EQ(back.remedy, error.remedy);
  EXPECT_EQ(unpack_error({}).step, "") << "any octets can be read";
}

}  // namespace
}  // namespace tcproof::harness
