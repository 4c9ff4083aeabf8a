// SPDX-License-Identifier: Apache-2.0
#include "harness/report/merge.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

namespace tcproof::harness {
namespace {

bool is_case(const Json& one) {
  if (!one.is_object()) return false;
  for (const char* key : {"id", "cell", "verdict"}) {
    if (!one.contains(key) || !one.at(key).is_string()) return false;
  }
  return true;
}

bool is_document(const Json& json) {
  if (!json.is_object() || json.value("tcproof", Json()) != RunResult::version) return false;
  const auto has = [&json](const char* key, auto is) {
    return json.contains(key) && (json.at(key).*is)();
  };
  const bool whole = has("target", &Json::is_string) && has("seed", &Json::is_number_unsigned) &&
                     has("summary", &Json::is_object) && has("cases", &Json::is_array) &&
                     has("stale", &Json::is_array) && has("host", &Json::is_object);
  return whole && std::ranges::all_of(json.at("cases"), is_case);
}

std::string text_of(const Json& object, const char* key) {
  const auto at = object.find(key);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

std::uint64_t number_of(const Json& object, const char* key) {
  const auto at = object.find(key);
  return at != object.end() && at->is_number_unsigned() ? at->get<std::uint64_t>() : 0;
}

/// The different texts under one key of `host`, joined.
std::string texts_of(const std::vector<NamedDocument>& documents, const char* key) {
  std::set<std::string> texts;
  for (const NamedDocument& one : documents) texts.insert(text_of(one.document.at("host"), key));
  texts.erase("");
  std::string joined;
  for (const std::string& text : texts) joined += (joined.empty() ? "" : ", ") + text;
  return joined;
}

Json host_of(const std::vector<NamedDocument>& documents) {
  std::uint64_t wall = 0, jobs = 0;
  std::string started;
  std::set<std::string> shards;
  Json longest;
  for (const NamedDocument& one : documents) {
    const Json& host = one.document.at("host");
    wall = std::max(wall, number_of(host, "wall_ms"));
    jobs += number_of(host, "jobs");
    const std::string begun = text_of(host, "started");
    if (started.empty() || (!begun.empty() && begun < started)) started = begun;
    const std::string shard = text_of(host, "shard");
    if (!shard.empty()) shards.insert(shard);
    const auto its_longest = host.find("longest");
    if (its_longest != host.end() && its_longest->is_object() &&
        (longest.is_null() || number_of(*its_longest, "ms") > number_of(longest, "ms")))
      longest = *its_longest;
    // One that was merged before has several.
    const auto merged = host.find("shards");
    if (merged == host.end() || !merged->is_array()) continue;
    for (const Json& part : *merged) {
      if (part.is_string()) shards.insert(part.get<std::string>());
    }
  }
  Json host = {{"tcproof", texts_of(documents, "tcproof")},
               {"target", texts_of(documents, "target")},
               {"kernel", texts_of(documents, "kernel")},
               {"started", started},
               {"wall_ms", wall},
               {"jobs", jobs}};
  if (!shards.empty()) host["shards"] = shards;
  if (!longest.is_null()) host["longest"] = longest;
  return host;
}

/// What may stand in one document only: a case may be there several times, with --repeat, but
/// never in two.
Diagnostics duplicates(const std::vector<NamedDocument>& documents) {
  std::map<std::string, const NamedDocument*> owner;
  for (const NamedDocument& one : documents) {
    for (const Json& entry : one.document.at("cases")) {
      const std::string id = entry.at("id").get<std::string>();
      const auto [at, is_new] = owner.try_emplace(id, &one);
      if (is_new || at->second == &one) continue;
      return complaint(fmt::format("'{}' is in {} and in {}", id, at->second->name, one.name),
                       "merge the shards of one run, each once");
    }
  }
  return {};
}

}  // namespace

Loaded<NamedDocument> read_document(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string cure = "give result documents that `tcproof run --json FILE` wrote";
  if (!file) return tl::unexpected(complaint(std::strerror(errno), cure, path));
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded() || !is_document(json))
    return tl::unexpected(complaint("no result document of version 1", cure, path));
  return NamedDocument{path, std::move(json)};
}

Loaded<Json> merge_documents(std::vector<NamedDocument> documents) {
  const NamedDocument& first = documents.front();
  for (const NamedDocument& one : documents) {
    for (const char* key : {"target", "seed"}) {
      if (one.document.at(key) == first.document.at(key)) continue;
      return tl::unexpected(complaint(
          fmt::format("{} of {} is {}, that of {} is {}", key, one.name,
                      one.document.at(key).dump(), first.name, first.document.at(key).dump()),
          "merge the shards of one run"));
    }
  }
  if (Diagnostics problems = duplicates(documents); !problems.empty())
    return tl::unexpected(std::move(problems));
  std::vector<Json> cases;
  std::vector<Json> stale;
  bool interrupted = false;
  for (const NamedDocument& one : documents) {
    for (const Json& entry : one.document.at("cases")) cases.push_back(entry);
    for (const Json& entry : one.document.at("stale")) stale.push_back(entry);
    const Json flag = one.document.at("summary").value("interrupted", Json(false));
    interrupted |= flag.is_boolean() && flag.get<bool>();
  }
  std::ranges::stable_sort(cases, {}, [](const Json& one) { return text_of(one, "id"); });
  std::ranges::stable_sort(stale, {}, [](const Json& one) { return text_of(one, "key"); });
  Json merged = {{"tcproof", RunResult::version},
                 {"target", first.document.at("target")},
                 {"seed", first.document.at("seed")}};
  merged["summary"] = summary_of(Json(cases), interrupted);
  merged["cases"] = std::move(cases);
  merged["stale"] = std::move(stale);
  merged["host"] = host_of(documents);
  return merged;
}

std::vector<std::string> missing_shards(const Json& merged) {
  std::vector<std::string> missing;
  const auto at = merged.at("host").find("shards");
  if (at == merged.at("host").end() || at->empty()) return missing;
  std::set<std::string> here;
  std::uint64_t count = 0;
  for (const Json& shard : *at) {
    const auto text = shard.get<std::string>();
    here.insert(text);
    const std::size_t cut = text.find('/');
    if (cut != std::string::npos)
      count = std::max<std::uint64_t>(count, std::strtoul(text.c_str() + cut + 1, nullptr, 10));
  }
  for (std::uint64_t i = 1; i <= std::min<std::uint64_t>(count, 10'000); ++i) {
    const std::string name = fmt::format("{}/{}", i, count);
    if (!here.contains(name)) missing.push_back(name);
  }
  return missing;
}

int exit_code(const Json& merged, bool stale_fails) {
  const Json& summary = merged.at("summary");
  bool failed = stale_fails && !merged.at("stale").empty();
  bool ran = merged.at("cases").empty();
  for (const Json& one : merged.at("cases")) {
    const std::string verdict = text_of(one, "verdict");
    ran |= verdict != "skip";
    const bool nothing_said = !one.contains("failures");
    failed |= verdict == "fail" && (text_of(one, "expectation") == "unexpected" || nothing_said);
  }
  if (failed) return 1;
  const bool broken = number_of(summary, "error") > 0 || number_of(summary, "inconclusive") > 0 ||
                      summary.at("interrupted") == true || !missing_shards(merged).empty();
  if (broken) return 3;
  return ran ? 0 : 77;
}

}  // namespace tcproof::harness
