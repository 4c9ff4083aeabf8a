// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "harness/case/diagnostic.h"
#include "harness/targets/plugin/tcproof_stack.h"

namespace tcproof::harness {

/// A stack's shared object in this process, and its table. Loading runs code of the stack: only a
/// worker process may.
class PluginLibrary {
 public:
  /// Errors: no such file, not a shared object, no entry, another ABI, a symbol or a function
  /// missing that must be there.
  static Tried<PluginLibrary> load(const std::string& path);

  /// Complete: what an older stack's shorter table lacks is null.
  const tcproof_stack_functions& functions() const { return functions_; }

 private:
  struct Close {
    void operator()(void* library) const;
  };
  std::unique_ptr<void, Close> library_;
  tcproof_stack_functions functions_{};
};

}  // namespace tcproof::harness
