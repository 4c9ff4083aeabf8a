// SPDX-License-Identifier: Apache-2.0
#include "harness/path/diagnosis.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "harness/path/size_search.h"
#include "harness/path/tcp_examination.h"

namespace tcproof::harness {
namespace {

using Kind = Answer::Kind;

// A small probe must be answered before anything else is asked, so that one is worth its patience:
// with half of all answers lost one in 10^7 paths is taken for dead.
constexpr Asker::Pace first_contact{.copies = 24, .spacing = 100ms, .patience = 1s};

/// What one method found.
struct Found {
  bool reached = false;
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
    std::vector<Method> tried;
    Found found;
    for (const Method method : {Method::icmp, Method::udp, Method::tcp}) {
      if (found.reached || (options_.method && *options_.method != method)) continue;
      if (!wire_.offers(method)) {
        if (options_.method) note(fmt::format("{} is not possible here", to_string(method)));
        continue;
      }
      tried.push_back(method);
      found.reached = reach(method);
      if (found.reached) found.sizes = measure(method);
    }
    if (found.reached && wire_.offers(Method::tcp)) found.tcp = examine(tried, found.sizes);
    name_methods(tried);
    conclude(found);
    return report_;
  }

 private:
  void note(std::string text) { report_.notes.push_back(std::move(text)); }

  bool reach(Method method) {
    if (method == Method::tcp) return open_connection(first_contact);
    return answered(asker_.ask({.method = method, .size = smallest_probe}, first_contact));
  }

  bool open_connection(const Asker::Pace& pace) {
    const Answer answer = asker_.ask({.method = Method::tcp, .kind = Probe::Kind::syn}, pace);
    if (answer.kind == Kind::reset) {
      note("the TCP port is closed: the target is there, give a port that is open");
      return false;
    }
    if (!answered(answer)) return false;
    return answered(asker_.ask({.method = Method::tcp, .size = smallest_probe}, pace));
  }

  bool answered(const Answer& answer) {
    if (answer.kind == Kind::unreachable) {
      note(fmt::format("{} says unreachable, code {}", wire::to_string(answer.from), answer.code));
    } else if (answer.kind == Kind::time_exceeded) {
      note(fmt::format("{} says that the TTL ended: the path loops", wire::to_string(answer.from)));
    }
    return answer.kind == Kind::delivered;
  }

  SizeFindings measure(Method method) {
    SizeSearch search(asker_, wire_, method, options_.copies, options_.quick);
    return search.run();
  }

  /// TCP tells what the other methods cannot see, if it was asked for or another found the sizes.
  TcpFindings examine(std::vector<Method>& tried, const SizeFindings& sizes) {
    const bool opened = !tried.empty() && tried.back() == Method::tcp;
    if (!opened) {
      if (options_.method || options_.quick) return {};
      tried.push_back(Method::tcp);
      const Asker::Pace pace{.copies = std::max(sizes.copies, 3U),
                             .spacing = asker_.pace(1).spacing,
                             .patience = asker_.pace(1).patience};
      const auto notes = report_.notes.size();
      if (!open_connection(pace)) {
        report_.notes.resize(notes);
        note("no TCP answer: neither a clamp nor what TCP meets on the way back was looked for");
        return {};
      }
    }
    TcpExamination examination(asker_, wire_, sizes.copies);
    return examination.run(sizes.mtu);
  }

  void name_methods(const std::vector<Method>& tried) {
    std::string list;
    for (const Method method : tried) {
      if (!list.empty()) list += ", ";
      list += to_string(method);
    }
    report_.method = options_.method ? list : fmt::format("auto ({})", list);
  }

  void conclude(const Found& found) {
    report_.probes = asker_.sent();
    report_.took = wire_.now() - start_;
    if (!found.reached) return;
    const SizeFindings& sizes = found.sizes;
    report_.mtu = sizes.mtu;
    report_.loss = sizes.loss;
    report_.copies = sizes.copies;
    report_.confidence = 1 - std::pow(sizes.loss, sizes.copies);
    for (const std::string& text : sizes.notes) note(text);
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
  PathReport report_;
};

}  // namespace

PathReport diagnose(ProbeWire& wire, const wire::IpAddress& target,
                    const DiagnosisOptions& options) {
  return Diagnosis(wire, target, options).run();
}

}  // namespace tcproof::harness
