/* SPDX-License-Identifier: Apache-2.0 */
/* A stack without an application interface: --target plugin:services.so,stack=FILE.so is the stack
 * of another plugin behind the echo (RFC 862) and discard (RFC 863) services, and nothing else of
 * it can be called. What such a target is judged by can thus be compared with what the same stack is
 * judged by when it can. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "harness/targets/plugin/tcproof_stack.h"

enum { ECHO = 7, DISCARD = 9, LISTENERS = 16, MAX_CONNECTIONS = 128 };

struct connection {
  tcproof_handle handle; /* 0: free */
  int family, ended;
  uint16_t port;
  uint8_t text[2048]; /* to be echoed */
  size_t length;
};

struct tcproof_stack_instance {
  const struct tcproof_stack_functions* below;
  struct tcproof_services above, services;
  tcproof_stack_instance* stack;
  struct connection connections[MAX_CONNECTIONS];
};
typedef struct tcproof_stack_instance Host;

static void output(void* context, const uint8_t* frame, size_t length) {
  Host* host = context;
  host->above.output(host->above.context, frame, length);
}
static void transition(void* context, tcproof_handle handle, enum tcproof_state from,
                       enum tcproof_state to, const char* rule) {
  (void)context, (void)handle, (void)from, (void)to, (void)rule;
}
static void note(void* context, const char* text) {
  Host* host = context;
  host->above.note(host->above.context, text);
}
static uint64_t random_number(void* context) {
  Host* host = context;
  return host->above.random(host->above.context);
}

static void listen_on(Host* host, int family, uint16_t port, tcproof_time now) {
  for (struct connection* c = host->connections; c < host->connections + MAX_CONNECTIONS; ++c) {
    if (c->handle != 0) continue;
    memset(c, 0, sizeof *c);
    c->family = family;
    c->port = port;
    if (host->below->open_passive(host->stack, family, port, NULL, 0, now, &c->handle) !=
        TCPROOF_OK)
      c->handle = 0;
    return;
  }
}

/* What a service does with one connection. The next to come has a listener of its own. */
static void serve(Host* host, struct connection* c, tcproof_time now) {
  const struct tcproof_stack_functions* below = host->below;
  if (below->state(host->stack, c->handle) == TCPROOF_CLOSED) {
    listen_on(host, c->family, c->port, now);
    c->handle = 0;
    return;
  }
  while (!c->ended && c->length == 0) {
    const enum tcproof_outcome came =
        below->receive(host->stack, c->handle, c->text, sizeof c->text, now, &c->length);
    if (came != TCPROOF_OK) {
      c->ended = 1;
      c->length = 0;
    } else if (c->length == 0) {
      return;
    }
    if (c->port == DISCARD) c->length = 0;
  }
  if (c->length > 0) {
    size_t taken = 0;
    if (below->send(host->stack, c->handle, c->text, c->length, 1, 0, now, &taken) != TCPROOF_OK)
      return;
    c->length -= taken;
    memmove(c->text, c->text + taken, c->length);
  }
  if (c->ended && c->length == 0) below->close(host->stack, c->handle, now);
}

static void serve_all(Host* host, tcproof_time now) {
  for (struct connection* c = host->connections; c < host->connections + MAX_CONNECTIONS; ++c)
    if (c->handle != 0) serve(host, c, now);
}

static const struct tcproof_stack_functions* load(
    const struct tcproof_configuration* configuration) {
  for (size_t i = 0; i < configuration->parameter_count; ++i) {
    if (strcmp(configuration->parameters[i].name, "stack") != 0) continue;
    void* library = dlopen(configuration->parameters[i].text, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return NULL;
    const struct tcproof_stack_functions* (*entry)(void);
    *(void**)&entry = dlsym(library, "tcproof_stack");
    return entry == NULL ? NULL : entry();
  }
  return NULL;
}

static Host* create(const struct tcproof_configuration* configuration,
                    const struct tcproof_services* services, tcproof_time now) {
  const struct tcproof_stack_functions* below = load(configuration);
  Host* host = below == NULL ? NULL : calloc(1, sizeof *host);
  if (host == NULL) return NULL;
  host->below = below;
  host->above = *services;
  host->services = (struct tcproof_services){.size = sizeof host->services,
                                             .context = host,
                                             .output = output,
                                             .transition = transition,
                                             .note = note,
                                             .random = random_number};
  struct tcproof_configuration its = *configuration;
  its.parameters = NULL;
  its.parameter_count = 0;
  host->stack = below->create(&its, &host->services, now);
  if (host->stack == NULL) return NULL;
  for (int i = 0; i < LISTENERS; ++i) {
    for (int family = 4; family <= 6; family += 2) {
      const int has = (family == 4 ? configuration->v4 : configuration->v6).family == family;
      if (has) listen_on(host, family, ECHO, now);
      if (has) listen_on(host, family, DISCARD, now);
    }
  }
  return host;
}

static void destroy(Host* host) {
  host->below->destroy(host->stack);
  free(host);
}

static void input(Host* host, const uint8_t* frame, size_t length, tcproof_time now) {
  host->below->input(host->stack, frame, length, now);
  serve_all(host, now);
}

static tcproof_time next_deadline(Host* host) {
  return host->below->next_deadline(host->stack);
}

static void advance(Host* host, tcproof_time now) {
  host->below->advance(host->stack, now);
  serve_all(host, now);
}

static const struct tcproof_stack_functions functions = {
    .abi = TCPROOF_STACK_ABI,
    .size = sizeof functions,
    .name = "services",
    .version = "1",
    .create = create,
    .destroy = destroy,
    .input = input,
    .next_deadline = next_deadline,
    .advance = advance,
};

const struct tcproof_stack_functions* tcproof_stack(void) {
  return &functions;
}
