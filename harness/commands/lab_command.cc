// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>

#include <fmt/format.h>
#include <CLI/Option.hpp>

#include "checks/spelling.h"
#include "harness/commands/command.h"
#include "harness/path/drawing.h"
#include "harness/path/laboratory.h"
#include "harness/topology/netns_user.h"
#include "harness/topology/topology_file.h"

namespace tcproof::harness {
namespace {

struct LabOptions {
  std::string specs = default_specs();
  std::string topology;
  std::vector<std::string> settings;  // VAR=VALUE
  double loss = 0;
  std::uint64_t seed = 1;
  bool quiet = false;
  std::vector<std::string> command;
};

/// A file, or the name of one that is shipped.
Loaded<std::filesystem::path> find_topology(const LabOptions& options) {
  std::error_code ignored;
  if (std::filesystem::is_regular_file(options.topology, ignored)) return options.topology;
  const auto folder = std::filesystem::path(options.specs) / "topologies";
  const auto shipped = folder / (options.topology + ".yaml");
  if (std::filesystem::is_regular_file(shipped, ignored)) return shipped;
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().stem().string();
    if (entry.path().extension() == ".yaml" && !name.ends_with(".truth")) names.push_back(name);
  }
  const std::string meant = checks::nearest(options.topology, names);
  return tl::unexpected(Diagnostics{
      {.message = fmt::format("no topology '{}'", options.topology),
       .cure = meant.empty() ? fmt::format("give a file, or a name from {}", folder.string())
                             : fmt::format("did you mean '{}'?", meant)}});
}

Loaded<std::map<std::string, std::string>> read_settings(const LabOptions& options) {
  std::map<std::string, std::string> variables;
  for (const std::string& setting : options.settings) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0) {
      return tl::unexpected(Diagnostics{
          {.message = fmt::format("'{}' sets nothing", setting), .cure = "write --set VAR=VALUE"}});
    }
    variables[setting.substr(0, equals)] = setting.substr(equals + 1);
  }
  return variables;
}

/// The tester's own link loses so many frames, each way.
void add_loss(checks::Network& network, double loss) {
  for (checks::LinkEnd& end : network.links[network.link_of(network.tester)].ends) {
    end.towards.loss = 1 - (1 - end.towards.loss) * (1 - loss);
  }
}

std::vector<std::string> shell() {
  const char* const own = std::getenv("SHELL");
  return {own != nullptr && *own != '\0' ? own : "/bin/sh"};
}

int lab(const LabOptions& options) {
  const auto path = find_topology(options);
  if (!path) return report_errors(path.error());
  const auto variables = read_settings(options);
  if (!variables) return report_errors(variables.error());
  auto network = load_topology(*path, *variables);
  if (!network) return report_errors(network.error());
  if (options.loss > 0) add_loss(*network, options.loss);

  if (auto ready = become_network_admin(); !ready) return report_error(ready.error());
  const auto laboratory = Laboratory::build(*network, options.seed);
  if (!laboratory) return report_error(laboratory.error());
  if (!options.quiet) {
    fmt::print(stderr,
               "{}\nYou are the tester; the target answers ping, echo (7), discard (9) and "
               "http (80).\n\n",
               draw_path(*network));
  }
  const auto code = (*laboratory)->run(options.command.empty() ? shell() : options.command);
  return code ? *code : report_error(code.error());
}

}  // namespace

void add_lab_command(CLI::App& app, Status& status) {
  auto options = std::make_shared<LabOptions>();
  CLI::App* command = app.add_subcommand(
      "lab", "Build a network of namespaces from a topology and run a command at its near end");
  command
      ->add_option("TOPOLOGY", options->topology, "A topology file, or the name of a shipped one")
      ->required();
  command->add_option("COMMAND", options->command,
                      "After --: the command and its arguments; default: a shell");
  command->add_option("--set", options->settings, "A value for a variable of the topology")
      ->type_name("VAR=VALUE");
  command
      ->add_option("--loss", options->loss, "The first link loses this share of frames, each way")
      ->check(CLI::Range(0.0, 1.0))
      ->type_name("0..1");
  command->add_option("--seed", options->seed, "What impaired links draw from")
      ->capture_default_str();
  command->add_flag("--quiet", options->quiet, "Do not draw the path");
  add_specs_option(*command, options->specs);
  command->footer(
      "The command finds the target's addresses in $TARGET and $TARGET6; its exit status is "
      "lab's.\n"
      "Examples:\n"
      "  tcproof lab black-hole-2 -- ping -c 1 -M do -s 1472 198.51.100.2\n"
      "  tcproof lab black-hole-2 -- curl -m 5 http://198.51.100.2/\n"
      "  tcproof lab black-hole-2 -- tcproof pmtu 198.51.100.2\n"
      "  tcproof lab router --set far_mtu=1400");
  command->callback([options, &status] { status.code = lab(*options); });
}

}  // namespace tcproof::harness
