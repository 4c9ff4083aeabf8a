// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/linux/stream.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <utility>

#include <sys/socket.h>

#include "harness/targets/linux/sockets.h"

namespace tcproof::harness {

using checks::Outcome;

Outcome Stream::send(wire::Buffer octets, bool urgent) {
  if (const auto error = ended()) return *error;
  if (fin_wanted_) return Outcome::closing;
  given_ += octets.size();
  outbox_.push_back({std::move(octets), 0, urgent});
  flush();
  return ended_.value_or(Outcome::ok);
}

void Stream::flush() {
  while (!outbox_.empty()) {
    Chunk& chunk = outbox_.front();
    const int flags = MSG_DONTWAIT | MSG_NOSIGNAL | (chunk.urgent ? MSG_OOB : 0);
    const auto rest = wire::Bytes(chunk.octets).subspan(chunk.sent);
    const auto sent = rest.empty() ? 0 : ::send(socket_.get(), rest.data(), rest.size(), flags);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != EINPROGRESS) note_error(errno);
      if (ended_) outbox_.clear();
      return;
    }
    chunk.sent += static_cast<std::size_t>(sent);
    if (chunk.sent == chunk.octets.size()) outbox_.pop_front();
  }
  if (fin_wanted_ && !fin_sent_) {
    fin_sent_ = true;
    ::shutdown(socket_.get(), SHUT_WR);
  }
}

void Stream::read(std::size_t up_to) {
  std::array<std::uint8_t, 65536> buffer;
  while (received_.size() < up_to && !end_of_data_) {
    const std::size_t want = std::min(buffer.size(), up_to - received_.size());
    const auto got = ::recv(socket_.get(), buffer.data(), want, MSG_DONTWAIT);
    if (got > 0) {
      received_.insert(received_.end(), buffer.begin(), buffer.begin() + got);
    } else if (got == 0) {
      end_of_data_ = true;
    } else if (errno == EAGAIN) {
      return;
    } else if (errno != EINTR) {
      end_of_data_ = true;
      note_error(errno);
    }
  }
}

std::optional<Stream::Received> Stream::receive(std::size_t count, bool all) {
  const std::size_t wanted = all ? std::numeric_limits<std::size_t>::max() : count;
  read(wanted);
  if (!all && received_.size() >= count) {
    const auto end = received_.begin() + static_cast<std::ptrdiff_t>(count);
    Received done{Outcome::ok, {received_.begin(), end}};
    received_.erase(received_.begin(), end);
    return done;
  }
  if (!end_of_data_) return {};
  Received done{Outcome::closing, std::exchange(received_, {})};
  if (const auto error = ended()) {
    done.outcome = *error;
  } else if (all) {
    done.outcome = Outcome::ok;
  }
  return done;
}

Outcome Stream::close() {
  // RFC 9293 3.10.4: in every state from FIN-WAIT-1 on a second CLOSE is an error.
  if (fin_wanted_) return Outcome::closing;
  fin_wanted_ = true;
  flush();
  return Outcome::ok;
}

Outcome Stream::shutdown(checks::Call::Shutdown what) {
  using Shutdown = checks::Call::Shutdown;
  if (what != Shutdown::send && ::shutdown(socket_.get(), SHUT_RD) != 0) return outcome_of(errno);
  if (what == Shutdown::receive) return Outcome::ok;
  return close();
}

void Stream::abort() {
  const linger at_once{1, 0};
  setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  outbox_.clear();
  socket_.reset();
}

void Stream::note_error(int number) {
  // A RST in CLOSE-WAIT is EPIPE to the kernel; a SEND after CLOSE, which is EPIPE too, never gets
  // here.
  ended_ = number == EPIPE ? Outcome::reset : outcome_of(number);
}

std::optional<Outcome> Stream::ended() {
  if (ended_) return ended_;
  int number = 0;
  socklen_t size = sizeof number;
  if (getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &number, &size) == 0 && number != 0) {
    note_error(number);
  }
  return ended_;
}

std::optional<std::int64_t> Stream::number(checks::Call::Status subject, wire::Family family) {
  const auto number = socket_number(socket_.get(), subject, family);
  const auto already_read = static_cast<std::int64_t>(received_.size());
  if (!number) return number;
  if (subject == checks::Call::Status::unread) return *number + already_read;
  if (subject == checks::Call::Status::urgent && *number > 0) return *number + already_read;
  return number;
}

}  // namespace tcproof::harness
