// SPDX-License-Identifier: Apache-2.0
#include "harness/case/call_reader.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "checks/spelling.h"
#include "harness/case/congestion_controls.h"
#include "harness/case/fields.h"
#include "harness/case/payload_reader.h"
#include "harness/case/segment_reader.h"

namespace tcproof::harness::loading {

namespace {

using Verb = checks::Call::Verb;

constexpr std::int64_t largest_count = std::int64_t{1} << 30;
constexpr std::array<std::string_view, 10> verbs{"OPEN",  "ACCEPT", "SEND",     "RECEIVE", "CLOSE",
                                                 "ABORT", "STATUS", "SHUTDOWN", "SET",     "FLUSH"};

/// What an option of OPEN or SET takes.
enum class OptionType : std::uint8_t {
  flag,
  on_off,
  number,
  duration,
  switched_duration,
  octet,
  word,  // 32 bits
  address,
  congestion_control,
};
struct OptionInfo {
  std::string_view name;
  OptionType type;
};
constexpr std::array<OptionInfo, 15> open_options{{
    {"nodelay", OptionType::flag},
    {"cork", OptionType::flag},
    {"keep-alive", OptionType::duration},
    {"linger", OptionType::duration},
    {"receive-buffer", OptionType::number},
    {"send-buffer", OptionType::number},
    {"congestion-control", OptionType::congestion_control},
    {"mss", OptionType::number},
    {"ttl", OptionType::octet},
    {"tos", OptionType::octet},
    {"user-timeout", OptionType::duration},
    {"fast-open", OptionType::flag},
    {"local", OptionType::address},
    {"remote", OptionType::address},
    {"source-route", OptionType::address},
}};
constexpr std::array<OptionInfo, 13> set_options{{
    {"nodelay", OptionType::on_off},
    {"cork", OptionType::on_off},
    {"congestion-control", OptionType::congestion_control},
    {"keep-alive", OptionType::switched_duration},
    {"user-timeout", OptionType::duration},
    {"ttl", OptionType::octet},
    {"tos", OptionType::octet},
    {"linger", OptionType::duration},
    {"receive-buffer", OptionType::number},
    {"send-buffer", OptionType::number},
    {"urgent-inline", OptionType::on_off},
    {"ip-options", OptionType::word},
    {"default-ttl", OptionType::octet},
}};

/// An IPv4 address as a number: a host of the topology, `broadcast`, or written out.
std::optional<std::int64_t> read_address(const Scalar& word, Reading& reading) {
  auto address = wire::parse_ip(word.text);
  if (word.text == "broadcast") address = wire::ipv4_broadcast;
  if (const auto host = reading.network.host_id(word.text)) {
    address = reading.network.address(*host, wire::Family::v4);
  }
  if (reading.family == wire::Family::v4 && address && address->family == wire::Family::v4) {
    return std::int64_t{wire::be32(address->octets, 0)};
  }
  reading.problems.add(word.whole, fmt::format("'{}' is no IPv4 address here", word.text),
                       "it takes a host of the topology or an address, in a case with ip=v4");
  return std::nullopt;
}

/// The words of a call, taken one by one. A word that is no good is reported once and ends the
/// reading.
class Words {
 public:
  Words(const Scalar& line, Reading& reading) : line_(line), reading_(reading) {
    const std::string& text = line.text;
    for (std::size_t at = text.find_first_not_of(' '); at != std::string::npos;) {
      const std::size_t end = std::min(text.find(' ', at), text.size());
      words_.push_back(part(at, end - at));
      at = text.find_first_not_of(' ', end);
    }
  }

  bool done() const { return next_ >= words_.size(); }
  const Scalar& peek() const { return words_[next_]; }
  void skip() { ++next_; }
  bool take(std::string_view word) {
    if (done() || peek().text != word) return false;
    ++next_;
    return true;
  }

  /// The word must be among `words`.
  std::optional<std::size_t> choice(std::string_view what,
                                    std::span<const std::string_view> words) {
    if (!have(fmt::format("one of {}", fmt::join(words, ", ")))) return std::nullopt;
    const Scalar word = words_[next_++];
    const auto found = std::find(words.begin(), words.end(), word.text);
    if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
    reading_.problems.add(
        word.whole, fmt::format("unknown {} '{}'", what, word.text),
        checks::did_you_mean(word.text, words,
                             fmt::format("there are {}", fmt::join(words, ", "))));
    return std::nullopt;
  }
  std::optional<std::int64_t> number(std::string_view what, std::int64_t low, std::int64_t high) {
    if (!have(what)) return std::nullopt;
    const Scalar word = words_[next_++];
    return reading_.values.constant(word, what, low, high);
  }
  std::optional<std::int64_t> duration(std::string_view what) {
    if (!have(what)) return std::nullopt;
    const auto time = reading_.values.duration(words_[next_++]);
    if (!time) return std::nullopt;
    return time->count();
  }
  std::optional<std::int64_t> address(std::string_view what) {
    if (!have(what)) return std::nullopt;
    return read_address(words_[next_++], reading_);
  }
  /// Nothing may follow.
  bool end() {
    if (done()) return true;
    reading_.problems.add(
        peek().whole, fmt::format("'{}' is not expected here", peek().text),
        fmt::format("after '{}'", line_.text.substr(0, line_.text.find(peek().text))));
    return false;
  }

 private:
  bool have(std::string_view what) {
    if (!done()) return true;
    reading_.problems.add(line_.whole, fmt::format("'{}' wants {}", line_.text, what));
    return false;
  }
  Scalar part(std::size_t at, std::size_t length) const {
    Scalar word = line_;
    word.text = line_.text.substr(at, length);
    word.text_column = line_.text_column + static_cast<std::uint32_t>(at);
    word.whole = line_.place(at, length);
    // `$name` for a word is a value of the call like any other.
    if (const auto* constant = word.text.size() > 1 && word.text[0] == '$'
                                   ? reading_.scope.find(std::string_view(word.text).substr(1))
                                   : nullptr) {
      word.text = constant->value.text;
      word.verbatim = false;
    }
    return word;
  }

  const Scalar& line_;
  Reading& reading_;
  std::vector<Scalar> words_;
  std::size_t next_ = 0;
};

std::optional<std::int64_t> read_option_value(const OptionInfo& option, Words& words) {
  static constexpr std::array<std::string_view, 2> on_off{"off", "on"};
  switch (option.type) {
    case OptionType::flag: return 1;
    case OptionType::on_off: {
      const auto choice = words.choice(option.name, on_off);
      if (!choice) return std::nullopt;
      return static_cast<std::int64_t>(*choice);
    }
    case OptionType::number: return words.number(option.name, 0, largest_count);
    case OptionType::octet: return words.number(option.name, 0, 255);
    case OptionType::word: return words.number(option.name, 0, 0xffffffff);
    case OptionType::address: return words.address(option.name);
    case OptionType::duration: return words.duration(option.name);
    case OptionType::congestion_control: {
      const auto choice = words.choice(option.name, congestion_controls);
      if (!choice) return std::nullopt;
      return static_cast<std::int64_t>(*choice);
    }
    case OptionType::switched_duration:
      if (words.take("off")) return 0;
      if (words.take("on")) return -1;  // as often as the target does by itself
      return words.duration(option.name);
  }
  return std::nullopt;
}

template <std::size_t n>
bool read_option(const std::array<OptionInfo, n>& options, Words& words, checks::Call& call) {
  std::array<std::string_view, n> names;
  for (std::size_t i = 0; i < n; ++i) names[i] = options[i].name;
  const auto index = words.choice("option", names);
  if (!index) return false;
  const auto value = read_option_value(options[*index], words);
  if (!value) return false;
  call.options[std::string(names[*index])] = *value;
  return true;
}

bool read_open(Words& words, checks::Call& call) {
  static constexpr std::array<std::string_view, 2> sides{"passive", "active"};
  const auto side = words.choice("kind of OPEN", sides);
  if (!side) return false;
  call.verb = *side == 0 ? Verb::open_passive : Verb::open_active;
  while (!words.done()) {
    if (words.take("port")) {
      const auto port = words.number("port", 1, 65535);
      if (!port) return false;
      call.port = static_cast<std::uint16_t>(*port);
    } else if (call.verb == Verb::open_passive && words.take("backlog")) {
      const auto backlog = words.number("backlog", 0, 65535);
      if (!backlog) return false;
      call.backlog = static_cast<std::uint32_t>(*backlog);
    } else if (!read_option(open_options, words, call)) {
      return false;
    }
  }
  return true;
}

bool is_count(const Words& words) {
  const std::string& text = words.peek().text;
  return !text.empty() && ((text[0] >= '0' && text[0] <= '9') || text[0] == '$');
}

bool read_count(Words& words, std::string_view what, checks::Call& call) {
  const auto count = words.number(what, 0, largest_count);
  if (!count) return false;
  call.count = static_cast<std::uint32_t>(*count);
  return true;
}

/// SEND and RECEIVE: how many octets, from the line or from `data`.
bool read_amount(const Scalar& line, Words& words, const Node* data, Reading& reading,
                 checks::Call& call) {
  std::optional<checks::Payload> payload;
  if (data != nullptr) {
    payload = read_payload(*data, Use::sent, reading);
    if (!payload) return false;
    call.data = payload->octets;
  }
  constexpr std::int64_t unsaid = -1;  // without data, or with a pattern whose length is a variable
  const std::int64_t size = payload ? size_of(*payload).value_or(unsaid) : unsaid;
  const bool sending = call.verb == Verb::send;
  if (!sending && words.take("all")) {
    call.all = true;
    return true;
  }
  if (!words.done() && is_count(words)) {
    const Scalar count = words.peek();
    if (!read_count(words, "a number of octets", call)) return false;
    if (size != unsaid && size != call.count) {
      reading.problems.add(count.whole,
                           fmt::format("the data has {} octets, not {}", size, call.count));
      return false;
    }
    return true;
  }
  if (sending && payload) {
    call.count = size == unsaid ? 0 : static_cast<std::uint32_t>(size);
    return true;
  }
  reading.problems.add(line.whole, fmt::format("'{}' does not say how many octets", line.text),
                       sending ? "SEND 1000, or SEND with 'data'" : "RECEIVE 1000, or RECEIVE all");
  return false;
}

bool read_send(const Scalar& line, Words& words, const Node* data, Reading& reading,
               checks::Call& call) {
  call.verb = Verb::send;
  if (!read_amount(line, words, data, reading, call)) return false;
  while (true) {
    if (words.take("push")) {
      call.push = true;
    } else if (words.take("urgent")) {
      call.urgent = true;
    } else {
      return true;
    }
  }
}

bool read_shutdown(Words& words, checks::Call& call) {
  static constexpr std::array<std::string_view, 3> ways{"send", "receive", "both"};
  call.verb = Verb::shutdown;
  const auto way = words.choice("way of SHUTDOWN", ways);
  if (way) call.shutdown = static_cast<checks::Call::Shutdown>(*way);
  return way.has_value();
}

bool read_status(Words& words, checks::Call& call) {
  static constexpr std::array<std::string_view, 9> subjects{
      "path-mtu", "mss",         "urgent", "unread",    "retransmissions",
      "source",   "destination", "tos",    "ip-options"};
  call.verb = Verb::status;
  if (words.done()) return true;
  const auto subject = words.choice("subject of STATUS", subjects);
  if (subject) call.status = static_cast<checks::Call::Status>(*subject + 1);
  return subject.has_value();
}

bool read_flush(Words& words, checks::Call& call) {
  static constexpr std::array<std::string_view, 2> caches{"neighbours", "path-mtu"};
  call.verb = Verb::flush;
  const auto cache = words.choice("cache", caches);
  if (cache) call.flush = static_cast<checks::Call::Flush>(*cache);
  return cache.has_value();
}

bool read_set(const Scalar& line, Words& words, Reading& reading, checks::Call& call) {
  call.verb = Verb::set;
  if (words.done()) {
    reading.problems.add(line.whole, "'SET' wants an option and its value", "SET nodelay on");
    return false;
  }
  return read_option(set_options, words, call);
}

bool read_verb(const Scalar& line, Words& words, const Node* data, Reading& reading,
               checks::Call& call) {
  const bool takes_data = words.peek().text == "SEND" || words.peek().text == "RECEIVE";
  if (data != nullptr && !takes_data) {
    reading.problems.add(data->place,
                         fmt::format("'data' does not go with '{}'", words.peek().text),
                         "it goes with SEND and RECEIVE");
    return false;
  }
  const auto bare = [&](Verb verb) {
    call.verb = verb;
    return true;
  };
  if (words.take("OPEN")) return read_open(words, call);
  if (words.take("SEND")) return read_send(line, words, data, reading, call);
  if (words.take("RECEIVE")) {
    call.verb = Verb::receive;
    return read_amount(line, words, data, reading, call);
  }
  if (words.take("ACCEPT")) return bare(Verb::accept);
  if (words.take("CLOSE")) return bare(Verb::close);
  if (words.take("ABORT")) return bare(Verb::abort);
  if (words.take("SHUTDOWN")) return read_shutdown(words, call);
  if (words.take("STATUS")) return read_status(words, call);
  if (words.take("SET")) return read_set(line, words, reading, call);
  if (words.take("FLUSH")) return read_flush(words, call);
  if (words.take("PING")) {
    call.verb = Verb::ping;
    return read_count(words, "a number of octets", call);
  }
  const Scalar& word = words.peek();
  reading.problems.add(
      word.whole, fmt::format("unknown call '{}'", word.text),
      checks::did_you_mean(word.text, verbs,
                           fmt::format("calls are {} and PING", fmt::join(verbs, ", "))));
  return false;
}

void read_return(const Node& node, const checks::Call& call, Reading& reading,
                 checks::Returns& returns) {
  const auto text = reading.scalar(node, "'returns'");
  if (!text) return;
  if (const auto outcome = checks::parse_outcome(text->text);
      outcome && *outcome != checks::Outcome::unsupported) {
    returns.outcomes.push_back(*outcome);
    return;
  }
  if (call.verb == Verb::status && checks::is_address(call.status)) {
    if (const auto address = read_address(*text, reading)) {
      returns.numbers.push_back(
          {.kind = checks::Value::Kind::sum, .low = checks::Sum::of(*address)});
    }
    return;
  }
  const char first = text->text.empty() ? ' ' : text->text[0];
  const bool numeric =
      (first >= '0' && first <= '9') || first == '$' || first == '<' || first == '>';
  if (!numeric) {
    static constexpr std::array<std::string_view, 12> outcomes{
        "ok",     "closing", "reset",   "refused",     "timed-out",    "no-connection",
        "exists", "illegal", "nothing", "unspecified", "no-resources", "unreachable"};
    choice_of(node, text->text, "outcome", outcomes, reading.problems);
    return;
  }
  if (call.verb != Verb::status || call.status == checks::Call::Status::connection) {
    reading.problems.add(text->whole, fmt::format("'{}' returns no number", call.text),
                         "STATUS with a subject does");
    return;
  }
  if (const auto value = reading.values.value(*text, Use::expected)) {
    returns.numbers.push_back(*value);
  }
}

}  // namespace

std::optional<checks::Call> read_call(const Node& node, const Node* data, Reading& reading) {
  const auto line = reading.scalar(node, "'call'");
  if (!line) return std::nullopt;
  checks::Call call;
  call.text = line->text;
  Words words(*line, reading);
  if (words.done()) {
    reading.problems.add(line->whole, "'call' wants a user call",
                         fmt::format("calls are {} and PING", fmt::join(verbs, ", ")));
    return std::nullopt;
  }
  if (!read_verb(*line, words, data, reading, call) || !words.end()) return std::nullopt;
  return call;
}

checks::Returns read_returns(const Node& node, const checks::Call& call, Reading& reading) {
  checks::Returns returns;
  for (const Node* item : list_of(node, "'returns'", true, reading.problems)) {
    read_return(*item, call, reading, returns);
  }
  return returns;
}

}  // namespace tcproof::harness::loading
