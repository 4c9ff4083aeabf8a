// SPDX-License-Identifier: Apache-2.0
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "harness/commands/command.h"

int main(int argc, char** argv) {
  using namespace tcproof::harness;
  CLI::App app(
      "tcproof tells whether a TCP/IP stack does what the RFCs say, and shows the segment where it "
      "does not.",
      "tcproof");
  app.set_version_flag("--version", "tcproof " TCPROOF_VERSION);
  app.require_subcommand(1);
  app.footer(
      "Examples:\n"
      "  tcproof run                                    every case on the embedded reference "
      "stack\n"
      "  tcproof run --target linux 'tcp/close/*'       the kernel's closes, through veth pairs\n"
      "  tcproof show tcp/open/simultaneous-open        what a case says, and its ladder\n"
      "Exit status: 0 as expected; 1 failures; 2 usage or a bad file; 3 environment; 77 all "
      "skipped");
  Status status;
  add_run_command(app, status);
  add_list_command(app, status);
  add_show_command(app, status);
  add_lint_command(app, status);
  add_coverage_command(app, status);
  add_merge_command(app, status);
  add_doctor_command(app, status);
  add_gen_command(app, status);
  add_init_command(app, status);
  add_lab_command(app, status);
  add_pmtu_command(app, status);
  add_probe_command(app, status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? exit_status::ok : exit_status::usage;
  }
  return status.code;
}
