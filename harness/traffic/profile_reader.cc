// SPDX-License-Identifier: Apache-2.0
#include "harness/traffic/profile_reader.h"

#include <array>

#include <fmt/format.h>

#include "harness/traffic/stream_reader.h"

namespace tcproof::harness {
namespace {

using namespace loading;

constexpr std::array<std::string_view, 5> profile_keys{"name", "mtu", "count", "duration",
                                                       "streams"};
constexpr std::size_t most_streams = 1000;
constexpr Duration usual_duration = 10s;

std::optional<generator::Profile> read(const Node& root, const std::filesystem::path& folder,
                                       Problems& problems) {
  const Fields fields(root, profile_keys, "a profile", problems);
  if (!fields.is_mapping()) return std::nullopt;
  generator::Profile profile;
  if (const Node* name = fields.require("name")) {
    profile.name = text_of(*name, "'name'", problems).value_or("");
  }
  StreamDefaults defaults{.folder = folder};
  if (const Node* mtu = fields.find("mtu")) {
    const auto octets = number_of(*mtu, "'mtu'", 68, 65535, problems);
    profile.mtu = static_cast<std::uint32_t>(octets.value_or(1500));
    defaults.mtu = profile.mtu;
  }
  if (const Node* count = fields.find("count")) {
    defaults.count = number_of(*count, "'count'", 1, std::uint64_t{1} << 48, problems);
  }
  if (const Node* duration = fields.find("duration")) {
    defaults.duration = read_duration(*duration, "'duration'", problems);
  }
  if (!defaults.count && !defaults.duration) defaults.duration = usual_duration;
  const Node* streams = fields.require("streams");
  if (streams == nullptr || !is_mapping(*streams, "'streams'", problems)) return std::nullopt;
  if (streams->entries.empty() || streams->entries.size() > most_streams) {
    problems.add(streams->place, fmt::format("a profile has 1 to {} streams", most_streams));
    return std::nullopt;
  }
  for (const Entry& entry : streams->entries) {
    const auto id = static_cast<std::uint16_t>(profile.streams.size());
    auto stream = StreamReader(defaults, problems).read(entry, id);
    if (stream) profile.streams.push_back(std::move(*stream));
    if (problems.full()) break;
  }
  return profile;
}

Loaded<generator::Profile> finish(Document document, const std::filesystem::path& folder,
                                  Problems& problems) {
  std::optional<generator::Profile> profile;
  if (problems.empty()) profile = read(document.root, folder, problems);
  if (!problems.empty()) return tl::unexpected(problems.take());
  return std::move(*profile);
}

}  // namespace

Loaded<generator::Profile> read_traffic_profile(const std::filesystem::path& path,
                                                const std::string& shown) {
  Problems problems;
  return finish(read_yaml(path, shown, problems), path.parent_path(), problems);
}

Loaded<generator::Profile> parse_traffic_profile(const std::string& shown, std::string text,
                                                 const std::filesystem::path& folder) {
  Problems problems;
  return finish(parse_yaml(shown, std::move(text), problems), folder, problems);
}

}  // namespace tcproof::harness
