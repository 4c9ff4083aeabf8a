// SPDX-License-Identifier: Apache-2.0
#include "harness/topology/topology_file.h"

#include <array>
#include <set>
#include <span>

#include <fmt/format.h>

#include "checks/spelling.h"
#include "harness/case/fields.h"
#include "harness/case/scope.h"
#include "harness/case/values.h"

namespace tcproof::harness {

namespace loading {

namespace {

constexpr std::array<std::string_view, 5> file_keys{"name", "about", "vars", "hosts", "links"};
constexpr std::array<std::string_view, 8> host_keys{"mac",           "forwards",    "too-big",
                                                    "time-exceeded", "unreachable", "quotes",
                                                    "mss-clamp",     "icmp-rate"};
constexpr std::array<std::string_view, 4> link_keys{"mtu", "ends", "impair", "capture"};
constexpr std::array<std::string_view, 2> end_keys{"v4", "v6"};
constexpr std::array<std::string_view, 9> impair_keys{
    "delay", "jitter", "rate", "queue", "loss", "duplicate", "reorder", "corrupt", "mtu"};
constexpr std::size_t most_hosts = 200;

using RouterBehaviour = checks::RouterBehaviour;

class TopologyReader {
 public:
  TopologyReader(const Node& root, Problems& problems)
      : root_(root), problems_(problems), scope_(nullptr, no_values_, problems), values_(scope_) {}

  std::optional<checks::Network> read(const std::map<std::string, std::string>& variables) {
    const std::size_t before = problems_.size();
    const Fields fields(root_, file_keys, "a topology", problems_);
    if (!fields.is_mapping()) return std::nullopt;
    if (const Node* name = fields.require("name")) {
      network_.name = text_of(*name, "'name'", problems_).value_or("");
    }
    if (const Node* vars = fields.find("vars")) read_vars(*vars, variables);
    const Node* hosts = fields.require("hosts");
    const Node* links = fields.require("links");
    if (hosts != nullptr) read_hosts(*hosts);
    if (links != nullptr && problems_.size() == before) read_links(*links);
    if (problems_.size() == before) check_target(*links);
    if (problems_.size() != before) return std::nullopt;
    return std::move(network_);
  }

 private:
  void read_vars(const Node& vars, const std::map<std::string, std::string>& variables) {
    if (!loading::is_mapping(vars, "'vars'", problems_)) return;
    for (const Entry& entry : vars.entries) {
      if (!text_of(entry.value, "a variable", problems_)) continue;
      Scalar value = Scalar::of(entry.value);
      if (const auto given = variables.find(entry.key); given != variables.end()) {
        value.text = given->second;
        value.verbatim = false;
      }
      scope_.give(entry.key, entry.key_place, std::move(value), Origin::vars);
    }
  }

  std::optional<Scalar> scalar(const Node& node, std::string_view what) {
    if (!text_of(node, what, problems_)) return std::nullopt;
    return scope_.expand(node);
  }

  void read_hosts(const Node& hosts) {
    if (!loading::is_mapping(hosts, "'hosts'", problems_)) return;
    for (const Entry& entry : hosts.entries) {
      if (network_.hosts.size() >= most_hosts) {
        problems_.add(entry.key_place, fmt::format("more than {} hosts", most_hosts));
        return;
      }
      network_.hosts.push_back(read_host(entry));
    }
    const auto tester = network_.host_id("tester"), target = network_.host_id("target");
    if (!tester || !target) {
      problems_.add(hosts.place, fmt::format("there is no host '{}'", tester ? "target" : "tester"),
                    "every topology has a 'tester' and a 'target'");
      return;
    }
    network_.tester = *tester;
    network_.target = *target;
  }

  checks::NetworkHost read_host(const Entry& entry) {
    checks::NetworkHost host;
    host.name = entry.key;
    const Fields fields(entry.value, host_keys, "a host", problems_);
    if (const Node* mac = fields.require("mac")) host.mac = read_mac(*mac);
    if (const Node* forwards = fields.find("forwards")) {
      host.forwards = boolean_of(*forwards, "'forwards'", problems_).value_or(false);
    }
    if (const Node* too_big = fields.find("too-big")) read_too_big(*too_big, host.router);
    if (const Node* node = fields.find("time-exceeded")) {
      host.router.time_exceeded = read_send_or_drop(*node, "'time-exceeded'");
    }
    if (const Node* node = fields.find("unreachable")) {
      host.router.unreachable = read_send_or_drop(*node, "'unreachable'");
    }
    if (const Node* node = fields.find("quotes")) {
      host.router.quotes = static_cast<std::uint16_t>(read_number(*node, "'quotes'", 20, 576));
    }
    if (const Node* node = fields.find("mss-clamp")) {
      host.router.mss_clamp =
          static_cast<std::uint16_t>(read_number(*node, "'mss-clamp'", 1, 65535));
    }
    if (const Node* node = fields.find("icmp-rate")) {
      host.router.icmp_rate =
          static_cast<std::uint32_t>(read_number(*node, "'icmp-rate'", 1, 1'000'000));
    }
    return host;
  }

  wire::MacAddress read_mac(const Node& node) {
    const auto text = scalar(node, "'mac'");
    if (!text) return {};
    const auto mac = wire::parse_mac(text->text);
    if (!mac) {
      problems_.add(text->whole, fmt::format("'{}' is no MAC address", text->text),
                    "write it in quotes: \"02:00:00:00:00:01\"");
      return {};
    }
    if (mac->is_group()) problems_.add(text->whole, "a host's MAC address is no group address");
    if (network_.owner(*mac)) problems_.add(text->whole, "another host has this MAC address");
    return *mac;
  }

  std::int64_t read_number(const Node& node, std::string_view what, std::int64_t low,
                           std::int64_t high) {
    const auto text = scalar(node, what);
    if (!text) return low;
    return values_.constant(*text, what, low, high).value_or(low);
  }

  bool read_send_or_drop(const Node& node, std::string_view what) {
    const auto text = scalar(node, what);
    if (!text || text->text == "send") return true;
    if (text->text != "drop") {
      problems_.add(text->whole, fmt::format("{} is send or drop, not '{}'", what, text->text));
    }
    return false;
  }

  void read_too_big(const Node& node, RouterBehaviour& router) {
    const auto text = scalar(node, "'too-big'");
    if (!text || text->text == "send") return;
    if (text->text == "drop") {
      router.too_big = RouterBehaviour::TooBig::drop;
      return;
    }
    if (!parse_number(text->text)) {
      problems_.add(text->whole,
                    fmt::format("'too-big' is send, drop or an MTU, not '{}'", text->text));
      return;
    }
    router.too_big = RouterBehaviour::TooBig::claim;
    router.claimed_mtu = static_cast<std::uint32_t>(read_number(node, "'too-big'", 0, 65535));
  }

  void read_links(const Node& links) {
    if (!loading::is_mapping(links, "'links'", problems_)) return;
    for (const Entry& entry : links.entries) {
      if (network_.links.size() >= most_hosts) {
        problems_.add(entry.key_place, fmt::format("more than {} links", most_hosts));
        return;
      }
      checks::NetworkLink link;
      link.name = entry.key;
      const Fields fields(entry.value, link_keys, "a link", problems_);
      if (const Node* mtu = fields.find("mtu")) {
        link.mtu = static_cast<std::uint32_t>(read_number(*mtu, "'mtu'", 68, 65535));
      }
      if (const Node* ends = fields.require("ends")) read_ends(*ends, link);
      if (const Node* capture = fields.find("capture")) {
        link.capture = boolean_of(*capture, "'capture'", problems_).value_or(false);
      }
      network_.links.push_back(std::move(link));
    }
    // Who lies behind which end is known when all links are.
    for (std::size_t i = 0; i < network_.links.size(); ++i) {
      if (const Entry* impair = links.entries[i].value.find("impair")) {
        read_impair(impair->value, network_.links[i]);
      }
    }
  }

  std::optional<checks::HostId> read_host_name(const Entry& entry) {
    const auto id = network_.host_id(entry.key);
    if (id) return id;
    std::vector<std::string_view> names;
    for (const checks::NetworkHost& host : network_.hosts) names.push_back(host.name);
    problems_.add(entry.key_place, fmt::format("no host '{}'", entry.key),
                  checks::did_you_mean(entry.key, names,
                                       fmt::format("there are {}", fmt::join(names, ", "))));
    return std::nullopt;
  }

  void read_ends(const Node& ends, checks::NetworkLink& link) {
    if (!loading::is_mapping(ends, "'ends'", problems_)) return;
    for (const Entry& entry : ends.entries) {
      const auto host = read_host_name(entry);
      const Fields fields(entry.value, end_keys, "an end", problems_);
      checks::LinkEnd end;
      if (host) end.host = *host;
      if (const Node* v4 = fields.find("v4")) end.v4 = read_prefix(*v4, wire::Family::v4);
      if (const Node* v6 = fields.find("v6")) end.v6 = read_prefix(*v6, wire::Family::v6);
      link.ends.push_back(std::move(end));
    }
    if (link.ends.size() != 2) {
      problems_.add(ends.place, fmt::format("a link has two ends, not {}", link.ends.size()));
    }
  }

  std::optional<wire::IpPrefix> read_prefix(const Node& node, wire::Family family) {
    const std::string_view key = family == wire::Family::v4 ? "v4" : "v6";
    const auto text = scalar(node, fmt::format("'{}'", key));
    if (!text) return std::nullopt;
    const auto prefix = wire::parse_prefix(text->text);
    if (prefix && prefix->address.family == family) return prefix;
    problems_.add(
        text->whole,
        fmt::format("'{}' is no {} address with its prefix", text->text,
                    family == wire::Family::v4 ? "IPv4" : "IPv6"),
        family == wire::Family::v4 ? "for example 192.0.2.1/24" : "for example \"2001:db8::1/64\"");
    return std::nullopt;
  }

  void read_impair(const Node& impair, checks::NetworkLink& link) {
    if (!loading::is_mapping(impair, "'impair'", problems_)) return;
    for (const Entry& entry : impair.entries) {
      const auto host = read_host_name(entry);
      checks::LinkEnd* towards = host ? end_towards(link, *host) : nullptr;
      const checks::Impairment impairment = read_impairment(entry.value);
      if (towards != nullptr) {
        towards->towards = impairment;
        check_sender(entry, link, *towards);
      } else if (host) {
        problems_.add(entry.key_place, fmt::format("'{}' is at no end of this link", entry.key));
      }
    }
  }

  /// An MTU of one direction is a router's: an end system's is that of its interface.
  void check_sender(const Entry& entry, const checks::NetworkLink& link,
                    const checks::LinkEnd& towards) {
    if (towards.towards.mtu == 0) return;
    for (const checks::LinkEnd& end : link.ends) {
      if (&end == &towards || network_.hosts[end.host].forwards) continue;
      problems_.add(entry.key_place,
                    fmt::format("'{}' sends this way and is no router: it has the link's MTU",
                                network_.hosts[end.host].name),
                    "give the link that 'mtu', or put it behind a router");
    }
  }

  /// The end of `link` that frames on their way to `host` come out at: its own, or the one it lies
  /// behind.
  checks::LinkEnd* end_towards(checks::NetworkLink& link, checks::HostId host) {
    if (link.ends.size() != 2) return nullptr;
    for (checks::LinkEnd& end : link.ends) {
      std::set<checks::HostId> seen;
      if (reaches(end.host, host, link, seen)) return &end;
    }
    return nullptr;
  }

  /// There is a way between two hosts that does not use `without`.
  bool reaches(checks::HostId from, checks::HostId to, const checks::NetworkLink& without,
               std::set<checks::HostId>& seen) const {
    if (from == to) return true;
    if (!seen.insert(from).second) return false;
    for (const checks::NetworkLink& link : network_.links) {
      if (&link == &without || link.ends.size() != 2) continue;
      for (std::size_t i = 0; i < 2; ++i) {
        if (link.ends[i].host == from && reaches(link.ends[1 - i].host, to, without, seen)) {
          return true;
        }
      }
    }
    return false;
  }

  checks::Impairment read_impairment(const Node& node) {
    const Fields fields(node, impair_keys, "an impairment", problems_);
    checks::Impairment impairment;
    const auto time = [&](std::string_view key, Duration& into) {
      const Node* value = fields.find(key);
      const auto text = value ? scalar(*value, fmt::format("'{}'", key)) : std::nullopt;
      if (text) into = values_.duration(*text).value_or(Duration{});
    };
    const auto chance = [&](std::string_view key, double& into) {
      const Node* value = fields.find(key);
      const auto text = value ? scalar(*value, fmt::format("'{}'", key)) : std::nullopt;
      if (!text) return;
      const auto number = parse_decimal(text->text);
      if (!number || *number > 1) {
        problems_.add(text->whole, fmt::format("'{}' is 0 to 1, not '{}'", key, text->text));
      } else {
        into = *number;
      }
    };
    time("delay", impairment.delay);
    time("jitter", impairment.jitter);
    constexpr std::int64_t fastest = 1'000'000'000'000;
    if (const Node* rate = fields.find("rate")) {
      impairment.rate_bps = static_cast<std::uint64_t>(read_number(*rate, "'rate'", 0, fastest));
    }
    if (const Node* queue = fields.find("queue")) {
      impairment.queue = static_cast<std::uint32_t>(read_number(*queue, "'queue'", 0, 1'000'000));
    }
    if (const Node* mtu = fields.find("mtu")) {
      impairment.mtu = static_cast<std::uint32_t>(read_number(*mtu, "'mtu'", 68, 65535));
    }
    chance("loss", impairment.loss);
    chance("duplicate", impairment.duplicate);
    chance("reorder", impairment.reorder);
    chance("corrupt", impairment.corrupt);
    return impairment;
  }

  void check_target(const Node& links) {
    std::size_t of_target = 0, of_tester = 0;
    for (const checks::NetworkLink& link : network_.links) {
      for (const checks::LinkEnd& end : link.ends) {
        of_target += end.host == network_.target ? 1 : 0;
        of_tester += end.host == network_.tester ? 1 : 0;
      }
      if (link.ends[0].host == link.ends[1].host) {
        problems_.add(links.place, fmt::format("both ends of '{}' are the same host", link.name));
      }
    }
    if (of_target != 1) problems_.add(links.place, "the target is on exactly one link");
    if (of_tester == 0) problems_.add(links.place, "the tester is on no link");
  }

  const Node& root_;
  Problems& problems_;
  const std::set<std::string> no_values_;
  Scope scope_;
  Values values_;
  checks::Network network_;
};

}  // namespace

std::vector<std::string> topology_variables(const Node& root) {
  std::vector<std::string> names;
  const Entry* vars = root.find("vars");
  if (vars == nullptr) return names;
  for (const Entry& entry : vars->value.entries) names.push_back(entry.key);
  return names;
}

std::optional<checks::Network> read_topology(const Node& root,
                                             const std::map<std::string, std::string>& variables,
                                             Problems& problems) {
  return TopologyReader(root, problems).read(variables);
}

}  // namespace loading

Loaded<checks::Network> load_topology(const std::filesystem::path& path,
                                      const std::map<std::string, std::string>& variables) {
  loading::Problems problems;
  const loading::Document document = loading::read_yaml(path, path.generic_string(), problems);
  const auto known = loading::topology_variables(document.root);
  for (const auto& [name, text] : variables) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string meant = checks::nearest(name, known);
    problems.add({document.source.get()}, fmt::format("this topology has no variable '{}'", name),
                 meant.empty() ? "" : fmt::format("did you mean '{}'?", meant));
  }
  auto network = loading::read_topology(document.root, variables, problems);
  if (!network || !problems.empty()) return tl::unexpected(problems.take());
  return std::move(*network);
}

}  // namespace tcproof::harness
