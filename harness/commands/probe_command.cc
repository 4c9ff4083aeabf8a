// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/Option.hpp>

#include "harness/commands/command.h"
#include "harness/path/asker.h"
#include "harness/path/conversation.h"
#include "harness/path/destination.h"
#include "harness/path/raw_wire.h"
#include "stack/wire/tcp_options.h"

namespace tcproof::harness {
namespace {

struct ProbeOptions {
  std::string target;
  std::uint32_t size = 64;
  std::uint32_t count = 3;
  bool whole = false;
  std::vector<std::string> segments;
};

constexpr Duration between_pings = 200ms;
constexpr Duration patience = 1s;
constexpr int syn_attempts = 3;

int wrong_target(const std::string& why) {
  return report_errors(
      {{.message = why, .cure = "write ADDRESS, NAME, ADDRESS:PORT or [V6ADDRESS]:PORT"}});
}

tl::expected<Destination, std::string> with_port(const ProbeOptions& options) {
  auto to = find_destination(options.target, {});
  if (to && !to->port) return tl::unexpected(std::string("the target needs a port"));
  return to;
}

void print_lines(const Conversation& talk) {
  if (talk.lines().empty()) return;
  const Instant start = talk.lines().front().at;
  for (const Conversation::Line& line : talk.lines()) {
    fmt::print("{:12.6f}  {}  {}\n", std::chrono::duration<double>(line.at - start).count(),
               line.ours ? "-->" : "<--", line.text);
  }
}

/// Sends a SYN until something comes back. The first answer, if any.
std::optional<Conversation::Line> knock(Conversation& talk) {
  const std::string syn = fmt::format(
      "S 0:0(0) win 65535 <mss {},sackOK,TS val 1000 ecr 0,nop,wscale 7>", talk.largest_mss());
  std::optional<Conversation::Line> answer;
  for (int attempt = 0; attempt < syn_attempts && !answer; ++attempt) {
    if (!talk.say(syn)) return {};
    talk.listen(patience, [&](const Conversation::Line& line) {
      answer = line;
      return true;
    });
  }
  return answer;
}

bool accepted(const std::optional<Conversation::Line>& answer) {
  return answer && answer->frame.tcp && answer->frame.tcp->flags->has(wire::flag::syn);
}

std::string explain(const std::optional<Conversation::Line>& answer) {
  if (!answer) {
    return fmt::format("silence: {} SYNs, no answer; a filter drops them or nobody is there",
                       syn_attempts);
  }
  if (!answer->frame.tcp) return "the network says why it does not work: " + answer->text;
  if (answer->frame.tcp->flags->has(wire::flag::rst))
    return "closed: a reset, so a host is there and no service";
  if (!accepted(answer))
    return "neither SYN nor reset: another connection of these ports lives there";
  std::string text = fmt::format("open: window {}", answer->frame.tcp->window.value_or(0));
  for (const wire::TcpOptionView& option : wire::TcpOptions(answer->frame.tcp->options)) {
    if (const auto mss = option.mss()) text += fmt::format(", MSS {}", *mss);
    if (const auto shift = option.window_scale())
      text += fmt::format(", windows scaled by 2^{}", *shift);
    if (option.is_sack_permitted()) text += ", SACK";
    if (option.timestamps()) text += ", timestamps";
  }
  return text;
}

template <class Body>
int converse(const ProbeOptions& options, Body body) {
  const auto to = with_port(options);
  if (!to) return wrong_target(to.error());
  auto host = RawHost::open(to->address);
  if (!host) return report_error(host.error());
  Conversation talk(std::move(*host), *to->port, wire::Seq{process_seed()});
  const int status = body(talk);
  return status;
}

int probe_syn(const ProbeOptions& options) {
  return converse(options, [](Conversation& talk) {
    const auto answer = knock(talk);
    print_lines(talk);
    fmt::print("{}\n", explain(answer));
    if (answer)
      fmt::print("answered after {:.3f} ms\n",
                 in_ms(answer->at - talk.lines()[talk.lines().size() - 2].at));
    return accepted(answer) ? exit_status::ok : exit_status::failed;
  });
}

/// What the peer's side is in, as far as its segments tell (RFC 9293 3.6).
std::string peer_state(const Conversation& talk) {
  const bool our_fin_acknowledged = talk.is_acknowledged(2);
  bool peer_fin = false, reset = false;
  for (const Conversation::Line& line : talk.lines()) {
    if (line.ours || !line.frame.tcp || !line.frame.tcp->flags) continue;
    const wire::TcpFlags flags = *line.frame.tcp->flags;
    reset = reset || flags.has(wire::flag::rst);
    peer_fin = peer_fin || flags.has(wire::flag::fin);
  }
  if (reset) return "the peer reset the connection: CLOSED";
  if (our_fin_acknowledged && peer_fin)
    return "our FIN was acknowledged (CLOSE-WAIT), the peer sent its own (LAST-ACK) and had it "
           "acknowledged: CLOSED";
  if (our_fin_acknowledged)
    return "our FIN was acknowledged and the peer's application has not closed: CLOSE-WAIT";
  if (peer_fin) return "the peer sent a FIN and did not acknowledge ours: FIN-WAIT-1 or CLOSING";
  return "our FIN has no answer: ESTABLISHED as far as anyone can tell";
}

int probe_fin(const ProbeOptions& options) {
  return converse(options, [](Conversation& talk) {
    const auto answer = knock(talk);
    if (!accepted(answer)) {
      print_lines(talk);
      fmt::print("{}\n", explain(answer));
      return exit_status::failed;
    }
    bool said = talk.say("F. 1:1(0) win 65535").has_value();
    bool finished = false;
    talk.listen(3 * patience, [&](const Conversation::Line& line) {
      if (!line.frame.tcp) return false;
      const wire::TcpFlags flags = *line.frame.tcp->flags;
      finished = flags.has(wire::flag::fin) || flags.has(wire::flag::rst);
      if (flags.has(wire::flag::fin)) {
        said = talk.say(fmt::format(". 2:2(0) ack {} win 65535", talk.to_acknowledge())) && said;
      }
      return finished;
    });
    print_lines(talk);
    fmt::print("{}\n", peer_state(talk));
    return said && finished ? exit_status::ok : exit_status::failed;
  });
}

int probe_raw(const ProbeOptions& options) {
  return converse(options, [&options](Conversation& talk) {
    std::size_t answers = 0;
    for (const std::string& segment : options.segments) {
      if (const auto said = talk.say(segment); !said) {
        Diagnostic wrong{.file = "segment",
                         .line = 1,
                         .column = static_cast<std::uint32_t>(said.error().at + 1),
                         .length = static_cast<std::uint32_t>(said.error().length),
                         .message = said.error().message,
                         .cure = said.error().cure,
                         .source = segment};
        return report_errors({wrong});
      }
      talk.listen(patience / 2, [&](const Conversation::Line&) {
        ++answers;
        return false;
      });
    }
    print_lines(talk);
    if (answers == 0) fmt::print("silence\n");
    return exit_status::ok;
  });
}

/// A wire and who asks over it.
struct Questions {
  std::unique_ptr<RawWire> wire;
  std::unique_ptr<Asker> asker;
};
Tried<Questions> open_questions(const wire::IpAddress& to, const RawWire::Ports& ports) {
  auto wire = RawWire::open(to, ports, process_seed());
  if (!wire) return tl::unexpected(wire.error());
  Questions made{std::move(*wire), nullptr};
  made.asker = std::make_unique<Asker>(*made.wire, static_cast<std::uint16_t>(process_seed() >> 8),
                                       10ms, [](const Probe&, unsigned, const Answer&) {});
  return made;
}

std::string explain(const Answer& answer) {
  using Kind = Answer::Kind;
  const std::string from = wire::to_string(answer.from);
  switch (answer.kind) {
    case Kind::silence: return "silence: dropped on the way there or back, and nobody says so";
    case Kind::delivered:
      return answer.piece == 0
                 ? fmt::format("it got there; the answer from {} came after {:.3f} ms", from,
                               in_ms(answer.after))
                 : fmt::format(
                       "it got there; the answer came back in fragments, the first of {} octets",
                       answer.piece);
    case Kind::too_big:
      return answer.after == Duration{}
                 ? fmt::format("larger than the MTU of the interface, {}", answer.mtu)
                 : fmt::format("{} says that it is too big for the next link, whose MTU is {}",
                               from, answer.mtu);
    case Kind::time_exceeded: return from + " says that its time was exceeded";
    case Kind::unreachable: return fmt::format("{} says unreachable, code {}", from, answer.code);
    case Kind::reset: return "the connection was reset";
  }
  return {};
}

int probe_mtu(const ProbeOptions& options) {
  const auto to = find_destination(options.target, {});
  if (!to) return wrong_target(to.error());
  auto questions = open_questions(to->address, {});
  if (!questions) return report_error(questions.error());
  const Answer answer = questions->asker->ask({.size = options.size, .whole = options.whole},
                                              {.copies = 1, .spacing = {}, .patience = patience});
  fmt::print("{} octets{}: {}\n", options.size, options.whole ? ", not to be fragmented" : "",
             explain(answer));
  return answer.kind == Answer::Kind::delivered ? exit_status::ok : exit_status::failed;
}

int probe_ping(const ProbeOptions& options) {
  const auto to = find_destination(options.target, {});
  if (!to) return wrong_target(to.error());
  auto questions = open_questions(to->address, {});
  if (!questions) return report_error(questions.error());
  std::uint32_t answered = 0;
  for (std::uint32_t i = 0; i < options.count; ++i) {
    const Answer answer = questions->asker->ask({.size = options.size, .whole = false},
                                                {.copies = 1, .spacing = {}, .patience = patience});
    answered += answer.kind == Answer::Kind::delivered ? 1 : 0;
    fmt::print("{}\n", explain(answer));
    if (i + 1 < options.count) questions->asker->rest(between_pings);
  }
  fmt::print("{} of {} answered\n", answered, options.count);
  return answered > 0 ? exit_status::ok : exit_status::failed;
}

/// Announces several sizes, one connection each, and looks at what the peer sends.
int probe_mss(const ProbeOptions& options) {
  const auto to = with_port(options);
  if (!to) return wrong_target(to.error());
  const std::uint32_t headers = to->address.family == wire::Family::v4 ? 40 : 60;
  constexpr std::uint16_t announced[] = {1460, 1220, 536, 100};
  bool obeyed = true, spoken = false;
  for (const std::uint16_t mss : announced) {
    auto questions = open_questions(to->address, {.tcp = *to->port, .mss = mss});
    if (!questions) return report_error(questions.error());
    const Asker::Pace pace{.copies = syn_attempts, .spacing = patience, .patience = patience};
    const Answer open =
        questions->asker->ask({.method = Method::tcp, .kind = Probe::Kind::syn}, pace);
    if (open.kind != Answer::Kind::delivered) {
      fmt::print("{}\n", explain(open));
      return exit_status::failed;
    }
    questions->asker->ask({.method = Method::tcp, .kind = Probe::Kind::request}, pace);
    questions->asker->rest(patience / 4);
    const TcpPeer peer = questions->wire->tcp_peer();
    if (peer.octets == 0) continue;
    spoken = true;
    const bool larger = peer.largest > mss + headers;
    obeyed = obeyed && !larger;
    fmt::print("announced {:>5}: data packets of up to {} octets, {} of TCP payload: {}\n", mss,
               peer.largest, peer.largest - headers, larger ? "too much" : "obeyed");
  }
  if (!spoken) {
    fmt::print(
        "the peer sends nothing of its own: try a port of HTTP (80, 8000, 8080) or echo (7)\n");
  }
  return spoken && obeyed ? exit_status::ok : exit_status::failed;
}

using Action = int (*)(const ProbeOptions&);

CLI::App* add_kind(CLI::App& probe, Status& status, const std::shared_ptr<ProbeOptions>& options,
                   const char* name, const char* what, Action action) {
  CLI::App* command = probe.add_subcommand(name, what);
  command->add_option("TARGET", options->target, "ADDRESS or NAME, with :PORT where TCP is spoken")
      ->required();
  command->callback([options, &status, action] { status.code = action(*options); });
  return command;
}

}  // namespace

void add_probe_command(CLI::App& app, Status& status) {
  auto options = std::make_shared<ProbeOptions>();
  CLI::App* probe = app.add_subcommand("probe", "One crafted probe, and what its answer means");
  probe->require_subcommand(1);
  add_kind(*probe, status, options, "syn", "Is a TCP port open, and what does it offer?",
           probe_syn);
  add_kind(*probe, status, options, "mss", "Which MSS does the peer obey?", probe_mss);
  add_kind(*probe, status, options, "fin", "Open and close: the segments and the states they imply",
           probe_fin);
  CLI::App* mtu =
      add_kind(*probe, status, options, "mtu", "Does one packet of a size get there?", probe_mtu);
  mtu->add_option("SIZE", options->size, "Octets of the IP packet")
      ->required()
      ->check(CLI::Range(48, 65535));
  mtu->add_flag("--df", options->whole, "Routers must not fragment it (IPv6: they never do)");
  CLI::App* ping =
      add_kind(*probe, status, options, "ping", "Does it answer echo requests?", probe_ping);
  ping->add_option("--count", options->count, "How many")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  ping->add_option("--size", options->size, "Octets of the IP packet")
      ->check(CLI::Range(48, 65535))
      ->capture_default_str();
  CLI::App* raw = add_kind(*probe, status, options, "raw",
                           "Segments in the notation of the cases, one after the other", probe_raw);
  raw->add_option("SEGMENT", options->segments, "For example 'S 0:0(0) win 1 <mss 1460>'")
      ->required();
  probe->footer(
      "Exit status: 0 answered as asked for; 1 not; 2 usage; 3 environment (needs CAP_NET_RAW)\n"
      "Examples:\n"
      "  tcproof probe syn 198.51.100.2:80\n"
      "  tcproof probe mtu --df 198.51.100.2 1500\n"
      "  tcproof probe raw 198.51.100.2:80 'S 0:0(0) win 1 <mss 1460>' '. 1:1(0) win 1'");
}

}  // namespace tcproof::harness
