// SPDX-License-Identifier: Apache-2.0
#include "checks/acceptor/segment_class.h"

namespace tcproof::checks {
namespace {

using Place = SegmentClass::Place;
using Ack = SegmentClass::Ack;

Place place_of(wire::Seq seq, std::uint32_t length, const Numbers& numbers) {
  const wire::Seq edge = numbers.rcv_nxt + numbers.rcv_wnd;
  if (wire::lt(seq, numbers.rcv_nxt)) {
    return length > 0 && wire::lt(numbers.rcv_nxt, seq + length) ? Place::across_left : Place::left;
  }
  if (!wire::lt(seq, edge) && numbers.rcv_wnd > 0) return Place::right;
  if (wire::lt(edge, seq + length)) {
    return numbers.rcv_wnd > 0 ? Place::across_right : Place::right;
  }
  return seq == numbers.rcv_nxt ? Place::first : Place::inside;
}

Ack ack_of(wire::Seq ack, const Numbers& numbers) {
  if (wire::lt(ack, numbers.snd_una)) return Ack::old;
  if (wire::lt(numbers.snd_nxt, ack)) return Ack::future;
  if (ack == numbers.snd_nxt) return Ack::nxt;
  return ack == numbers.snd_una ? Ack::una : Ack::within;
}

}  // namespace

SegmentClass classify(wire::TcpFlags flags, wire::Seq seq, std::uint32_t octets, wire::Seq ack,
                      const Numbers& numbers) {
  SegmentClass result;
  result.syn = flags.has(wire::flag::syn);
  result.fin = flags.has(wire::flag::fin);
  result.rst = flags.has(wire::flag::rst);
  result.text = octets > 0;
  const std::uint32_t length = octets + (result.syn ? 1U : 0U) + (result.fin ? 1U : 0U);
  result.place = place_of(seq, length, numbers);
  if (flags.has(wire::flag::ack)) result.ack = ack_of(ack, numbers);
  return result;
}

}  // namespace tcproof::checks
