// SPDX-License-Identifier: Apache-2.0
#include "generator/template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "generator/signature.h"
#include "stack/wire/checksum.h"
#include "tests/generator/streams.h"

namespace tcproof::generator {
namespace {

using testing::HasSubstr;
using wire::Layer;

// Every field that may vary in a frame of this kind, from the lists that the profile reader uses.
std::vector<Field> varying_fields(const Stream& stream) {
  std::vector<Field> fields;
  const auto add = [&](Layer layer) {
    for (const std::string_view name : Field::names(layer)) {
      const Field candidate = field(layer, name);
      if (!candidate.may_vary() || !candidate.present(stream.frame)) continue;
      Stream alone = stream;
      alone.fields.push_back({candidate, counting(0)});
      // Some fields have no place in some frames (an IPv4 id in an IPv6 header): a clean refusal.
      if (CompiledStream::compile(alone)) fields.push_back(candidate);
    }
  };
  add(Layer::eth);
  if (stream.frame.ip) add(Layer::ip);
  if (stream.frame.tcp) add(Layer::tcp);
  if (stream.frame.udp) add(Layer::udp);
  if (stream.frame.icmp) add(Layer::icmp);
  if (stream.frame.icmpv6) add(Layer::icmpv6);
  if (stream.frame.arp) add(Layer::arp);
  return fields;
}

Stream icmp_stream(wire::Family family) {
  Stream stream = udp_stream(40, family);
  stream.frame.udp.reset();
  stream.frame.ip->protocol.reset();
  auto& icmp = family == wire::Family::v4 ? stream.frame.icmp : stream.frame.icmpv6;
  icmp = wire::IcmpSpec{.id = 7, .seq = 1};
  return stream;
}

Stream arp_stream() {
  Stream stream;
  stream.name = "arp";
  stream.frame.eth = test_ethernet();
  stream.frame.arp =
      wire::ArpSpec{.spa = wire::parse_ip("192.0.2.1"), .tpa = wire::parse_ip("192.0.2.2")};
  stream.payload = test_pattern();
  stream.size = Variation::constant(60);
  stream.count = 1;
  return stream;
}

std::vector<Stream> kinds() {
  return {tcp_stream("S 0:0(0) win 65535 <mss 1460,wscale 7,TS val 5 ecr 6>"),
          tcp_stream("P. 1:1(0) ack 1 win 500 <nop,nop,TS val 1 ecr 2>", 100, wire::Family::v6),
          udp_stream(18),
          udp_stream(100, wire::Family::v6),
          icmp_stream(wire::Family::v4),
          icmp_stream(wire::Family::v6),
          arp_stream()};
}

Variation any_variation() {
  Variation how;
  how.kind = *rc::gen::element(Variation::Kind::constant, Variation::Kind::increment,
                               Variation::Kind::list, Variation::Kind::random);
  how.per = *rc::gen::element(Per::packet, Per::flow, Per::round);
  how.from = *rc::gen::arbitrary<std::uint64_t>();
  how.step = *rc::gen::arbitrary<std::uint64_t>();
  how.count = *rc::gen::inRange<std::uint64_t>(0, 1000);
  how.every = *rc::gen::inRange<std::uint64_t>(1, 50);
  how.seed = *rc::gen::arbitrary<std::uint64_t>();
  how.values = *rc::gen::nonEmpty<std::vector<std::uint64_t>>();
  return how;
}

void any_checksum(std::optional<wire::ChecksumSpec>& checksum) {
  switch (*rc::gen::inRange(0, 4)) {
    case 0: checksum = wire::BadChecksum{}; return;
    case 1: checksum = std::uint16_t{0x1234}; return;
    default: return;
  }
}

/// Names of bits that others of `chosen` have already: these are refused together, and nothing else.
bool overlaps(const std::vector<VaryingField>& chosen, const Field& one) {
  const auto is = [](const Field& field, std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), field.name()) != names.end();
  };
  for (const VaryingField& other : chosen) {
    if (other.field.layer() != one.layer()) continue;
    const bool tos = is(one, {"tos", "dscp", "ecn"}) && is(other.field, {"tos", "dscp", "ecn"});
    const bool icmp = (one.layer() == Layer::icmp || one.layer() == Layer::icmpv6) &&
                      is(one, {"id", "seq", "mtu", "pointer", "gateway"}) &&
                      is(other.field, {"id", "seq", "mtu", "pointer", "gateway"});
    if (tos || icmp) return true;
  }
  return false;
}

RC_GTEST_PROP(Template, EveryPacketIsWhatEmitMakesOfItsFields, ()) {
  static const std::vector<Stream> all = kinds();
  static const std::vector<std::vector<Field>> fields_of = [] {
    std::vector<std::vector<Field>> fields;
    for (const Stream& stream : all) fields.push_back(varying_fields(stream));
    return fields;
  }();
  const auto kind = *rc::gen::inRange<std::size_t>(0, all.size());
  Stream stream = all[kind];
  stream.flows = *rc::gen::inRange<std::uint64_t>(1, 2000000);
  if (stream.frame.ip) any_checksum(stream.frame.ip->checksum);
  if (stream.frame.tcp) any_checksum(stream.frame.tcp->checksum);
  if (stream.frame.udp) any_checksum(stream.frame.udp->checksum);
  const std::uint64_t smallest = stream.size.from;
  if (*rc::gen::arbitrary<bool>()) {
    stream.size = {.kind = *rc::gen::element(Variation::Kind::increment, Variation::Kind::random),
                   .from = smallest,
                   .step = *rc::gen::inRange<std::uint64_t>(1, 9),
                   .count = 40};
  }
  for (const Field& one : fields_of[kind]) {
    if (overlaps(stream.fields, one)) continue;
    if (*rc::gen::inRange(0, 3) == 0) stream.fields.push_back({one, any_variation()});
  }
  const auto compiled = CompiledStream::compile(stream);
  if (!compiled) RC_FAIL(compiled.error().message);
  wire::Buffer room(compiled->largest());
  CompiledStream::Slot slot{room.data(), 0};
  compiled->prepare(slot);
  for (int i = 0; i < 20; ++i) {
    const auto k = *rc::gen::arbitrary<std::uint64_t>() >> *rc::gen::inRange(0, 63);
    const auto stamp = *rc::gen::arbitrary<std::uint64_t>();
    compiled->write(k, stamp, slot);
    const wire::Buffer got(slot.octets, slot.octets + slot.size);
    RC_ASSERT(got == wire::emit(frame_at(stream, k, stamp)));
  }
}

TEST(Template, MostFieldsOfEachKindVary) {
  const std::vector<Stream> all = kinds();
  EXPECT_GE(varying_fields(all[0]).size(), 28U);  // eth 3, ip 15, tcp 14 less overlaps
  EXPECT_GE(varying_fields(all[1]).size(), 20U);
  EXPECT_GE(varying_fields(all[2]).size(), 18U);
  EXPECT_GE(varying_fields(all[6]).size(), 10U);
}

TEST(Template, AMillionFlowsAreAMillionDifferentAddressesAndPorts) {
  Stream stream = udp_stream();
  stream.flows = 1000000;
  Variation ports = counting(1024, 1, 64512);
  ports.per = Per::flow;
  Variation addresses = counting(0xc6120001);
  addresses.per = Per::flow;
  addresses.every = 64512;
  stream.fields = {{field(Layer::udp, "src-port"), ports}, {field(Layer::ip, "src"), addresses}};
  const auto compiled = CompiledStream::compile(stream);
  ASSERT_TRUE(compiled);
  const wire::FrameSpec first = wire::dissect(packet(*compiled, 0));
  const wire::FrameSpec next = wire::dissect(packet(*compiled, 64512));
  const wire::FrameSpec again = wire::dissect(packet(*compiled, 1000000));
  EXPECT_EQ(to_string(*first.ip->src), "198.18.0.1");
  EXPECT_EQ(to_string(*next.ip->src), "198.18.0.2");
  EXPECT_EQ(*next.udp->src_port, 1024);
  EXPECT_EQ(again.ip->src, first.ip->src);
  EXPECT_EQ(again.udp->src_port, first.udp->src_port);
}

TEST(Template, ChecksumsAreRightUnlessAskedOtherwise) {
  Stream stream = tcp_stream(". 1:1(0) ack 1 win 500", 100);
  stream.fields = {{field(Layer::tcp, "seq"), counting(0xfffffff0, 100)},
                   {field(Layer::ip, "id"), counting(0xfff0)}};
  auto right = CompiledStream::compile(stream);
  ASSERT_TRUE(right);
  stream.frame.tcp->checksum = wire::BadChecksum{};
  auto wrong = CompiledStream::compile(stream);
  ASSERT_TRUE(wrong);
  for (std::uint64_t k = 0; k < 100; ++k) {
    const wire::Buffer good = packet(*right, k);
    EXPECT_EQ(wire::internet_checksum(wire::Bytes(good).subspan(14, 20)), 0);
    const wire::Buffer bad = packet(*wrong, k);
    EXPECT_EQ(wire::be16(good, 14 + 20 + 16) ^ 1, wire::be16(bad, 14 + 20 + 16));
  }
}

TEST(Template, RefusesWhatCannotBe) {
  Stream small = udp_stream();
  small.size = Variation::constant(59);
  const auto no_room = CompiledStream::compile(small);
  ASSERT_FALSE(no_room);
  EXPECT_THAT(no_room.error().message, HasSubstr("has no room"));
  EXPECT_FALSE(no_room.error().field);

  Stream moving = udp_stream();
  moving.fields = {{field(Layer::ip, "ttl"), counting(1)}, {field(Layer::ip, "ihl"), counting(5)}};
  const auto refused = CompiledStream::compile(moving);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().field, 1U);

  Stream optionless = tcp_stream("S 0:0(0) win 500");
  optionless.fields = {{field(Layer::tcp, "mss"), counting(536)}};
  EXPECT_FALSE(CompiledStream::compile(optionless));

  Stream overlapping = udp_stream();
  overlapping.fields = {{field(Layer::ip, "tos"), counting(1)},
                        {field(Layer::ip, "ecn"), counting(0)}};
  EXPECT_FALSE(CompiledStream::compile(overlapping));
}

TEST(Template, ASignatureSaysStreamNumberAndTime) {
  Stream stream = udp_stream();
  stream.id = 3;
  const auto compiled = CompiledStream::compile(stream);
  ASSERT_TRUE(compiled);
  const wire::Buffer octets = packet(*compiled, 0x123456789abU, 0x1020304050607080U);
  EXPECT_EQ(octets.size(), 60U);
  const Signature found = signature_in(wire::Bytes(octets).subspan(42));
  EXPECT_EQ(found.stream, 3);
  EXPECT_EQ(found.packet, 0x123456789abU);
  EXPECT_EQ(found.stamp, 0x1020304050607080U);
}

}  // namespace
}  // namespace tcproof::generator
