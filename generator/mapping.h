// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include <sys/mman.h>

namespace tcproof::generator {

/// A mapping that is gone with its owner.
class Mapping {
 public:
  Mapping() = default;
  /// What mmap() gave, MAP_FAILED included.
  Mapping(void* at, std::size_t size) : at_(at), size_(size) {}
  Mapping(Mapping&& other) noexcept { *this = std::move(other); }
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(at_, other.at_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Mapping() {
    if (at_ != MAP_FAILED) ::munmap(at_, size_);
  }
  bool is_there() const { return at_ != MAP_FAILED; }
  std::uint8_t* octets() const { return static_cast<std::uint8_t*>(at_); }

 private:
  void* at_ = MAP_FAILED;
  std::size_t size_ = 0;
};

}  // namespace tcproof::generator
