// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "stack/tcp/connection.h"

namespace tcproof::tcp::test {

/// A connection under test and the peer that talks to it, in virtual time. Numbers are relative to
/// the ISNs, which stand near the wrap. Octet n of the peer's stream is n mod 251, of the
/// connection's 255 - n mod 251.
///
///   t.connection.open_passive(t.now);
///   t.peer("S 0:0(0) win 65535 <mss 1000>");
///   t.expect("S. 0:0(0) ack 1 win 65535 <mss 1460>");
///   t.nothing();
class Talk : private Output {
 public:
  /// The features that show as options of a SYN are off unless `options` says on.
  enum class Options : std::uint8_t { off, on };
  explicit Talk(const Config& config = {}, Seq iss = Seq{0xfffffff0}, Seq irs = Seq{0xffffff80},
                Options options = Options::off);

  const Seq iss, irs;
  Instant now{};
  Connection connection;

  /// The peer sends this: `win` 65535 unless written; without `ack` in a segment with ACK it is 0
  /// (a test error).
  void peer(std::string_view line);
  /// The next segment sent is this; window compared if written. Its octets are those of the stream.
  void expect(std::string_view line);
  /// Nothing more has been sent.
  void nothing();
  /// Time passes; timers go off at their instants.
  void pass(Duration d);
  /// Nothing is sent for `d` less a nanosecond, then this.
  void expect_after(Duration d, std::string_view line);
  /// The state now, and that nothing more has been sent.
  void at(State state);

  void open_passive();
  void open_active();
  /// SEND of the next `octets` of the stream; all are taken.
  void send(std::size_t octets, bool push = false, bool urgent = false);
  /// RECEIVE gives exactly `octets` octets of the peer's stream.
  void receive(std::size_t octets);
  Error receive_error();
  Error close() { return connection.close(now); }

  /// Three-way handshake, connection passive, peer's window `win` and MSS 1000.
  void establish(int win = 65535);

  /// True once for each time the rule was told; forgets it.
  bool traced(std::string_view rule);
  std::vector<State> states;  // CLOSED and every state entered
  std::vector<Report> reports;

 private:
  struct Sent {
    Segment segment;
    wire::Buffer text;
  };
  void segment(const Segment& segment) override;
  void transition(State from, State to, std::string_view rule) override;
  void trace(std::string_view rule) override;
  void report(Report report) override { reports.push_back(report); }

  std::deque<Sent> sent_;
  std::vector<std::string_view> traces_;
  std::size_t written_ = 0, read_ = 0;
};

/// Talk objects in the states of RFC 9293, made by the shortest path.
void reach(Talk& talk, State state);

std::uint8_t peer_octet(std::size_t relative);
std::uint8_t our_octet(std::size_t relative);

}  // namespace tcproof::tcp::test
