// SPDX-License-Identifier: Apache-2.0
#include "generator/bpf/assembler.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <bpf/bpf.h>

namespace tcproof::generator::bpf {

void Assembler::put(int opcode, Reg dst, Reg src, std::int16_t offset, std::int32_t value) {
  bpf_insn instruction{};
  instruction.code = static_cast<std::uint8_t>(opcode);
  instruction.dst_reg = static_cast<std::uint8_t>(dst) & 15;
  instruction.src_reg = static_cast<std::uint8_t>(src) & 15;
  instruction.off = offset;
  instruction.imm = value;
  code_.push_back(instruction);
}

void Assembler::set(Reg dst, std::uint64_t value) {
  put(BPF_LD | BPF_DW | BPF_IMM, dst, Reg::r0, 0, static_cast<std::int32_t>(value));
  put(0, Reg::r0, Reg::r0, 0, static_cast<std::int32_t>(value >> 32));
}

void Assembler::set_map(Reg dst, int map) {
  put(BPF_LD | BPF_DW | BPF_IMM, dst, static_cast<Reg>(BPF_PSEUDO_MAP_FD), 0, map);
  put(0, Reg::r0, Reg::r0, 0, 0);
}

void Assembler::set_map_value(Reg dst, int map) {
  put(BPF_LD | BPF_DW | BPF_IMM, dst, static_cast<Reg>(BPF_PSEUDO_MAP_VALUE), 0, map);
  put(0, Reg::r0, Reg::r0, 0, 0);
}

void Assembler::alu(Op op, Reg dst, std::uint64_t value, Reg temporary) {
  if (value <= static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max())) {
    alu(op, dst, static_cast<std::int32_t>(value));
    return;
  }
  set(temporary, value);
  alu(op, dst, temporary);
}

void Assembler::place(Label& label) {
  for (const std::size_t jump : label.jumps) {
    code_[jump].off = static_cast<std::int16_t>(code_.size() - jump - 1);
  }
  label.jumps.clear();
}

tl::expected<Fd, OsError> make_array(const std::string& name, std::uint32_t value_size,
                                     std::uint32_t entries, bool per_cpu) {
  const bpf_map_type type = per_cpu ? BPF_MAP_TYPE_PERCPU_ARRAY : BPF_MAP_TYPE_ARRAY;
  const int fd =
      bpf_map_create(type, name.c_str(), sizeof(std::uint32_t), value_size, entries, nullptr);
  if (fd < 0) return tl::unexpected(OsError{"make the BPF map " + name, errno});
  return Fd(fd);
}

tl::expected<Fd, OsError> make_device_map(unsigned interface_index) {
  const int fd = bpf_map_create(BPF_MAP_TYPE_DEVMAP, "device", sizeof(std::uint32_t),
                                sizeof(std::uint32_t), 1, nullptr);
  if (fd < 0) return tl::unexpected(OsError{"make a BPF map of interfaces", errno});
  Fd map(fd);
  const std::uint32_t first = 0, index = interface_index;
  if (bpf_map_update_elem(fd, &first, &index, BPF_ANY) != 0) {
    return tl::unexpected(OsError{"put an interface into a BPF map", errno});
  }
  return map;
}

tl::expected<Fd, OsError> load_xdp(const std::string& name, const std::vector<bpf_insn>& program) {
  std::array<char, 8192> log{};
  LIBBPF_OPTS(bpf_prog_load_opts, options);
  int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, name.c_str(), "GPL", program.data(), program.size(),
                         &options);
  if (fd >= 0) return Fd(fd);
  const int number = errno;
  // Once more with a log, which costs time and room that only a refusal is worth.
  options.log_buf = log.data();
  options.log_size = log.size();
  options.log_level = 1;
  fd = bpf_prog_load(BPF_PROG_TYPE_XDP, name.c_str(), "GPL", program.data(), program.size(),
                     &options);
  if (fd >= 0) return Fd(fd);
  std::string said(log.data());
  const std::size_t last = said.find_last_not_of('\n');
  said.resize(last == std::string::npos ? 0 : last + 1);
  if (said.size() > 600) said = said.substr(said.size() - 600);
  return tl::unexpected(
      OsError{"load the BPF program " + name + (said.empty() ? "" : " (" + said + ")"), number});
}

std::string refusal() {
  Assembler pass;
  pass.alu(Op::move, Reg::r0, XDP_PASS);
  pass.exit();
  const auto loaded = load_xdp("probe", pass.program());
  if (loaded) return {};
  return std::string("BPF programs cannot be loaded: ") + std::strerror(loaded.error().number);
}

}  // namespace tcproof::generator::bpf
