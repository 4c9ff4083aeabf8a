// SPDX-License-Identifier: Apache-2.0
// golden/frames.txt holds the frames of frame_kinds.cc as another program makes them. Both ways:
// our octets are its octets, and what we read from them is what was asked for.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "stack/wire/arp.h"
#include "stack/wire/ethernet.h"
#include "stack/wire/field.h"
#include "stack/wire/icmp.h"
#include "stack/wire/ipv4.h"
#include "stack/wire/ipv6.h"
#include "stack/wire/numbers.h"
#include "stack/wire/udp.h"
#include "tests/stack/wire/frame_kinds.h"

namespace tcproof::wire {
namespace {

std::string hex(Bytes octets) {
  return fmt::format("{:02x}", fmt::join(octets, ""));
}

std::map<std::string, std::string> golden_frames() {
  std::ifstream file(TCPROOF_SOURCE_DIR "/tests/stack/wire/golden/frames.txt");
  std::map<std::string, std::string> frames;
  for (std::string name, octets; file >> name >> octets;) frames[name] = octets;
  return frames;
}

Buffer octets_of(const std::string& text) {
  Buffer out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    out.push_back(static_cast<std::uint8_t>(std::stoul(text.substr(i, 2), nullptr, 16)));
  return out;
}

TEST(Golden, EveryKindIsThereAndNoOther) {
  std::map<std::string, std::string> frames = golden_frames();
  for (const test::FrameKind& kind : test::frame_kinds())
    EXPECT_EQ(frames.erase(kind.name), 1u) << kind.name;
  EXPECT_TRUE(frames.empty()) << frames.begin()->first;
}

TEST(Golden, WeEmitTheSameOctets) {
  const auto frames = golden_frames();
  for (const test::FrameKind& kind : test::frame_kinds())
    EXPECT_EQ(hex(emit(kind.frame)), frames.at(kind.name)) << kind.name;
}

void expect_fields(const FrameSpec& read, const FrameSpec& wanted) {
  for (const FieldInfo& field : all_fields()) {
    const auto value = get(wanted, field.field);
    if (!value || value == FieldValue(BadChecksum{})) continue;
    EXPECT_EQ(get(read, field.field), value) << to_string(field.layer) << " " << field.name;
  }
  EXPECT_EQ(read.payload, wanted.payload);
  if (!wanted.tcp) return;
  ASSERT_TRUE(read.tcp);
  EXPECT_EQ(read.tcp->src_port, wanted.tcp->src_port);
  EXPECT_EQ(read.tcp->dst_port, wanted.tcp->dst_port);
  EXPECT_EQ(read.tcp->seq, wanted.tcp->seq);
  EXPECT_EQ(read.tcp->ack, wanted.tcp->ack.value_or(Seq{}));
  EXPECT_EQ(read.tcp->flags, wanted.tcp->flags);
  EXPECT_EQ(read.tcp->window, wanted.tcp->window);
  EXPECT_EQ(read.tcp->urgent, wanted.tcp->urgent.value_or(0));
  EXPECT_EQ(read.tcp->options, wanted.tcp->options);
}

TEST(Golden, WeReadWhatWasAskedFor) {
  const auto frames = golden_frames();
  for (const test::FrameKind& kind : test::frame_kinds()) {
    SCOPED_TRACE(kind.name);
    const Buffer octets = octets_of(frames.at(kind.name));
    const FrameSpec read = dissect(octets);
    expect_fields(read, kind.frame);
    EXPECT_EQ(read.udp.has_value(), kind.frame.udp.has_value());
    if (kind.frame.udp) {
      EXPECT_EQ(read.udp->src_port, kind.frame.udp->src_port);
      EXPECT_EQ(read.udp->dst_port, kind.frame.udp->dst_port);
    }
    if (kind.frame.ip && kind.frame.ip->extensions) {
      EXPECT_EQ(read.ip->extensions, kind.frame.ip->extensions);
    }
    EXPECT_EQ(emit(read), octets);
  }
}

/// Reads a header and writes it over 0xa5: an octet that emit() forgets stays 0xa5.
template <class View>
void expect_rewritten(Bytes octets, std::size_t size) {
  const auto view = View::parse(octets);
  ASSERT_TRUE(view);
  Buffer out(size, 0xa5);
  emit(view->header(), out);
  EXPECT_EQ(hex(out), hex(octets.first(size)));
}

TEST(Golden, HeadersAreRewrittenOctetForOctet) {
  for (const auto& [name, text] : golden_frames()) {
    SCOPED_TRACE(name);
    const Buffer octets = octets_of(text);
    const auto eth = *EthernetView::parse(octets);
    expect_rewritten<EthernetView>(octets, EthernetHeader::size);
    if (eth.type() == ether_type::arp) expect_rewritten<ArpView>(eth.payload(), ArpHeader::size);
    std::uint8_t protocol = ip_protocol::no_next_header;
    Bytes upper;
    if (eth.type() == ether_type::ipv4) {
      expect_rewritten<Ipv4View>(eth.payload(), Ipv4Header::size);
      const auto ip = *Ipv4View::parse(eth.payload());
      if (!ip.is_fragment()) protocol = ip.protocol();
      upper = ip.payload();
    } else if (eth.type() == ether_type::ipv6) {
      expect_rewritten<Ipv6View>(eth.payload(), Ipv6Header::size);
      const auto ip = *Ipv6View::parse(eth.payload());
      ExtensionWalker walk(ip.next_header(), ip.payload());
      while (walk.next()) continue;
      if (!walk.later_fragment()) protocol = walk.protocol();
      upper = walk.rest();
    }
    if (protocol == ip_protocol::tcp) expect_rewritten<TcpView>(upper, TcpHeader::size);
    if (protocol == ip_protocol::udp && UdpView::parse(upper))
      expect_rewritten<UdpView>(upper, UdpHeader::size);
    if (protocol == ip_protocol::icmp || protocol == ip_protocol::icmpv6)
      expect_rewritten<IcmpView>(upper, IcmpHeader::size);
  }
}

TEST(Golden, FragmentHeaderIsRewrittenOctetForOctet) {
  const Buffer octets = octets_of(golden_frames().at("ipv6-fragment"));
  const Bytes raw = Bytes(octets).subspan(14 + 40, FragmentView::size);
  const auto view = *FragmentView::parse(raw);
  EXPECT_EQ(view.offset(), 24);
  Buffer out(FragmentView::size, 0xa5);
  emit_fragment_header(view.next_header(), view.offset(), view.more(), view.id(), out);
  EXPECT_EQ(hex(out), hex(raw));
}

}  // namespace
}  // namespace tcproof::wire
