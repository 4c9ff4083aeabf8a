// SPDX-License-Identifier: Apache-2.0
#include "harness/commands/init_plugin.h"

#include <array>

namespace tcproof::harness {
namespace {

constexpr std::string_view build_file = R"(cmake_minimum_required(VERSION 3.16)
project(mystack C)

# Where tcproof_stack.h is: an installed tcproof has it in its include folder, a checkout in
# harness/targets/plugin. Another place: cmake -D TCPROOF_INCLUDE=FOLDER
find_path(TCPROOF_INCLUDE tcproof_stack.h PATHS "${CMAKE_SOURCE_DIR}" REQUIRED)

add_library(mystack MODULE mystack.c)
target_include_directories(mystack PRIVATE "${TCPROOF_INCLUDE}")
set_target_properties(
  mystack PROPERTIES C_STANDARD 11 C_VISIBILITY_PRESET hidden POSITION_INDEPENDENT_CODE ON)
target_compile_options(mystack PRIVATE -Wall -Wextra)
)";

constexpr std::string_view source_file =
    R"(/* A stack under tcproof: it answers ARP, and the rest is yours.
 *
 * Everything that your stack does it does inside of these functions: frames come in by input(), go
 * out by services.output(), and time is what the harness says. See tcproof_stack.h. */
#include <stdlib.h>
#include <string.h>

#include <tcproof_stack.h>

struct tcproof_stack_instance {
  struct tcproof_services services;
  uint8_t mac[6];
  struct tcproof_address v4;
};
typedef struct tcproof_stack_instance Stack;

/* Your stack starts here: one instance for each case, with the addresses that it shall have. */
static Stack *create(const struct tcproof_configuration *configuration,
                     const struct tcproof_services *services, tcproof_time now) {
  Stack *stack = calloc(1, sizeof *stack);
  (void)now;
  if (stack == NULL) return NULL;
  stack->services = *services;
  memcpy(stack->mac, configuration->mac, 6);
  stack->v4 = configuration->v4;
  return stack;
}

static void destroy(Stack *stack) {
  free(stack);
}

/* RFC 826: who asks for our address is told. */
static void answer_arp(Stack *stack, const uint8_t *frame) {
  uint8_t reply[60] = {0};
  const uint8_t *asks = frame + 14;
  if (asks[7] != 1 || memcmp(asks + 24, stack->v4.octets, 4) != 0) return;
  memcpy(reply, asks + 8, 6);
  memcpy(reply + 6, stack->mac, 6);
  memcpy(reply + 12, frame + 12, 2);
  memcpy(reply + 14, asks, 8);
  reply[21] = 2;
  memcpy(reply + 22, stack->mac, 6);
  memcpy(reply + 28, stack->v4.octets, 4);
  memcpy(reply + 32, asks + 8, 10);
  stack->services.output(stack->services.context, reply, sizeof reply);
}

/* Hand the frame to your driver's receive function. */
static void input(Stack *stack, const uint8_t *frame, size_t length, tcproof_time now) {
  (void)now;
  if (length >= 42 && frame[12] == 0x08 && frame[13] == 0x06) answer_arp(stack, frame);
}

/* The time of your earliest timer. */
static tcproof_time next_deadline(Stack *stack) {
  (void)stack;
  return TCPROOF_NEVER;
}

/* Run the timers that are due. */
static void advance(Stack *stack, tcproof_time now) {
  (void)stack, (void)now;
}

/* What your stack has: see the list in tcproof_stack.h. */
static const char *const features[] = {"ipv4", NULL};

/* What it promises of its timers: {"rto_initial", "1s"}, {"time_wait", "60s"}, ... */
static const struct tcproof_parameter values[] = {{NULL, NULL}};

static const struct tcproof_stack_functions functions = {
    .abi = TCPROOF_STACK_ABI,
    .size = sizeof functions,
    .name = "mystack",
    .version = "0.1",
    .states = TCPROOF_STATES_NONE,
    .features = features,
    .values = values,
    .create = create,
    .destroy = destroy,
    .input = input,
    .next_deadline = next_deadline,
    .advance = advance,
    /* Next: .open_passive, .send, .receive, .close, .state ... Cases that need a function which is
     * not here are skipped, and say so. */
};

const struct tcproof_stack_functions *tcproof_stack(void) {
  return &functions;
}
)";

constexpr std::string_view profile_file =
    R"(# How exactly your stack can be judged, and what is known to be wrong with it:
#   tcproof run --target plugin:./build/libmystack.so,profile=mystack.yaml
name: mystack
about: my stack in virtual time
clock: virtual
state: none            # every, sampled or none, as in mystack.c
features: [ipv4]

# A timer of length T fires between T - early and T + late. A stack that ticks every 500 ms says so here.
timing:
  answer: 1s
  measure: 0s
  early: 10ms
  late: 10ms
  late_ratio: 0%
  parallel: 0s

# A failure that is listed is expected; when it no longer comes the run says that the entry is stale.
deviations: []
)";

constexpr std::array files{
    SkeletonFile{"CMakeLists.txt", build_file},
    SkeletonFile{"mystack.c", source_file},
    SkeletonFile{"mystack.yaml", profile_file},
};

}  // namespace

std::span<const SkeletonFile> plugin_skeleton() {
  return files;
}

}  // namespace tcproof::harness
