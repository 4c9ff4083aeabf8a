// SPDX-License-Identifier: Apache-2.0
#include "harness/report/junit.h"

#include <fmt/format.h>

#include <map>
#include <pugixml.hpp>
#include <sstream>

#include "harness/report/failure_text.h"

namespace tcproof::harness {
namespace {

using checks::Verdict;

std::string folder_of(const std::string& id) {
  const std::size_t slash = id.rfind('/');
  return slash == std::string::npos ? "cases" : id.substr(0, slash);
}

/// XML 1.0 has no way to hold most control characters.
std::string printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') c = '?';
  }
  return text;
}

void add_child(pugi::xml_node& node, const char* name, const std::string& message,
               const std::string& text) {
  pugi::xml_node child = node.append_child(name);
  child.append_attribute("message") = printable(message).c_str();
  if (!text.empty()) child.text().set(printable(text).c_str());
}

void add_case(pugi::xml_node& suite, const CaseResult& result, const RunResult& run,
              const checks::Catalogue& catalogue) {
  pugi::xml_node node = suite.append_child("testcase");
  node.append_attribute("classname") = folder_of(result.id).c_str();
  node.append_attribute("name") = printable(full_id(result)).c_str();
  const double seconds = std::chrono::duration<double>(result.virtual_duration).count();
  node.append_attribute("time") = fmt::format("{:.6f}", seconds).c_str();
  const checks::Judgement& judgement = result.judgement;
  const auto text = [&] { return failure_text(result, catalogue, run.host.target, "", {}); };
  switch (judgement.verdict) {
    case Verdict::pass: return;
    case Verdict::skip: return add_child(node, "skipped", judgement.reason, "");
    case Verdict::fail:
      if (result.expectation == Expectation::expected) {
        return add_child(node, "skipped", "expected failure: " + result.deviation_reason, text());
      }
      return add_child(node, "failure", judgement.reason, text());
    case Verdict::inconclusive:
    case Verdict::error: return add_child(node, "error", judgement.reason, text());
  }
}

}  // namespace

std::string junit_xml(const RunResult& run, const checks::Catalogue& catalogue) {
  pugi::xml_document document;
  pugi::xml_node declaration = document.append_child(pugi::node_declaration);
  declaration.append_attribute("version") = "1.0";
  declaration.append_attribute("encoding") = "UTF-8";
  pugi::xml_node root = document.append_child("testsuites");
  root.append_attribute("name") = fmt::format("tcproof on {}", run.target).c_str();

  std::map<std::string, std::vector<const CaseResult*>> folders;
  for (const CaseResult& result : run.cases) folders[folder_of(result.id)].push_back(&result);
  for (const auto& [folder, results] : folders) {
    pugi::xml_node suite = root.append_child("testsuite");
    suite.append_attribute("name") = folder.c_str();
    suite.append_attribute("tests") = static_cast<unsigned>(results.size());
    unsigned failures = 0, errors = 0, skipped = 0;
    for (const CaseResult* result : results) {
      const Verdict verdict = result->judgement.verdict;
      const bool expected = result->expectation == Expectation::expected;
      failures += verdict == Verdict::fail && !expected ? 1 : 0;
      skipped += verdict == Verdict::skip || (verdict == Verdict::fail && expected) ? 1 : 0;
      errors += verdict == Verdict::error || verdict == Verdict::inconclusive ? 1 : 0;
    }
    suite.append_attribute("failures") = failures;
    suite.append_attribute("errors") = errors;
    suite.append_attribute("skipped") = skipped;
    for (const CaseResult* result : results) add_case(suite, *result, run, catalogue);
  }
  std::ostringstream out;
  document.save(out, "  ");
  return out.str();
}

}  // namespace tcproof::harness
