// SPDX-License-Identifier: Apache-2.0
#include "harness/commands/command.h"

#include <fmt/format.h>
#include <fnmatch.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "checks/spelling.h"

namespace tcproof::harness {
namespace {

bool chosen_by(const std::string& id, const std::string& pattern) {
  if (id == pattern || fnmatch(pattern.c_str(), id.c_str(), 0) == 0) return true;
  const std::string folder = pattern.ends_with('/') ? pattern : pattern + "/";
  return id.starts_with(folder);
}

std::set<std::string> split(const std::string& text) {
  std::set<std::string> parts;
  std::size_t at = 0;
  while (at <= text.size()) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    if (end > at) parts.insert(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

}  // namespace

std::string default_specs() {
  if (const char* set = std::getenv("TCPROOF_SPECS"); set != nullptr && *set != '\0') return set;
  // Installed as PREFIX/bin/tcproof and PREFIX/share/tcproof/specs; else where it was built from.
  std::error_code ignored;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", ignored);
  const auto installed = program.parent_path().parent_path() / "share" / "tcproof" / "specs";
  if (std::filesystem::is_directory(installed, ignored)) return installed.string();
  const std::string built = TCPROOF_BUILT_SPECS;
  const auto relative = std::filesystem::relative(built, ignored).string();
  return relative.empty() || relative.starts_with("..") ? built : relative;
}

void add_specs_option(CLI::App& command, std::string& specs) {
  command
      .add_option("--specs", specs, "The folder of cases, topologies, requirements and profiles")
      ->type_name("DIR");
}

int report_errors(const Diagnostics& diagnostics) {
  fmt::print(stderr, "{}", render(diagnostics));
  return exit_status::usage;
}

int report_error(const EnvironmentError& error) {
  fmt::print(stderr, "tcproof: {}: {}\n", error.step, error.why);
  if (!error.remedy.empty()) fmt::print(stderr, "  = {}\n", error.remedy);
  return exit_status::environment;
}

double in_ms(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

std::uint32_t process_seed() {
  return static_cast<std::uint32_t>(::getpid()) * 2654435761U;
}

Loaded<std::vector<std::string>> select_ids(const Library& library,
                                            const std::vector<std::string>& patterns) {
  if (patterns.empty()) return library.ids();
  std::set<std::string> chosen;
  Diagnostics errors;
  for (const std::string& pattern : patterns) {
    const std::size_t before = chosen.size();
    bool any = false;
    for (const std::string& id : library.ids()) {
      if (!chosen_by(id, pattern)) continue;
      chosen.insert(id);
      any = true;
    }
    if (any || chosen.size() > before) continue;
    const std::string near = checks::nearest(pattern, library.ids());
    errors.push_back({.message = fmt::format("no case '{}'", pattern),
                      .cure = near.empty() ? "tcproof list shows them all"
                                           : fmt::format("did you mean '{}'?", near)});
  }
  if (!errors.empty()) return tl::unexpected(errors);
  return std::vector<std::string>(chosen.begin(), chosen.end());
}

bool cell_has(const std::string& cell, const std::string& filter) {
  const std::set<std::string> has =
      cell.size() < 2 ? std::set<std::string>{} : split(cell.substr(1, cell.size() - 2));
  const std::set<std::string> wanted = split(filter);
  return std::includes(has.begin(), has.end(), wanted.begin(), wanted.end());
}

}  // namespace tcproof::harness
