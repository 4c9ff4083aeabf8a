// SPDX-License-Identifier: Apache-2.0
// Foreign readers judge the writer: libpcap for octets and nanoseconds, tshark for comments and
// interfaces.
#include "harness/report/capture.h"

#include <gtest/gtest.h>
#include <pcap/pcap.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "harness/report/pcapng.h"
#include "tests/harness/report/fixture.h"

namespace tcproof::harness {
namespace {

/// A file that lives as long as the test.
class TemporaryFile {
 public:
  explicit TemporaryFile(const wire::Buffer& content) {
    const int descriptor = mkstemp(name_.data());
    EXPECT_GE(descriptor, 0);
    EXPECT_EQ(write(descriptor, content.data(), content.size()),
              static_cast<ssize_t>(content.size()));
    close(descriptor);
  }
  ~TemporaryFile() { unlink(name_.c_str()); }
  const std::string& name() const { return name_; }

 private:
  std::string name_ = testing::TempDir() + "tcproof-capture-XXXXXX";
};

std::string output_of(const std::string& command) {
  std::string text;
  std::FILE* pipe = popen(command.c_str(), "r");
  std::array<char, 4096> part{};
  while (std::size_t n = std::fread(part.data(), 1, part.size(), pipe)) text.append(part.data(), n);
  EXPECT_EQ(pclose(pipe), 0) << command;
  return text;
}

TEST(Capture, LibpcapReadsOctetsAndNanoseconds) {
  PcapngWriter writer("tcproof test");
  const std::uint32_t wire_id = writer.add_interface("wire");
  const wire::Buffer odd(61, 0xab);  // needs padding
  writer.add_frame(wire_id, Instant{1700000000s + 123456789ns}, odd,
                   PcapngWriter::Direction::inbound, "first");
  writer.add_frame(wire_id, Instant{1700000001s}, wire::Bytes(odd).first(60),
                   PcapngWriter::Direction::unknown, "");
  const TemporaryFile file(writer.octets());
  std::array<char, PCAP_ERRBUF_SIZE> error{};
  pcap_t* reader = pcap_open_offline_with_tstamp_precision(
      file.name().c_str(), PCAP_TSTAMP_PRECISION_NANO, error.data());
  ASSERT_NE(reader, nullptr) << error.data();
  EXPECT_EQ(pcap_datalink(reader), DLT_EN10MB);
  pcap_pkthdr* header = nullptr;
  const u_char* octets = nullptr;
  ASSERT_EQ(pcap_next_ex(reader, &header, &octets), 1);
  EXPECT_EQ(header->ts.tv_sec, 1700000000);
  EXPECT_EQ(header->ts.tv_usec, 123456789);  // nanoseconds, as asked for
  ASSERT_EQ(header->caplen, odd.size());
  EXPECT_EQ(wire::Buffer(octets, octets + header->caplen), odd);
  ASSERT_EQ(pcap_next_ex(reader, &header, &octets), 1);
  EXPECT_EQ(header->caplen, 60U);
  EXPECT_EQ(pcap_next_ex(reader, &header, &octets), PCAP_ERROR_BREAK);
  pcap_close(reader);
}

TEST(Capture, TsharkReadsInterfacesAndComments) {
  const TemporaryFile file(capture(report_test::failed_case()));
  const std::string rows =
      output_of("tshark -r " + file.name() +
                " -T fields -E separator='|' -e frame.interface_name -e frame.comment "
                "-e frame.p2p_dir -e frame.time_epoch -e frame.len 2>/dev/null");
  EXPECT_EQ(rows,
            "wire|specs/tcp/mss/segments-respect-peer-mss.yaml:10 send |0|0.000012000|60\n"
            "wire|specs/tcp/mss/segments-respect-peer-mss.yaml:11 expect |1|0.000031000|60\n");
}

TEST(Capture, NamesFollowTheCase) {
  EXPECT_EQ(capture_name(report_test::failed_case()), "tcp/mss/segments-respect-peer-mss.v6");
  CaseResult result = report_test::failed_case();
  result.cell = "[ip=v6,mtu=1280,who=a b]";
  EXPECT_EQ(capture_name(result), "tcp/mss/segments-respect-peer-mss.v6.1280.a_b");
}

}  // namespace
}  // namespace tcproof::harness
