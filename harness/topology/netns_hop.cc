// SPDX-License-Identifier: Apache-2.0
#include "harness/topology/netns_hop.h"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <memory>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "stack/wire/address.h"
#include "stack/wire/bytes.h"
#include "stack/wire/numbers.h"

namespace tcproof::harness {
namespace {

Instant now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return Instant(std::chrono::seconds(time.tv_sec) + Duration(time.tv_nsec));
}

void take_in(link::PacketSocket& from, Impairer& into) {
  link::PacketSocket::Frame frame;
  while (from.receive(frame)) {
    wire::Buffer octets(frame.octets.begin(), frame.octets.end());
    if (is_of_a_fence(octets)) {
      into.put_unharmed(now(), std::move(octets));
    } else {
      into.put(now(), std::move(octets));
    }
  }
}

void let_out(Impairer& from, link::PacketSocket& to) {
  while (const auto frame = from.take(now())) to.send(*frame);
}

}  // namespace

bool is_of_a_fence(wire::Bytes frame) {
  constexpr std::size_t ethernet = 14;
  if (frame.size() < ethernet + 28) return false;
  const wire::Bytes inside = frame.subspan(ethernet);
  const std::uint16_t type = wire::be16(frame, 12);
  if (type == wire::ether_type::arp) {
    const bool from_nobody =
        std::ranges::all_of(inside.subspan(14, 4), [](auto o) { return o == 0; });
    const bool to_nobody =
        std::ranges::all_of(inside.subspan(24, 4), [](auto o) { return o == 0; });
    return wire::be16(inside, 6) == wire::arp_op::request ? from_nobody : to_nobody;
  }
  if (type != wire::ether_type::ipv6 || inside.size() < 41) return false;
  const auto source = wire::IpAddress::from(wire::Family::v6, inside.subspan(8));
  const auto to = wire::IpAddress::from(wire::Family::v6, inside.subspan(24));
  const bool nd = inside[6] == wire::ip_protocol::icmpv6;
  return nd &&
         ((inside[40] == wire::icmpv6_type::neighbor_solicitation && source.is_unspecified()) ||
          (inside[40] == wire::icmpv6_type::neighbor_advertisement && to.is_multicast()));
}

ImpairedHop::ImpairedHop(std::vector<Cable> cables, UniqueFd stop)
    : cables_(std::move(cables)), stop_(std::move(stop)), thread_([this] { carry(); }) {}

Tried<std::unique_ptr<ImpairedHop>> ImpairedHop::start(std::vector<Cable> cables) {
  UniqueFd stop(::eventfd(0, EFD_CLOEXEC));
  if (!stop) return tl::unexpected(environment_error("make an event descriptor", errno));
  return std::unique_ptr<ImpairedHop>(new ImpairedHop(std::move(cables), std::move(stop)));
}

ImpairedHop::~ImpairedHop() {
  const std::uint64_t one = 1;
  // An event counter at zero takes a one in any case.
  if (::write(stop_.get(), &one, sizeof one) == sizeof one) thread_.join();
}

void ImpairedHop::carry() {
  std::vector<pollfd> watched{{stop_.get(), POLLIN, 0}};
  for (const Cable& cable : cables_) {
    watched.push_back({cable.a.descriptor(), POLLIN, 0});
    watched.push_back({cable.b.descriptor(), POLLIN, 0});
  }
  while (true) {
    std::optional<Instant> next;
    for (Cable& cable : cables_) {
      take_in(cable.a, cable.to_b);
      take_in(cable.b, cable.to_a);
      let_out(cable.to_b, cable.b);
      let_out(cable.to_a, cable.a);
      for (const Impairer* one : {&cable.to_a, &cable.to_b}) {
        if (const auto at = one->next(); at && (!next || *at < *next)) next = at;
      }
    }
    const Duration left = next ? std::max(*next - now(), Duration::zero()) : Duration::zero();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    const timespec wait{seconds.count(), (left - seconds).count()};
    ::ppoll(watched.data(), watched.size(), next ? &wait : nullptr, nullptr);
    if ((watched[0].revents & POLLIN) != 0) return;
  }
}

}  // namespace tcproof::harness
