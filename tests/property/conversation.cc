// SPDX-License-Identifier: Apache-2.0
#include "tests/property/conversation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "checks/case.h"
#include "stack/link/random.h"
#include "stack/link/simulator.h"
#include "stack/wire/frame.h"
#include "stack/wire/notation.h"
#include "tests/property/recorder.h"

namespace tcproof::property {
namespace {

// More than any retransmission, persist or TIME-WAIT timer leaves a conversation of this size.
constexpr Duration longest = 12h;
constexpr std::uint64_t most_frames = 400'000;

std::optional<Instant> earlier(std::optional<Instant> a, std::optional<Instant> b) {
  if (!a) return b;
  return b ? std::min(*a, *b) : *a;
}

/// ARP, and the neighbour discovery of RFC 4861.
bool is_neighbour_traffic(wire::Bytes octets) {
  const wire::FrameSpec frame = wire::dissect(octets);
  return frame.arp || frame.nd;
}

/// An application: sends its pattern, reads what comes, closes when it has said all.
class User {
 public:
  User(const SideScenario& side, stack::Host& host, std::uint64_t seed)
      : side_(side), host_(host), random_(seed), buffer_(100'000) {}

  void opened(stack::ConnectionId id, tcp::Error error) {
    id_ = id;
    error_ = error;
  }

  /// Does what can be done now.
  void poll(Instant now) {
    if (over()) return;
    if (side_.aborts_at && now >= Instant(*side_.aborts_at) && !aborted_) {
      aborted_ = true;
      host_.abort(id_, now);
    }
    if (!talking()) return;
    send(now);
    receive(now);
    if (state() != tcp::State::closed || read_at_) return;
    note(host_.status(id_));
    all_read_ = true;
  }
  /// When it wants to be polled though nothing has come.
  std::optional<Instant> next() const {
    if (over()) return std::nullopt;
    std::optional<Instant> at = earlier(send_at_, read_at_);
    if (side_.aborts_at && !aborted_) at = earlier(at, Instant(*side_.aborts_at));
    return at;
  }

  void abort(Instant now) {
    aborted_ = true;
    host_.abort(id_, now);
  }
  tcp::State state() const { return host_.state(id_); }
  /// The connection is closed, and what it had received is read.
  bool over() const { return state() == tcp::State::closed && all_read_; }
  bool peer_has_ended() const { return end_seen_; }
  /// Why the connection ended, or none if it did so by CLOSE on both sides.
  bool reported() const {
    return aborted_ || (error_ != tcp::Error::none && error_ != tcp::Error::closing);
  }
  std::uint32_t received() const { return received_; }
  const std::string& wrong() const { return wrong_; }
  stack::ConnectionId id() const { return id_; }

 private:
  /// Before, SEND would wait and CLOSE would end it all: see the cases under specs/tcp/open.
  bool talking() const {
    const tcp::State now = state();
    return now != tcp::State::listen && now != tcp::State::syn_sent &&
           now != tcp::State::syn_received;
  }
  void note(tcp::Error error) {
    // A connection that has gone without an error says does_not_exist, which is no reason.
    const bool ends = error != tcp::Error::closing && error != tcp::Error::no_resources &&
                      error != tcp::Error::does_not_exist;
    if (error_ == tcp::Error::none && ends) error_ = error;
  }

  void send(Instant now) {
    if (send_at_ && now < *send_at_) return;
    send_at_.reset();
    while (!closed_ && !reported()) {
      if (sent_ == side_.octets) {
        closed_ = true;
        note(host_.close(id_, now));
        return;
      }
      const auto size = static_cast<std::uint32_t>(
          std::min<std::uint64_t>(1 + random_.below(side_.most_a_send), side_.octets - sent_));
      for (std::uint32_t i = 0; i < size; ++i) buffer_[i] = checks::target_octet(sent_ + 1 + i);
      std::size_t taken = 0;
      note(host_.send(id_, wire::Bytes(buffer_).first(size), random_.below(3) == 0, false, now,
                      taken));
      sent_ += static_cast<std::uint32_t>(taken);
      if (taken == 0) return;  // polled again when something has been acknowledged
      if (side_.send_pause > Duration::zero()) {
        send_at_ = now + pause(side_.send_pause);
        return;
      }
    }
  }

  void receive(Instant now) {
    if (read_at_ && now < *read_at_) return;
    read_at_.reset();
    while (!end_seen_ && !aborted_) {
      const std::size_t size = 1 + random_.below(side_.most_a_read);
      std::size_t got = 0;
      const tcp::Error error = host_.receive(
          id_, wire::MutableBytes(buffer_).first(std::min(size, buffer_.size())), now, got);
      compare(got);
      if (error == tcp::Error::closing) end_seen_ = true;
      if (error != tcp::Error::none) note(error);
      if (got == 0) return;
      if (side_.read_pause > Duration::zero()) {
        read_at_ = now + pause(side_.read_pause);
        return;
      }
    }
  }

  void compare(std::size_t got) {
    for (std::size_t i = 0; i < got; ++i, ++received_) {
      const std::uint8_t expected = checks::target_octet(received_ + 1);
      if (buffer_[i] == expected || !wrong_.empty()) continue;
      wrong_ = fmt::format("octet {} was delivered as 0x{:02x}, sent was 0x{:02x}", received_ + 1,
                           buffer_[i], expected);
    }
  }

  Duration pause(Duration most) {
    return Duration(
        1 + static_cast<Duration::rep>(random_.below(static_cast<std::uint64_t>(most.count()))));
  }

  const SideScenario& side_;
  stack::Host& host_;
  link::Random random_;
  wire::Buffer buffer_;
  stack::ConnectionId id_ = 0;
  tcp::Error error_ = tcp::Error::none;
  std::uint32_t sent_ = 0, received_ = 0;
  std::optional<Instant> send_at_, read_at_;
  bool closed_ = false, aborted_ = false, end_seen_ = false, all_read_ = false;
  std::string wrong_;
};

class Conversation;

/// One stack with its user, its way out, and the recorder beside it.
struct End {
  End(Conversation& conversation, const char* name, const SideScenario& side,
      const SideScenario& other, const Scenario& scenario, link::Link& link);

  const char* name;
  Recorder recorder;
  Originals originals;
  link::Link& link;
  stack::Host host;
  User user;
};

class Conversation {
 public:
  Conversation(const Scenario& scenario, bool narrate)
      : scenario_(scenario),
        narrate_(narrate),
        cable_(simulator_, scenario.mtu, scenario.direction, scenario.direction),
        fault_a_(simulator_, cable_.a(), scenario.faults, scenario.seed),
        fault_b_(simulator_, cable_.b(), scenario.faults, ~scenario.seed),
        a_(*this, "a", scenario.a, scenario.b, scenario, fault_a_),
        b_(*this, "b", scenario.b, scenario.a, scenario, fault_b_) {
    join(a_, b_);
    join(b_, a_);
  }

  Ending run() {
    open(b_, scenario_.b, scenario_.a, Recorder::port_b, Recorder::port_a);
    open(a_, scenario_.a, scenario_.b, Recorder::port_a, Recorder::port_b);
    ending_.wrong = play();
    if (ending_.wrong.empty()) ending_.wrong = wrong_with_octets(a_, b_, scenario_.b.octets);
    if (ending_.wrong.empty()) ending_.wrong = wrong_with_octets(b_, a_, scenario_.a.octets);
    for (const End* end : {&a_, &b_}) {
      if (!ending_.wrong.empty()) break;
      const std::string breach = end->recorder.breach();
      if (!breach.empty()) ending_.wrong = fmt::format("{} breaks {}", end->name, breach);
    }
    ending_.whole =
        a_.user.received() == scenario_.b.octets && b_.user.received() == scenario_.a.octets;
    ending_.lasted = simulator_.now() - Instant{};
    return ending_;
  }

  void sends(End& end, wire::Bytes frame) {
    ++ending_.frames;
    end.originals.add(frame);
    end.recorder.sends(frame, simulator_.now());
    show(end, "->", frame);
    if (is_neighbour_traffic(frame)) {
      // At once and for sure: a segment that waited for the other's address would look late.
      End& other = &end == &a_ ? b_ : a_;
      simulator_.schedule(simulator_.now(),
                          [this, &other, octets = wire::Buffer(frame.begin(), frame.end())] {
                            other.host.input(octets, simulator_.now());
                          });
      return;
    }
    if (!scenario_.cut_at || simulator_.now() < Instant(*scenario_.cut_at)) end.link.send(frame);
  }
  void changes(End& end, tcp::State from, tcp::State to, std::string_view rule) {
    end.recorder.changes(to, simulator_.now());
    say(end, fmt::format("{} -> {}: {}", tcp::to_string(from), tcp::to_string(to), rule));
  }
  void say(const End& end, std::string_view text) const {
    if (narrate_) fmt::print("{:.6f} {}      {}\n", seconds(), end.name, text);
  }

 private:
  double seconds() const {
    return std::chrono::duration<double>(simulator_.now().time_since_epoch()).count();
  }
  void show(const End& end, const char* way, wire::Bytes frame) const {
    if (!narrate_) return;
    fmt::print("{:.6f} {} {}   {}\n", seconds(), end.name, way,
               wire::print_frame(wire::dissect(frame), {}));
  }

  void join(End& end, End& other) {
    end.link.on_receive([this, &end, &other](wire::Bytes frame) {
      if (scenario_.cut_at && simulator_.now() >= Instant(*scenario_.cut_at)) return;
      const bool original = other.originals.has(frame);
      end.recorder.gets(frame, simulator_.now(), original);
      show(end, original ? "<-" : "<~", frame);
      end.host.input(frame, simulator_.now());
    });
  }

  void open(End& end, const SideScenario& side, const SideScenario& other, std::uint16_t port,
            std::uint16_t remote_port) {
    end.recorder.opens(simulator_.now());
    const auto& remote = scenario_.family == wire::Family::v4 ? other.config.v4 : other.config.v6;
    const auto opened =
        side.active ? end.host.open_active(remote->address, remote_port, port, side.options,
                                           simulator_.now())
                    : end.host.open_passive(scenario_.family, port, side.options, simulator_.now());
    end.user.opened(opened.id, opened.error);
  }

  std::optional<Instant> next() const {
    std::optional<Instant> at = simulator_.next_event();
    for (const End* end : {&a_, &b_}) {
      at = earlier(at, end->host.next_deadline());
      at = earlier(at, end->user.next());
    }
    return at;
  }

  /// Until both are closed; what kept them from it, if anything.
  std::string play() {
    for (;;) {
      a_.user.poll(simulator_.now());
      b_.user.poll(simulator_.now());
      if (a_.user.over() && b_.user.over()) return {};
      const auto at = next();
      if (!at) {
        if (give_up_half_open()) continue;
        return fmt::format("dead-lock: a in {}, b in {}, and no timer runs",
                           tcp::to_string(a_.user.state()), tcp::to_string(b_.user.state()));
      }
      if (*at > Instant(longest)) return "they still talk after twelve hours";
      if (ending_.frames > most_frames) return "they send frames without end";
      simulator_.advance(std::max(*at, simulator_.now()));
      a_.host.advance(simulator_.now());
      b_.host.advance(simulator_.now());
    }
  }

  /// A connection whose peer has given up without a word, with nothing to send, waits for ever: it
  /// is half open (RFC 9293 3.5.1). Only its user can end it. Likewise a listener whose peer never
  /// came.
  bool give_up_half_open() {
    bool gave_up = false;
    for (auto [end, other] : {std::pair(&a_, &b_), std::pair(&b_, &a_)}) {
      if (end->user.over() || !other->user.over() || !other->user.reported()) continue;
      end->user.abort(simulator_.now());
      gave_up = true;
    }
    return gave_up;
  }

  /// What `end` was given of the `octets` that `other` was to send.
  static std::string wrong_with_octets(const End& end, const End& other, std::uint32_t octets) {
    const User& user = end.user;
    if (!user.wrong().empty()) return fmt::format("{}: {}", end.name, user.wrong());
    if (user.received() > octets) {
      return fmt::format("{} was given {} octets, {} were sent", end.name, user.received(), octets);
    }
    if (user.received() == octets) return {};
    if (user.peer_has_ended()) {
      return fmt::format("{} was told of the end after {} of {} octets", end.name, user.received(),
                         octets);
    }
    if (user.reported() || other.user.reported()) return {};
    return fmt::format("{} was given {} of {} octets, and nobody said why", end.name,
                       user.received(), octets);
  }

  const Scenario& scenario_;
  bool narrate_;
  Ending ending_;
  link::Simulator simulator_;
  link::SimLink cable_;
  link::FaultLink fault_a_, fault_b_;
  End a_, b_;
};

End::End(Conversation& conversation, const char* its_name, const SideScenario& side,
         const SideScenario& other, const Scenario& scenario, link::Link& its_link)
    : name(its_name),
      recorder(scenario, side, other),
      link(its_link),
      host(
          side.config,
          {.frame = [this, &conversation](wire::Bytes frame) { conversation.sends(*this, frame); },
           .transition =
               [this, &conversation](stack::ConnectionId, tcp::State from, tcp::State to,
                                     std::string_view rule) {
                 conversation.changes(*this, from, to, rule);
               },
           .trace = [this, &conversation](std::string_view rule) { conversation.say(*this, rule); },
           .report = {}}),
      user(side, host, link::Random::derived(scenario.seed, its_name).next()) {}

}  // namespace

Ending converse(const Scenario& scenario, bool narrate) {
  return Conversation(scenario, narrate).run();
}

}  // namespace tcproof::property
