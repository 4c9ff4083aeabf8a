// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/case/yaml.h"

namespace tcproof::harness::loading {

/// One run of a case: its variables and how it is called, "[ip=v6,mtu=1280]".
struct Cell {
  std::string text;
  struct Variable {
    std::string name;
    Place name_place;
    const Node* value;
  };
  std::vector<Variable> variables;
};

/// The cells of a `matrix` in the order written, the last variable changing fastest; one cell
/// without variables for none. They point into `matrix`.
std::vector<Cell> read_matrix(const Node* matrix, Problems& problems);

}  // namespace tcproof::harness::loading
