// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "generator/backends/ring.h"
#include "generator/pacer.h"

namespace tcproof::generator {

/// Frames into a capture file (pcap with nanoseconds), each at the time when it would be due.
class PcapFile : public FrameSink {
 public:
  /// `streams` outlives the file.
  static tl::expected<PcapFile, OsError> open(const std::string& path,
                                              std::span<const CompiledStream> streams);
  void take(std::size_t stream, std::uint64_t first, std::span<const wire::Bytes> frames) override;
  /// Writes what is buffered; an error of any write before shows here.
  tl::expected<void, OsError> close();
  std::uint64_t frames() const { return frames_; }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  PcapFile(std::FILE* file, std::span<const CompiledStream> streams);

  std::unique_ptr<std::FILE, Close> file_;
  std::vector<Pacer> pacers_;
  std::uint64_t frames_ = 0;
};

}  // namespace tcproof::generator
