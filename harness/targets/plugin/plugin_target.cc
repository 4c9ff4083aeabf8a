// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/plugin/plugin_target.h"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include <sys/resource.h>

#include <fmt/format.h>

#include "harness/targets/plugin/plugin_library.h"
#include "harness/targets/plugin/plugin_probe.h"
#include "harness/targets/plugin/plugin_stack.h"
#include "harness/targets/virtual_bench.h"

namespace tcproof::harness {
namespace {

namespace fs = std::filesystem;

// What the process of one case may have. A case takes some megabytes.
constexpr rlim_t most_memory = rlim_t{512} << 20;
constexpr rlim_t most_printed = rlim_t{16} << 20;

/// The words after a plugin's file, taken apart.
struct Words {
  std::string profile;  // a file, or empty
  PluginSettings settings;
};

Loaded<Words> read_words(std::string_view text) {
  Words words;
  while (!text.empty()) {
    text.remove_prefix(1);  // the comma
    const std::size_t end = std::min(text.find(','), text.size());
    const std::string_view word = text.substr(0, end);
    const std::size_t sign = word.find('=');
    if (sign == std::string_view::npos || sign == 0)
      return tl::unexpected(complaint(fmt::format("'{}' is not key=value", word),
                                      "write --target plugin:FILE.so,key=value,..."));
    const std::string key(word.substr(0, sign)), value(word.substr(sign + 1));
    if (key == "profile") {
      words.profile = value;
    } else {
      words.settings.parameters.emplace_back(key, value);
    }
    text.remove_prefix(end);
  }
  return words;
}

class PluginTarget final : public Target {
 public:
  PluginTarget(std::string file, PluginFacts facts, Profile profile, PluginSettings settings)
      : file_(std::move(file)),
        facts_(std::move(facts)),
        profile_(std::move(profile)),
        settings_(std::move(settings)) {}

  const Profile& profile() const override { return profile_; }

  Tried<void> prepare() override {
    auto library = PluginLibrary::load(file_);
    if (!library) return tl::unexpected(library.error());
    library_ = std::move(*library);
    return {};
  }

  // In the process of the case.
  Tried<AnyBench> open(const checks::Case& one_case) override {
    limit_process();
    return std::make_unique<SimBench>(one_case, [&](StackInstance::Output output) {
      return std::make_unique<PluginStack>(library_->functions(), one_case, settings_,
                                           std::move(output));
    });
  }

  std::size_t concurrency() const override { return 1; }
  bool foreign() const override { return true; }
  std::string describe() const override {
    return facts_.version.empty() ? facts_.name : facts_.name + " " + facts_.version;
  }

 private:
  // One case must not take the machine's memory, nor fill it with what it prints.
  static void limit_process() {
#ifndef __SANITIZE_ADDRESS__
    const rlimit memory{most_memory, most_memory};
    ::setrlimit(RLIMIT_DATA, &memory);
#endif
    const rlimit printed{most_printed, most_printed};
    ::setrlimit(RLIMIT_FSIZE, &printed);
    std::signal(SIGXFSZ, SIG_IGN);
  }

  std::string file_;
  PluginFacts facts_;
  Profile profile_;
  PluginSettings settings_;
  std::optional<PluginLibrary> library_;
};

// The profile says more than the plugin can (deviations, tolerances), and has the last word on what
// both say.
Loaded<Profile> profile_of(const std::string& file, const std::string& name, const Words& words,
                           const PluginFacts& facts, const Library& library) {
  const Loaded<Profile> own = parse_profile(file, facts.profile, library.catalogue());
  if (!own) return own;
  Loaded<Profile> profile = words.profile.empty()
                                ? library.profile(name)
                                : load_profile(words.profile, library.catalogue());
  if (!profile) return profile;
  profile->features.insert(own->features.begin(), own->features.end());
  profile->values.insert(own->values.begin(), own->values.end());
  if (words.profile.empty() && name == "plugin") {
    profile->name = own->name;
    profile->state = own->state;
  }
  if (own->state == checks::StateReport::none) profile->state = own->state;
  if (!profile->virtual_time)
    return tl::unexpected(complaint(fmt::format("the profile of {} says 'clock: real'", file),
                                    "a plugin runs in virtual time: write 'clock: virtual'"));
  return profile;
}

Loaded<std::unique_ptr<Target>> make(const std::string& file, const std::string& name,
                                     std::string_view rest, const Library& library) {
  Loaded<Words> words = read_words(rest);
  if (!words) return tl::unexpected(words.error());
  const Tried<PluginFacts> facts = probe_plugin(file);
  if (!facts) {
    const EnvironmentError& error = facts.error();
    return tl::unexpected(complaint(fmt::format("{}: {}", error.step, error.why), error.remedy));
  }
  Loaded<Profile> profile = profile_of(file, name, *words, *facts, library);
  if (!profile) return tl::unexpected(profile.error());
  words->settings.features = profile->features;
  words->settings.services = profile->services.any();
  return std::make_unique<PluginTarget>(file, *facts, std::move(*profile),
                                        std::move(words->settings));
}

// Beside the program where it was built, or where an installation puts it.
fs::path shipped_folder() {
  if (const char* given = std::getenv("TCPROOF_PLUGINS")) return given;
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error).parent_path();
  const fs::path built = program / "plugins";
  return fs::is_directory(built, error) ? built : program / "../lib/tcproof/plugins";
}

}  // namespace

Loaded<std::unique_ptr<Target>> make_plugin_target(const std::string& name, const std::string& rest,
                                                   const Library& library) {
  const std::size_t end = std::min(rest.find(','), rest.size());
  if (end < 2 || rest[0] != ':')
    return tl::unexpected(complaint("a plugin is a file", "write --target plugin:./libmystack.so"));
  const std::string file = rest.substr(1, end - 1);
  const std::string words = rest.substr(end);
  // A bare word is one that came with the program.
  if (file.find_first_of("./") == std::string::npos)
    return make_shipped_plugin(file, words, library);
  return make(file, name, words, library);
}

Loaded<std::unique_ptr<Target>> make_shipped_plugin(const std::string& name,
                                                    const std::string& rest,
                                                    const Library& library) {
  if (!rest.empty() && rest[0] != ',')
    return tl::unexpected(complaint(fmt::format("target '{}' takes no '{}'", name, rest),
                                    fmt::format("write {},key=value", name)));
  const fs::path file = shipped_folder() / (name + ".so");
  std::error_code error;
  if (!fs::exists(file, error))
    return tl::unexpected(complaint(fmt::format("this tcproof was built without {}", name),
                                    fmt::format("install lib{}-dev and build it again", name)));
  return make(file.lexically_normal().string(), name, rest, library);
}

}  // namespace tcproof::harness
