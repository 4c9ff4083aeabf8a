// SPDX-License-Identifier: Apache-2.0
#include "harness/report/journal.h"

#include <cerrno>
#include <cstring>

#include "harness/report/document.h"

namespace tcproof::harness {
namespace {

EnvironmentError failed(const std::string& what, const std::string& path) {
  return {what + " " + path, std::strerror(errno), "name a file that can be written"};
}

}  // namespace

Tried<Journal> Journal::open(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "we");
  if (file == nullptr) return tl::unexpected(failed("open", path));
  return Journal(file, path);
}

Tried<void> Journal::add(const CaseResult& result) {
  const std::string line = to_json(result).dump() + "\n";
  const bool written = std::fwrite(line.data(), 1, line.size(), file_.get()) == line.size();
  if (!written || std::fflush(file_.get()) != 0) return tl::unexpected(failed("write", path_));
  return {};
}

Tried<void> write_file(const std::string& path, std::string_view content) {
  if (path == "-") {
    const bool written = std::fwrite(content.data(), 1, content.size(), stdout) == content.size();
    if (!written || std::fflush(stdout) != 0)
      return tl::unexpected(failed("write", "standard output"));
    return {};
  }
  // A device or a pipe cannot be renamed onto; a regular file is replaced at once.
  const std::string part = path + ".part";
  const bool direct = path.starts_with("/dev/");
  std::FILE* file = std::fopen(direct ? path.c_str() : part.c_str(), "we");
  if (file == nullptr) return tl::unexpected(failed("open", path));
  const bool written = std::fwrite(content.data(), 1, content.size(), file) == content.size();
  const bool closed = std::fclose(file) == 0;
  if (!written || !closed) return tl::unexpected(failed("write", path));
  if (!direct && std::rename(part.c_str(), path.c_str()) != 0) {
    return tl::unexpected(failed("write", path));
  }
  return {};
}

}  // namespace tcproof::harness
