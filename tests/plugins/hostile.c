/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin that does everything wrong, one thing at a time: --target plugin:hostile.so,mode=WORD.
 * No case may be hurt by what another one's stack did. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/targets/plugin/tcproof_stack.h"

enum mode {
  SILENT,
  CRASH_CREATE,
  NULL_CREATE,
  CRASH,
  ASSERTION,
  EXIT,
  HANG_INPUT,
  HANG_CALL,
  HANG_DESTROY,
  CRASH_DESTROY,
  OVERFLOW,
  SCRIBBLE,
  SCRIBBLE_SERVICES,
  CLOSE_FILES,
  FLOOD,
  FLOOD_FOREVER,
  FLOOD_TIME,
  DEADLINE_PAST,
  NONSENSE,
  LEAK,
  LEAK_ALL,
  PRINT,
  ONCE,
};

static const char* const words[] = {
    "silent",
    "crash-create",
    "null-create",
    "crash",
    "assertion",
    "exit",
    "hang-input",
    "hang-call",
    "hang-destroy",
    "crash-destroy",
    "overflow",
    "scribble",
    "scribble-services",
    "close-files",
    "flood",
    "flood-forever",
    "flood-time",
    "deadline-past",
    "nonsense",
    "leak",
    "leak-all",
    "print",
    "once",
};

struct tcproof_stack_instance {
  struct tcproof_services services;
  enum mode mode;
  int only_v6; /* of what comes in, it minds nothing else */
  tcproof_time now;
};

static volatile int forever = 1;
static int* volatile nowhere = NULL;
static void* volatile kept;

static void hang(void) {
  while (forever) {
  }
}

static void crash(void) {
  *nowhere = 1;
}

static int overflow(int depth) {
  volatile char room[4096];
  memset((void*)room, depth, sizeof room);
  return forever ? overflow(depth + 1) + room[17] : 0;
}

/* Everything on the heap of the process becomes the same octet. */
static void scribble(void) {
  char line[512];
  int file = open("/proc/self/maps", O_RDONLY);
  static char maps[65536];
  const ssize_t size = file < 0 ? 0 : read(file, maps, sizeof maps - 1);
  maps[size > 0 ? size : 0] = '\0';
  const char* heap = strstr(maps, "[heap]");
  if (heap == NULL) abort();
  while (heap > maps && heap[-1] != '\n') --heap;
  snprintf(line, sizeof line, "%.40s", heap);
  unsigned long from = 0, to = 0;
  if (sscanf(line, "%lx-%lx", &from, &to) == 2) memset((void*)from, 0xa5, to - from);
}

static void send_one(struct tcproof_stack_instance* self) {
  static const uint8_t frame[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2,
                                    0,    0,    0,    0,    9,    0x88, 0xb5};
  self->services.output(self->services.context, frame, sizeof frame);
}

static void leak(size_t octets) {
  void* lost = malloc(octets);
  if (lost == NULL) abort();
  memset(lost, 1, octets);
  kept = lost;
}

static struct tcproof_stack_instance* create(const struct tcproof_configuration* configuration,
                                             const struct tcproof_services* services,
                                             tcproof_time now) {
  struct tcproof_stack_instance* self = calloc(1, sizeof *self);
  if (self == NULL) return NULL;
  self->services = *services;
  self->now = now;
  static int instances;
  ++instances;
  for (size_t i = 0; i < configuration->parameter_count; ++i) {
    if (strcmp(configuration->parameters[i].name, "only") == 0) self->only_v6 = 1;
    for (size_t mode = 0; mode < sizeof words / sizeof *words; ++mode)
      if (strcmp(configuration->parameters[i].text, words[mode]) == 0) self->mode = (enum mode)mode;
  }
  if (self->mode == CRASH_CREATE) crash();
  /* Its globals are not its first instance's any more. */
  if (self->mode == ONCE && instances > 1) crash();
  if (self->mode != NULL_CREATE) return self;
  free(self);
  return NULL;
}

static void destroy(struct tcproof_stack_instance* self) {
  if (self->mode == HANG_DESTROY) hang();
  if (self->mode == CRASH_DESTROY) crash();
  free(self);
}

static void close_files(void) {
  for (int file = 0; file < 1024; ++file) close(file);
}

static void print_much(void) {
  static char page[65536];
  memset(page, 'x', sizeof page);
  for (int i = 0; i < 1024; ++i) fwrite(page, 1, sizeof page, i % 2 ? stdout : stderr);
  fflush(stdout);
}

static void input(struct tcproof_stack_instance* self, const uint8_t* frame, size_t length,
                  tcproof_time now) {
  self->now = now;
  if (self->only_v6 && (length < 14 || frame[12] != 0x86 || frame[13] != 0xdd)) return;
  switch (self->mode) {
    case CRASH: crash(); return;
    case ASSERTION: fprintf(stderr, "hostile.c:1: the window is negative\n"); abort();
    case EXIT: exit(0);
    case HANG_INPUT: hang(); return;
    case OVERFLOW: overflow(1); return;
    case SCRIBBLE: scribble(); return;
    case SCRIBBLE_SERVICES: memset(self->services.context, 0xa5, 512); return;
    case CLOSE_FILES: close_files(); return;
    case FLOOD:
      for (int i = 0; i < 200000; ++i) send_one(self);
      return;
    case FLOOD_FOREVER:
      while (forever) send_one(self);
      return;
    case NONSENSE:
      self->services.output(self->services.context, NULL, 60);
      self->services.output(self->services.context, frame, SIZE_MAX);
      self->services.transition(self->services.context, 4711, (enum tcproof_state)99,
                                (enum tcproof_state) - 1, NULL);
      self->services.note(self->services.context, NULL);
      return;
    case LEAK: leak(8u << 20); return;
    case LEAK_ALL:
      while (forever) leak(16u << 20);
      return;
    case PRINT: print_much(); return;
    case SILENT:
    case CRASH_CREATE:
    case NULL_CREATE:
    case HANG_CALL:
    case HANG_DESTROY:
    case CRASH_DESTROY:
    case FLOOD_TIME:
    case DEADLINE_PAST:
    case ONCE: return;
  }
}

static tcproof_time next_deadline(struct tcproof_stack_instance* self) {
  if (self->mode == FLOOD_TIME) return self->now + 1;
  return self->mode == DEADLINE_PAST ? 0 : TCPROOF_NEVER;
}

static void advance(struct tcproof_stack_instance* self, tcproof_time now) {
  self->now = now;
  if (self->mode == FLOOD_TIME) send_one(self);
}

static enum tcproof_outcome any(struct tcproof_stack_instance* self) {
  if (self->mode == HANG_CALL) hang();
  return self->mode == NONSENSE ? (enum tcproof_outcome)77 : TCPROOF_OK;
}

static enum tcproof_outcome open_passive(struct tcproof_stack_instance* self, int family,
                                         uint16_t port, const struct tcproof_option* options,
                                         size_t count, tcproof_time now, tcproof_handle* handle) {
  (void)family, (void)port, (void)options, (void)count, (void)now;
  *handle = self->mode == NONSENSE ? 0 : 1;
  return self->mode == NONSENSE ? TCPROOF_OK : any(self);
}

static enum tcproof_outcome open_active(struct tcproof_stack_instance* self,
                                        const struct tcproof_endpoint* remote, uint16_t port,
                                        const struct tcproof_option* options, size_t count,
                                        tcproof_time now, tcproof_handle* handle) {
  (void)remote;
  return open_passive(self, 4, port, options, count, now, handle);
}

static enum tcproof_outcome send_text(struct tcproof_stack_instance* self, tcproof_handle handle,
                                      const uint8_t* text, size_t length, int push, int urgent,
                                      tcproof_time now, size_t* taken) {
  (void)handle, (void)text, (void)push, (void)urgent, (void)now;
  *taken = self->mode == NONSENSE ? SIZE_MAX : length;
  return any(self);
}

static enum tcproof_outcome receive(struct tcproof_stack_instance* self, tcproof_handle handle,
                                    uint8_t* into, size_t room, tcproof_time now, size_t* got) {
  (void)handle, (void)into, (void)now;
  *got = self->mode == NONSENSE ? room + 1 : 0;
  return any(self);
}

static enum tcproof_outcome end(struct tcproof_stack_instance* self, tcproof_handle handle,
                                tcproof_time now) {
  (void)handle, (void)now;
  return any(self);
}

static enum tcproof_outcome status(struct tcproof_stack_instance* self, tcproof_handle handle,
                                   const char* subject, int64_t* number) {
  (void)handle, (void)subject;
  *number = INT64_MIN;
  return any(self);
}

static enum tcproof_state state(struct tcproof_stack_instance* self, tcproof_handle handle) {
  (void)handle;
  return self->mode == NONSENSE ? (enum tcproof_state) - 5 : TCPROOF_LISTEN;
}

static int remote_of(struct tcproof_stack_instance* self, tcproof_handle handle,
                     struct tcproof_endpoint* endpoint) {
  (void)handle;
  endpoint->address.family = 9;
  return self->mode == NONSENSE;
}

static enum tcproof_outcome udp_open(struct tcproof_stack_instance* self, int family, uint16_t port,
                                     tcproof_handle* handle) {
  (void)family, (void)port;
  *handle = UINT32_MAX;
  return any(self);
}

static enum tcproof_outcome udp_receive(struct tcproof_stack_instance* self, tcproof_handle handle,
                                        uint8_t* into, size_t room, size_t* got) {
  (void)handle, (void)into;
  *got = room + 1;
  return self->mode == NONSENSE ? TCPROOF_OK : TCPROOF_NOTHING;
}

static enum tcproof_outcome flush(struct tcproof_stack_instance* self, const char* what) {
  (void)what;
  return any(self);
}

static const char* const features[] = {"ipv4", "ipv6", "half-close", "neighbour-flush", NULL};

static const struct tcproof_stack_functions functions = {
    .abi = TCPROOF_STACK_ABI,
    .size = sizeof functions,
    .name = "hostile",
    .version = "1",
    .states = TCPROOF_STATES_SAMPLED,
    .features = features,
    .create = create,
    .destroy = destroy,
    .input = input,
    .next_deadline = next_deadline,
    .advance = advance,
    .open_passive = open_passive,
    .open_active = open_active,
    .send = send_text,
    .receive = receive,
    .close = end,
    .abort = end,
    .status = status,
    .state = state,
    .remote = remote_of,
    .udp_open = udp_open,
    .udp_receive = udp_receive,
    .flush = flush,
};

#ifdef HOSTILE_HANGS_AT_LOAD
/* At once, or if HOSTILE_FILE names a file, every time but the first: that makes the file. */
__attribute__((constructor)) static void hang_at_load(void) {
  const char* name = getenv("HOSTILE_FILE");
  const int file = name == NULL ? -1 : open(name, O_CREAT | O_EXCL | O_WRONLY, 0600);
  if (file >= 0) {
    close(file);
  } else {
    hang();
  }
}
#endif

const struct tcproof_stack_functions* tcproof_stack(void) {
#ifdef HOSTILE_CRASHES_AT_LOAD
  crash();
#endif
#ifdef HOSTILE_OTHER_VERSION
  static struct tcproof_stack_functions other;
  other = functions;
  other.abi = 4711;
  return &other;
#endif
  return &functions;
}
