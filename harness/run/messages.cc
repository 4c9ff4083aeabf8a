// SPDX-License-Identifier: Apache-2.0
#include "harness/run/messages.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string>

namespace tcproof::harness {
namespace {

constexpr std::size_t header_size = 12;

}  // namespace

wire::Buffer pack(const EnvironmentError& error) {
  wire::Buffer body;
  for (const std::string* part : {&error.step, &error.why, &error.remedy}) {
    body.insert(body.end(), part->begin(), part->end());
    body.push_back(0);
  }
  return body;
}

EnvironmentError unpack_error(wire::Bytes body) {
  EnvironmentError error;
  auto at = body.begin();
  for (std::string* part : {&error.step, &error.why, &error.remedy}) {
    const auto end = std::find(at, body.end(), std::uint8_t{0});
    part->assign(at, end);
    at = end == body.end() ? end : end + 1;
  }
  return error;
}

void Outbox::add(Message::Kind kind, std::uint32_t index, wire::Bytes body) {
  const std::size_t at = waiting_.size();
  waiting_.resize(at + header_size);
  wire::put32(waiting_, at, static_cast<std::uint32_t>(kind));
  wire::put32(waiting_, at + 4, index);
  wire::put32(waiting_, at + 8, static_cast<std::uint32_t>(body.size()));
  waiting_.insert(waiting_.end(), body.begin(), body.end());
}

bool Outbox::flush() {
  while (sent_ < waiting_.size()) {
    const ssize_t n =
        ::send(descriptor_, waiting_.data() + sent_, waiting_.size() - sent_, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    sent_ += static_cast<std::size_t>(n);
  }
  waiting_.clear();
  sent_ = 0;
  return true;
}

void Inbox::add(wire::Bytes octets) {
  octets_.insert(octets_.end(), octets.begin(), octets.end());
}

std::optional<Message> Inbox::next() {
  const wire::Bytes waiting = wire::Bytes(octets_).subspan(read_);
  const bool whole =
      waiting.size() >= header_size && waiting.size() - header_size >= wire::be32(waiting, 8);
  if (!whole) {
    octets_.erase(octets_.begin(), octets_.begin() + static_cast<std::ptrdiff_t>(read_));
    read_ = 0;
    return {};
  }
  const wire::Bytes body = waiting.subspan(header_size, wire::be32(waiting, 8));
  Message message{static_cast<Message::Kind>(wire::be32(waiting, 0)), wire::be32(waiting, 4),
                  wire::Buffer(body.begin(), body.end())};
  read_ += header_size + body.size();
  return message;
}

}  // namespace tcproof::harness
