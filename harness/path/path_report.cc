// SPDX-License-Identifier: Apache-2.0
#include "harness/path/path_report.h"

#include <fmt/format.h>

namespace tcproof::harness {
namespace {

/// "hop 2 (203.0.113.2)", as far as it is known.
std::string place(const PathReport& report) {
  std::string text = report.hop ? fmt::format("hop {}", *report.hop) : "a router";
  if (report.hop_address) text += fmt::format(" ({})", wire::to_string(*report.hop_address));
  return text;
}

/// TCP's share of a packet of the path's MTU.
std::uint32_t mss_for(const PathReport& report) {
  const std::uint32_t headers = report.target.family == wire::Family::v4 ? 40 : 60;
  return report.mtu > headers ? report.mtu - headers : 0;
}

/// Whoever believes the claim gets through, with smaller packets than need be.
bool claims_too_little(const PathReport& report) {
  return report.claimed && *report.claimed >= least_mtu(report.target.family) &&
         *report.claimed < report.mtu;
}

}  // namespace

std::uint32_t least_mtu(wire::Family family) {
  return family == wire::Family::v4 ? 68 : 1280;
}

std::string_view to_string(PathClass cls) {
  switch (cls) {
    case PathClass::clear: return "clear";
    case PathClass::icmp_ok: return "icmp-ok";
    case PathClass::black_hole: return "black-hole";
    case PathClass::wrong_icmp: return "wrong-icmp";
    case PathClass::clamped: return "clamped";
    case PathClass::asymmetric: return "asymmetric";
    case PathClass::lossy: return "lossy";
    case PathClass::unreachable: return "unreachable";
  }
  return "";
}

int exit_status_of(PathClass cls) {
  if (cls <= PathClass::icmp_ok) return 0;
  return 8 + static_cast<int>(cls);
}

std::string PathReport::sentence() const {
  switch (cls) {
    case PathClass::clear:
      return fmt::format("packets of {} octets, all that the first link takes, get through", mtu);
    case PathClass::icmp_ok:
      return fmt::format("the path MTU is {}; {} says so in ICMP", mtu, place(*this));
    case PathClass::black_hole:
      return fmt::format("{} drops packets above {} octets without a word", place(*this), mtu);
    case PathClass::wrong_icmp:
      return claimed ? fmt::format("{} claims an MTU of {} that is wrong: {} octets get through",
                                   place(*this), *claimed, mtu)
                     : fmt::format(
                           "ICMP errors came about packets that were never sent; {} octets "
                           "get through",
                           mtu);
    case PathClass::clamped:
      return fmt::format("{} clamps the MSS of TCP to {}; the path MTU is {}", place(*this),
                         clamped_to.value_or(0), mtu);
    case PathClass::asymmetric:
      return return_mtu ? fmt::format("{} octets get there, {} come back", mtu, *return_mtu)
                        : fmt::format("{} octets get there, less comes back", mtu);
    case PathClass::lossy:
      return fmt::format("{:.0f} % of small probes have no answer; the path MTU is {}", loss * 100,
                         mtu);
    case PathClass::unreachable: return "no probe was answered";
  }
  return {};
}

std::string PathReport::advice() const {
  switch (cls) {
    case PathClass::clear:
    case PathClass::icmp_ok: return "nothing to do";
    case PathClass::black_hole:
      return fmt::format(
          "let ICMP {} out of {}, or clamp the MSS to {}, or set the MTU of this end to {}",
          target.family == wire::Family::v4 ? "type 3 code 4" : "type 2", place(*this),
          mss_for(*this), mtu);
    case PathClass::wrong_icmp:
      if (claims_too_little(*this)) {
        return fmt::format("correct what {} reports: packets could be {} octets larger",
                           place(*this), mtu - *claimed);
      }
      return fmt::format("correct the MTU of the router's next link, or clamp the MSS to {}",
                         mss_for(*this));
    case PathClass::clamped: return "TCP is safe; UDP and tunnels over this path rely on ICMP";
    case PathClass::asymmetric:
      return "look at the path from the other end too: its large packets depend on ICMP that it "
             "gets";
    case PathClass::lossy: return "find the loss first: it does not depend on the size";
    case PathClass::unreachable:
      return "try another --method or a port that is open; the target may answer none of these";
  }
  return {};
}

}  // namespace tcproof::harness
