// SPDX-License-Identifier: Apache-2.0
// Runs the suite against stacks with a defect in them, as run.py asks: the library is read once, and
// each defect has a process of its own that may crash, hang or eat its memory.
//
// A request is a line of JSON on standard input, an answer a line on standard output:
//   {"plugin": FILE, "site": N, "wanted": [REQUIREMENT..], "cases": [INDEX..]}
// `site` chooses a defect of a plugin that holds many. `cases`: all without it, those that cover a
// wanted requirement first. The run ends with the first failure that names a wanted requirement,
// without `wanted` with the first of any kind, and with "most": N with the N-th whatever it names.
// With "reach": true nothing ends it, and the answer says which cases come to which sites. With
// "digest": true nothing ends it either, and the answer has a digest of what each case saw of the
// stack: a survivor that changes one changes something that a case sees and does not judge.

#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "checks/judge.h"
#include "harness/case/library.h"
#include "harness/run/case_run.h"
#include "harness/targets/target.h"

namespace tcproof::harness {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::size_t most_sites = 1 << 14;
// Processor time. The longest case of the suite takes a fraction of it.
constexpr int most_seconds_a_case = 3;

/// The stack with all it has, and as an old one: what is switched off must be off, and the branches
/// for it are reached in no other way.
constexpr std::array<std::string_view, 2> profiles{"reference", "old"};

struct Suite {
  std::vector<checks::Case> cases;
  std::vector<std::set<std::string>> covers;
  std::vector<std::size_t> profile;  // of each case, an index of `profiles`
};

[[noreturn]] void give_up(const Diagnostics& errors) {
  for (const Diagnostic& error : errors) fmt::print(stderr, "{}: {}\n", error.file, error.message);
  std::exit(2);
}

void load_cases(Library& library, std::size_t profile_index, Suite& suite) {
  const Loaded<Profile> profile = library.profile(std::string(profiles[profile_index]));
  if (!profile) give_up(profile.error());
  for (const std::string& id : library.ids()) {
    const Loaded<const CaseFile*> file = library.load(id, Library::Cells::unread);
    if (!file) give_up(file.error());
    for (std::size_t cell = 0; cell < (*file)->cells().size(); ++cell) {
      Loaded<Instance> instance = (*file)->instantiate(cell, *profile, 1);
      if (!instance) give_up(instance.error());
      if (std::holds_alternative<Skip>(*instance)) continue;
      suite.cases.push_back(std::get<checks::Case>(std::move(*instance)));
      const std::vector<std::string>& covers = suite.cases.back().covers;
      suite.covers.emplace_back(covers.begin(), covers.end());
      suite.profile.push_back(profile_index);
    }
  }
}

std::string name_of(const Suite& suite, std::size_t index) {
  const checks::Case& one_case = suite.cases[index];
  const std::string on =
      suite.profile[index] == 0 ? "" : fmt::format(" on {}", profiles[suite.profile[index]]);
  return one_case.cell.empty() ? one_case.id + on : one_case.id + " " + one_case.cell + on;
}

struct Request {
  std::string plugin, specs;
  int site = 0;
  std::set<std::string> wanted;
  std::vector<std::size_t> cases;
  bool reach = false, digest = false;
  std::size_t most = static_cast<std::size_t>(-1);  // failures
};

Request read_request(const Json& json, const Suite& suite, const std::string& specs) {
  Request request{.plugin = json.at("plugin"), .specs = specs};
  request.site = json.value("site", 0);
  request.wanted = json.value("wanted", std::set<std::string>{});
  request.reach = json.value("reach", false);
  request.digest = json.value("digest", false);
  request.most = json.value("most", request.most);
  if (json.contains("cases")) {
    request.cases = json.at("cases").get<std::vector<std::size_t>>();
    return request;
  }
  const auto fits = [&](std::size_t i) {
    return std::ranges::any_of(suite.covers[i],
                               [&](const auto& one) { return request.wanted.contains(one); });
  };
  for (std::size_t i = 0; i < suite.cases.size(); ++i) request.cases.push_back(i);
  std::ranges::stable_partition(request.cases, fits);
  return request;
}

/// What one case came to. `requirements` of all its failures.
struct Came {
  enum class Kind : std::uint8_t { pass, fail, crash, hang } kind = Kind::pass;
  std::set<std::string> requirements;
};

Came came_of(const checks::Judgement& judgement) {
  Came came;
  const bool wrong =
      judgement.verdict == checks::Verdict::fail || judgement.verdict == checks::Verdict::error;
  if (!wrong) return came;
  came.kind = Came::Kind::fail;
  for (const checks::Failure& failure : judgement.failures)
    came.requirements.insert(failure.requirements.begin(), failure.requirements.end());
  return came;
}

/// Of everything but what the stack only says about itself.
std::size_t digest_of(const checks::Trace& trace) {
  checks::Trace seen;
  const auto moved = [&](checks::Span32& span) { span = seen.keep(trace.octets(span)); };
  for (checks::Event event : trace.events()) {
    if (std::holds_alternative<checks::TargetNote>(event)) continue;
    if (auto* sent = std::get_if<checks::FrameSent>(&event)) moved(sent->octets);
    if (auto* frame = std::get_if<checks::FrameSeen>(&event)) moved(frame->octets);
    if (auto* call = std::get_if<checks::CallReturned>(&event)) moved(call->data);
    seen.add(std::move(event));
  }
  const wire::Buffer octets = seen.serialize();
  return std::hash<std::string_view>{}(
      {reinterpret_cast<const char*>(octets.data()), octets.size()});
}

/// The sites that were reached, shared with the process that reaches them.
class Reached {
 public:
  Reached()
      : descriptor_(::memfd_create("sites", 0)),
        octets_((::ftruncate(descriptor_, most_sites) == 0)
                    ? static_cast<unsigned char*>(::mmap(
                          nullptr, most_sites, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, 0))
                    : nullptr) {}
  int descriptor() const { return descriptor_; }
  void clear() { std::memset(octets_, 0, most_sites); }
  /// Those that are noted as `mark`: 1 a site, 2 a place that turned out to be none (site.h).
  std::vector<std::size_t> sites(unsigned char mark) const {
    std::vector<std::size_t> sites;
    for (std::size_t i = 0; i < most_sites; ++i)
      if (octets_[i] == mark) sites.push_back(i);
    return sites;
  }

 private:
  int descriptor_;
  unsigned char* octets_;
};

/// The process of one defect: says before each case that it begins and afterwards what it came to.
class Child {
 public:
  Child(const Suite& suite, const Library& library, const Request& request, Reached& reached,
        std::FILE* out)
      : suite_(suite), library_(library), request_(request), reached_(reached), out_(out) {}

  void run(std::size_t first) {
    ::setenv("TCPROOF_MUTANT", std::to_string(request_.site).c_str(), 1);
    ::setenv("TCPROOF_MUTANT_REACH",
             request_.reach ? std::to_string(reached_.descriptor()).c_str() : "", 1);
    for (std::size_t i = first; i < request_.cases.size(); ++i) {
      if (one(target_for(request_.cases[i]), request_.cases[i])) return;
    }
  }

 private:
  /// Made when the first case needs it: most defects are caught before the second profile's turn.
  Target& target_for(std::size_t index) {
    auto& made = targets_[suite_.profile[index]];
    if (made) return *made;
    const std::string profile =
        fmt::format("{}/targets/{}.yaml", request_.specs, profiles[suite_.profile[index]]);
    auto target =
        make_target(fmt::format("plugin:{},profile={}", request_.plugin, profile), library_);
    if (!target) give_up(target.error());
    if (const auto ready = (*target)->prepare(); !ready) {
      fmt::print(stderr, "{}: {}\n", ready.error().step, ready.error().why);
      std::exit(3);
    }
    made = std::move(*target);
    return *made;
  }

  /// True if it decides.
  bool one(Target& target, std::size_t index) {
    say("B {}\n", index);
    const itimerval limit{{0, 0}, {most_seconds_a_case, 0}};
    ::setitimer(ITIMER_PROF, &limit, nullptr);
    if (request_.reach) reached_.clear();
    const checks::Case& one_case = suite_.cases[index];
    auto bench = target.open(one_case);
    auto world = std::get<std::unique_ptr<VirtualBench>>(std::move(*bench));
    CaseRun run(one_case, *world);
    drive_virtual(run, *world);
    world.reset();
    const Came came = came_of(checks::judge(one_case, run.trace()));
    if (request_.reach) {
      say("R {} {}\n", index, fmt::join(reached_.sites(1), ","));
      say("N {} {}\n", index, fmt::join(reached_.sites(2), ","));
    }
    if (request_.digest) say("D {} {}\n", index, digest_of(run.trace()));
    if (came.kind == Came::Kind::pass) return false;
    say("F {} {}\n", index, fmt::join(came.requirements, ","));
    if (request_.reach || request_.digest) return false;
    return request_.wanted.empty() || ++failed_ >= request_.most ||
           std::ranges::any_of(came.requirements,
                               [&](const auto& id) { return request_.wanted.contains(id); });
  }

  template <class... Args>
  void say(fmt::format_string<Args...> text, Args&&... args) {
    fmt::print(out_, text, std::forward<Args>(args)...);
    std::fflush(out_);
  }

  const Suite& suite_;
  const Library& library_;
  const Request& request_;
  Reached& reached_;
  std::FILE* out_;
  std::array<std::unique_ptr<Target>, profiles.size()> targets_;
  std::size_t failed_ = 0;
};

/// The parent's side: what all processes of one request have said.
class Attempt {
 public:
  Attempt(const Suite& suite, const Library& library, const Request& request, Reached& reached)
      : suite_(suite), library_(library), request_(request), reached_(reached) {}

  Json answer() {
    const auto enough = [&] { return decided_ || failures_.size() >= request_.most; };
    while (next_ < request_.cases.size() && !enough()) one_process();
    Json answer{{"ran", ran_}, {"failures", failures_}, {"killed", decided_}};
    if (decided_) answer["by"] = failures_.back();
    if (request_.reach) {
      answer["sites"] = sites_;
      answer["none"] = none_;
    }
    if (request_.digest) answer["digests"] = digests_;
    return answer;
  }

 private:
  void one_process() {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) std::exit(3);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(ends[0]);
      // The last words of a stack that brings its process down are of no interest.
      if (std::freopen("/dev/null", "w", stderr) == nullptr) ::_exit(3);
      Child(suite_, library_, request_, reached_, ::fdopen(ends[1], "w")).run(next_);
      ::_exit(0);
    }
    ::close(ends[1]);
    std::FILE* in = ::fdopen(ends[0], "r");
    begun_ = false;
    char* line = nullptr;
    std::size_t room = 0;
    while (::getline(&line, &room, in) > 0) hear(line);
    std::free(line);
    std::fclose(in);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (!WIFSIGNALED(status) && WEXITSTATUS(status) == 0) {
      if (!decided_) next_ = request_.cases.size();
      return;
    }
    const bool hung = WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF;
    if (!begun_) next_ = request_.cases.size();  // it cannot even be loaded
    take(hung ? "hang" : "crash", request_.cases[next_ - 1], {});
  }

  void hear(const std::string& line) {
    const std::size_t space = line.find(' ', 2);
    const auto index = static_cast<std::size_t>(std::atoll(line.c_str() + 2));
    std::string rest =
        space == std::string::npos ? "" : line.substr(space + 1, line.size() - space - 2);
    std::set<std::string> words;
    for (std::size_t at = 0; at < rest.size();) {
      const std::size_t end = std::min(rest.find(',', at), rest.size());
      words.insert(rest.substr(at, end - at));
      at = end + 1;
    }
    if (line[0] == 'B') {
      begun_ = true;
      ++next_;
      ++ran_;
    } else if (line[0] == 'R') {
      for (const std::string& site : words) sites_[site].push_back(index);
    } else if (line[0] == 'D') {
      digests_[std::to_string(index)] = rest;
    } else if (line[0] == 'N') {
      none_.insert(words.begin(), words.end());
    } else {
      take("fail", index, words);
    }
  }

  void take(const std::string& how, std::size_t index, const std::set<std::string>& requirements) {
    failures_.push_back(
        {{"case", name_of(suite_, index)}, {"how", how}, {"requirements", requirements}});
    // A crash names no requirement: it kills what any failure kills.
    const bool fits = std::ranges::any_of(
        requirements, [&](const auto& id) { return request_.wanted.contains(id); });
    decided_ = !request_.reach && !request_.digest && (request_.wanted.empty() || fits);
  }

  const Suite& suite_;
  const Library& library_;
  const Request& request_;
  Reached& reached_;
  std::size_t next_ = 0, ran_ = 0;
  bool begun_ = false, decided_ = false;
  std::vector<Json> failures_;
  std::map<std::string, std::vector<std::size_t>> sites_;
  std::set<std::string> none_;
  std::map<std::string, std::string> digests_;
};

int serve(const std::string& specs) {
  Loaded<Library> library = Library::open(specs);
  if (!library) give_up(library.error());
  Suite suite;
  for (std::size_t i = 0; i < profiles.size(); ++i) load_cases(*library, i, suite);
  Reached reached;
  Json names = Json::array();
  for (std::size_t i = 0; i < suite.cases.size(); ++i) names.push_back(name_of(suite, i));
  std::cout << Json{{"cases", names}}.dump() << std::endl;
  std::string line;
  while (std::getline(std::cin, line)) {
    const Request request = read_request(Json::parse(line), suite, specs);
    std::cout << Attempt(suite, *library, request, reached).answer().dump() << std::endl;
  }
  return 0;
}

}  // namespace
}  // namespace tcproof::harness

int main(int count, char** words) {
  if (count != 2) {
    fmt::print(stderr, "usage: mutant_engine SPECS\n");
    return 2;
  }
  return tcproof::harness::serve(words[1]);
}
