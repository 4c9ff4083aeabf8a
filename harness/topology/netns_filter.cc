// SPDX-License-Identifier: Apache-2.0
#include "harness/topology/netns_filter.h"

#include <memory>
#include <optional>

#include <dlfcn.h>
#include <fmt/format.h>
#include <nftables/libnftables.h>

namespace tcproof::harness {
namespace {

/// What is used of libnftables, which few networks need: it brings more libraries than all the rest of
/// the program does, and each start would wait for them.
struct Nftables {
  decltype(&nft_ctx_new) make;
  decltype(&nft_ctx_free) free;
  decltype(&nft_ctx_buffer_error) keep_errors;
  decltype(&nft_ctx_buffer_output) keep_output;
  decltype(&nft_run_cmd_from_buffer) run;
  decltype(&nft_ctx_get_error_buffer) errors;
};

template <class Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, name));
  return function != nullptr;
}

/// It stays loaded.
std::optional<Nftables> load_nftables() {
  void* const library = ::dlopen("libnftables.so.1", RTLD_NOW | RTLD_LOCAL);
  Nftables found{};
  if (library == nullptr || !find(library, "nft_ctx_new", found.make) ||
      !find(library, "nft_ctx_free", found.free) ||
      !find(library, "nft_ctx_buffer_error", found.keep_errors) ||
      !find(library, "nft_ctx_buffer_output", found.keep_output) ||
      !find(library, "nft_run_cmd_from_buffer", found.run) ||
      !find(library, "nft_ctx_get_error_buffer", found.errors)) {
    return {};
  }
  return found;
}

constexpr const char* too_big_v4 = "icmp type destination-unreachable icmp code frag-needed";
constexpr const char* too_big_v6 = "icmpv6 type packet-too-big";

/// Both families, and not too-big, which has a behaviour of its own.
std::string drop_unreachable() {
  return "icmp type destination-unreachable icmp code != frag-needed drop\n"
         "icmpv6 type destination-unreachable drop\n";
}

/// What leaves the router itself: its ICMP errors.
std::string output_rules(const checks::RouterBehaviour& how) {
  using TooBig = checks::RouterBehaviour::TooBig;
  std::string rules;
  if (how.too_big == TooBig::drop) {
    rules += fmt::format("{} drop\n{} drop\n", too_big_v4, too_big_v6);
  }
  if (!how.time_exceeded) rules += "icmp type time-exceeded drop\nicmpv6 type time-exceeded drop\n";
  if (!how.unreachable) rules += drop_unreachable();
  if (how.icmp_rate) {
    const std::string limit =
        fmt::format("limit rate over {0}/second burst {0} packets drop", *how.icmp_rate);
    rules += "icmp type { destination-unreachable, time-exceeded } " + limit + "\n";
    rules +=
        "icmpv6 type { destination-unreachable, packet-too-big, time-exceeded } " + limit + "\n";
  }
  if (how.too_big == TooBig::claim) {
    rules += fmt::format("{} icmp mtu set {}\n", too_big_v4, how.claimed_mtu);
    rules += fmt::format("{} icmpv6 mtu set {}\n", too_big_v6, how.claimed_mtu);
  }
  return rules;
}

}  // namespace

std::string router_rules(const checks::RouterBehaviour& how) {
  const std::string output = output_rules(how);
  std::string chains;
  if (!output.empty()) {
    chains += "chain says {\ntype filter hook output priority 0; policy accept;\n" + output + "}\n";
  }
  if (how.mss_clamp) {
    // The kernel only ever lowers the option.
    chains += fmt::format(
        "chain passes {{\ntype filter hook forward priority 0; policy accept;\n"
        "tcp flags & syn == syn tcp option maxseg size set {}\n}}\n",
        *how.mss_clamp);
  }
  return chains.empty() ? chains : "table inet tcproof {\n" + chains + "}\n";
}

Tried<void> load_rules(const Namespace& space, const std::string& rules) {
  return space.run([&]() -> Tried<void> {
    const std::string step = "load the packet filter rules of a router";
    static const std::optional<Nftables> nftables = load_nftables();
    if (!nftables) {
      return tl::unexpected(
          skip_case(step, "libnftables.so.1 is not there", "install libnftables1"));
    }
    const std::unique_ptr<nft_ctx, decltype(nftables->free)> context(
        nftables->make(NFT_CTX_DEFAULT), nftables->free);
    if (!context) {
      return tl::unexpected(EnvironmentError{step, "no context for nftables", "free some memory"});
    }
    nftables->keep_errors(context.get());
    nftables->keep_output(context.get());
    if (nftables->run(context.get(), rules.c_str()) == 0) return {};
    std::string why = nftables->errors(context.get());
    why = why.substr(0, why.find('\n'));
    return tl::unexpected(skip_case(step, why, "the kernel needs nf_tables with inet tables"));
  });
}

}  // namespace tcproof::harness
