// SPDX-License-Identifier: Apache-2.0
#include "generator/backends/pcap_file.h"

#include <array>
#include <cerrno>

namespace tcproof::generator {
namespace {

constexpr std::uint32_t nanosecond_magic = 0xa1b23c4d, link_ethernet = 1, snap_length = 262144;

void write(std::FILE* file, const void* octets, std::size_t size) {
  // A failure stays with the file and is reported when it is closed.
  static_cast<void>(std::fwrite(octets, 1, size, file));
}

}  // namespace

tl::expected<PcapFile, OsError> PcapFile::open(const std::string& path,
                                               std::span<const CompiledStream> streams) {
  std::FILE* const file = std::fopen(path.c_str(), "wbe");
  if (file == nullptr) return tl::unexpected(OsError{"write " + path, errno});
  return PcapFile(file, streams);
}

PcapFile::PcapFile(std::FILE* file, std::span<const CompiledStream> streams) : file_(file) {
  for (const CompiledStream& stream : streams) pacers_.emplace_back(stream);
  // In the machine's byte order: readers tell it by the magic.
  struct Header {
    std::uint32_t magic = nanosecond_magic;
    std::uint16_t major = 2, minor = 4;
    std::uint32_t zone = 0, accuracy = 0, longest = snap_length, link = link_ethernet;
  };
  const Header header;
  write(file, &header, sizeof header);
}

void PcapFile::take(std::size_t stream, std::uint64_t first, std::span<const wire::Bytes> frames) {
  for (const wire::Bytes frame : frames) {
    const auto ns = static_cast<std::uint64_t>(pacers_[stream].due(first++).count());
    const auto size = static_cast<std::uint32_t>(frame.size());
    const std::array<std::uint32_t, 4> header{static_cast<std::uint32_t>(ns / 1000000000),
                                              static_cast<std::uint32_t>(ns % 1000000000), size,
                                              size};
    write(file_.get(), header.data(), sizeof header);
    write(file_.get(), frame.data(), frame.size());
  }
  frames_ += frames.size();
}

tl::expected<void, OsError> PcapFile::close() {
  const bool fine = std::fflush(file_.get()) == 0 && std::ferror(file_.get()) == 0;
  const int number = errno;
  file_.reset();
  if (!fine) return tl::unexpected(OsError{"write the capture file", number});
  return {};
}

}  // namespace tcproof::generator
