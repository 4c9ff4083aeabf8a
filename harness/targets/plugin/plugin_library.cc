// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/plugin/plugin_library.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace tcproof::harness {
namespace {

constexpr const char* entry_name = "tcproof_stack";
constexpr const char* see = "docs/plugin.md says what a plugin exports";

EnvironmentError failed(const std::string& path, std::string why, std::string remedy) {
  return {fmt::format("loading the plugin {}", path), std::move(why), std::move(remedy)};
}

// Everything up to the end of what every version has.
constexpr std::size_t least_size =
    offsetof(tcproof_stack_functions, advance) + sizeof(tcproof_stack_functions::advance);

std::string missing_function(const tcproof_stack_functions& table) {
  if (table.create == nullptr) return "create";
  if (table.destroy == nullptr) return "destroy";
  if (table.input == nullptr) return "input";
  if (table.next_deadline == nullptr) return "next_deadline";
  if (table.advance == nullptr) return "advance";
  return {};
}

}  // namespace

void PluginLibrary::Close::operator()(void* library) const {
  ::dlclose(library);
}

Tried<PluginLibrary> PluginLibrary::load(const std::string& path) {
  PluginLibrary plugin;
  // Without a slash the loader would look in the system's folders.
  const std::string file = path.find('/') == std::string::npos ? "./" + path : path;
  plugin.library_.reset(::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL));
  if (plugin.library_ == nullptr)
    return tl::unexpected(failed(path, ::dlerror(), "name a shared object (cc -shared -fPIC)"));
  void* entry = ::dlsym(plugin.library_.get(), entry_name);
  if (entry == nullptr)
    return tl::unexpected(failed(path, fmt::format("it does not export {}()", entry_name), see));
  const auto* table = reinterpret_cast<decltype(&tcproof_stack)>(entry)();
  if (table == nullptr)
    return tl::unexpected(failed(path, fmt::format("{}() returns NULL", entry_name), see));
  if (table->abi != TCPROOF_STACK_ABI) {
    return tl::unexpected(failed(
        path,
        fmt::format("it speaks version {} of the interface, not {}", table->abi, TCPROOF_STACK_ABI),
        "compile it again with this version's tcproof_stack.h"));
  }
  if (table->size < least_size)
    return tl::unexpected(failed(path, "its table of functions is too short",
                                 "set .size = sizeof(struct tcproof_stack_functions)"));
  std::memcpy(&plugin.functions_, table, std::min(table->size, sizeof plugin.functions_));
  if (const std::string lacks = missing_function(plugin.functions_); !lacks.empty())
    return tl::unexpected(failed(path, fmt::format("its {}() is NULL", lacks), see));
  return plugin;
}

}  // namespace tcproof::harness
