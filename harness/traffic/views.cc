// SPDX-License-Identifier: Apache-2.0
#include "harness/traffic/views.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "generator/engine.h"
#include "stack/wire/notation.h"

namespace tcproof::harness {
namespace {

using generator::Received;
using generator::Schedule;

double seconds(Duration d) {
  return std::chrono::duration<double>(d).count();
}

/// "1.25 M", "999"
std::string scaled(double number) {
  if (number >= 1e9) return fmt::format("{:.2f} G", number / 1e9);
  if (number >= 1e6) return fmt::format("{:.2f} M", number / 1e6);
  if (number >= 1e4) return fmt::format("{:.1f} k", number / 1e3);
  return fmt::format("{:.0f}", number);
}

std::string time_text(std::uint64_t ns) {
  const auto number = static_cast<double>(ns);
  if (ns >= 1000000000) return fmt::format("{:.2f} s", number / 1e9);
  if (ns >= 1000000) return fmt::format("{:.1f} ms", number / 1e6);
  if (ns >= 1000) return fmt::format("{:.1f} us", number / 1e3);
  return fmt::format("{} ns", ns);
}

std::string schedule_text(const Schedule& schedule) {
  switch (schedule.kind) {
    case Schedule::Kind::as_fast_as_possible: return "as fast as possible";
    case Schedule::Kind::packets: return scaled(schedule.rate) + " packets/s";
    case Schedule::Kind::bits: return scaled(schedule.rate) + "bit/s";
    case Schedule::Kind::bursts:
      return fmt::format("bursts of {} every {}", schedule.size,
                         time_text(static_cast<std::uint64_t>(schedule.every.count())));
    case Schedule::Kind::ramp:
      return fmt::format("{} to {} packets/s over {:.3g} s", scaled(schedule.rate),
                         scaled(schedule.end_rate), seconds(schedule.over));
    case Schedule::Kind::poisson:
      return fmt::format("Poisson, {} packets/s, seed {}", scaled(schedule.rate), schedule.seed);
  }
  return {};
}

std::string size_text(const generator::Variation& size) {
  const generator::Bounds bounds = generator::bounds_of(size);
  if (bounds.low == bounds.high) return fmt::format("{} octets", bounds.low);
  return fmt::format("{} to {} octets", bounds.low, bounds.high);
}

std::string end_text(const generator::CompiledStream& stream) {
  const std::uint64_t packets = generator::packets_of(stream);
  const bool endless = packets == ~std::uint64_t{0};
  std::string text = endless ? "" : fmt::format("{} packets", packets);
  if (stream.stream().duration) {
    text +=
        fmt::format("{}{:.3g} s", endless ? "" : ", at most ", seconds(*stream.stream().duration));
  }
  return text;
}

nlohmann::json histogram_json(const generator::Histogram& histogram) {
  if (histogram.total() == 0) return nullptr;
  return {{"count", histogram.total()},      {"min", histogram.smallest()},
          {"p50", histogram.quantile(0.5)},  {"p90", histogram.quantile(0.9)},
          {"p99", histogram.quantile(0.99)}, {"p999", histogram.quantile(0.999)},
          {"max", histogram.largest()}};
}

std::string gaps_text(const generator::Histogram& gaps) {
  return fmt::format("min {}, p50 {}, p90 {}, p99 {}, p99.9 {}, max {}", time_text(gaps.smallest()),
                     time_text(gaps.quantile(0.5)), time_text(gaps.quantile(0.9)),
                     time_text(gaps.quantile(0.99)), time_text(gaps.quantile(0.999)),
                     time_text(gaps.largest()));
}

std::string stream_row(const generator::Stream& stream, const Outcome& outcome, std::size_t i) {
  std::string row = fmt::format("{:<16} {:>12}", stream.name, outcome.sent[i].packets);
  if (!outcome.received) return row + "\n";
  const Received& got = outcome.received->streams[i];
  row += fmt::format(" {:>12} {:>10}", got.frames - got.duplicated, lost(outcome, i));
  if (!outcome.received->details || !stream.signed_)
    return row + "          -          -          -\n";
  row += fmt::format(" {:>10} {:>10} {:>10}", got.duplicated, got.reordered, got.corrupted);
  if (got.latency.total() != 0) {
    row += fmt::format("   {} / {} / {}", time_text(got.latency.quantile(0.5)),
                       time_text(got.latency.quantile(0.99)), time_text(got.latency.largest()));
  }
  return row + "\n";
}

}  // namespace

std::uint64_t lost(const Outcome& outcome, std::size_t stream) {
  if (!outcome.received) return 0;
  const Received& got = outcome.received->streams[stream];
  const std::uint64_t came = got.frames - got.duplicated;
  const std::uint64_t sent = outcome.sent[stream].packets;
  return sent > came ? sent - came : 0;
}

std::string plan_text(const generator::Profile& profile,
                      std::span<const generator::CompiledStream> streams, const Choice* choice) {
  std::string text = profile.name + "\n";
  for (const generator::CompiledStream& stream : streams) {
    const generator::Stream& of = stream.stream();
    text += fmt::format("  {}: {}, {}, {}", of.name, size_text(of.size), schedule_text(of.schedule),
                        end_text(stream));
    if (of.flows > 1) text += fmt::format(", {} flows", of.flows);
    text += of.signed_ ? ", signed\n" : ", not signed: only counted\n";
  }
  if (choice == nullptr) return text;
  text += fmt::format("  sent by {} ({}), received by {}\n", to_string(choice->backend),
                      choice->why, to_string(choice->receiver));
  return text;
}

std::string frame_text(const generator::CompiledStream& stream, std::uint64_t k, Duration due) {
  const wire::FrameSpec frame = generator::frame_at(stream.stream(), k);
  std::string ends;
  if (frame.ip) {
    const auto port = [](const std::optional<std::uint16_t>& number) {
      return number ? fmt::format(".{}", *number) : std::string();
    };
    const auto& source = frame.tcp   ? frame.tcp->src_port
                         : frame.udp ? frame.udp->src_port
                                     : std::nullopt;
    const auto& target = frame.tcp   ? frame.tcp->dst_port
                         : frame.udp ? frame.udp->dst_port
                                     : std::nullopt;
    ends = fmt::format("{}{} > {}{}  ", wire::to_string(*frame.ip->src), port(source),
                       wire::to_string(*frame.ip->dst), port(target));
  }
  return fmt::format("{:>12.6f}  {:<12} {}{}\n", seconds(due), stream.stream().name, ends,
                     wire::print_frame(frame, {}));
}

std::string live_text(const Sample& now, const Sample& before) {
  const double passed = std::max(seconds(now.at - before.at), 1e-9);
  const double rate = static_cast<double>(now.sent - before.sent) / passed;
  std::string text =
      fmt::format("{:6.1f} s  {:>9} packets/s  sent {}", seconds(now.at), scaled(rate), now.sent);
  if (now.received != 0) {
    text += fmt::format("  received {}  out {}", now.received,
                        now.sent > now.received ? now.sent - now.received : 0);
  }
  if (now.latency_p50 != 0) text += "  latency " + time_text(now.latency_p50);
  return text;
}

std::string outcome_text(const generator::Profile& profile, const Outcome& outcome) {
  std::string text =
      fmt::format("{}: {} ({}), {:.3f} s\n", profile.name, to_string(outcome.choice.backend),
                  outcome.choice.why, seconds(outcome.elapsed));
  text += fmt::format("{:<16} {:>12}", "stream", "sent");
  if (outcome.received) {
    text += fmt::format(" {:>12} {:>10} {:>10} {:>10} {:>10}   latency p50 / p99 / max", "received",
                        "lost", "duplicated", "reordered", "corrupted");
  }
  text += "\n";
  std::uint64_t packets = 0;
  std::uint64_t octets = 0;
  for (std::size_t i = 0; i < outcome.sent.size(); ++i) {
    text += stream_row(profile.streams[i], outcome, i);
    packets += outcome.sent[i].packets;
    octets += outcome.sent[i].octets;
  }
  const double passed = std::max(seconds(outcome.elapsed), 1e-9);
  text += fmt::format("{} packets/s, {}bit/s\n", scaled(static_cast<double>(packets) / passed),
                      scaled(static_cast<double>(octets) * 8 / passed));
  for (std::size_t i = 0; outcome.received && i < outcome.sent.size(); ++i) {
    const generator::Histogram& gaps = outcome.received->streams[i].gaps;
    const bool paced = profile.streams[i].schedule.kind != Schedule::Kind::as_fast_as_possible;
    if (!paced || gaps.total() == 0) continue;
    text += fmt::format("gaps of {}: {}\n", profile.streams[i].name, gaps_text(gaps));
  }
  if (outcome.received && outcome.received->foreign != 0) {
    text += fmt::format("frames of no stream: {}\n", outcome.received->foreign);
  }
  for (const Outcome::Drop& drop : outcome.drops) {
    text += fmt::format("dropped by {}: {}\n", drop.counter, drop.frames);
  }
  if (outcome.interrupted) text += "interrupted: these are the counts so far\n";
  return text;
}

std::string outcome_json(const generator::Profile& profile, const Outcome& outcome) {
  nlohmann::ordered_json document{{"profile", profile.name},
                                  {"backend", to_string(outcome.choice.backend)},
                                  {"why", outcome.choice.why},
                                  {"receiver", to_string(outcome.choice.receiver)},
                                  {"elapsed_ns", outcome.elapsed.count()},
                                  {"interrupted", outcome.interrupted}};
  document["failure"] = nullptr;
  if (outcome.failure) document["failure"] = outcome.failure->step + ": " + outcome.failure->why;
  auto& streams = document["streams"] = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < outcome.sent.size(); ++i) {
    nlohmann::ordered_json one{{"name", profile.streams[i].name},
                               {"sent", outcome.sent[i].packets},
                               {"sent_octets", outcome.sent[i].octets}};
    if (outcome.received) {
      const Received& got = outcome.received->streams[i];
      one["received"] = got.frames - got.duplicated;
      one["lost"] = lost(outcome, i);
      if (outcome.received->details && profile.streams[i].signed_) {
        one["duplicated"] = got.duplicated;
        one["reordered"] = got.reordered;
        one["corrupted"] = got.corrupted;
        one["latency_ns"] = histogram_json(got.latency);
      }
      one["gaps_ns"] = histogram_json(got.gaps);
    }
    streams.push_back(std::move(one));
  }
  if (outcome.received) document["foreign"] = outcome.received->foreign;
  auto& drops = document["drops"] = nlohmann::ordered_json::object();
  for (const Outcome::Drop& drop : outcome.drops) drops[drop.counter] = drop.frames;
  auto& series = document["series"] = nlohmann::ordered_json::array();
  for (const Sample& sample : outcome.series) {
    series.push_back({{"at_ns", sample.at.count()},
                      {"sent", sample.sent},
                      {"received", sample.received},
                      {"latency_p50_ns", sample.latency_p50}});
  }
  return document.dump(2) + "\n";
}

std::string outcome_csv(const Outcome& outcome) {
  std::string text = "seconds,sent,received\n";
  for (const Sample& sample : outcome.series) {
    text += fmt::format("{:.6f},{},{}\n", seconds(sample.at), sample.sent, sample.received);
  }
  return text;
}

}  // namespace tcproof::harness
