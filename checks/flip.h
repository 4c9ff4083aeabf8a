// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "checks/case.h"
#include "checks/judge.h"
#include "checks/trace.h"

namespace tcproof::checks {

// The reverse of a mutant: not the stack is changed but what a case expects of it. An expectation
// that can be turned into something else without the case failing checks nothing.

/// What one step demands ("flags", "ack", "the outcome"): `bites` are the things that cannot be
/// changed without the case failing, `idle` those that can.
struct Teeth {
  StepId step = 0;
  std::vector<std::string> bites, idle;
};

/// Changes each thing that each step of `one_case` demands, one at a time, and judges `trace` anew.
/// `judgement` is that of the case as it stands, which passes. Steps that the case did not come to
/// (a branch not taken, an optional frame that did not come) and steps that demand nothing are left
/// out. A name that is bound where it is read first demands nothing.
std::vector<Teeth> teeth_of(const Case& one_case, const Trace& trace, const Judgement& judgement);

/// Those of the case's requirements that a step with a bite stands for: one that names the
/// requirement, or any if none does.
std::vector<std::string> proved(const Case& one_case, const std::vector<Teeth>& teeth);

}  // namespace tcproof::checks
