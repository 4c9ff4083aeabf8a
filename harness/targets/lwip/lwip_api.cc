// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/lwip/lwip_api.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

// Set by the stack that is entered.
constinit std::uint64_t clock_ns = 0;
constinit tcproof::lwip::Callbacks* running = nullptr;

}  // namespace

// In place of the library's own: the first definition in the global scope is the one it gets.
extern "C" __attribute__((visibility("default"))) err_t
tcpip_try_callback(tcpip_callback_fn function, void* context) {
  if (running == nullptr) return ERR_MEM;
  running->emplace_back(function, context);
  return ERR_OK;
}

extern "C" __attribute__((visibility("default"))) u32_t sys_now() {
  return static_cast<u32_t>(clock_ns / 1'000'000);
}

namespace tcproof::lwip {
namespace {

constexpr const char* library_name = "liblwip.so.0";

// Our sys_now() must be in the global scope before a copy of lwIP is bound.
bool enter_global_scope() {
  Dl_info here{};
  if (::dladdr(reinterpret_cast<void*>(&::sys_now), &here) == 0) return false;
  return ::dlopen(here.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_GLOBAL) != nullptr;
}

std::string path_of_library() {
  void* library = ::dlopen(library_name, RTLD_LAZY | RTLD_LOCAL);
  if (library == nullptr) return {};
  link_map* map = nullptr;
  std::string path;
  if (::dlinfo(library, RTLD_DI_LINKMAP, &map) == 0) path = map->l_name;
  ::dlclose(library);
  return path;
}

// A file in memory with the octets of `path`; the loader takes another file for another library.
int copy_of(const std::string& path) {
  const int from = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (from < 0) return -1;
  struct stat facts{};
  const int copy = ::memfd_create("lwip", MFD_CLOEXEC);
  bool good = copy >= 0 && ::fstat(from, &facts) == 0;
  for (off_t at = 0; good && at < facts.st_size;)
    good = ::sendfile(copy, from, &at, static_cast<std::size_t>(facts.st_size - at)) > 0;
  ::close(from);
  if (good) return copy;
  if (copy >= 0) ::close(copy);
  return -1;
}

}  // namespace

std::unique_ptr<Api> Api::load(std::string& error) {
  static const bool global = enter_global_scope();
  static const std::string path = path_of_library();
  if (!global || path.empty()) {
    error = path.empty() ? "there is no liblwip.so.0" : "sys_now() cannot be replaced";
    return nullptr;
  }
  std::unique_ptr<Api> api(new Api);
  api->file_ = copy_of(path);
  const std::string copy = "/proc/self/fd/" + std::to_string(api->file_);
  if (api->file_ >= 0) api->library_ = ::dlopen(copy.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (api->library_ == nullptr) {
    error = "liblwip cannot be copied and loaded";
    return nullptr;
  }
  bool complete = true;
#define X(name)                                                                     \
  api->name = reinterpret_cast<decltype(api->name)>(::dlsym(api->library_, #name)); \
  complete = complete && api->name != nullptr;
  TCPROOF_LWIP_FUNCTIONS(X)
  TCPROOF_LWIP_VARIABLES(X)
#undef X
  if (complete) return api;
  error = "this liblwip lacks a function";
  return nullptr;
}

Api::~Api() {
  if (library_ != nullptr) ::dlclose(library_);
  if (file_ >= 0) ::close(file_);
}

void set_running(std::uint64_t nanoseconds, Callbacks& callbacks) {
  clock_ns = nanoseconds;
  running = &callbacks;
}

}  // namespace tcproof::lwip
