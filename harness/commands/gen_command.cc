// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <CLI/Option.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <memory>

#include <unistd.h>

#include "checks/spelling.h"
#include "generator/backends/pcap_file.h"
#include "generator/engine.h"
#include "harness/commands/command.h"
#include "harness/report/journal.h"
#include "harness/traffic/profile_reader.h"
#include "harness/traffic/session.h"
#include "harness/traffic/stream_reader.h"
#include "harness/traffic/value_reader.h"
#include "harness/traffic/views.h"

namespace tcproof::harness {
namespace {

constexpr int interrupted_status = 130;  // as shells say of SIGINT

struct GenOptions {
  std::string specs = default_specs();
  std::string profile;
  std::string to, receive;
  Guard guard;
  std::string rate, duration, json, csv, pcap;
  std::optional<std::uint64_t> count, show;
  unsigned threads = 1;
  std::string backend = "auto", receiver = "auto";
  bool dry_run = false;
};

using Streams = std::vector<generator::CompiledStream>;

/// A file, or the name of one that is shipped.
Loaded<generator::Profile> load_profile(const GenOptions& options) {
  const std::filesystem::path folder = std::filesystem::path(options.specs) / "traffic";
  std::filesystem::path path = options.profile;
  std::error_code ignored;
  if (!options.profile.ends_with(".yaml") && !std::filesystem::exists(path, ignored)) {
    path = folder / (options.profile + ".yaml");
    if (!std::filesystem::exists(path, ignored)) {
      std::vector<std::string> names;
      for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
        if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
      }
      std::sort(names.begin(), names.end());
      const std::string near = checks::nearest(options.profile, names);
      return tl::unexpected(complaint(
          fmt::format("no traffic profile '{}'", options.profile),
          near.empty() ? fmt::format("there are {}; or name a file", fmt::join(names, ", "))
                       : fmt::format("did you mean '{}'?", near)));
    }
  }
  return read_traffic_profile(path, path.string());
}

/// What the command line says about the end wins over the profile.
Loaded<void> set_end(generator::Profile& profile, const GenOptions& options) {
  std::optional<Duration> duration;
  if (!options.duration.empty()) {
    loading::Problems problems;
    loading::Node node;
    node.kind = loading::Node::Kind::scalar;
    node.text = options.duration;
    duration = loading::read_duration(node, "--duration", problems);
    if (!duration) return tl::unexpected(problems.take());
  }
  if (!duration && !options.count) return {};
  for (generator::Stream& stream : profile.streams) {
    stream.count = options.count;
    stream.duration = duration;
  }
  return {};
}

SessionOptions session_options(const GenOptions& options) {
  SessionOptions session{.threads = options.threads};
  for (const BackendKind kind : {BackendKind::sendmmsg, BackendKind::tx_ring, BackendKind::af_xdp,
                                 BackendKind::segments, BackendKind::live_frames}) {
    if (options.backend == to_string(kind)) session.backend = kind;
  }
  for (const ReceiverKind kind : {ReceiverKind::ring, ReceiverKind::xdp, ReceiverKind::none}) {
    if (options.receiver == to_string(kind)) session.receiver = kind;
  }
  return session;
}

/// Prints the first packets, or keeps them for a file, until enough of them came.
class FirstFrames : public generator::FrameSink {
 public:
  FirstFrames(const Streams& streams, std::optional<std::uint64_t> most, bool print,
              generator::PcapFile* file, generator::Progress& progress)
      : streams_(streams), left_(most), print_(print), file_(file), progress_(progress) {
    for (const auto& stream : streams) pacers_.emplace_back(stream);
  }

  void take(std::size_t stream, std::uint64_t first, std::span<const wire::Bytes> frames) override {
    if (left_) frames = frames.first(std::min<std::size_t>(frames.size(), *left_));
    if (file_ != nullptr) file_->take(stream, first, frames);
    for (std::uint64_t k = first; print_ && k < first + frames.size(); ++k) {
      fmt::print("{}", frame_text(streams_[stream], k, pacers_[stream].due(k)));
    }
    if (!left_) return;
    *left_ -= frames.size();
    if (*left_ == 0) progress_.stop();
  }

 private:
  const Streams& streams_;
  std::optional<std::uint64_t> left_;
  bool print_;
  generator::PcapFile* file_;
  generator::Progress& progress_;
  std::vector<generator::Pacer> pacers_;
};

/// --show and --pcap: the packets as they would be sent, in the order in which they are due.
int show_frames(const GenOptions& options, const Streams& streams) {
  const bool endless = std::any_of(streams.begin(), streams.end(), [](const auto& stream) {
    return generator::packets_of(stream) == ~std::uint64_t{0} &&
           stream.stream().schedule.kind == generator::Schedule::Kind::as_fast_as_possible;
  });
  if (!options.show && endless) {
    return report_errors(complaint("a stream without a pace and a count has no last packet",
                                   "say how many: --show N or --count N"));
  }
  std::optional<generator::PcapFile> file;
  if (!options.pcap.empty()) {
    auto opened = generator::PcapFile::open(options.pcap, streams);
    if (!opened) return report_error(environment_error(opened.error().step, opened.error().number));
    file.emplace(std::move(*opened));
  }
  generator::Progress progress(streams.size());
  FirstFrames sink(streams, options.show, options.show.has_value(), file ? &*file : nullptr,
                   progress);
  const auto ring = generator::make_ring(streams, sink, false);
  generator::Engine engine(streams, *ring, progress, {}, Instant{}, false);
  if (options.show != 0U) static_cast<void>(engine.run());  // nothing here can be refused
  if (!file) return exit_status::ok;
  const std::uint64_t frames = file->frames();
  if (const auto closed = file->close(); !closed) {
    return report_error(environment_error(closed.error().step, closed.error().number));
  }
  fmt::print("{}: {} frames\n", options.pcap, frames);
  return exit_status::ok;
}

int write_view(const std::string& path, const std::string& text) {
  if (path.empty()) return exit_status::ok;
  const auto written = write_file(path, text);
  return written ? exit_status::ok : report_error(written.error());
}

/// An interface that is there has an MTU of its own.
Diagnostics over_mtu(const Streams& streams, const std::string& interface) {
  const auto mtu = device_mtu(interface);
  for (const generator::CompiledStream& stream : streams) {
    if (!mtu || stream.largest() <= *mtu + 14) continue;
    return complaint(fmt::format("stream '{}' has frames of {} octets, over the MTU {} of {}",
                                 stream.stream().name, stream.largest(), *mtu, interface),
                     "nothing is fragmented here: give it a smaller 'size'");
  }
  return {};
}

/// Where to send: a pair of its own, or interfaces that the guard lets pass.
int run(const GenOptions& options, generator::Profile profile) {
  std::optional<Ends> ends;
  if (options.to.empty()) {
    auto pair = Ends::make_pair(profile.mtu, std::max(options.threads, 1U));
    if (!pair) return report_error(pair.error());
    ends = std::move(*pair);
    if (options.guard.rate) limit_rate(profile, *options.guard.rate);
  } else {
    auto may = guarded(std::move(profile), options.to, device_kind(options.to), options.guard);
    if (!may) return report_errors(may.error());
    profile = std::move(*may);
    ends = Ends::of_interfaces(options.to, options.receive);
  }
  const auto compiled = generator::compile(profile);
  if (!compiled) return report_errors(complaint(compiled.error().error.message));
  if (!options.to.empty()) {
    const Diagnostics wrong = over_mtu(*compiled, options.to);
    if (!wrong.empty()) return report_errors(wrong);
  }
  const auto choice = choose(*compiled, session_options(options), *ends);
  if (!choice) return report_errors(choice.error());
  if (options.dry_run) {
    fmt::print("{}", plan_text(profile, *compiled, &*choice));
    return exit_status::ok;
  }
  const bool live = ::isatty(STDERR_FILENO) == 1;
  Sample before;
  const auto watch = [&](const Sample& sample) {
    if (!live) return;
    fmt::print(stderr, "\r{}\x1b[K", live_text(sample, before));
    before = sample;
  };
  const auto outcome = run_session(*compiled, *ends, *choice, std::max(options.threads, 1U), watch);
  if (live) fmt::print(stderr, "\r\x1b[K");
  if (!outcome) return report_error(outcome.error());
  if (options.json != "-" && options.csv != "-") fmt::print("{}", outcome_text(profile, *outcome));
  int status = write_view(options.json, outcome_json(profile, *outcome));
  status = std::max(status, write_view(options.csv, outcome_csv(*outcome)));
  if (outcome->failure) return report_error(*outcome->failure);
  return outcome->interrupted ? interrupted_status : status;
}

int gen(GenOptions options) {
  Loaded<generator::Profile> profile = load_profile(options);
  if (!profile) return report_errors(profile.error());
  if (const auto end = set_end(*profile, options); !end) return report_errors(end.error());
  if (!options.rate.empty()) {
    options.guard.rate = loading::parse_rate(options.rate);
    if (!options.guard.rate) {
      return report_errors(complaint(fmt::format("--rate is above 0, not '{}'", options.rate),
                                     "packets a second, for example 1000, 250k, 1.5M"));
    }
  }
  if (!options.show && options.pcap.empty()) return run(options, std::move(*profile));
  const auto compiled = generator::compile(*profile);
  if (!compiled) return report_errors(complaint(compiled.error().error.message));
  return show_frames(options, *compiled);
}

void add_options(CLI::App& command, GenOptions& options) {
  command.add_option("PROFILE", options.profile, "A traffic profile: a file, or a shipped name")
      ->required();
  command.add_option("--to", options.to, "Send on this interface; default: a pair of its own")
      ->type_name("IFACE");
  command.add_option("--receive", options.receive, "Count what arrives at this interface")
      ->needs("--to")
      ->type_name("IFACE");
  command.add_option("--count", options.count, "Packets of each stream, instead of the profile's");
  command.add_option("--duration", options.duration, "Instead of the profile's: 10s, 500ms")
      ->type_name("TIME");
  command.add_option("--rate", options.rate, "At most so many packets a second in all")
      ->type_name("RATE");
  command.add_option("--threads", options.threads, "That send")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command.add_option("--backend", options.backend, "How to send")
      ->check(CLI::IsMember({"auto", "sendmmsg", "tx-ring", "af-xdp", "segments", "live-frames"}))
      ->capture_default_str();
  command.add_option("--receiver", options.receiver, "How to count")
      ->check(CLI::IsMember({"auto", "ring", "xdp", "none"}))
      ->capture_default_str();
  command.add_option("--show", options.show, "Print the first N packets, send nothing")
      ->type_name("N");
  command.add_option("--pcap", options.pcap, "Write the packets (with --show: those) to a file")
      ->type_name("FILE");
  command.add_flag("--dry-run", options.dry_run, "Say what would be sent, and how");
  command.add_option("--json", options.json, "Counts and time series; - is standard output")
      ->type_name("FILE");
  command.add_option("--csv", options.csv, "The time series")->type_name("FILE");
  command
      .add_option("--allow-interface", options.guard.allowed_interfaces,
                  "Send on this interface though it may lead out of this machine")
      ->type_name("IFACE");
  command
      .add_option("--allow-group", options.guard.allowed_groups,
                  "Send to this broadcast or multicast address")
      ->type_name("ADDRESS");
}

}  // namespace

void add_gen_command(CLI::App& app, Status& status) {
  auto options = std::make_shared<GenOptions>();
  CLI::App* command = app.add_subcommand("gen", "Send traffic at a rate and account for it");
  add_options(*command, *options);
  add_specs_option(*command, options->specs);
  command->footer(
      "Examples:\n"
      "  tcproof gen syn-flood --duration 2s            through a pair of its own, no set-up\n"
      "  tcproof gen imix --show 12                     the first packets\n"
      "  tcproof gen my.yaml --to veth0 --rate 1k       on an interface that is there\n"
      "Exit status: 0 done; 2 usage or a bad profile; 3 something broke on the way; 130 "
      "interrupted. The last two print the counts so far.");
  command->callback([options, &status] { status.code = gen(*options); });
}

}  // namespace tcproof::harness
