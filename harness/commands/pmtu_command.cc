// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cstdio>
#include <map>
#include <memory>

#include <fmt/format.h>
#include <CLI/Option.hpp>
#include <nlohmann/json.hpp>

#include "harness/commands/command.h"
#include "harness/path/destination.h"
#include "harness/path/diagnosis.h"
#include "harness/path/kernel_wire.h"
#include "harness/path/raw_wire.h"

namespace tcproof::harness {
namespace {

// On a network that is not our own.
constexpr Duration unhurried = 50ms;

struct PmtuOptions {
  std::string target;
  std::string method = "auto";
  bool v4 = false, v6 = false;
  unsigned copies = DiagnosisOptions{}.copies;
  bool json = false, verbose = false, unprivileged = false, thorough = false;
};

std::string describe(const Probe& probe) {
  const std::string_view method = to_string(probe.method);
  switch (probe.kind) {
    case Probe::Kind::sized:
      return fmt::format("{} {} octets ttl {}", method, probe.size, probe.ttl);
    case Probe::Kind::syn: return "tcp SYN";
    case Probe::Kind::trace: return fmt::format("tcp SYN ttl {}", probe.ttl);
    case Probe::Kind::request: return "tcp request";
  }
  return {};
}

std::string describe(const Answer& answer) {
  std::string text(to_string(answer.kind));
  if (answer.kind == Answer::Kind::silence) return text;
  if (answer.kind == Answer::Kind::too_big) text += fmt::format(", MTU {}", answer.mtu);
  if (answer.quoted_mss) text += fmt::format(", MSS {} in the quote", *answer.quoted_mss);
  if (answer.piece != 0) text += fmt::format(", in pieces of {}", answer.piece);
  if (answer.after == Duration{}) return text;
  return text + fmt::format(", from {} after {:.3f} ms", wire::to_string(answer.from),
                            in_ms(answer.after));
}

Asker::Watch watch_for(const PmtuOptions& options) {
  if (options.verbose) {
    return [](const Probe& probe, unsigned copies, const Answer& answer) {
      fmt::print(stderr, "{:<32} x{:<3} {}\n", describe(probe), copies, describe(answer));
    };
  }
  if (options.json || ::isatty(STDERR_FILENO) == 0) {
    return [](const Probe&, unsigned, const Answer&) {};
  }
  return [](const Probe& probe, unsigned, const Answer& answer) {
    fmt::print(stderr, "\r\x1b[K{}: {}", describe(probe), to_string(answer.kind));
    std::fflush(stderr);
  };
}

nlohmann::ordered_json to_json(const PathReport& report) {
  nlohmann::ordered_json json{{"tcproof_pmtu", 1},
                              {"target", wire::to_string(report.target)},
                              {"class", to_string(report.cls)},
                              {"sentence", report.sentence()},
                              {"advice", report.advice()},
                              {"method", report.method},
                              {"first_mtu", report.first_mtu}};
  const auto add = [&json](const char* key, const auto& value) {
    if (value) json[key] = *value;
  };
  if (report.mtu != 0) json["mtu"] = report.mtu;
  add("hop", report.hop);
  if (report.hop_address) json["hop_address"] = wire::to_string(*report.hop_address);
  add("claimed_mtu", report.claimed);
  add("return_mtu", report.return_mtu);
  add("clamped_mss", report.clamped_to);
  json["loss"] = report.loss;
  json["copies"] = report.copies;
  json["confidence"] = report.confidence;
  json["probes"] = report.probes;
  json["loss_probes"] = report.loss_probes;
  json["tcp_probes"] = report.tcp_probes;
  json["seconds"] = std::chrono::duration<double>(report.took).count();
  json["notes"] = report.notes;
  return json;
}

void print(const PathReport& report) {
  fmt::print("{}: {}\n  {}\n", wire::to_string(report.target), to_string(report.cls),
             report.sentence());
  if (report.mtu != 0) {
    fmt::print("  path MTU {}, first link {}, so {} octets of ping payload fit\n", report.mtu,
               report.first_mtu, report.mtu - (report.target.family == wire::Family::v4 ? 28 : 48));
  }
  const unsigned for_size = report.probes - report.loss_probes - report.tcp_probes;
  fmt::print("  {} probe{} for the size", for_size, for_size == 1 ? "" : "s");
  if (report.loss_probes > 0) fmt::print(", {} for the loss", report.loss_probes);
  if (report.tcp_probes > 0) fmt::print(", {} to look at TCP", report.tcp_probes);
  fmt::print(", in {:.2f} s by {}", std::chrono::duration<double>(report.took).count(),
             report.method);
  if (report.loss_probes > 0) {
    fmt::print("; {} copies before silence is believed, loss {:.1f} %, confidence {:.6f}",
               report.copies, report.loss * 100, report.confidence);
  }
  fmt::print("\n  advice: {}\n", report.advice());
  for (const std::string& note : report.notes) fmt::print("  note: {}\n", note);
}

/// Raw sockets where this user may, else what every user may.
Tried<std::unique_ptr<ProbeWire>> open_wire(const PmtuOptions& options, const Destination& to,
                                            std::vector<std::string>& notes) {
  const bool udp = options.method == "udp";
  const RawWire::Ports defaults;
  const RawWire::Ports ports{.tcp = to.port.value_or(defaults.tcp),
                             .udp = udp ? to.port.value_or(defaults.udp) : defaults.udp};
  if (!options.unprivileged) {
    auto raw = RawWire::open(to.address, ports, process_seed());
    if (raw) return std::unique_ptr<ProbeWire>(std::move(*raw));
    if (!lacks_privilege(raw.error())) return tl::unexpected(raw.error());
  }
  auto kernel = KernelWire::open(to.address, ports.udp);
  if (!kernel) return tl::unexpected(kernel.error());
  notes.emplace_back(
      "without privilege: no TCP, no quotes (hops by TTL only), no answers in pieces, no forged "
      "ICMP");
  return std::unique_ptr<ProbeWire>(std::move(*kernel));
}

int pmtu(const PmtuOptions& options) {
  std::optional<wire::Family> family;
  if (options.v4 != options.v6) family = options.v4 ? wire::Family::v4 : wire::Family::v6;
  const auto to = find_destination(options.target, family);
  if (!to) {
    return report_errors(
        {{.message = to.error(), .cure = "write ADDRESS, NAME, ADDRESS:PORT or [V6ADDRESS]:PORT"}});
  }
  std::vector<std::string> notes;
  const auto wire = open_wire(options, *to, notes);
  if (!wire) return report_error(wire.error());
  const std::map<std::string, std::optional<Method>> methods{
      {"auto", {}}, {"icmp", Method::icmp}, {"udp", Method::udp}, {"tcp", Method::tcp}};
  DiagnosisOptions how{.method = methods.at(options.method),
                       .copies = options.copies,
                       .quick = !options.thorough,
                       .first_number = static_cast<std::uint16_t>(::getpid() * 7919 % 60000 + 1),
                       .watch = watch_for(options)};
  const auto way = find_way_out(to->address);
  if (!way) return report_error(way.error());
  how.least_spacing = is_virtual(way->interface) ? Duration{} : unhurried;

  PathReport report = diagnose(**wire, to->address, how);
  report.notes.insert(report.notes.end(), notes.begin(), notes.end());
  const bool nothing_wrong = exit_status_of(report.cls) == exit_status::ok;
  if (nothing_wrong && !options.thorough) {
    report.notes.emplace_back(
        "loss that did not show, MSS clamps and TCP's way back: asked for by --thorough");
  }
  if (!options.json && !options.verbose && ::isatty(STDERR_FILENO) != 0)
    fmt::print(stderr, "\r\x1b[K");
  if (options.json) {
    fmt::print("{}\n", to_json(report).dump(2));
  } else {
    print(report);
  }
  return exit_status_of(report.cls);
}

}  // namespace

void add_pmtu_command(CLI::App& app, Status& status) {
  auto options = std::make_shared<PmtuOptions>();
  CLI::App* command =
      app.add_subcommand("pmtu", "Find the MTU of a path, who limits it, and whether they say so");
  command->add_option("TARGET", options->target, "ADDRESS, NAME, ADDRESS:PORT or [V6ADDRESS]:PORT")
      ->required();
  command->add_option("--method", options->method, "icmp, udp, tcp, or auto: as many as are needed")
      ->check(CLI::IsMember({"auto", "icmp", "udp", "tcp"}))
      ->capture_default_str();
  command->add_flag("-4", options->v4, "Only IPv4 addresses of a name");
  command->add_flag("-6", options->v6, "Only IPv6 addresses of a name");
  command
      ->add_option("--copies", options->copies, "Copies of a probe before its silence is believed")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command->add_flag("--unprivileged", options->unprivileged, "Use what an ordinary user may");
  command->add_flag("--thorough", options->thorough,
                    "Watch for loss that does not show, and look at TCP: clamps and the way back");
  command->add_flag("--json", options->json, "The report as a document");
  command->add_flag("-v,--verbose", options->verbose, "A line for every probe");
  command->footer(
      "Exit status: 0 clear or icmp-ok; 10 black-hole; 11 wrong-icmp; 12 clamped; 13 asymmetric;\n"
      "14 lossy; 15 unreachable; 2 usage; 3 environment\n"
      "Examples:\n"
      "  tcproof pmtu 192.0.2.7\n"
      "  tcproof pmtu --method tcp --verbose '[2001:db8::7]:443'\n"
      "  tcproof lab black-hole-2 -- tcproof pmtu 198.51.100.2");
  command->callback([options, &status] { status.code = pmtu(*options); });
}

}  // namespace tcproof::harness
