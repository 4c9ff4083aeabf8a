// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>
#include <CLI/Option.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "harness/case/library.h"
#include "harness/commands/command.h"
#include "harness/commands/selection.h"
#include "harness/report/document.h"
#include "harness/report/journal.h"
#include "harness/run/jobs.h"
#include "harness/run/runner.h"
#include "harness/targets/linux/calibration.h"
#include "harness/targets/linux/capabilities.h"
#include "harness/targets/target.h"
#include "harness/traffic/ends.h"
#include "harness/traffic/session.h"

namespace tcproof::harness {
namespace {

// A case of a handful of segments that every target can run.
constexpr const char* trial_case = "tcp/open/closed-port-syn";

struct DoctorOptions {
  std::string specs = default_specs();
  bool calibrate = false;
  std::string write;
  std::string json;
};

/// One case of a target, through the same runner as a suite.
Capability try_target(Library& library, const std::string& name) {
  Capability found{.name = "target " + name};
  const auto fails = [&found](const EnvironmentError& error) {
    found.detail = error.step + ": " + error.why;
    found.remedy = error.remedy;
  };
  const auto target = make_target(name, library);
  if (!target) return found.detail = render(target.error()), found;
  const auto selected =
      select_cases(library, {.ids = {trial_case}, .filter = "ip=v4"}, (*target)->profile());
  if (!selected || selected->empty() || !selected->front().first)
    return found.detail =
               fmt::format("there is no case {} in {}", trial_case, library.root().string()),
           found;
  RunPlan plan;
  plan.count = 1;
  plan.make = [&](std::size_t) { return selected->front().make(); };
  const RunEnd end = run_suite(**target, plan, [&](std::size_t, const CaseResult& result) {
    found.works = result.judgement.verdict == checks::Verdict::pass;
    found.detail = found.works ? (*target)->describe() : result.judgement.reason;
  });
  if (end.unavailable) fails(*end.unavailable);
  return found;
}

void print(std::FILE* out, const std::vector<Capability>& all) {
  for (const Capability& one : all) {
    fmt::print(out, "{:<4} {:<20} {}\n", one.works ? "yes" : "no", one.name, one.detail);
    if (!one.works && !one.remedy.empty()) fmt::print(out, "{:26}= {}\n", "", one.remedy);
  }
}

Json to_json(const std::vector<Capability>& all) {
  Json list = Json::array();
  for (const Capability& one : all) {
    list.push_back({{"name", one.name}, {"works", one.works}, {"detail", one.detail}});
    if (!one.remedy.empty()) list.back()["remedy"] = one.remedy;
  }
  return Json{{"capabilities", std::move(list)}};
}

std::string line(const char* name, const Calibration::Spread& spread) {
  const auto ms = [](Duration time) {
    return std::chrono::duration<double, std::milli>(time).count();
  };
  return fmt::format("{:<44} {:>9.3f} {:>9.3f} {:>9.3f}   {}\n", name, ms(spread.median),
                     ms(spread.most), ms(spread.worst), spread.samples);
}

int show_calibration(const Calibration& found, const DoctorOptions& options) {
  fmt::print("{:<44} {:>9} {:>9} {:>9}   samples\n", "milliseconds", "median", "99 %", "worst");
  fmt::print("{}{}{}", line("answer of a probe, after its sending", found.answer),
             line("waking up, after the time asked for", found.wake_up),
             line("the kernel's timer of 1 s, after that time", found.timer));
  fmt::print("the kernel's tick is {:g} ms\n\n{}",
             std::chrono::duration<double, std::milli>(found.tick).count(), timing_yaml(found));
  if (options.write.empty()) return exit_status::ok;
  const std::string text =
      "# Tolerances of one machine, measured by `tcproof doctor --calibrate`; for `tcproof run "
      "--timing`.\n" +
      timing_yaml(found);
  if (const auto written = write_file(options.write, text); !written)
    return report_error(written.error());
  return exit_status::ok;
}

int calibrate_here(Library& library, const DoctorOptions& options) {
  const Loaded<Profile> profile = library.profile("linux");
  if (!profile) return report_errors(profile.error());
  const auto selected = select_cases(library, {.ids = {trial_case}, .filter = "ip=v4"}, *profile);
  if (!selected) return report_errors(selected.error());
  if (selected->empty() || !selected->front().first) {
    return report_error({"finding the case to measure with",
                         fmt::format("no '{}' here", trial_case),
                         "give the folder that holds it, as --specs"});
  }
  const auto found = calibrate(*selected->front().first, profile->timing);
  return found ? show_calibration(*found, options) : report_error(found.error());
}

/// In a child, which may end in a user namespace of its own.
int in_child(Library& library, const DoctorOptions& options) {
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child < 0) return report_error({"starting a process (fork)", std::strerror(errno), ""});
  if (child == 0) {
    const int code = calibrate_here(library, options);
    std::fflush(nullptr);
    ::_exit(code);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : exit_status::environment;
}

/// What `tcproof gen` can send with. In a child: a pair of its own may take a user namespace.
std::vector<Capability> generator_capabilities() {
  int answer[2];
  std::string trouble = "no process can be started for it";
  std::string ring_trouble = trouble;
  std::string socket_trouble = trouble;
  if (::pipe(answer) == 0) {
    const pid_t child = ::fork();
    if (child == 0) {
      const auto ends = Ends::make_pair(1500, 1);
      // Three lines: what the pair lacks, what a mapped ring and AF_XDP sockets at it do.
      const std::string said =
          ends ? fmt::format("\n{}\n{}", tx_ring_trouble(*ends), af_xdp_trouble(*ends, 1))
               : fmt::format("{0}: {1}\n{0}: {1}\n{0}: {1}", ends.error().step, ends.error().why);
      const auto written = ::write(answer[1], said.data(), said.size());
      ::_exit(written == static_cast<ssize_t>(said.size()) ? 0 : 1);
    }
    ::close(answer[1]);
    std::string said(1024, ' ');
    const auto got = ::read(answer[0], said.data(), said.size());
    said.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    ::close(answer[0]);
    int status = 0;
    // Only a child that ended well has said all there is to say.
    if (child > 0 && ::waitpid(child, &status, 0) == child && status == 0) {
      std::istringstream lines(said);
      std::getline(lines, trouble);
      std::getline(lines, ring_trouble);
      std::getline(lines, socket_trouble);
    }
  }
  const std::string bpf = bpf_trouble();
  const std::string root = "run as root, outside containers that forbid bpf(2)";
  return {{"gen sendmmsg", trouble.empty(), trouble.empty() ? "every stream" : trouble, ""},
          {"gen tx-ring", ring_trouble.empty(),
           ring_trouble.empty() ? "streams without a pace, every interface" : ring_trouble, ""},
          {"gen af-xdp", socket_trouble.empty(),
           socket_trouble.empty() ? "frames up to a page" : socket_trouble, ""},
          {"gen segments", trouble.empty(),
           trouble.empty() ? "streams whose fields only count up" : trouble, ""},
          {"gen live-frames", bpf.empty(), bpf.empty() ? "a million packets or more" : bpf, root}};
}

int doctor(const DoctorOptions& options) {
  Loaded<Library> library = Library::open(options.specs);
  if (!library) return report_errors(library.error());
  if (options.calibrate) return in_child(*library, options);
  std::vector<Capability> all;
  for (const std::string& name : target_names()) {
    // A target of which the name is only the beginning needs to be told what it is.
    if (name != "plugin") all.push_back(try_target(*library, name));
  }
  for (Capability& one : linux_capabilities()) all.push_back(std::move(one));
  for (Capability& one : generator_capabilities()) all.push_back(std::move(one));
  all.push_back({"processors", true, fmt::format("{}", usable_cores()), ""});
  print(options.json == "-" ? stderr : stdout, all);
  if (options.json.empty()) return exit_status::ok;
  const auto written = write_file(options.json, to_json(all).dump(1) + "\n");
  return written ? exit_status::ok : report_error(written.error());
}

}  // namespace

void add_doctor_command(CLI::App& app, Status& status) {
  auto options = std::make_shared<DoctorOptions>();
  CLI::App* command =
      app.add_subcommand("doctor", "What works on this machine, and what to do about the rest");
  CLI::Option* calibrate = command->add_flag(
      "--calibrate", options->calibrate, "Measure the machine and print the tolerances it allows");
  command->add_option("--write", options->write, "Write the tolerances, for `run --timing`")
      ->type_name("FILE")
      ->needs(calibrate);
  command->add_option("--json", options->json, "Write what works; - is standard output")
      ->type_name("FILE")
      ->excludes(calibrate);
  add_specs_option(*command, options->specs);
  command->footer(
      "Nothing of the machine is changed: each thing is tried in a process of its own.\n"
      "Examples:\n"
      "  tcproof doctor\n"
      "  tcproof doctor --calibrate --write here.yaml && tcproof run --target linux --timing "
      "here.yaml");
  command->callback([options, &status] { status.code = doctor(*options); });
}

}  // namespace tcproof::harness
