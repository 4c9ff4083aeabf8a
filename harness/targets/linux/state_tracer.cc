// SPDX-License-Identifier: Apache-2.0
#include "harness/targets/linux/state_tracer.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <sys/socket.h>
#include <sys/stat.h>

namespace tcproof::harness {
namespace {

/// What the program hands over for each transition.
struct Record {
  std::uint64_t at = 0;  // bpf_ktime_get_ns(): CLOCK_MONOTONIC
  std::uint32_t space = 0;
  std::array<std::uint8_t, 4> remote_v4{};
  std::array<std::uint8_t, 16> remote_v6{};
  std::uint16_t family = 0;
  std::uint16_t local_port = 0;   // host order
  std::uint16_t remote_port = 0;  // network order
  std::uint8_t from = 0, to = 0;
};
static_assert(sizeof(Record) == 40);

constexpr std::uint32_t ring_octets = 256 * 1024;
/// The kernel lets only programs under a licence compatible with its own read its structures; these
/// few instructions are offered under either.
constexpr const char* bpf_license = "Dual MIT/GPL";

struct BtfRelease {
  void operator()(btf* types) const { btf__free(types); }
};
using Btf = std::unique_ptr<btf, BtfRelease>;

/// The offset of a member in octets, looked for in unnamed members too.
std::optional<std::int16_t> offset_in(const btf* types, std::uint32_t type, std::string_view name) {
  const int resolved = btf__resolve_type(types, type);
  if (resolved < 0) return {};
  const btf_type* const found = btf__type_by_id(types, static_cast<std::uint32_t>(resolved));
  if (found == nullptr || !btf_is_composite(found)) return {};
  const btf_member* const members = btf_members(found);
  for (std::uint32_t i = 0; i < btf_vlen(found); ++i) {
    const auto at = static_cast<std::int16_t>(btf_member_bit_offset(found, i) / 8);
    const std::string_view its_name = btf__name_by_offset(types, members[i].name_off);
    if (its_name == name) return at;
    if (!its_name.empty()) continue;
    if (const auto inner = offset_in(types, members[i].type, name))
      return static_cast<std::int16_t>(at + *inner);
  }
  return {};
}

/// Where this kernel keeps what the program reads (include/net/sock.h, include/net/net_namespace.h).
struct Offsets {
  std::int16_t net = 0, inum = 0, family = 0, local_port = 0, remote_port = 0, v4 = 0, v6 = 0;
};

std::optional<Offsets> offsets_of(const btf* types) {
  const auto offset = [types](const char* type, const char* member) -> std::optional<std::int16_t> {
    const int id = btf__find_by_name_kind(types, type, BTF_KIND_STRUCT);
    if (id < 0) return {};
    return offset_in(types, static_cast<std::uint32_t>(id), member);
  };
  // struct sock begins with its struct sock_common.
  const auto net = offset("sock_common", "skc_net"), space = offset("net", "ns"),
             inum = offset("ns_common", "inum"), family = offset("sock_common", "skc_family"),
             local_port = offset("sock_common", "skc_num"),
             remote_port = offset("sock_common", "skc_dport"),
             v4 = offset("sock_common", "skc_daddr"), v6 = offset("sock_common", "skc_v6_daddr");
  if (!net || !space || !inum || !family || !local_port || !remote_port || !v4) return {};
  // A kernel without IPv6 has no such member; its octets are then not looked at.
  return Offsets{*net,
                 static_cast<std::int16_t>(*space + *inum),
                 *family,
                 *local_port,
                 *remote_port,
                 *v4,
                 v6.value_or(*v4)};
}

bpf_insn instruction(int code, int dst, int src, std::int16_t offset, std::int32_t number) {
  bpf_insn one{};
  one.code = static_cast<std::uint8_t>(code);
  one.dst_reg = static_cast<std::uint8_t>(dst) & 0xfU;
  one.src_reg = static_cast<std::uint8_t>(src) & 0xfU;
  one.off = offset;
  one.imm = number;
  return one;
}
bpf_insn load(int size, int dst, int src, std::int16_t offset) {
  return instruction(BPF_LDX | BPF_MEM | size, dst, src, offset, 0);
}
bpf_insn store(int size, int dst, std::int16_t offset, int src) {
  return instruction(BPF_STX | BPF_MEM | size, dst, src, offset, 0);
}
bpf_insn call(std::int32_t helper) {
  return instruction(BPF_JMP | BPF_CALL, 0, 0, 0, helper);
}
bpf_insn copy(int dst, int src) {
  return instruction(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0);
}
bpf_insn set(int dst, std::int32_t number) {
  return instruction(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, number);
}

/// trace_inet_sock_set_state(sk, oldstate, newstate): fills a Record on the stack, puts it into the
/// ring.
std::vector<bpf_insn> program_for(const Offsets& at, int map) {
  constexpr int r0 = 0, r1 = 1, r2 = 2, r3 = 3, r4 = 4, sk = 6, from = 7, to = 8, net = 9,
                frame = 10;
  constexpr auto base = static_cast<std::int16_t>(-static_cast<int>(sizeof(Record)));
  const auto field = [](std::size_t offset) {
    return static_cast<std::int16_t>(base + static_cast<int>(offset));
  };
  std::vector<bpf_insn> code = {load(BPF_DW, sk, r1, 0),
                                load(BPF_DW, from, r1, 8),
                                load(BPF_DW, to, r1, 16),
                                call(BPF_FUNC_ktime_get_ns),
                                store(BPF_DW, frame, field(offsetof(Record, at)), r0),
                                load(BPF_DW, net, sk, at.net),
                                load(BPF_W, r1, net, at.inum),
                                store(BPF_W, frame, field(offsetof(Record, space)), r1)};
  const auto copy_field = [&](int size, std::int16_t source, std::size_t into) {
    code.push_back(load(size, r1, sk, source));
    code.push_back(store(size, frame, field(into), r1));
  };
  copy_field(BPF_W, at.v4, offsetof(Record, remote_v4));
  for (std::int16_t part = 0; part < 16; part = static_cast<std::int16_t>(part + 4))
    copy_field(BPF_W, static_cast<std::int16_t>(at.v6 + part),
               offsetof(Record, remote_v6) + static_cast<std::size_t>(part));
  copy_field(BPF_H, at.family, offsetof(Record, family));
  copy_field(BPF_H, at.local_port, offsetof(Record, local_port));
  copy_field(BPF_H, at.remote_port, offsetof(Record, remote_port));
  const bpf_insn rest[] = {
      store(BPF_B, frame, field(offsetof(Record, from)), from),
      store(BPF_B, frame, field(offsetof(Record, to)), to),
      instruction(BPF_LD | BPF_DW | BPF_IMM, r1, BPF_PSEUDO_MAP_FD, 0, map),
      instruction(0, 0, 0, 0, 0),  // the upper half of the 64-bit constant
      copy(r2, frame), instruction(BPF_ALU64 | BPF_ADD | BPF_K, r2, 0, 0, base),
      set(r3, static_cast<std::int32_t>(sizeof(Record))),
      // Nobody sleeps on the ring, and a wake-up costs more than the record.
      set(r4, static_cast<std::int32_t>(BPF_RB_NO_WAKEUP)), call(BPF_FUNC_ringbuf_output),
      set(r0, 0), instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)};
  code.insert(code.end(), std::begin(rest), std::end(rest));
  return code;
}

tl::unexpected<EnvironmentError> refused(const char* step, int number) {
  const char* remedy =
      number == EPERM || number == EACCES
          ? "run as root outside of a container; without it states are only looked "
            "up after each stimulus"
          : "a kernel with CONFIG_DEBUG_INFO_BTF and CONFIG_BPF_SYSCALL has it";
  return tl::unexpected(environment_error(step, number, remedy));
}

}  // namespace

void StateTracer::Release::operator()(ring_buffer* ring) const {
  ring_buffer__free(ring);
}

StateTracer::~StateTracer() = default;

Tried<std::unique_ptr<StateTracer>> StateTracer::open() {
  // Its words would go to the terminal; every error comes back from here.
  libbpf_set_print(nullptr);
  std::unique_ptr<StateTracer> tracer(new StateTracer);
  tracer->map_ =
      UniqueFd(bpf_map_create(BPF_MAP_TYPE_RINGBUF, "states", 0, 0, ring_octets, nullptr));
  if (!tracer->map_) return refused("make a ring for state transitions (BPF)", errno);
  const Btf types(btf__load_vmlinux_btf());
  if (!types) return refused("read the types of the kernel (BTF)", errno);
  const auto offsets = offsets_of(types.get());
  const int trace =
      btf__find_by_name_kind(types.get(), "btf_trace_inet_sock_set_state", BTF_KIND_TYPEDEF);
  if (!offsets || trace < 0) return refused("find sock:inet_sock_set_state in the kernel", ENOENT);
  const auto code = program_for(*offsets, tracer->map_.get());
  LIBBPF_OPTS(bpf_prog_load_opts, options);
  options.expected_attach_type = BPF_TRACE_RAW_TP;
  options.attach_btf_id = static_cast<std::uint32_t>(trace);
  tracer->program_ = UniqueFd(bpf_prog_load(BPF_PROG_TYPE_TRACING, "tcp_states", bpf_license,
                                            code.data(), code.size(), &options));
  if (!tracer->program_) return refused("load the program that reads state transitions", errno);
  tracer->link_ = UniqueFd(bpf_raw_tracepoint_open(nullptr, tracer->program_.get()));
  if (!tracer->link_) return refused("attach to sock:inet_sock_set_state", errno);
  tracer->ring_.reset(ring_buffer__new(tracer->map_.get(), on_record, tracer.get(), nullptr));
  if (!tracer->ring_) return refused("map the ring of state transitions", errno);
  return tracer;
}

std::uint32_t StateTracer::id_of(const Namespace& space) {
  struct stat status{};
  if (::fstat(space.descriptor(), &status) != 0) return 0;
  return static_cast<std::uint32_t>(status.st_ino);
}

int StateTracer::on_record(void* self, void* data, std::size_t size) {
  if (size < sizeof(Record)) return 0;
  Record record;
  std::memcpy(&record, data, sizeof record);
  auto& heard = static_cast<StateTracer*>(self)->heard_;
  const auto space = heard.find(record.space);
  const auto to = kernel_state(record.to);
  if (space == heard.end() || !to) return 0;
  Transition transition{.at = Duration(static_cast<Duration::rep>(record.at)),
                        .local_port = record.local_port,
                        .remote_port = ntohs(record.remote_port),
                        .remote = {},
                        .to = *to};
  if (record.family == AF_INET) {
    transition.remote.family = wire::Family::v4;
    std::memcpy(transition.remote.octets.data(), record.remote_v4.data(), record.remote_v4.size());
  } else {
    transition.remote.family = wire::Family::v6;
    std::memcpy(transition.remote.octets.data(), record.remote_v6.data(), record.remote_v6.size());
  }
  space->second.push_back(transition);
  return 0;
}

std::vector<StateTracer::Transition> StateTracer::take(std::uint32_t space) {
  ring_buffer__consume(ring_.get());
  const auto found = heard_.find(space);
  if (found == heard_.end()) return {};
  return std::exchange(found->second, {});
}

}  // namespace tcproof::harness
