// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <optional>

#include "generator/profile.h"
#include "harness/case/fields.h"
#include "harness/case/yaml.h"

namespace tcproof::harness::loading {

/// What every stream of a profile has unless it says otherwise.
struct StreamDefaults {
  std::filesystem::path folder;  // of files that hold payload
  std::uint32_t mtu = 1500;
  std::optional<std::uint64_t> count;
  std::optional<Duration> duration;
};

/// One stream of a profile. What is wrong goes to `problems`.
class StreamReader {
 public:
  StreamReader(const StreamDefaults& defaults, Problems& problems)
      : defaults_(defaults), problems_(problems) {}
  /// `entry` is `NAME: { .. }`.
  std::optional<generator::Stream> read(const Entry& entry, std::uint16_t id);

 private:
  void read_family(const Fields& fields);
  void read_segment(const Fields& fields);
  void read_layers(const Node& node);
  void read_layer(const Node& node, wire::Layer layer);
  void read_field(const Entry& entry, const generator::Field& field,
                  std::optional<std::uint64_t> icmp_type);
  void read_constant(const Node& node, const generator::Field& field,
                     std::optional<std::uint64_t> icmp_type);
  void read_varying(const Node& node, const generator::Field& field,
                    std::optional<std::uint64_t> icmp_type);
  void fill_in();
  void read_flows(const Fields& fields);
  void read_payload(const Fields& fields);
  std::optional<wire::Buffer> payload_of(const Node& node);
  std::optional<wire::Buffer> payload_file(const Node& node);
  void read_size(const Fields& fields);
  void check_sizes(const Node* size);
  void read_signature(const Fields& fields);
  void read_end(const Fields& fields);
  void compile(const Entry& entry, const Fields& fields);

  const StreamDefaults& defaults_;
  Problems& problems_;
  generator::Stream stream_;
  wire::Family family_ = wire::Family::v4;
  std::optional<std::size_t> line_octets_;     // what the segment line says
  std::optional<std::size_t> payload_octets_;  // how long 'payload' is
  std::map<wire::Layer, const Node*> layers_;
  std::vector<Place> field_places_;
};

/// When packets leave: `as-fast-as-possible`, `{ pps: N }`, `{ bps: N }`, `{ burst: N, every: T }`,
/// `{ ramp: A..B, over: T }`, `{ poisson: N, seed: S }`.
std::optional<generator::Schedule> read_schedule(const Node& node, Problems& problems);
std::optional<Duration> read_duration(const Node& node, std::string_view what, Problems& problems);

}  // namespace tcproof::harness::loading
