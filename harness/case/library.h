// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "checks/case.h"
#include "checks/requirement.h"
#include "harness/case/diagnostic.h"
#include "harness/case/profile.h"

namespace tcproof::harness {

class CaseFile;
namespace loading {
struct StateTable;
}

/// Why a case does not run on a target: "needs sack", "the profile has no time_wait".
struct Skip {
  std::string reason;
};
using Instance = std::variant<checks::Case, Skip>;

/// A folder of specs: cases, starts, topologies, requirements, target profiles. Each cell of a state
/// table (`FOLDER/state-table.yaml`) is a case too, "FOLDER/state/ESTABLISHED/rst-in-window". Files
/// are read when asked for and kept. Not thread-safe, but for what is const.
class Library {
 public:
  /// `root` holds the folders start, topologies, requirements and targets; everything else in it is
  /// cases.
  static Loaded<Library> open(const std::filesystem::path& root);
  Library(Library&&) noexcept;
  Library& operator=(Library&&) noexcept;
  ~Library();

  /// All case ids, sorted ("tcp/open/passive").
  const std::vector<std::string>& ids() const;
  const checks::Catalogue& catalogue() const;
  /// Whether all cells are read when a file is loaded, or each when it is made an instance of: a
  /// run reads them once that way, and what is wrong with a cell that it skips stays unsaid.
  enum class Cells : std::uint8_t { checked, unread };
  /// Reads the files of these cases on all cores, for load() to find them read.
  void read_ahead(const std::vector<std::string>& ids);
  /// Case `id` of this library; the file stays the library's.
  Loaded<const CaseFile*> load(const std::string& id, Cells cells = Cells::checked);
  /// A file given by its path, which may lie outside; its id is its path without `.yaml`.
  Loaded<const CaseFile*> load_file(const std::filesystem::path& path,
                                    Cells cells = Cells::checked);
  Loaded<Profile> profile(const std::string& name) const;
  /// `folder`/state-table.yaml; null if there is none.
  const loading::StateTable* state_table(const std::string& folder) const;
  const std::filesystem::path& root() const;

 private:
  Library();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// One case file, checked as far as it can be without a target: what `lint` shows.
class CaseFile {
 public:
  struct Impl;
  explicit CaseFile(std::unique_ptr<Impl> impl);
  ~CaseFile();

  const std::string& id() const;
  const std::string& name() const;
  const std::vector<std::string>& covers() const;
  const std::vector<std::string>& needs() const;
  bool slow() const;
  const std::string& source() const;  // the whole text
  /// "[ip=v4]", "[ip=v6]", ...; one empty string without a matrix. In the order written.
  const std::vector<std::string>& cells() const;
  /// The case for one cell, target and seed. Errors are those that only show with the values put
  /// in.
  Loaded<Instance> instantiate(std::size_t cell, const Profile& profile, std::uint64_t seed) const;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace tcproof::harness
