// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace tcproof::tcp {

/// What a connection may do beyond the RFCs' core. Each can be switched off, so that the stack can
/// stand for an old or a small one: it then neither offers the feature nor answers an offer of it.
struct Features {
  bool window_scale = true;        // RFC 7323 2
  bool timestamps = true;          // RFC 7323 3 to 5, with PAWS; TIME-WAIT reuse by RFC 6191
  bool sack = true;                // RFC 2018 as receiver and sender, RFC 6675
  bool dsack = true;               // RFC 2883; means nothing without sack
  bool limited_transmit = true;    // RFC 3042
  bool delayed_ack = true;         // RFC 9293 3.8.6.3; off: every segment is acknowledged at once
  bool challenge_ack = true;       // RFC 5961; off: RFC 793's rules for RST and SYN
  bool urgent = true;              // RFC 6093; off: URG and the urgent pointer mean nothing
  bool keep_alive = true;          // RFC 9293 3.8.4; off: the user cannot ask for it
  bool path_mtu_discovery = true;  // RFC 1191, 8201: DF is set and "too big" is believed
};

}  // namespace tcproof::tcp
