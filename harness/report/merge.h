// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/case/diagnostic.h"
#include "harness/report/document.h"

namespace tcproof::harness {

/// A result document (version 1) and the file it stands in.
struct NamedDocument {
  std::string name;
  Json document;
};

/// Reads a result document; any file is taken, only one of that form is accepted.
Loaded<NamedDocument> read_document(const std::string& path);

/// Documents of the shards of one run as the document of the whole: cases by id, sums, and in
/// `host` what the machines were. An error if they are not of one target and seed, or if two hold
/// the same case.
Loaded<Json> merge_documents(std::vector<NamedDocument> documents);

/// The shards that a merged document lacks, "3/8" each; empty if the run was not sharded.
std::vector<std::string> missing_shards(const Json& merged);

/// The exit status of a run with this document: as exit_code() says, and 3 if shards are missing.
int exit_code(const Json& merged, bool stale_fails);

}  // namespace tcproof::harness
