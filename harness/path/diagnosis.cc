// SPDX-License-Identifier: Apache-2.0
#include "harness/path/diagnosis.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "harness/path/size_search.h"
#include "harness/path/tcp_examination.h"

namespace tcproof::harness {
namespace {

using Kind = Answer::Kind;

// A small probe that is not answered ends everything, so that one is worth its patience: with half
// of all answers lost one in 10^7 paths is taken for dead. Where there are other methods each gets
// a short try first, for many hosts answer one and not another.
constexpr Asker::Pace alone{.copies = 24, .spacing = 100ms, .patience = 1s};
constexpr Asker::Pace short_try{.copies = 4, .spacing = 100ms, .patience = 400ms};
constexpr Asker::Pace long_try{.copies = 8, .spacing = 100ms, .patience = 1s};

/// Hosts answer the repeated SYN of an embryonic connection only so often, Linux each 500 ms: where
/// everything depends on one of the answers, more copies in the same time would be none.
Asker::Pace syn_pace(Asker::Pace pace) {
  if (pace.copies >= alone.copies) pace.spacing = std::max<Duration>(pace.spacing, 500ms);
  return pace;
}

/// What one method found.
struct Found {
  std::optional<Method> by;  // who was answered
  SizeFindings sizes;
  TcpFindings tcp;
};

class Diagnosis {
 public:
  Diagnosis(ProbeWire& wire, const wire::IpAddress& target, const DiagnosisOptions& options)
      : wire_(wire),
        options_(options),
        asker_(wire, options.first_number, options.least_spacing, options.watch),
        start_(wire.now()) {
    report_.target = target;
    report_.first_mtu = wire.first_mtu();
  }

  PathReport run() {
    Found found;
    if (options_.method) {
      if (!wire_.offers(*options_.method))
        note(fmt::format("{} is not possible here", to_string(*options_.method)));
      measure(*options_.method, alone, found);
    } else {
      for (const Asker::Pace& contact : {short_try, long_try}) {
        for (const Method method : {Method::icmp, Method::udp, Method::tcp})
          measure(method, contact, found);
      }
    }
    if (found.by && wire_.offers(Method::tcp)) {
      const unsigned before = asker_.sent();
      found.tcp = examine(*found.by, found.sizes);
      report_.tcp_probes = asker_.sent() - before;
    }
    name_methods();
    conclude(found);
    return report_;
  }

 private:
  /// The same is said once, however often it was tried.
  void note(const std::string& text) {
    const bool said = std::ranges::find(report_.notes, text) != report_.notes.end();
    if (!said) report_.notes.push_back(text);
  }

  void measure(Method method, const Asker::Pace& contact, Found& found) {
    if (found.by || !wire_.offers(method)) return;
    tried_.insert(method);
    if (method == Method::tcp && !open_connection(contact)) return;
    SizeSearch search(
        asker_, wire_,
        {.method = method, .copies = options_.copies, .quick = options_.quick, .contact = contact});
    found.sizes = search.run();
    if (found.sizes.reached) found.by = method;
    for (const std::string& text : found.sizes.notes) note(text);
    report_.loss_probes += found.sizes.loss_probes;
  }

  bool open_connection(const Asker::Pace& pace) {
    const Answer answer =
        asker_.ask({.method = Method::tcp, .kind = Probe::Kind::syn}, syn_pace(pace));
    if (answer.kind == Kind::reset) {
      note("the TCP port is closed: the target is there, give a port that is open");
    }
    return answer.kind == Kind::delivered;
  }

  /// TCP tells what the other methods cannot see, if it was asked for or another found the sizes.
  TcpFindings examine(Method by, const SizeFindings& sizes) {
    if (by != Method::tcp) {
      if (options_.method || options_.quick) return {};
      const Asker::Pace pace{.copies = std::max(sizes.copies, 3U),
                             .spacing = asker_.pace(1).spacing,
                             .patience = asker_.pace(1).patience};
      const bool tried_before = !tried_.insert(Method::tcp).second;
      const auto notes = report_.notes;
      if (tried_before || !open_connection(pace)) {
        report_.notes = notes;
        note("no TCP answer: neither a clamp nor what TCP meets on the way back was looked for");
        return {};
      }
    }
    TcpExamination examination(asker_, wire_, sizes.copies);
    return examination.run(sizes);
  }

  void name_methods() {
    std::string list;
    for (const Method method : tried_) {
      if (!list.empty()) list += ", ";
      list += to_string(method);
    }
    report_.method = options_.method ? list : fmt::format("auto ({})", list);
  }

  void conclude(const Found& found) {
    report_.probes = asker_.sent();
    report_.took = wire_.now() - start_;
    if (!found.by) return;
    const SizeFindings& sizes = found.sizes;
    report_.mtu = sizes.mtu;
    report_.loss = sizes.loss;
    report_.copies = sizes.copies;
    report_.confidence = sizes.confidence;
    for (const std::string& text : found.tcp.notes) note(text);
    report_.cls = sizes.cls;
    report_.hop = sizes.hop;
    report_.hop_address = sizes.hop_address;
    report_.claimed = sizes.claimed;
    if (report_.cls == PathClass::black_hole || report_.cls == PathClass::wrong_icmp) {
      if (found.tcp.clamped_to)
        note(fmt::format("TCP is spared: its MSS is clamped to {}", *found.tcp.clamped_to));
      return;
    }
    if (!asker_.forged().empty()) {
      report_.cls = PathClass::wrong_icmp;
      report_.hop = {};
      report_.hop_address = asker_.forged().front().from;
    } else if (found.tcp.clamped_to) {
      report_.cls = PathClass::clamped;
      report_.clamped_to = found.tcp.clamped_to;
      report_.hop = found.tcp.clamp_hop;
      report_.hop_address = found.tcp.clamp_address;
    } else if (sizes.return_mtu || found.tcp.return_mtu) {
      report_.cls = PathClass::asymmetric;
      report_.return_mtu = sizes.return_mtu ? sizes.return_mtu : found.tcp.return_mtu;
      report_.hop = {};
      report_.hop_address = {};
    } else if (sizes.lossy) {
      report_.cls = PathClass::lossy;
      report_.hop = {};
      report_.hop_address = {};
    }
  }

  ProbeWire& wire_;
  const DiagnosisOptions& options_;
  Asker asker_;
  Instant start_;
  std::set<Method> tried_;
  PathReport report_;
};

}  // namespace

PathReport diagnose(ProbeWire& wire, const wire::IpAddress& target,
                    const DiagnosisOptions& options) {
  return Diagnosis(wire, target, options).run();
}

}  // namespace tcproof::harness
