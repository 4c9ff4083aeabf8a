// SPDX-License-Identifier: Apache-2.0
#include "harness/path/drawing.h"

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/topology/netns_routes.h"

namespace tcproof::harness {
namespace {

using checks::HostId;
using checks::LinkId;
using checks::Network;

std::string host_line(const Network& network, HostId id) {
  const checks::NetworkHost& host = network.hosts[id];
  const auto v4 = network.address(id, wire::Family::v4);
  const auto v6 = network.address(id, wire::Family::v6);
  std::string line = fmt::format("{:<8}", host.name);
  if (v4) line += fmt::format(" {:<15}", wire::to_string(*v4));
  if (v6) line += " " + wire::to_string(*v6);
  if (!host.forwards) return line + "\n";
  using TooBig = checks::RouterBehaviour::TooBig;
  const checks::RouterBehaviour& how = host.router;
  std::vector<std::string> odd;
  if (how.too_big == TooBig::drop) odd.emplace_back("drops what is too big in silence");
  if (how.too_big == TooBig::claim)
    odd.push_back(fmt::format("claims an MTU of {}", how.claimed_mtu));
  if (!how.time_exceeded) odd.emplace_back("no time-exceeded");
  if (!how.unreachable) odd.emplace_back("no unreachable");
  if (how.icmp_rate) odd.push_back(fmt::format("{} ICMP errors a second", *how.icmp_rate));
  if (how.mss_clamp) odd.push_back(fmt::format("clamps the MSS to {}", *how.mss_clamp));
  if (!odd.empty()) line += fmt::format("   ({})", fmt::join(odd, ", "));
  return line + "\n";
}

void describe(const checks::Impairment& how, const std::string& towards,
              std::vector<std::string>& odd) {
  const auto ms = [](Duration d) { return std::chrono::duration<double, std::milli>(d).count(); };
  std::vector<std::string> parts;
  const auto chance = [&](double p, const char* what) {
    if (p > 0) parts.push_back(fmt::format("{} {:.3g} %", what, p * 100));
  };
  if (how.mtu != 0) parts.push_back(fmt::format("mtu {}", how.mtu));
  if (how.delay != Duration{}) parts.push_back(fmt::format("delay {:.3g} ms", ms(how.delay)));
  if (how.jitter != Duration{}) parts.push_back(fmt::format("jitter {:.3g} ms", ms(how.jitter)));
  if (how.rate_bps != 0) parts.push_back(fmt::format("{} bit/s", how.rate_bps));
  chance(how.loss, "loss");
  chance(how.duplicate, "duplicate");
  chance(how.reorder, "reorder");
  chance(how.corrupt, "corrupt");
  if (!parts.empty()) odd.push_back(fmt::format("towards {}: {}", towards, fmt::join(parts, ", ")));
}

std::string link_line(const Network& network, const checks::NetworkLink& link) {
  std::vector<std::string> odd;
  for (const checks::LinkEnd& end : link.ends) {
    describe(end.towards, network.hosts[end.host].name, odd);
  }
  std::string line = fmt::format("   |     {}, mtu {}", link.name, link.mtu);
  if (!odd.empty()) line += fmt::format("   ({})", fmt::join(odd, "; "));
  return line + "\n";
}

}  // namespace

std::string draw_path(const Network& network) {
  const auto far = distances(network, network.target);
  const auto distance = [&](HostId id) { return far[id].value_or(network.hosts.size()); };
  std::string out = host_line(network, network.tester);
  HostId here = network.tester;
  while (here != network.target) {
    std::optional<HostId> next;
    for (const checks::NetworkLink& link : network.links) {
      for (std::size_t end = 0; end < 2 && !next; ++end) {
        const HostId other = link.ends[1 - end].host;
        if (link.ends[end].host != here || distance(other) >= distance(here)) continue;
        out += link_line(network, link);
        next = other;
      }
    }
    if (!next) return out + "   no way from here to the target\n";
    here = *next;
    out += host_line(network, here);
  }
  return out;
}

}  // namespace tcproof::harness
