// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "stack/wire/seq.h"

namespace tcproof::tcp {

using wire::Seq;

/// The transmission control block's variables, spelled as in RFC 9293 3.3.1. What is not in the RFC
/// says why it is here.
///
///        1         2          3          4               1          2          3
///   ----------|----------|----------|----------     ----------|----------|----------
///          SND.UNA    SND.NXT    SND.UNA                   RCV.NXT    RCV.NXT
///                               +SND.WND                             +RCV.WND
struct Tcb {
  struct Send {
    Seq una;                // oldest unacknowledged sequence number
    Seq nxt;                // next sequence number to be sent
    std::uint32_t wnd = 0;  // send window, an offset from SND.UNA
    std::uint32_t last_wnd =
        0;  // SEG.WND of the last acknowledgment, even an old one (RFC 5681 2 (e))
    std::uint32_t max_wnd = 0;  // the largest window ever offered (3.8.6.2.1, RFC 5961 5.2)
    Seq up;                     // urgent pointer: the octet following the urgent data
    bool urgent = false;        // SND.UP means something: there is urgent data not yet acknowledged
    Seq wl1;                    // segment sequence number used for the last window update
    Seq wl2;                    // segment acknowledgment number used for the last window update
    bool syn_acked = false;  // SND.UNA has passed ISS; the numbers alone cannot tell after a wrap
    std::optional<Seq> fin;  // the sequence number of our FIN, once it has been sent
    std::uint8_t shift = 0;  // Snd.Wind.Shift: by how much the peer's windows count (RFC 7323 2.3)
  } snd;
  struct Receive {
    Seq nxt;                 // next sequence number expected
    std::uint32_t wnd = 0;   // receive window as the peer was told, an offset from RCV.NXT
    Seq up;                  // urgent pointer
    bool urgent = false;     // RCV.UP means something
    std::optional<Seq> fin;  // the peer's FIN, seen but perhaps with a hole before it
    bool fin_taken = false;  // RCV.NXT has advanced over it
    std::uint8_t shift = 0;  // Rcv.Wind.Shift: by how much our windows are written smaller
  } rcv;
  Seq iss;                      // initial send sequence number
  Seq irs;                      // initial receive sequence number
  bool sack_permitted = false;  // both SYNs carried the option (RFC 2018 2)
};

}  // namespace tcproof::tcp
