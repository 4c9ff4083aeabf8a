// SPDX-License-Identifier: Apache-2.0
#include "checks/observer.h"

#include <algorithm>

#include "stack/wire/tcp_options.h"

namespace tcproof::checks {
namespace {

using wire::geq;
using wire::gt;
using wire::leq;
using wire::Seq;

bool has(const wire::FrameSpec& frame, wire::TcpFlags flag) {
  return frame.tcp && frame.tcp->flags && frame.tcp->flags->has(flag);
}

void raise(std::optional<Seq>& highest, Seq to) {
  if (!highest || gt(to, *highest)) highest = to;
}

}  // namespace

Seq IsnPair::of(Side side) const {
  switch (side) {
    case Side::tester: return tester;
    case Side::target: return target;
    case Side::none: return {};
  }
  return {};
}

Observer::Segment Observer::segment_of(const wire::FrameSpec& frame) {
  const wire::TcpSpec& tcp = *frame.tcp;
  Segment segment;
  segment.seq = tcp.seq.value_or(Seq{});
  segment.ack = tcp.ack.value_or(Seq{});
  segment.window = tcp.window.value_or(0);
  segment.syn = has(frame, wire::flag::syn);
  segment.length = static_cast<std::uint32_t>(frame.payload.size()) + (segment.syn ? 1U : 0U) +
                   (has(frame, wire::flag::fin) ? 1U : 0U);
  return segment;
}

Observer::SynOptions Observer::options_of(const wire::FrameSpec& frame) {
  SynOptions options;
  for (const auto option : wire::TcpOptions(frame.tcp->options)) {
    if (option.window_scale()) options.scale = std::min<std::uint8_t>(*option.window_scale(), 14);
    if (option.timestamps()) options.timestamps = true;
  }
  return options;
}

void Observer::target_opens() {
  opens_anew_ = target_isn_.has_value();
}

bool Observer::renews(const wire::FrameSpec& frame) const {
  if (!target_isn_ || frame.tcp->seq == *target_isn_) return false;
  return opens_anew_ ||
         (tried_isn_ && has(frame, wire::flag::ack) && frame.tcp->ack == *tried_isn_ + 1);
}

IsnPair Observer::base_for(const wire::FrameSpec& frame) const {
  IsnPair pair = base();
  if (!frame.tcp || !has(frame, wire::flag::syn)) return pair;
  if (!target_isn_ || renews(frame)) pair.target = frame.tcp->seq.value_or(Seq{});
  if (renews(frame) && tried_isn_ && has(frame, wire::flag::ack)) pair.tester = *tried_isn_;
  return pair;
}

IsnPair Observer::base_to_send(bool syn) const {
  IsnPair pair = base();
  if (syn && !tester_isn_) pair.tester = configured_isn_;
  return pair;
}

void Observer::sent(const wire::FrameSpec& frame, Instant at) {
  if (!first_frame_) first_frame_ = at;
  if (!frame.tcp) return;
  const Segment segment = segment_of(frame);
  if (segment.syn) {
    if (!tester_isn_) {
      tester_isn_ = configured_isn_;
    } else if (segment.seq != *tester_isn_) {
      tried_isn_ = segment.seq;
    }
    tester_ = options_of(frame);
  }
  // An empty segment brings no octet, wherever it stands.
  if (segment.length > 0) raise(sent_end_, segment.seq + segment.length);
  if (has(frame, wire::flag::ack)) raise(highest_ack_sent_, segment.ack);
  last_window_ = segment.window;
  last_ = segment;
}

void Observer::target_syn(const wire::FrameSpec& frame) {
  const Seq isn = frame.tcp->seq.value_or(Seq{});
  target_ = options_of(frame);
  if (target_isn_ == isn) return;
  // All that was known of the target's octets belongs to the connection before.
  const bool took_new_syn = renews(frame) && tried_isn_ && has(frame, wire::flag::ack);
  if (took_new_syn) tester_isn_ = *tried_isn_;
  if (target_isn_) ++incarnation_;
  if (took_new_syn || opens_anew_) {
    rcv_nxt_.reset();
    rcv_window_ = {};
    sent_end_.reset();
    if (took_new_syn) sent_end_ = last_.seq + last_.length;
    if (!took_new_syn) tester_isn_.reset();
    tried_isn_.reset();
  }
  target_isn_ = isn;
  opens_anew_ = false;
  snd_nxt_.reset();
  highest_ack_sent_.reset();
  in_order_ = isn;
  out_of_order_.clear();
}

void Observer::receive(Span span) {
  if (leq(span.end, in_order_)) return;
  if (gt(span.first, in_order_)) {
    out_of_order_.push_back(span);
    return;
  }
  in_order_ = span.end;
  for (std::size_t i = 0; i < out_of_order_.size();) {
    if (gt(out_of_order_[i].first, in_order_)) {
      ++i;
      continue;
    }
    if (gt(out_of_order_[i].end, in_order_)) in_order_ = out_of_order_[i].end;
    out_of_order_.erase(out_of_order_.begin() + static_cast<std::ptrdiff_t>(i));
    i = 0;
  }
}

void Observer::taken(const wire::FrameSpec& frame, Instant at) {
  if (!first_frame_) first_frame_ = at;
  if (!frame.tcp) return;
  const Segment segment = segment_of(frame);
  if (segment.syn) target_syn(frame);
  // A RST takes no number of the target's; one for a stray segment stands anywhere.
  if (!has(frame, wire::flag::rst)) {
    raise(snd_nxt_, segment.seq + segment.length);
    if (target_isn_) receive({segment.seq, segment.seq + segment.length});
  }
  if (has(frame, wire::flag::ack) && (!rcv_nxt_ || geq(segment.ack, *rcv_nxt_))) {
    rcv_nxt_ = segment.ack;
    rcv_window_ = segment;
  }
  for (const auto option : wire::TcpOptions(frame.tcp->options)) {
    if (const auto ts = option.timestamps()) latest_tsval_ = ts->val;
  }
}

std::uint32_t Observer::scaled(const Segment& segment, const SynOptions& by) const {
  const bool agreed = tester_.scale && target_.scale;
  return std::uint32_t{segment.window} << (agreed && !segment.syn ? *by.scale : 0);
}

std::int64_t Observer::position(Position position, const IsnPair& pair) const {
  const auto relative = [](Seq seq, Seq isn) { return std::int64_t{seq.value - isn.value}; };
  const Seq own_isn = isn_of(target_isn_);
  const Seq snd_nxt = snd_nxt_.value_or(own_isn);
  switch (position) {
    case Position::iss:
    case Position::irs: return 0;
    case Position::snd_nxt: return relative(snd_nxt, pair.target);
    case Position::snd_una: {
      Seq una = highest_ack_sent_.value_or(own_isn);
      if (gt(una, snd_nxt)) una = snd_nxt;
      if (wire::lt(una, own_isn)) una = own_isn;
      return relative(una, pair.target);
    }
    case Position::snd_wnd: return scaled(last_, tester_);
    case Position::rcv_nxt: return relative(rcv_nxt_.value_or(isn_of(tester_isn_)), pair.tester);
    case Position::rcv_wnd: return scaled(rcv_window_, target_);
    case Position::seg_seq: return relative(last_.seq, pair.tester);
    case Position::seg_ack: return relative(last_.ack, pair.target);
    case Position::seg_len: return last_.length;
    case Position::seg_wnd: return last_.window;
  }
  return 0;
}

Seq Observer::next_new(bool syn) const {
  return sent_end_.value_or(base_to_send(syn).tester);
}

std::uint32_t Observer::next_tsval(Instant now) const {
  const auto since = now - first_frame_.value_or(now);
  return static_cast<std::uint32_t>(
      1000 + std::chrono::duration_cast<std::chrono::milliseconds>(since).count());
}

}  // namespace tcproof::checks
