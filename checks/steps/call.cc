// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "checks/steps/runner.h"

namespace tcproof::checks {
namespace {

bool may_return(const Returns& returns, Outcome outcome) {
  if (returns.outcomes.empty()) return outcome == Outcome::ok;
  return std::find(returns.outcomes.begin(), returns.outcomes.end(), outcome) !=
         returns.outcomes.end();
}

/// What STATUS tells, as a reader knows it.
std::string shown(Call::Status subject, std::int64_t number) {
  const auto octet = [number](int shift) { return static_cast<std::uint8_t>(number >> shift); };
  if (is_address(subject))
    return wire::to_string(wire::IpAddress::v4(octet(24), octet(16), octet(8), octet(0)));
  if (subject == Call::Status::ip_options) return fmt::format("{:#x}", number);
  return fmt::format("{}", number);
}

std::string allowed(const Step& step) {
  std::vector<std::string> words;
  for (const Outcome outcome : step.returns.outcomes) words.emplace_back(to_string(outcome));
  for (const Value& number : step.returns.numbers) {
    const bool plain = number.kind == Value::Kind::sum && number.low.terms.size() == 1 &&
                       number.low.terms[0].atom.kind == Atom::Kind::integer;
    words.push_back(plain ? shown(step.call.status, number.low.terms[0].atom.integer)
                          : print(number));
  }
  return words.empty() ? "ok" : fmt::format("{}", fmt::join(words, " or "));
}

Failed wrong_return(World& world, const Step& step, const CallReturned& returned, std::string got,
                    std::string what) {
  Failure failure = world.failure(step, std::move(what));
  failure.at = returned.at;
  failure.caret_length = got.size();
  failure.got = std::move(got);
  return {Verdict::fail, std::move(failure)};
}

std::optional<std::string> wrong_data(World& world, const Step& step,
                                      const CallReturned& returned) {
  const Case& one_case = world.one_case();
  const wire::Bytes octets = world.trace().octets(returned.data);
  TesterStream& stream = world.stream(step.conn);
  const bool tcp = step.conn >= one_case.connections.size() || one_case.connections[step.conn].tcp;
  if (step.call.data) {
    stream.skip(tcp ? octets.size() : 0);
    if (!tcp) (void)stream.receive_datagram(octets);
    return difference(octets, *step.call.data);
  }
  if (!tcp) return stream.receive_datagram(octets);
  if (returned.outcome == Outcome::ok && !step.call.all && octets.size() != step.call.count) {
    return fmt::format("{} octets, expected {}", octets.size(), step.call.count);
  }
  return stream.receive(octets, step.call.all);
}

class CallRunner : public Runner {
 public:
  CallRunner(const Step& step, World& world) : step_(step), world_(world) {}

  Progress poll() override {
    // What was sent before must have been processed before the application acts on it.
    if (!asked_ && !world_.fenced()) return Waits{WantFence{}};
    asked_ = true;
    const std::optional<Instant> made = world_.made(step_.id);
    if (!made) return Waits{WantCall{step_.id, &step_}};
    if (step_.background) {
      world_.background().push_back(&step_);
      return Done{*made};
    }
    if (const CallReturned* returned = world_.returned(step_.id)) return judged(*returned);
    return pending(*made);
  }

 private:
  Progress judged(const CallReturned& returned) {
    if (auto failed = judge_return(world_, step_, returned)) return *failed;
    return Done{returned.at};
  }

  Progress pending(Instant made) {
    const bool may_be_nothing = may_return(step_.returns, Outcome::nothing);
    if (may_be_nothing || (step_.within && step_.within->now)) {
      if (!settled_ && !world_.fenced()) return Waits{WantFence{}};
      settled_ = true;
      if (may_be_nothing) return Waits{WantWithdraw{step_.id}};
      return did_not_return("at once");
    }
    const Timing& timing = world_.one_case().timing;
    const Duration within = step_.within ? step_.within->duration : timing.answer;
    const Instant limit = std::max(made, world_.latest()) + within + timing.measure;
    if (!world_.passed(limit)) return Waits{WantTime{limit}};
    return did_not_return("within " + print(within));
  }

  Failed did_not_return(const std::string& when) const {
    return {Verdict::fail, world_.failure(step_, "the call did not return " + when)};
  }

  const Step& step_;
  World& world_;
  bool asked_ = false, settled_ = false;
};

}  // namespace

std::optional<Failed> judge_return(World& world, const Step& step, const CallReturned& returned) {
  if (returned.outcome == Outcome::unsupported) {
    return Failed{Verdict::skip,
                  world.failure(step, fmt::format("the target has no call '{}'", step.text))};
  }
  const std::string word(to_string(returned.outcome));
  const bool number_wanted = !step.returns.numbers.empty();
  if (number_wanted && returned.outcome == Outcome::ok && returned.number) {
    StepScope scope = world.scope(step.conn, nullptr);
    Matcher matcher(scope);
    const bool fits = std::any_of(
        step.returns.numbers.begin(), step.returns.numbers.end(), [&](const Value& value) {
          return matcher.fits(value, *returned.number, Side::none, Compare::plain);
        });
    if (fits) {
      world.bind(scope);
      return {};
    }
    return wrong_return(world, step, returned, shown(step.call.status, *returned.number),
                        fmt::format("expected {}", allowed(step)));
  }
  const bool fits = number_wanted && step.returns.outcomes.empty()
                        ? false
                        : may_return(step.returns, returned.outcome);
  if (!fits)
    return wrong_return(world, step, returned, word, fmt::format("expected {}", allowed(step)));
  const bool has_data = step.call.verb == Call::Verb::receive &&
                        (returned.outcome == Outcome::ok || returned.data.length > 0);
  if (!has_data) return {};
  if (auto wrong = wrong_data(world, step, returned)) {
    return wrong_return(world, step, returned,
                        fmt::format("{}, {} octets", word, returned.data.length), *wrong);
  }
  return {};
}

std::optional<Failed> check_background(World& world) {
  std::vector<const Step*>& pending = world.background();
  for (std::size_t i = 0; i < pending.size(); ++i) {
    const Step& step = *pending[i];
    const CallReturned* returned = world.returned(step.id);
    if (returned == nullptr) continue;
    pending.erase(pending.begin() + static_cast<std::ptrdiff_t>(i--));
    if (auto failed = judge_return(world, step, *returned)) return failed;
  }
  return {};
}

std::unique_ptr<Runner> make_call_runner(const Step& step, World& world) {
  return std::make_unique<CallRunner>(step, world);
}

}  // namespace tcproof::checks
