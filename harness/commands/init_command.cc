// SPDX-License-Identifier: Apache-2.0
#include <CLI/Option.hpp>

#include <cstring>
#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "harness/commands/command.h"
#include "harness/commands/init_plugin.h"
#include "harness/report/journal.h"

namespace tcproof::harness {
namespace {

namespace fs = std::filesystem;

constexpr const char* interface_file = "tcproof_stack.h";

// Where the interface's header stands: with an installation, or in the checkout it was built from.
fs::path find_interface() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const fs::path& folder :
       {program / "../include", fs::path(TCPROOF_BUILT_SPECS) / "../harness/targets/plugin"}) {
    if (fs::exists(folder / interface_file, error))
      return fs::weakly_canonical(folder / interface_file, error);
  }
  return {};
}

int init_plugin(const std::string& folder) {
  std::error_code error;
  if (fs::exists(folder, error) && !fs::is_empty(folder, error)) {
    Diagnostic taken;
    taken.file = folder;
    taken.message = "this folder is there and not empty";
    taken.cure = "name one that is to be made";
    return report_errors({taken});
  }
  fs::create_directories(folder, error);
  if (error)
    return report_error({fmt::format("making {}", folder), error.message(), "name another folder"});
  for (const SkeletonFile& file : plugin_skeleton()) {
    const auto written = write_file((fs::path(folder) / file.name).string(), file.text);
    if (!written) return report_error(written.error());
  }
  const fs::path interface = find_interface();
  if (!interface.empty()) fs::copy_file(interface, fs::path(folder) / interface_file, error);
  if (interface.empty() || error)
    return report_error({fmt::format("finding {}", interface_file), "it is not beside the program",
                         "copy it into the folder"});
  fmt::print(
      "{0}/mystack.c is a stack that answers ARP. Next:\n"
      "  cmake -S {0} -B {0}/build && cmake --build {0}/build\n"
      "  tcproof run --target plugin:{0}/build/libmystack.so arp\n",
      folder);
  return exit_status::ok;
}

}  // namespace

void add_init_command(CLI::App& app, Status& status) {
  auto folder = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("init", "Write the beginnings of something of your own");
  command->require_subcommand(1);
  CLI::App* plugin =
      command->add_subcommand("plugin", "A stack of your own as a plugin, with its build");
  plugin->add_option("DIR", *folder, "The folder to make")->required();
  plugin->callback([folder, &status] { status.code = init_plugin(*folder); });
  command->footer(
      "Examples:\n"
      "  tcproof init plugin mystack        then see docs/plugin.md");
}

}  // namespace tcproof::harness
