// SPDX-License-Identifier: Apache-2.0
#include "stack/ip/routes.h"

#include <algorithm>

#include "stack/ip/rules.h"

namespace tcproof::ip {

using wire::Family;
using wire::IpAddress;

Routes::Routes(const Interface& interface) : interface_(interface) {
  if (interface.v4_router) routers_.push_back({.address = *interface.v4_router});
  if (interface.v6_router) routers_.push_back({.address = *interface.v6_router});
  for (const IpAddress& router : interface.other_routers) routers_.push_back({.address = router});
}

/// RFC 1122 3.3.1.1, RFC 4861 5.2: redirects first, then the link, then the routers.
std::optional<IpAddress> Routes::next_hop(const IpAddress& dst) const {
  if (!redirects_.empty()) {
    const auto moved = redirects_.find(dst);
    if (moved != redirects_.end()) return moved->second;
  }
  const auto& own = interface_.prefix(dst.family);
  if (!own) return {};
  if (is_on_link(dst) || dst.is_multicast() || interface_.is_broadcast(dst)) return dst;
  const Router* router = default_router(dst.family);
  if (router == nullptr) return {};
  return router->address;
}

bool Routes::is_on_link(const IpAddress& address) const {
  const auto& own = interface_.prefix(address.family);
  if (!own) return false;
  if (own->contains(address) || address.is_link_local()) return true;
  return std::ranges::any_of(prefixes_,
                             [&](const Prefix& p) { return p.prefix.contains(address); });
}

/// RFC 4861 6.3.6: the first that is not known to be silent; if all are, whichever is in front.
const Routes::Router* Routes::default_router(Family family) const {
  const Router* in_front = nullptr;
  for (const Router& router : routers_) {
    if (router.address.family != family) continue;
    if (!router.silent) return &router;
    if (in_front == nullptr) in_front = &router;
  }
  return in_front;
}

void Routes::redirect(const IpAddress& dst, const IpAddress& gateway) {
  if (redirects_.size() >= max_redirects && !redirects_.contains(dst))
    redirects_.erase(redirects_.begin());
  redirects_[dst] = gateway;
}

void Routes::advertised(const IpAddress& router, Duration lifetime, Instant now) {
  if (lifetime == Duration::zero()) return no_router(router);
  const auto found = std::ranges::find(routers_, router, &Router::address);
  if (found != routers_.end()) {
    if (found->until) found->until = now + lifetime;
  } else if (routers_.size() < max_routers) {
    routers_.push_back({.address = router, .until = now + lifetime});
  }
  reschedule();
}

void Routes::on_link(const wire::IpPrefix& prefix, std::optional<Duration> lifetime, Instant now) {
  const std::optional<Instant> until = lifetime ? std::optional(now + *lifetime) : std::nullopt;
  const auto found = std::ranges::find(prefixes_, prefix, &Prefix::prefix);
  if (lifetime && *lifetime == Duration::zero()) {
    if (found != prefixes_.end()) prefixes_.erase(found);
  } else if (found != prefixes_.end()) {
    found->until = until;
  } else if (prefixes_.size() < max_prefixes) {
    prefixes_.push_back({prefix, until});
  }
  reschedule();
}

void Routes::no_router(const IpAddress& address) {
  std::erase_if(routers_, [&](const Router& router) { return router.address == address; });
  forget_redirects_to(address);
  reschedule();
}

bool Routes::failed(const IpAddress& next_hop) {
  forget_redirects_to(next_hop);
  const auto found = std::ranges::find(routers_, next_hop, &Router::address);
  if (found == routers_.end()) return false;
  found->silent = true;
  std::rotate(found, found + 1, routers_.end());  // the others are tried in turn
  return true;
}

void Routes::answered(const IpAddress& next_hop) {
  const auto found = std::ranges::find(routers_, next_hop, &Router::address);
  if (found != routers_.end()) found->silent = false;
}

void Routes::forget_redirects_to(const IpAddress& gateway) {
  std::erase_if(redirects_, [&](const auto& moved) { return moved.second == gateway; });
}

void Routes::expire(Instant now, const std::function<void(std::string_view rule)>& trace) {
  if (!next_deadline_ || *next_deadline_ > now) return;
  const auto is_over = [now](const auto& one) { return one.until && *one.until <= now; };
  std::vector<IpAddress> gone;
  for (const Router& router : routers_)
    if (is_over(router)) gone.push_back(router.address);
  for (const IpAddress& router : gone) {
    no_router(router);
    trace(rule::router_lifetime_over);
  }
  if (std::erase_if(prefixes_, is_over) > 0) trace(rule::router_prefix_over);
  reschedule();
}

void Routes::reschedule() {
  next_deadline_.reset();
  const auto note = [&](const std::optional<Instant>& until) {
    if (until && (!next_deadline_ || *until < *next_deadline_)) next_deadline_ = until;
  };
  for (const Router& router : routers_) note(router.until);
  for (const Prefix& prefix : prefixes_) note(prefix.until);
}

}  // namespace tcproof::ip
