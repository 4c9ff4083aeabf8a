// SPDX-License-Identifier: Apache-2.0
// Stacks side by side: two instances of each talk to each other in this process, through the same C interface, over
// a link that neither loses nor waits. Time is virtual and everything is measured in processor time of both ends
// together.
//
//   stacks [--only=WORDS] build/release/plugins/reference.so build/release/plugins/lwip.so
#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/targets/plugin/tcproof_stack.h"

namespace {

constexpr int runs = 5;
constexpr std::uint16_t first_port = 5000;
constexpr std::uint16_t first_local_port = 10'000;  // named ones: ephemeral ports are too few
constexpr std::uint32_t connections_a_port = 50'000;
constexpr tcproof_time second = 1'000'000'000;

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

tcproof_endpoint endpoint(std::uint8_t host, std::uint16_t port) {
  return {.address = {.family = 4, .octets = {192, 0, 2, host}}, .port = port};
}

/// Frames on their way to one host, in two buffers that take turns.
class Inbox {
 public:
  void put(const std::uint8_t* frame, std::size_t length) {
    sizes_.push_back(length);
    octets_.insert(octets_.end(), frame, frame + length);
  }
  bool empty() const { return sizes_.empty(); }
  void swap(Inbox& other) {
    sizes_.swap(other.sizes_);
    octets_.swap(other.octets_);
  }
  void clear() {
    sizes_.clear();
    octets_.clear();
  }
  template <class Take>
  void each(Take&& take) const {
    const std::uint8_t* at = octets_.data();
    for (const std::size_t size : sizes_) {
      take(at, size);
      at += size;
    }
  }

 private:
  std::vector<std::size_t> sizes_;
  std::vector<std::uint8_t> octets_;
};

/// One end: an instance of the stack and what is on its way to the other end.
class End {
 public:
  End(const tcproof_stack_functions& stack, std::uint8_t host, Inbox& other, std::uint64_t& random)
      : stack_(stack), other_(other), random_(random) {
    services_ = {
        .size = sizeof services_,
        .context = this,
        .output = [](void* self, const std::uint8_t* frame,
                     std::size_t length) { static_cast<End*>(self)->other_.put(frame, length); },
        .transition = [](void*, tcproof_handle, tcproof_state, tcproof_state, const char*) {},
        .note = [](void*, const char*) {},
        .random =
            [](void* self) { return static_cast<End*>(self)->random_ += 0x9e3779b97f4a7c15U; }};
    tcproof_configuration configuration{};
    configuration.size = sizeof configuration;
    const std::array<std::uint8_t, 6> mac{2, 0, 0, 0, 0, host};
    std::copy(mac.begin(), mac.end(), configuration.mac);
    configuration.mtu = 1500;
    configuration.v4 = endpoint(host, 0).address;
    configuration.v4_prefix = 24;
    configuration.seed = host;
    configuration.features = stack.features;
    while (stack.features[configuration.feature_count] != nullptr) ++configuration.feature_count;
    instance_ = stack.create(&configuration, &services_, 0);
  }
  ~End() {
    if (instance_ != nullptr) stack_.destroy(instance_);
  }
  End(const End&) = delete;
  End& operator=(const End&) = delete;

  bool made() const { return instance_ != nullptr; }
  const tcproof_stack_functions* operator->() const { return &stack_; }
  tcproof_stack_instance* get() { return instance_; }
  tcproof_state state(tcproof_handle handle) { return stack_.state(instance_, handle); }

 private:
  const tcproof_stack_functions& stack_;
  Inbox& other_;
  std::uint64_t& random_;
  tcproof_services services_{};
  tcproof_stack_instance* instance_ = nullptr;
};

/// A client and a server of one stack on a link that never limits.
class Pair {
 public:
  explicit Pair(const tcproof_stack_functions& stack)
      : client(stack, 1, to_server_, random_), server(stack, 2, to_client_, random_) {}

  bool made() const { return client.made() && server.made(); }
  tcproof_time now() const { return now_; }
  std::uint64_t segments() const { return segments_; }

  /// Until nothing is on its way. Time stands still.
  void pump() {
    while (!to_server_.empty() || !to_client_.empty()) {
      deliver(to_server_, server);
      deliver(to_client_, client);
    }
  }
  /// Lets time pass up to the next timer, at most `most`.
  void step(tcproof_time most) {
    const tcproof_time due =
        std::min(client->next_deadline(client.get()), server->next_deadline(server.get()));
    now_ = std::min(std::max(due, now_), now_ + most);
    client->advance(client.get(), now_);
    server->advance(server.get(), now_);
    pump();
  }
  void wait(tcproof_time how_long) {
    const tcproof_time end = now_ + how_long;
    while (now_ < end) step(end - now_);
  }

  struct Connection {
    tcproof_handle client = 0, server = 0;
  };
  /// `local_port` 0: an ephemeral one. Empty: the stack has no room for another, or it did not come
  /// up.
  std::optional<Connection> connect(std::uint16_t port, std::uint16_t local_port = 0) {
    Connection out;
    if (server->open_passive(server.get(), 4, port, nullptr, 0, now_, &out.server) != TCPROOF_OK)
      return {};
    const tcproof_endpoint remote = endpoint(2, port);
    if (client->open_active(client.get(), &remote, local_port, nullptr, 0, now_, &out.client) !=
        TCPROOF_OK)
      return {};
    pump();
    for (int i = 0; i < 20 && client.state(out.client) != TCPROOF_ESTABLISHED; ++i) step(second);
    if (server.state(out.server) != TCPROOF_ESTABLISHED ||
        client.state(out.client) != TCPROOF_ESTABLISHED)
      return {};
    return out;
  }

 private:
  void deliver(Inbox& inbox, End& to) {
    working_.swap(inbox);
    working_.each([&](const std::uint8_t* frame, std::size_t length) {
      ++segments_;
      to->input(to.get(), frame, length, now_);
    });
    working_.clear();
  }

  Inbox to_server_, to_client_, working_;
  std::uint64_t random_ = 1, segments_ = 0;
  tcproof_time now_ = 0;

 public:
  End client, server;
};

/// A figure, or why there is none.
struct Figure {
  double value = 0;
  std::string why_not;
};
Figure none(std::string why) {
  return {0, std::move(why)};
}

/// Reads what is there; true once the peer has closed.
bool drain(End& end, tcproof_handle handle, tcproof_time now, std::uint64_t& octets) {
  static std::vector<std::uint8_t> buffer(1 << 16);
  for (;;) {
    std::size_t got = 0;
    const auto outcome = end->receive(end.get(), handle, buffer.data(), buffer.size(), now, &got);
    octets += got;
    if (outcome != TCPROOF_OK) return true;
    if (got == 0) return false;
  }
}

/// Handshakes and closes, a thousand at a time; then TIME-WAIT passes.
Figure handshakes(const tcproof_stack_functions& stack) {
  constexpr int batches = 5, batch = 1000;
  Pair pair(stack);
  if (!pair.made()) return none("no instance");
  std::uint64_t octets = 0;
  const double start = cpu_seconds();
  for (int i = 0; i < batches; ++i) {
    for (int n = 0; n < batch; ++n) {
      const auto connection = pair.connect(first_port);
      if (!connection)
        return none(fmt::format("connection {} does not come up", i * batch + n + 1));
      pair.client->close(pair.client.get(), connection->client, pair.now());
      pair.pump();
      drain(pair.server, connection->server, pair.now(), octets);
      pair.server->close(pair.server.get(), connection->server, pair.now());
      pair.pump();
    }
    pair.wait(150 * second);
  }
  return {batches * batch / (cpu_seconds() - start), ""};
}

/// Octets a second of processor time, in millions.
Figure bulk(const tcproof_stack_functions& stack) {
  constexpr std::uint64_t total = 200'000'000;
  Pair pair(stack);
  if (!pair.made()) return none("no instance");
  const auto connection = pair.connect(first_port);
  if (!connection) return none("the connection does not come up");
  const std::vector<std::uint8_t> text(1 << 16, 0x5a);
  std::uint64_t sent = 0, received = 0;
  const double start = cpu_seconds();
  while (received < total) {
    std::size_t taken = 0;
    if (sent < total) {
      pair.client->send(pair.client.get(), connection->client, text.data(),
                        std::min<std::uint64_t>(text.size(), total - sent), 0, 0, pair.now(),
                        &taken);
      sent += taken;
    }
    const std::uint64_t before = received;
    pair.pump();
    if (drain(pair.server, connection->server, pair.now(), received) && received < total)
      return none("the connection ended");
    pair.pump();
    if (taken == 0 && received == before) pair.step(second);
    if (pair.now() > 100'000 * second) return none("it stalls");
  }
  return {static_cast<double>(total) / 1e6 / (cpu_seconds() - start), ""};
}

/// Nanoseconds of processor time a segment while `count` connections take turns with a question and an answer.
Figure round_robin(const tcproof_stack_functions& stack, std::uint32_t count) {
  constexpr double most_to_open = 60, most_to_run = 2;
  Pair pair(stack);
  if (!pair.made()) return none("no instance");
  std::vector<Pair::Connection> connections;
  const double opening = cpu_seconds();
  while (connections.size() < count) {
    const auto port =
        static_cast<std::uint16_t>(first_port + connections.size() / connections_a_port);
    const auto local_port =
        static_cast<std::uint16_t>(first_local_port + connections.size() % connections_a_port);
    const auto connection = pair.connect(port, local_port);
    if (!connection) return none(fmt::format("no more than {}", connections.size()));
    connections.push_back(*connection);
    if (cpu_seconds() - opening > most_to_open)
      return none(fmt::format("{} in {:.0f} s", connections.size(), most_to_open));
  }
  const std::vector<std::uint8_t> text(100, 0x5a);
  std::uint64_t exchanges = 0, octets = 0;
  const auto say = [&](End& end, tcproof_handle handle) {
    std::size_t taken = 0;
    end->send(end.get(), handle, text.data(), text.size(), 1, 0, pair.now(), &taken);
    pair.pump();
  };
  const auto one_round = [&] {
    for (const Pair::Connection& one : connections) {
      say(pair.client, one.client);
      drain(pair.server, one.server, pair.now(), octets);
      say(pair.server, one.server);
      drain(pair.client, one.client, pair.now(), octets);
      pair.step(1000);
      if (++exchanges % 256 == 0 && cpu_seconds() - opening > most_to_open * 2) return;
    }
  };
  one_round();
  octets = exchanges = 0;
  const std::uint64_t before = pair.segments();
  const double start = cpu_seconds();
  do {
    // To ask for the time costs as much as a segment.
    for (const std::uint64_t look = exchanges + 1024; exchanges < look;) one_round();
  } while (cpu_seconds() - start < most_to_run);
  const double spent = cpu_seconds() - start;
  if (octets != exchanges * 2 * text.size()) return none("octets are missing");
  return {spent * 1e9 / static_cast<double>(pair.segments() - before), ""};
}

struct Stack {
  std::string name;
  const tcproof_stack_functions* functions = nullptr;
};

std::optional<Stack> load(const char* path) {
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  void* entry = library == nullptr ? nullptr : dlsym(library, "tcproof_stack");
  if (entry == nullptr) {
    fmt::print(stderr, "stacks: {}\n", dlerror());
    return {};
  }
  const auto* functions = reinterpret_cast<const tcproof_stack_functions* (*)()>(entry)();
  return Stack{fmt::format("{} {}", functions->name, functions->version), functions};
}

struct Measured {
  std::vector<Stack> stacks;
  std::string only;  // rows whose name has this; empty: all
};

/// Each stack in turn, again and again, so that a busy moment of the machine hits all of them.
template <class Measure>
std::vector<double> row(const std::string& name, const Measured& measured, int times,
                        Measure&& measure) {
  const std::vector<Stack>& stacks = measured.stacks;
  if (name.find(measured.only) == std::string::npos) return std::vector<double>(stacks.size());
  std::vector<std::vector<double>> values(stacks.size());
  std::vector<std::string> why_not(stacks.size());
  for (int i = 0; i < times; ++i) {
    for (std::size_t s = 0; s < stacks.size(); ++s) {
      if (!why_not[s].empty()) continue;
      const Figure figure = measure(*stacks[s].functions);
      why_not[s] = figure.why_not;
      values[s].push_back(figure.value);
    }
  }
  std::string line = fmt::format("{:<52}", name);
  std::vector<double> medians;
  for (std::size_t s = 0; s < stacks.size(); ++s) {
    std::sort(values[s].begin(), values[s].end());
    medians.push_back(why_not[s].empty() ? values[s][values[s].size() / 2] : 0);
    line += why_not[s].empty() ? fmt::format(" {:>16.0f}", medians.back())
                               : fmt::format(" {:>16}", why_not[s]);
  }
  fmt::print("{}\n", line);
  std::fflush(stdout);
  return medians;
}

}  // namespace

int main(int argc, char** argv) {
  constexpr std::string_view only = "--only=";
  Measured measured;
  for (const std::string_view word : std::vector<std::string_view>(argv + 1, argv + argc)) {
    if (word.starts_with(only)) {
      measured.only = word.substr(only.size());
    } else if (const auto stack = load(std::string(word).c_str())) {
      measured.stacks.push_back(*stack);
    }
  }
  const std::vector<Stack>& stacks = measured.stacks;
  if (stacks.empty()) {
    fmt::print(stderr, "usage: stacks [--only=WORDS] PLUGIN.so...\n");
    return 2;
  }
  std::string heading = fmt::format("{:<52}", "processor time of both ends");
  for (const Stack& stack : stacks) heading += fmt::format(" {:>16}", stack.name);
  fmt::print("{}\n", heading);
  row("handshakes and closes a second", measured, runs, handshakes);
  row("bulk transfer, million octets a second", measured, runs, bulk);
  std::vector<std::vector<double>> costs;
  for (const std::uint32_t count : {1U, 1'000U, 100'000U}) {
    costs.push_back(row(fmt::format("nanoseconds a segment, {} connections open", count), measured,
                        count > 1000 ? 1 : runs, [count](const tcproof_stack_functions& stack) {
                          return round_robin(stack, count);
                        }));
  }
  std::string line = fmt::format("{:<52}", "100,000 connections cost so many times one");
  for (std::size_t s = 0; s < stacks.size(); ++s) {
    line += costs[0][s] > 0 && costs[2][s] > 0
                ? fmt::format(" {:>16.2f}", costs[2][s] / costs[0][s])
                : fmt::format(" {:>16}", "-");
  }
  fmt::print("{}\n", line);
  return 0;
}
