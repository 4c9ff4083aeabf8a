// SPDX-License-Identifier: Apache-2.0
// A second reader: tshark dissects a frame of every kind, and each field that was set must be what
// it says; it must also find every checksum right, and the wrong one wrong.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

#include "stack/wire/field.h"
#include "stack/wire/numbers.h"
#include "tests/stack/wire/frame_kinds.h"

namespace tcproof::wire {
namespace {

// The order is that of the columns in tshark's output.
struct Column {
  std::string_view name;
  std::optional<Field> v4, v6;  // the field of ours that it shows, for either IP version
};
constexpr auto no = std::optional<Field>{};
// clang-format off
const Column columns[] = {
    {"eth.dst", Field::eth_dst, Field::eth_dst},
    {"eth.src", Field::eth_src, Field::eth_src},
    {"arp.opcode", Field::arp_op, no},
    {"arp.src.hw_mac", Field::arp_sha, no},
    {"arp.src.proto_ipv4", Field::arp_spa, no},
    {"arp.dst.hw_mac", Field::arp_tha, no},
    {"arp.dst.proto_ipv4", Field::arp_tpa, no},
    {"ip.dsfield", Field::ip_tos, no},
    {"ip.dsfield.dscp", Field::ip_dscp, no},
    {"ip.dsfield.ecn", Field::ip_ecn, no},
    {"ip.id", Field::ip_id, no},
    {"ip.flags.df", Field::ip_df, no},
    {"ip.flags.mf", Field::ip_mf, no},
    {"ip.ttl", Field::ip_ttl, no},
    {"ip.proto", Field::ip_protocol, no},
    {"ip.src", Field::ip_src, no},
    {"ip.dst", Field::ip_dst, no},
    {"ipv6.tclass", no, Field::ip_tos},
    {"ipv6.flow", no, Field::ip_flow},
    {"ipv6.hlim", no, Field::ip_ttl},
    {"ipv6.src", no, Field::ip_src},
    {"ipv6.dst", no, Field::ip_dst},
    {"ipv6.fraghdr.more", no, Field::ip_mf},
    {"ipv6.fraghdr.ident", no, Field::ip_id},
    {"ipv6.fraghdr.nxt", no, Field::ip_protocol},
    {"udp.length", Field::udp_length, Field::udp_length},
    {"icmp.type", Field::icmp_type, no},
    {"icmp.code", Field::icmp_code, no},
    {"icmp.ident", Field::icmp_id, no},
    {"icmp.seq", Field::icmp_seq, no},
    {"icmp.mtu", Field::icmp_mtu, no},
    {"icmp.pointer", Field::icmp_pointer, no},
    {"icmp.redir_gw", Field::icmp_gateway, no},
    {"icmp.originate_timestamp", Field::icmp_originate, no},
    {"icmp.receive_timestamp", Field::icmp_receive, no},
    {"icmp.transmit_timestamp", Field::icmp_transmit, no},
    {"icmpv6.type", no, Field::icmpv6_type},
    {"icmpv6.code", no, Field::icmpv6_code},
    {"icmpv6.echo.identifier", no, Field::icmpv6_id},
    {"icmpv6.echo.sequence_number", no, Field::icmpv6_seq},
    {"icmpv6.mtu", no, Field::icmpv6_mtu},
    {"icmpv6.pointer", no, Field::icmpv6_pointer},
    {"icmpv6.nd.na.flag.s", no, Field::nd_solicited},
    {"icmpv6.nd.na.flag.o", no, Field::nd_override},
    {"icmpv6.nd.ra.router_lifetime", no, Field::nd_lifetime},
    {"icmpv6.nd.ra.cur_hop_limit", no, Field::nd_hop_limit},
    {"icmpv6.opt.src_linkaddr", no, Field::nd_source_lla},
    {"icmpv6.opt.target_linkaddr", no, Field::nd_target_lla},
    {"icmpv6.opt.mtu", no, Field::nd_mtu},
};
// Shown by no field of the registry.
const std::string_view extra_columns[] = {
    "ip.checksum.status", "tcp.checksum.status", "udp.checksum.status", "icmp.checksum.status",
    "icmpv6.checksum.status", "tcp.srcport", "tcp.dstport", "tcp.seq_raw", "tcp.ack_raw",
    "tcp.flags", "tcp.window_size_value", "tcp.urgent_pointer", "tcp.options", "udp.srcport",
    "udp.dstport", "ip.frag_offset", "ipv6.fraghdr.offset", "icmpv6.nd.ns.target_address",
    "icmpv6.nd.na.target_address", "icmpv6.nd.rd.target_address", "icmpv6.opt.prefix",
    "icmpv6.opt.prefix.length", "ip.opt.type", "ipv6.nxt", "ipv6.hopopts.nxt", "ipv6.routing.nxt",
    "ipv6.dstopts.nxt",
};
// clang-format on

/// Classic pcap, a frame each microsecond.
void write_pcap(const std::filesystem::path& path, const std::vector<Buffer>& frames) {
  std::ofstream file(path, std::ios::binary);
  const auto word = [&](std::uint32_t value) {
    file.write(reinterpret_cast<const char*>(&value), sizeof value);
  };
  word(0xa1b2c3d4);
  word(4u << 16 | 2);  // version 2.4, two halves in the machine's order on a little-endian one
  word(0);
  word(0);
  word(65535);
  word(1);  // Ethernet
  std::uint32_t microsecond = 0;
  for (const Buffer& frame : frames) {
    word(0);
    word(microsecond++);
    word(static_cast<std::uint32_t>(frame.size()));
    word(static_cast<std::uint32_t>(frame.size()));
    file.write(reinterpret_cast<const char*>(frame.data()),
               static_cast<std::streamsize>(frame.size()));
  }
}

std::vector<std::string> split(const std::string& line, char separator) {
  std::vector<std::string> out(1);
  for (const char c : line) {
    if (c == separator) {
      out.emplace_back();
    } else if (c != '\n') {
      out.back() += c;
    }
  }
  return out;
}

/// A line of columns for each frame.
std::vector<std::vector<std::string>> run_tshark(const std::vector<Buffer>& frames) {
  std::string directory = (std::filesystem::temp_directory_path() / "wire-").string();
  directory.append(6, 'X');  // mkdtemp puts a name there
  if (mkdtemp(directory.data()) == nullptr) return {};
  const auto pcap = std::filesystem::path(directory) / "frames.pcap";
  write_pcap(pcap, frames);
  std::string command = fmt::format(
      "{} -n -r {} -T fields -E separator='|' -E occurrence=f -o tcp.check_checksum:TRUE "
      "-o ip.check_checksum:TRUE -o udp.check_checksum:TRUE",
      TCPROOF_TSHARK, pcap.string());
  for (const Column& column : columns) command += fmt::format(" -e {}", column.name);
  for (const std::string_view name : extra_columns) command += fmt::format(" -e {}", name);
  std::vector<std::vector<std::string>> rows;
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen((command + " 2>&1").c_str(), "r"), pclose);
  std::string line(8192, '\0');
  while (pipe && std::fgets(line.data(), static_cast<int>(line.size()), pipe.get()) != nullptr) {
    // As root it says so first.
    if (std::string_view(line).find('|') != std::string_view::npos)
      rows.push_back(split(line.c_str(), '|'));
  }
  std::filesystem::remove_all(directory);
  return rows;
}

std::string wanted(const FieldValue& value) {
  if (const auto* number = std::get_if<std::uint64_t>(&value)) return fmt::format("{}", *number);
  return print(Field::ip_src, value, {});  // an address prints alike in every field
}

/// tshark writes some numbers as 0x0800, flags as 1 or True.
std::string normal(const std::string& text) {
  if (text == "True") return "1";
  if (text == "False") return "0";
  char* end = nullptr;
  const unsigned long long number = std::strtoull(text.c_str(), &end, 0);
  return text.empty() || *end != '\0' ? text : fmt::format("{}", number);
}

class Tshark : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    kinds = test::frame_kinds();
    std::vector<Buffer> frames;
    for (const test::FrameKind& kind : kinds) frames.push_back(emit(kind.frame));
    rows = run_tshark(frames);
  }
  void SetUp() override { ASSERT_EQ(rows.size(), kinds.size()) << "tshark did not do its work"; }

  static std::string extra(std::size_t row, std::string_view name) {
    std::size_t at = std::size(columns);
    for (const std::string_view candidate : extra_columns) {
      if (candidate == name) return normal(rows[row].at(at));
      ++at;
    }
    return "no such column";
  }
  static std::size_t row_of(std::string_view name) {
    for (std::size_t i = 0; i < kinds.size(); ++i) {
      if (kinds[i].name == name) return i;
    }
    return kinds.size();
  }
  static inline std::vector<test::FrameKind> kinds;
  static inline std::vector<std::vector<std::string>> rows;
};

TEST_F(Tshark, ReadsTheFieldsThatWereSet) {
  std::size_t compared = 0;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const FrameSpec& frame = kinds[i].frame;
    const bool v6 = frame.ip && frame.ip->family == Family::v6;
    for (std::size_t c = 0; c < std::size(columns); ++c) {
      auto field = v6 ? columns[c].v6 : columns[c].v4;
      if (field == Field::icmpv6_type && frame.nd) field = Field::nd_type;
      const auto value = field ? get(frame, *field) : std::nullopt;
      if (!value) continue;
      EXPECT_EQ(normal(rows[i].at(c)), wanted(*value)) << kinds[i].name << " " << columns[c].name;
      ++compared;
    }
  }
  EXPECT_GT(compared, 200u);
}

TEST_F(Tshark, ReadsTheTcpHeader) {
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (!kinds[i].frame.tcp) continue;
    const TcpSpec& tcp = *kinds[i].frame.tcp;
    SCOPED_TRACE(kinds[i].name);
    const unsigned flags = tcp.flags->bits() | static_cast<unsigned>(tcp.reserved.value_or(0)) << 9;
    EXPECT_EQ(extra(i, "tcp.srcport"), fmt::format("{}", *tcp.src_port));
    EXPECT_EQ(extra(i, "tcp.dstport"), fmt::format("{}", *tcp.dst_port));
    EXPECT_EQ(extra(i, "tcp.seq_raw"), fmt::format("{}", tcp.seq->value));
    EXPECT_EQ(extra(i, "tcp.ack_raw"), fmt::format("{}", tcp.ack.value_or(Seq{}).value));
    EXPECT_EQ(extra(i, "tcp.flags"), fmt::format("{}", flags));
    EXPECT_EQ(extra(i, "tcp.window_size_value"), fmt::format("{}", *tcp.window));
    EXPECT_EQ(extra(i, "tcp.urgent_pointer"), fmt::format("{}", tcp.urgent.value_or(0)));
    const std::string options = fmt::format("{:02x}", fmt::join(tcp.options, ""));
    EXPECT_EQ(extra(i, "tcp.options"), normal(options));
  }
}

// 0 is bad, 1 is good, 2 is unverified.
TEST_F(Tshark, FindsTheChecksumsRightAndTheBadOneBad) {
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const FrameSpec& frame = kinds[i].frame;
    SCOPED_TRACE(kinds[i].name);
    if (frame.ip && frame.ip->family == Family::v4) {
      EXPECT_EQ(extra(i, "ip.checksum.status"), "1");
    }
    if (frame.tcp) {
      EXPECT_EQ(extra(i, "tcp.checksum.status"), frame.tcp->checksum ? "0" : "1");
    }
    if (frame.udp && !frame.udp->checksum) {
      EXPECT_EQ(extra(i, "udp.checksum.status"), "1");
    }
    if (frame.icmp) {
      EXPECT_EQ(extra(i, "icmp.checksum.status"), "1");
    }
    if (frame.icmpv6 || frame.nd) {
      EXPECT_EQ(extra(i, "icmpv6.checksum.status"), "1");
    }
  }
}

TEST_F(Tshark, ReadsWhatHasNoColumnOfItsOwn) {
  EXPECT_EQ(extra(row_of("udp"), "udp.srcport"), "49152");
  EXPECT_EQ(extra(row_of("udp-v6"), "udp.dstport"), "7");
  // Both count eights.
  EXPECT_EQ(extra(row_of("ipv4-fragment"), "ip.frag_offset"), "3");
  EXPECT_EQ(extra(row_of("ipv6-fragment"), "ipv6.fraghdr.offset"), "3");
  EXPECT_EQ(extra(row_of("nd-neighbor-solicitation"), "icmpv6.nd.ns.target_address"),
            "2001:db8::2");
  EXPECT_EQ(extra(row_of("nd-neighbor-advertisement"), "icmpv6.nd.na.target_address"),
            "2001:db8::1");
  EXPECT_EQ(extra(row_of("nd-redirect"), "icmpv6.nd.rd.target_address"), "fe80::9");
  EXPECT_EQ(extra(row_of("nd-router-advertisement"), "icmpv6.opt.prefix"), "2001:db8::");
  EXPECT_EQ(extra(row_of("nd-router-advertisement"), "icmpv6.opt.prefix.length"), "64");
  EXPECT_EQ(extra(row_of("ipv4-options"), "ip.opt.type"), "148");
  const std::size_t chain = row_of("ipv6-extensions");
  EXPECT_EQ(extra(chain, "ipv6.nxt"), "0");
  EXPECT_EQ(extra(chain, "ipv6.hopopts.nxt"), "43");
  EXPECT_EQ(extra(chain, "ipv6.routing.nxt"), "60");
  EXPECT_EQ(extra(chain, "ipv6.dstopts.nxt"), "17");
}

}  // namespace
}  // namespace tcproof::wire
