// SPDX-License-Identifier: Apache-2.0
#include "checks/names.h"

namespace tcproof::checks {

std::optional<std::int64_t> Names::number(std::string_view name) const {
  const auto found = numbers.find(name);
  if (found == numbers.end()) return {};
  return found->second;
}

const SavedFrame* Names::frame(std::string_view name) const {
  const auto found = frames.find(name);
  return found == frames.end() ? nullptr : &found->second;
}

void Names::save(const std::string& name, const wire::FrameSpec& frame, Instant at,
                 bool from_target, const IsnPair& base) {
  wire::FrameSpec packet = frame;
  packet.eth.reset();
  packet.trailer.clear();
  const wire::FrameSpec whole = wire::dissect(wire::emit(frame));
  frames.insert_or_assign(name, SavedFrame{whole, wire::emit(packet), at});
  numbers.insert_or_assign(name + ".len", static_cast<std::int64_t>(whole.payload.size()));
  if (whole.ip && whole.ip->id) numbers.insert_or_assign(name + ".id", *whole.ip->id);
  if (!whole.tcp) return;
  const wire::Seq own = from_target ? base.target : base.tester;
  const wire::Seq other = from_target ? base.tester : base.target;
  const std::uint32_t first = whole.tcp->seq.value_or(wire::Seq{}).value - own.value;
  numbers.insert_or_assign(name + ".seq", first);
  numbers.insert_or_assign(name + ".end", first + static_cast<std::uint32_t>(whole.payload.size()));
  numbers.insert_or_assign(name + ".ack", whole.tcp->ack.value_or(wire::Seq{}).value - other.value);
  numbers.insert_or_assign(name + ".win", whole.tcp->window.value_or(0));
  numbers.insert_or_assign(name + ".isn", own.value);
}

std::optional<std::int64_t> StepScope::binding(std::string_view name) const {
  const auto found = fresh.find(name);
  if (found != fresh.end()) return found->second;
  return names_.number(name);
}

}  // namespace tcproof::checks
