// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "stack/tcp/connection.h"
#include "stack/tcp/rules.h"

// RFC 9293 3.9.2.2 with the checks of RFC 5927: what an ICMP error changes. Anybody can forge one,
// so only what quotes something in flight counts, and none of it ends a synchronized connection.

namespace tcproof::tcp {

/// RFC 5927 4.1.
bool Connection::quotes_outstanding(Seq quoted_seq) const {
  const auto in_flight = static_cast<std::uint32_t>(tcb_.snd.nxt - tcb_.snd.una);
  return state_ != State::closed && wire::in_window(quoted_seq, tcb_.snd.una, in_flight);
}

void Connection::on_icmp_error(bool hard, Seq quoted_seq, Instant) {
  if (!quotes_outstanding(quoted_seq)) return output_.trace(rule::icmp_not_ours);
  if (hard && !synchronized()) return end(Error::unreachable, rule::icmp_hard);
  soft_error_ = true;
  output_.trace(hard ? rule::icmp_hard_as_soft : rule::icmp_soft);
  output_.report(Report::soft_error);
}

/// The dropped segment goes out again at once, in pieces that fit; cwnd stays, as nothing was lost
/// to congestion (RFC 1191 6.4, RFC 8201 5.4). What followed it was too big as well: each
/// acknowledgment brings the next segment, until everything sent so far has arrived.
void Connection::on_packet_too_big(Seq quoted_seq, std::uint32_t mtu, Instant now) {
  if (!quotes_outstanding(quoted_seq)) return output_.trace(rule::icmp_not_ours);
  switch (path_claims_.claimed(mtu, quoted_seq)) {
    case PathMtuClaims::Verdict::ignore: return output_.trace(rule::too_big_claims_too_much);
    case PathMtuClaims::Verdict::wait: return output_.trace(rule::too_big_waits);
    case PathMtuClaims::Verdict::believe: break;
  }
  const std::uint32_t before = effective_send_mss();
  lower_path_mtu(mtu, rule::too_big_believed);
  if (effective_send_mss() >= before || flight_size() == 0 || zero_window()) return;
  resend_all_outstanding();
  congestion_.leave_recovery();
  transmit_earliest(now);
}

void Connection::lower_path_mtu(std::uint32_t mtu, std::string_view rule) {
  output_.trace(rule);
  path_claims_.lowered(mtu);
  path_mtu_changed(std::min(mtu, path_mtu()));
  output_.path_mtu_learned(mtu);
}

void Connection::path_mtu_changed(std::uint32_t mtu) {
  const std::uint32_t headers = config_.ip_header + tcp_header;
  const std::uint32_t room = mtu > headers ? mtu - headers : 1;
  path_mss_ = static_cast<std::uint16_t>(std::min<std::uint32_t>(room, 0xffff));
  congestion_.set_smss(effective_send_mss());
  scoreboard_.set_smss(effective_send_mss());
}

std::uint32_t Connection::path_mtu() const {
  return config_.ip_header + tcp_header + std::uint32_t{std::min(config_.mss, path_mss_)};
}

}  // namespace tcproof::tcp
