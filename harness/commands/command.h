// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <CLI/App.hpp>

#include "harness/case/diagnostic.h"
#include "harness/case/library.h"
#include "stack/wire/time.h"

namespace tcproof::harness {

/// What the program's exit status says. pmtu adds its own.
namespace exit_status {
inline constexpr int ok = 0;      // everything as expected
inline constexpr int failed = 1;  // an unexpected failure, or an expectation that no longer fails
inline constexpr int usage = 2;   // a wrong option or a bad file
inline constexpr int environment =
    3;  // the environment or the tester broke, or inconclusive after retries
inline constexpr int skipped = 77;  // everything was skipped
}  // namespace exit_status

/// Where the status of the chosen sub-command goes.
struct Status {
  int code = exit_status::ok;
};

// One file each. They add a sub-command to `app` whose callback sets `status`.
void add_run_command(CLI::App& app, Status& status);
void add_list_command(CLI::App& app, Status& status);
void add_show_command(CLI::App& app, Status& status);
void add_lint_command(CLI::App& app, Status& status);
void add_coverage_command(CLI::App& app, Status& status);
void add_merge_command(CLI::App& app, Status& status);
void add_doctor_command(CLI::App& app, Status& status);
void add_gen_command(CLI::App& app, Status& status);
void add_init_command(CLI::App& app, Status& status);
void add_lab_command(CLI::App& app, Status& status);
void add_pmtu_command(CLI::App& app, Status& status);
void add_probe_command(CLI::App& app, Status& status);

/// The folder of cases: --specs, else $TCPROOF_SPECS, else the one installed or built with the
/// program.
std::string default_specs();
void add_specs_option(CLI::App& command, std::string& specs);

// Errors go to standard error; these return the status to exit with.
int report_errors(const Diagnostics& diagnostics);
int report_error(const EnvironmentError& error);

double in_ms(Duration duration);
/// Another one with each process: for numbers that a peer must not meet twice.
std::uint32_t process_seed();

/// The ids that `patterns` choose, sorted: an id, a folder of ids, or a glob (`*` also crosses
/// `/`). No pattern chooses all. A pattern that chooses nothing is an error with a suggestion.
Loaded<std::vector<std::string>> select_ids(const Library& library,
                                            const std::vector<std::string>& patterns);

/// Whether `cell` ("[ip=v6,mtu=1280]") has all of `filter` ("ip=v6,mtu=1280"); an empty filter is
/// had by all.
bool cell_has(const std::string& cell, const std::string& filter);

}  // namespace tcproof::harness
