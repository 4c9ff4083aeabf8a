// SPDX-License-Identifier: Apache-2.0
#include "tests/stack/tcp/peer.h"

#include <algorithm>

#include "tests/stack/tcp/line.h"

namespace tcproof::tcp::test {

std::uint8_t peer_octet(std::size_t relative) {
  return static_cast<std::uint8_t>(relative % 251);
}
std::uint8_t our_octet(std::size_t relative) {
  return static_cast<std::uint8_t>(255 - relative % 251);
}

namespace {

Config configure(Config config, Talk::Options options) {
  if (options == Talk::Options::off) {
    config.features.window_scale = false;
    config.features.timestamps = false;
    config.features.sack = false;
  }
  return config;
}

}  // namespace

Talk::Talk(const Config& config, Seq iss_, Seq irs_, Options options)
    : iss(iss_), irs(irs_), connection(configure(config, options), *this) {
  states.push_back(State::closed);
}

void Talk::peer(std::string_view text) {
  SCOPED_TRACE(text);
  Line line = parse_line(text, irs, iss);
  EXPECT_TRUE(line.has_ack || !line.segment.ack_flag()) << "'.' needs 'ack'";
  if (!line.has_win) line.segment.wnd = 65535;
  wire::Buffer octets(line.octets);
  const auto first =
      static_cast<std::uint32_t>(line.segment.seq - irs) + (line.segment.syn() ? 1 : 0);
  for (std::size_t i = 0; i < octets.size(); ++i) octets[i] = peer_octet(first + i);
  line.segment.text = octets;
  if (connection.state() == State::listen) connection.set_iss(iss);
  connection.on_segment(line.segment, now);
}

void Talk::expect(std::string_view text) {
  SCOPED_TRACE(text);
  const Line line = parse_line(text, iss, irs);
  ASSERT_FALSE(sent_.empty()) << "nothing was sent";
  Sent sent = std::move(sent_.front());
  sent_.pop_front();
  EXPECT_EQ(print_line(sent.segment, sent.text.size(), iss, irs, line.has_win),
            print_line(line.segment, line.octets, iss, irs, line.has_win));
  const auto first =
      static_cast<std::uint32_t>(sent.segment.seq - iss) + (sent.segment.syn() ? 1 : 0);
  for (std::size_t i = 0; i < sent.text.size(); ++i) {
    ASSERT_EQ(sent.text[i], our_octet(first + i)) << "octet " << first + i;
  }
}

void Talk::nothing() {
  for (const Sent& sent : sent_) {
    ADD_FAILURE() << "sent: " << print_line(sent.segment, sent.text.size(), iss, irs, true);
  }
  sent_.clear();
}

void Talk::pass(Duration d) {
  const Instant end = now + d;
  while (connection.next_deadline() && *connection.next_deadline() <= end) {
    now = std::max(now, *connection.next_deadline());
    connection.on_timeout(now);
  }
  now = end;
}

void Talk::expect_after(Duration d, std::string_view text) {
  SCOPED_TRACE(text);
  pass(d - 1ns);
  nothing();
  pass(1ns);
  expect(text);
}

void Talk::at(State state) {
  EXPECT_EQ(to_string(connection.state()), to_string(state));
  nothing();
}

void Talk::open_passive() {
  connection.open_passive(now);
}

void Talk::open_active() {
  connection.open_active(iss, now);
}

void Talk::send(std::size_t octets, bool push, bool urgent) {
  wire::Buffer text(octets);
  for (std::size_t i = 0; i < octets; ++i) text[i] = our_octet(1 + written_ + i);
  std::size_t taken = 0;
  ASSERT_EQ(connection.send(text, push, urgent, now, taken), Error::none);
  ASSERT_EQ(taken, octets);
  written_ += taken;
}

void Talk::receive(std::size_t octets) {
  wire::Buffer text(octets);
  std::size_t got = 0;
  ASSERT_EQ(connection.receive(text, now, got), Error::none);
  ASSERT_EQ(got, octets);
  for (std::size_t i = 0; i < got; ++i) {
    ASSERT_EQ(text[i], peer_octet(1 + read_ + i)) << "octet " << 1 + read_ + i;
  }
  read_ += got;
}

Error Talk::receive_error() {
  wire::Buffer text(1);
  std::size_t got = 0;
  const Error error = connection.receive(text, now, got);
  EXPECT_EQ(got, 0U);
  return error;
}

void Talk::establish(int win) {
  open_passive();
  peer("S 0:0(0) win " + std::to_string(win) + " <mss 1000>");
  expect("S. 0:0(0) ack 1 <mss 1460>");
  peer(". 1:1(0) ack 1 win " + std::to_string(win));
  at(State::established);
}

bool Talk::traced(std::string_view rule) {
  const auto found = std::find(traces_.begin(), traces_.end(), rule);
  if (found == traces_.end()) return false;
  traces_.erase(found);
  return true;
}

void Talk::segment(const Segment& segment) {
  sent_.push_back({segment, wire::Buffer(segment.text.begin(), segment.text.end())});
}

void Talk::transition(State from, State to, std::string_view) {
  EXPECT_EQ(states.back(), from);
  states.push_back(to);
}

void Talk::trace(std::string_view rule) {
  traces_.push_back(rule);
}

namespace {

void reach_by_close(Talk& t, State state) {
  t.establish();
  t.close();
  t.expect("F. 1:1(0) ack 1");
  if (state == State::fin_wait_1) return;
  if (state == State::closing) {
    t.peer("F. 1:1(0) ack 1");
    return t.expect(". 2:2(0) ack 2");
  }
  t.peer(". 1:1(0) ack 2");
  if (state == State::fin_wait_2) return;
  t.peer("F. 1:1(0) ack 2");
  t.expect(". 2:2(0) ack 2");
}

}  // namespace

void reach(Talk& t, State state) {
  SCOPED_TRACE(to_string(state));
  switch (state) {
    case State::closed: break;
    case State::listen: t.open_passive(); break;
    case State::syn_sent:
      t.open_active();
      t.expect("S 0:0(0) <mss 1460>");
      break;
    case State::syn_received:
      t.open_passive();
      t.peer("S 0:0(0) win 65535 <mss 1000>");
      t.expect("S. 0:0(0) ack 1 <mss 1460>");
      break;
    case State::established: t.establish(); break;
    case State::fin_wait_1:
    case State::fin_wait_2:
    case State::closing:
    case State::time_wait: reach_by_close(t, state); break;
    case State::close_wait:
    case State::last_ack:
      t.establish();
      t.peer("F. 1:1(0) ack 1");
      t.expect(". 1:1(0) ack 2");
      if (state == State::close_wait) break;
      t.close();
      t.expect("F. 1:1(0) ack 2");
      break;
  }
  t.at(state);
}

}  // namespace tcproof::tcp::test
