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
  bool reached = false;              // something was delivered; else the notes alone say more
  PathClass cls = PathClass::clear;  // clear, icmp_ok, black_hole or wrong_icmp
  std::uint32_t mtu = 0;
  std::optional<std::uint8_t> hop;
  std::optional<wire::IpAddress> hop_address;
  std::optional<std::uint32_t> claimed;
  std::optional<std::uint32_t> return_mtu;  // answers came back in fragments
  double loss = 0;
  bool lossy = false;
  unsigned copies = 0;
  double confidence = 1;     // that no silence was mere loss
  unsigned loss_probes = 0;  // of all: small ones that did nothing but measure loss
  std::vector<std::string> notes;
};

/// How a path is to be searched.
struct SearchOptions {
  Method method = Method::icmp;
  unsigned copies = 1;  // of a probe before its silence is believed
  bool quick = false;   // loss is looked for only if it shows
  Asker::Pace contact;  // of the small probe whose silence means that nobody is there
};

/// The path MTU by one method: what ICMP says is tried and believed if it works, else searched.
class SizeSearch {
 public:
  /// TCP: the connection is open.
  SizeSearch(Asker& asker, ProbeWire& wire, const SearchOptions& options);
  SizeFindings run();

 private:
  struct Claim {
    std::uint32_t size;  // of the dropped probe
    Answer answer;
  };

  Probe probe(std::uint32_t size, std::uint8_t ttl) const;
  Answer ask(std::uint32_t size, std::uint8_t ttl);
  Answer try_size(std::uint32_t size);
  Answer look(std::uint32_t size);
  bool contact();
  bool shows_loss(const Answer& answer) const;
  unsigned count_small(unsigned count, Duration spacing);
  void watch_for_loss();
  void measure_loss();
  bool answers_are_limited();
  bool follow();
  bool is_confirmed(const Answer& claim);
  void search();
  void bisect(std::uint32_t low);
  bool usable(const Answer& answer, std::uint32_t size);
  void wrong(const Answer& answer, std::string why);
  void judge();
  bool believe_icmp();
  bool is_said_at_last(unsigned seconds);
  bool find_who_drops(std::uint32_t size);
  void accuse(const Answer& answer);
  void find_return_mtu();

  Asker& asker_;
  ProbeWire& wire_;
  SearchOptions options_;
  SizeFindings found_;
  std::uint32_t good_ = smallest_probe;  // gets through
  std::uint32_t bad_ = 0;                // does not
  std::uint32_t silent_at_ = 0;          // does not, and ICMP led no further; 0: it did
  Instant silent_since_;
  std::vector<Claim> claims_;
  std::optional<Answer> wrong_;
  bool measured_ = false;  // the loss of small probes
  bool slow_ = false;      // the target limits how often it answers
  std::uint32_t piece_ = 0;
};

/// How many hops away the packet was dropped whose quote an ICMP error holds; 1 is the first router.
std::optional<std::uint8_t> hop_of(const Answer& answer);

}  // namespace tcproof::harness
