// SPDX-License-Identifier: Apache-2.0
#include "harness/case/matrix.h"

#include <set>

#include <fmt/format.h>

#include "harness/case/fields.h"

namespace tcproof::harness::loading {

namespace {

constexpr std::size_t most_cells = 1000;

void name_cell(Cell& cell) {
  for (const Cell::Variable& variable : cell.variables) {
    cell.text +=
        fmt::format("{}{}={}", cell.text.empty() ? "[" : ",", variable.name, variable.value->text);
  }
  if (!cell.text.empty()) cell.text += ']';
}

std::vector<Cell> product(const Node& matrix, Problems& problems) {
  std::vector<Cell> cells(1);
  for (const Entry& entry : matrix.entries) {
    const auto values = list_of(entry.value, fmt::format("'{}'", entry.key), false, problems);
    if (values.empty()) continue;
    if (cells.size() * values.size() > most_cells) {
      problems.add(entry.key_place, fmt::format("the matrix has more than {} cells", most_cells));
      return cells;
    }
    std::vector<Cell> next;
    for (const Cell& cell : cells) {
      for (const Node* value : values) {
        next.push_back(cell);
        next.back().variables.push_back({entry.key, entry.key_place, value});
      }
    }
    cells = std::move(next);
  }
  return cells;
}

std::vector<Cell> rows(const Node& matrix, Problems& problems) {
  std::vector<Cell> cells;
  for (const Node& row : matrix.items) {
    if (!is_mapping(row, "a row of 'matrix'", problems)) continue;
    Cell cell;
    for (const Entry& entry : row.entries) {
      if (!text_of(entry.value, fmt::format("'{}'", entry.key), problems)) continue;
      cell.variables.push_back({entry.key, entry.key_place, &entry.value});
    }
    if (cells.size() >= most_cells) {
      problems.add(row.place, fmt::format("the matrix has more than {} cells", most_cells));
      return cells;
    }
    cells.push_back(std::move(cell));
  }
  return cells;
}

}  // namespace

std::vector<Cell> read_matrix(const Node* matrix, Problems& problems) {
  if (matrix == nullptr) return std::vector<Cell>(1);
  if (!matrix->is_mapping() && !matrix->is_sequence()) {
    wrong_kind(*matrix, "'matrix'", "{ VAR: [..] } or a list of rows", problems);
    return std::vector<Cell>(1);
  }
  if (matrix->entries.empty() && matrix->items.empty()) {
    problems.add(matrix->place, "'matrix' is empty", "leave it out");
    return std::vector<Cell>(1);
  }
  std::vector<Cell> cells =
      matrix->is_mapping() ? product(*matrix, problems) : rows(*matrix, problems);
  std::set<std::string> names;
  for (Cell& cell : cells) {
    name_cell(cell);
    if (!names.insert(cell.text).second && !cell.variables.empty()) {
      problems.add(cell.variables.back().value->place, fmt::format("{} is there twice", cell.text));
    }
  }
  if (cells.empty()) cells.resize(1);
  return cells;
}

}  // namespace tcproof::harness::loading
