// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/path/asker.h"
#include "harness/path/path_report.h"
#include "harness/path/probe.h"

namespace tcproof::harness {

/// Octets of a probe that every path must carry.
inline constexpr std::uint32_t smallest_probe = 64;

/// What sizes get through, and what becomes of the others.
struct SizeFindings {
  PathClass cls = PathClass::clear;  // clear, icmp_ok, black_hole or wrong_icmp
  std::uint32_t mtu = 0;
  std::optional<std::uint8_t> hop;
  std::optional<wire::IpAddress> hop_address;
  std::optional<std::uint32_t> claimed;
  std::optional<std::uint32_t> return_mtu;  // answers came back in fragments
  double loss = 0;
  bool lossy = false;
  unsigned copies = 0;
  std::vector<std::string> notes;
};

/// The path MTU by one method: what ICMP says is tried and believed if it works, else searched.
class SizeSearch {
 public:
  /// Quick: loss is looked for only if it shows.
  SizeSearch(Asker& asker, ProbeWire& wire, Method method, unsigned copies, bool quick);
  /// The target answers a small probe.
  SizeFindings run();

 private:
  struct Claim {
    std::uint32_t size;  // of the dropped probe
    Answer answer;
  };

  Answer ask(std::uint32_t size, std::uint8_t ttl);
  Answer try_size(std::uint32_t size);
  void watch_for_loss();
  void measure_loss();
  bool answers_are_limited();
  void follow();
  void search();
  void bisect(std::uint32_t low);
  bool usable(const Answer& answer, std::uint32_t size);
  void wrong(const Answer& answer, std::string why);
  void judge();
  bool believe_icmp();
  bool is_said_at_last();
  void find_who_drops(std::uint32_t size);
  void accuse(const Answer& answer);
  void find_return_mtu();

  Asker& asker_;
  ProbeWire& wire_;
  Method method_;
  bool quick_;
  SizeFindings found_;
  std::uint32_t good_ = smallest_probe;  // gets through
  std::uint32_t bad_ = 0;                // does not
  std::uint32_t silent_at_ = 0;          // does not, and ICMP led no further; 0: it did
  std::vector<Claim> claims_;
  std::optional<Answer> wrong_;
  bool measured_ = false;  // the loss of small probes
  bool slow_ = false;      // the target limits how often it answers
  std::uint32_t piece_ = 0;
};

/// The next size to try between `low`, which gets through, and `bad`, which does not: as large as it
/// may be for ceil(log2(bad - low)) tries to do, since most paths are only a little narrower than
/// their first link.
std::uint32_t next_size(std::uint32_t low, std::uint32_t bad);

/// How many hops away the packet was dropped whose quote an ICMP error holds; 1 is the first router.
std::optional<std::uint8_t> hop_of(const Answer& answer);

}  // namespace tcproof::harness
